import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from meshery.sandbox.authority import Authority

IDENTITY = "spiffe://sandbox.local/ns/shop/sa/web"


def authorities(pem: bytes) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(pem)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.create(tmp_path / "authority")


def test_a_leaf_is_an_svid(authority: Authority) -> None:
    leaf = authority.issue(IDENTITY, lifetime_s=60)
    certificate = x509.load_pem_x509_certificate(leaf.certificate_pem)
    certificate.verify_directly_issued_by(authorities(authority.trust_pem)[0])
    assert list(certificate.subject) == []
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.critical
    assert names.value.get_values_for_type(x509.UniformResourceIdentifier) == [IDENTITY]
    usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(usages) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"
    assert leaf.not_after - datetime.now(UTC) < timedelta(seconds=61)
    assert leaf.not_before < datetime.now(UTC)


def test_keys_are_private_and_never_shown(authority: Authority, tmp_path: Path) -> None:
    leaf = authority.issue(IDENTITY)
    assert "PRIVATE" not in repr(leaf)
    assert b"PRIVATE" in leaf.key_pem
    directory = tmp_path / "authority"
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in directory.iterdir()} == {0o600}


def test_it_is_loaded_again(authority: Authority, tmp_path: Path) -> None:
    again = Authority.load(tmp_path / "authority")
    assert again.trust_pem == authority.trust_pem
    with pytest.raises(FileNotFoundError):
        Authority.load(tmp_path / "nothing")


def test_a_rotation_trusts_both_until_it_is_finished(authority: Authority, tmp_path: Path) -> None:
    (old,) = authorities(authority.trust_pem)
    authority.begin_rotation()
    authority.begin_rotation()
    interrupted = Authority.load(tmp_path / "authority")
    assert interrupted.is_rotating
    first, new = authorities(interrupted.trust_pem)
    assert first == old
    leaf = x509.load_pem_x509_certificate(interrupted.issue(IDENTITY).certificate_pem)
    leaf.verify_directly_issued_by(new)
    interrupted.finish_rotation()
    interrupted.finish_rotation()
    assert authorities(authority.trust_pem) == [new]
    leaf = x509.load_pem_x509_certificate(authority.issue(IDENTITY).certificate_pem)
    leaf.verify_directly_issued_by(new)
    assert not authority.is_rotating
