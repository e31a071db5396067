"""The sandbox's own certificate authority: SPIFFE identities, and a rotation nobody notices.

EC P-256 keys, certificates after the SPIFFE X.509-SVID standard: empty subject, the identity as a
critical URI name, for both ends of TLS. Private keys are files of mode 0600 in a directory of 0700.

A rotation has three steps, each of which leaves every pair of sidecars able to talk: trust the old
and the new authority (`begin_rotation`), let the new one sign (`issue` from then on), trust the new
one only (`finish_rotation`). It survives a restart: what is on disk says which step was reached.
"""

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from meshery.core.paths import private_dir, write_private

DAY_S = 86_400.0
_AUTHORITY_LIFETIME = timedelta(days=3650)
_CLOCK_SLACK = timedelta(minutes=5)


@dataclasses.dataclass(frozen=True)
class Leaf:
    """A certificate and its key, both PEM."""

    certificate_pem: bytes
    key_pem: bytes = dataclasses.field(repr=False)
    not_before: datetime
    not_after: datetime


class Authority:
    """Signs identities. Make one with `create`, or `load` one that exists."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @classmethod
    def create(cls, directory: Path) -> "Authority":
        """A new authority in a directory of its own, which becomes private."""
        private_dir(directory)
        authority = cls(directory)
        authority._make("current")
        return authority

    @classmethod
    def load(cls, directory: Path) -> "Authority":
        """The authority of a directory. FileNotFoundError when there is none."""
        authority = cls(directory)
        authority._certificate("current")
        return authority

    @property
    def is_rotating(self) -> bool:
        """Whether a rotation has begun and not finished."""
        return self._path("next", "crt").exists()

    @property
    def trust_pem(self) -> bytes:
        """What sidecars shall trust now: one authority, or during a rotation both."""
        names = ("current", "next") if self.is_rotating else ("current",)
        return b"".join(self._path(name, "crt").read_bytes() for name in names)

    def issue(self, spiffe_id: str, *, lifetime_s: float = DAY_S) -> Leaf:
        """A certificate for an identity; during a rotation it is the new authority's."""
        signer = "next" if self.is_rotating else "current"
        issuer = self._certificate(signer)
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        not_before, not_after = now - _CLOCK_SLACK, now + timedelta(seconds=lifetime_s)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(issuer.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(not_before)
            .not_valid_after(not_after)
            .add_extension(
                x509.SubjectAlternativeName([x509.UniformResourceIdentifier(spiffe_id)]),
                critical=True,
            )
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(is_authority=False), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage(
                    [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
                ),
                critical=False,
            )
            .add_extension(_authority_id(issuer), critical=False)
            .sign(self._key(signer), hashes.SHA256())
        )
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        return Leaf(pem, _key_pem(key), not_before, not_after)

    def begin_rotation(self) -> None:
        """Make the next authority; from now on both are trusted and the next one signs."""
        if not self.is_rotating:
            self._make("next")

    def finish_rotation(self) -> None:
        """Forget the old authority; the next one is the current."""
        if self.is_rotating:
            # The key first: were it to end between the two, `next.crt` still says it is rotating.
            write_private(self._path("current", "key"), self._path("next", "key").read_bytes())
            self._path("next", "crt").replace(self._path("current", "crt"))
            self._path("next", "key").unlink(missing_ok=True)

    def _make(self, name: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        serial = x509.random_serial_number()
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Meshery sandbox"),
                x509.NameAttribute(NameOID.COMMON_NAME, f"authority {serial % 0xFFFFFF:06x}"),
            ]
        )
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(serial)
            .not_valid_before(now - _CLOCK_SLACK)
            .not_valid_after(now + _AUTHORITY_LIFETIME)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(is_authority=True), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .sign(key, hashes.SHA256())
        )
        # The certificate last: only with it does the authority exist.
        write_private(self._path(name, "key"), _key_pem(key))
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        write_private(self._path(name, "crt"), pem)

    def _path(self, name: str, kind: str) -> Path:
        return self._directory / f"{name}.{kind}"

    def _certificate(self, name: str) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self._path(name, "crt").read_bytes())

    def _key(self, name: str) -> ec.EllipticCurvePrivateKey:
        pem = self._path(name, "key").read_bytes()
        key = serialization.load_pem_private_key(pem, password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{self._path(name, 'key')} holds no elliptic curve key")
        return key


def _authority_id(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _key_usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
