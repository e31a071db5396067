"""Certificates of a broker through the years, and those of users."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from meshery.core.certificates import Signer, certificate_pem, key_pem, name_of, new_key
from meshery.operator.certificates import (
    AUTHORITY_LIFETIME,
    AUTHORITY_RENEWED_BEFORE,
    LIFETIME,
    RENEWED_BEFORE,
    SETTLED,
    fault_of,
    renewed,
)

NAMES = ["broker.meshery.svc", "127.96.0.7"]
NAME = NAMES[0]
START = datetime(2026, 1, 1, tzinfo=UTC)
MOMENT = timedelta(minutes=1)


def certificate(data: dict[str, bytes]) -> x509.Certificate:
    return x509.load_pem_x509_certificate(data["tls.crt"])


def authorities(data: dict[str, bytes]) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(data["ca.crt"])


def test_what_is_good_stays() -> None:
    made = renewed({}, NAMES, now=START)
    assert set(made) == {"ca.crt", "ca.key", "tls.crt", "tls.key"}
    assert fault_of(made, NAME, now=START) == ""
    later = START + LIFETIME - RENEWED_BEFORE - MOMENT
    assert renewed(made, NAMES, now=later) == made
    assert renewed(made, NAMES[:1], now=later) == made, "fewer names need no other certificate"


def test_it_is_renewed_long_before_it_ends_by_the_same_authority() -> None:
    made = renewed({}, NAMES, now=START)
    later = START + LIFETIME - RENEWED_BEFORE + MOMENT
    again = renewed(made, NAMES, now=later)
    assert again["ca.crt"] == made["ca.crt"]
    assert certificate(again).not_valid_after_utc == later + LIFETIME
    assert again["tls.key"] != made["tls.key"]


def test_another_address_is_another_certificate() -> None:
    made = renewed({}, NAMES, now=START)
    again = renewed(made, [*NAMES, "192.0.2.7"], now=START + MOMENT)
    assert again["ca.crt"] == made["ca.crt"]
    assert fault_of(again, "192.0.2.7", now=START + MOMENT) == ""
    assert "192.0.2.7" in fault_of(made, "192.0.2.7", now=START + MOMENT)


def test_an_authority_is_followed_by_another_that_all_trust_first() -> None:
    at = START
    held = renewed({}, NAMES, now=at)
    first = authorities(held)[0]
    while at < START + AUTHORITY_LIFETIME - AUTHORITY_RENEWED_BEFORE:
        at += timedelta(days=30)
        held = renewed(held, NAMES, now=at)
    second = authorities(held)[0]
    assert authorities(held) == [second, first]
    certificate(held).verify_directly_issued_by(first)
    # Whatever else is due waits until all servers trust both.
    more = [*NAMES, "192.0.2.7"]
    assert renewed(held, more, now=at + SETTLED / 2) == held
    held = renewed(held, more, now=at + SETTLED + MOMENT)
    certificate(held).verify_directly_issued_by(second)
    assert authorities(held) == [second, first]
    held = renewed(held, NAMES, now=START + AUTHORITY_LIFETIME + MOMENT)
    assert authorities(held) == [second]


@pytest.mark.parametrize("key", ["ca.crt", "ca.key", "tls.crt", "tls.key"])
@pytest.mark.parametrize("value", [None, b"", b"rubbish"])
def test_what_cannot_be_read_is_made_anew(key: str, value: bytes | None) -> None:
    held = renewed({}, NAMES, now=START)
    broken = {**held, key: value} if value is not None else {**held}
    if value is None:
        del broken[key]
    again = renewed(broken, NAMES, now=START)
    assert fault_of(again, NAME, now=START) == ""
    if key in {"tls.crt", "tls.key"}:
        assert again["ca.crt"] == held["ca.crt"]


def test_pairs_that_do_not_match_are_made_anew() -> None:
    one, other = renewed({}, NAMES, now=START), renewed({}, NAMES, now=START)
    for key in one:
        again = renewed({**one, key: other[key]}, NAMES, now=START)
        assert fault_of(again, NAME, now=START) == ""


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ca.crt": b""}, "no ca.crt"),
        ({"tls.crt": b"", "tls.key": b""}, "no tls.crt and no tls.key"),
        ({"tls.crt": b"rubbish"}, "cannot be read"),
        ({"tls.key": b"rubbish"}, "cannot be read"),
        ({"tls.key": key_pem(new_key())}, "its tls.key is not that of its tls.crt"),
        ({"ca.crt": renewed({}, NAMES, now=START)["ca.crt"]}, "of no authority in its ca.crt"),
    ],
)
def test_what_is_wrong_with_a_users_certificate(changed: dict[str, bytes], said: str) -> None:
    assert said in fault_of({**renewed({}, NAMES, now=START), **changed}, NAME, now=START)


def test_when_a_users_certificate_is_valid() -> None:
    held = renewed({}, NAMES, now=START)
    assert "expired at 2027-01-01" in fault_of(held, NAME, now=START + LIFETIME)
    assert "not valid before" in fault_of(held, NAME, now=START - timedelta(days=1))
    assert "does not name other.svc" in fault_of(held, "other.svc", now=START)


def test_a_chain_through_an_authority_between() -> None:
    root = Signer.create(name_of("root"), lifetime=LIFETIME, now=START)
    between, key = Signer.create(name_of("between"), lifetime=LIFETIME, now=START), new_key()
    # Signed by the root in place of by itself: what an authority between is.
    crossed = (
        x509.CertificateBuilder()
        .subject_name(between.certificate.subject)
        .issuer_name(root.certificate.subject)
        .public_key(between.key.public_key())
        .serial_number(7)
        .not_valid_before(START)
        .not_valid_after(START + LIFETIME)
        .sign(root.key, SHA256())
    )
    leaf = between.sign(key, ["*.meshery.svc"], lifetime=LIFETIME, now=START)
    held = {
        "ca.crt": certificate_pem(root.certificate),
        "tls.crt": certificate_pem(leaf) + certificate_pem(crossed),
        "tls.key": key_pem(key),
    }
    assert fault_of(held, NAME, now=START) == ""
    assert "no authority" in fault_of({**held, "tls.crt": certificate_pem(leaf)}, NAME, now=START)
