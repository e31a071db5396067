"""The certificates of one broker: made and renewed here, or judged where a user brings them.

Pure: what a Secret holds goes in, what it shall hold comes out.

An authority is renewed long before it ends. The servers trust the old and the new one from then on,
and the new one signs when all of them do: none of several ever loses its routes to the others.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from meshery.core.certificates import (
    CLOCK_SLACK,
    Signer,
    certificate_pem,
    key_pem,
    name_of,
    new_key,
    read_key,
)
from meshery.operator.names import AUTHORITY

LIFETIME = timedelta(days=365)
RENEWED_BEFORE = LIFETIME / 3
"""How long before its end a certificate is renewed; the servers then begin anew, one by one."""
AUTHORITY_LIFETIME = timedelta(days=3650)
AUTHORITY_RENEWED_BEFORE = 2 * LIFETIME
SETTLED = timedelta(days=1)
"""How long after it was made an authority waits where another one is trusted beside it."""
AUTHORITY_KEY, CERTIFICATE, KEY = "ca.key", "tls.crt", "tls.key"

Held = Mapping[str, bytes]


def renewed(held: Held, names: Sequence[str], *, now: datetime | None = None) -> dict[str, bytes]:
    """What the Secret shall hold for these host names and addresses.

    That is what it holds, as long as that is good; what cannot be read is made anew.
    """
    at = now or datetime.now(UTC)
    signer, trusted = _authorities(held, at)
    pair = _usable(held, trusted, at)
    is_settled = len(trusted) == 1 or signer.certificate.not_valid_before_utc + SETTLED <= at
    if pair is None or (is_settled and _is_due(pair[CERTIFICATE], names, at)):
        key = new_key()
        certificate = signer.sign(key, names, lifetime=LIFETIME, now=at)
        pair = {CERTIFICATE: certificate_pem(certificate), KEY: key_pem(key)}
    bundle = b"".join(certificate_pem(each) for each in trusted)
    return {AUTHORITY: bundle, AUTHORITY_KEY: key_pem(signer.key), **pair}


def fault_of(held: Held, name: str, *, now: datetime | None = None) -> str:
    """What keeps a user's certificate from being one for `name`, in words; empty: nothing."""
    at = now or datetime.now(UTC)
    missing = [key for key in (AUTHORITY, CERTIFICATE, KEY) if not held.get(key)]
    if missing:
        return f"it has no {' and no '.join(missing)}"
    try:
        trusted = x509.load_pem_x509_certificates(held[AUTHORITY])
        chain = x509.load_pem_x509_certificates(held[CERTIFICATE])
        is_pair = _is_pair(chain[0], held[KEY])
    except (ValueError, TypeError) as error:
        return f"it cannot be read: {error}"
    if not is_pair:
        return f"its {KEY} is not that of its {CERTIFICATE}"
    if not _covers(chain[0], [name]):
        return f"its certificate does not name {name}"
    return _untrusted(chain, trusted, at)


def _authorities(held: Held, at: datetime) -> tuple[Signer, list[x509.Certificate]]:
    """Who signs, and all that are trusted, the newest first."""
    try:
        trusted = x509.load_pem_x509_certificates(held[AUTHORITY])
        signer = Signer(trusted[0], read_key(held[AUTHORITY_KEY]))
        is_good = signer.key.public_key() == signer.certificate.public_key()
    except (KeyError, ValueError, TypeError):
        is_good, trusted, signer = False, [], _new_authority(at)
    trusted = [each for each in trusted if _is_valid(each, at)] if is_good else []
    ends = signer.certificate.not_valid_after_utc
    if not trusted or ends - at < AUTHORITY_RENEWED_BEFORE:
        signer = _new_authority(at)
        trusted = [signer.certificate, *trusted]
    return signer, trusted


def _new_authority(at: datetime) -> Signer:
    name = name_of(f"broker authority of {at:%Y-%m-%d}", organization="Meshery")
    return Signer.create(name, lifetime=AUTHORITY_LIFETIME, now=at)


def _usable(
    held: Held, trusted: Sequence[x509.Certificate], at: datetime
) -> dict[str, bytes] | None:
    """The certificate and the key that are held, None where nobody would take them."""
    with suppress(KeyError, ValueError, TypeError):
        certificate = x509.load_pem_x509_certificate(held[CERTIFICATE])
        is_good = _is_pair(certificate, held[KEY]) and not _untrusted([certificate], trusted, at)
        return {name: held[name] for name in (CERTIFICATE, KEY)} if is_good else None
    return None


def _is_due(pem: bytes, names: Sequence[str], at: datetime) -> bool:
    certificate = x509.load_pem_x509_certificate(pem)
    ends_soon = certificate.not_valid_after_utc - at < RENEWED_BEFORE
    return ends_soon or not _covers(certificate, names)


def _untrusted(
    chain: Sequence[x509.Certificate], trusted: Sequence[x509.Certificate], at: datetime
) -> str:
    """Why a client that trusts these authorities would refuse this chain; empty: it does not."""
    current, rest = chain[0], list(chain[1:])
    while True:
        if current.not_valid_after_utc <= at:
            return f"its certificate expired at {current.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
        if not _is_valid(current, at):
            begins = current.not_valid_before_utc
            return f"its certificate is not valid before {begins:%Y-%m-%dT%H:%M:%SZ}"
        issuers = [each for each in trusted if _is_issuer(each, current)]
        if issuers:
            is_valid = any(_is_valid(each, at) for each in issuers)
            return "" if is_valid else f"the authority in its {AUTHORITY} expired"
        between = next((each for each in rest if _is_issuer(each, current)), None)
        if between is None:
            return f"its certificate is of no authority in its {AUTHORITY}"
        rest.remove(between)
        current = between


def _is_issuer(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _is_valid(certificate: x509.Certificate, at: datetime) -> bool:
    begins = certificate.not_valid_before_utc - CLOCK_SLACK
    return begins <= at < certificate.not_valid_after_utc


def _is_pair(certificate: x509.Certificate, key: bytes) -> bool:
    return load_pem_private_key(key, password=None).public_key() == certificate.public_key()


def _covers(certificate: x509.Certificate, names: Sequence[str]) -> bool:
    """Whether a client takes it for each of these; a `*` stands for one first label."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    known = {name.lower() for name in found.get_values_for_type(x509.DNSName)}
    known |= {str(address) for address in found.get_values_for_type(x509.IPAddress)}
    return all(not known.isdisjoint({name, f"*.{name.partition('.')[2]}"}) for name in names)
