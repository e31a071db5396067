"""X.509 certificates of authorities of our own: EC P-256, which takes milliseconds to make.

    signer = Signer.create(name_of("my authority"), lifetime=timedelta(days=3650))
    certificate = signer.sign(key := new_key(), ["broker.meshery.svc"], lifetime=timedelta(days=90))

Each is for both ends of TLS, and is valid a little before it was made: clocks differ.
"""

import dataclasses
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CLOCK_SLACK = timedelta(minutes=5)
_BOTH_ENDS = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)


@dataclasses.dataclass(frozen=True)
class Signer:
    """An authority's certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = dataclasses.field(repr=False)

    @classmethod
    def create(
        cls, name: x509.Name, *, lifetime: timedelta, now: datetime | None = None
    ) -> "Signer":
        """A new authority, which signs by itself."""
        key, at = new_key(), now or datetime.now(UTC)
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        certificate = (
            _builder(name, name, key, at, at + lifetime)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(is_authority=True), critical=True)
            .add_extension(identifier, critical=False)
            .sign(key, hashes.SHA256())
        )
        return cls(certificate, key)

    def sign(
        self,
        key: ec.EllipticCurvePrivateKey,
        names: Iterable[str | x509.GeneralName],
        *,
        lifetime: timedelta,
        subject: x509.Name | None = None,
        now: datetime | None = None,
    ) -> x509.Certificate:
        """A certificate for host names and addresses, which never outlives its authority."""
        at, nobody = now or datetime.now(UTC), x509.Name([])
        until = min(at + lifetime, self.certificate.not_valid_after_utc)
        alternatives = [_alternative(name) for name in names]
        return (
            _builder(subject or nobody, self.certificate.subject, key, at, until)
            # RFC 5280, 4.2.1.6: critical where nothing else says whose it is.
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=not subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(is_authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(_BOTH_ENDS), critical=False)
            .add_extension(self._identifier(), critical=False)
            .sign(self.key, hashes.SHA256())
        )

    def _identifier(self) -> x509.AuthorityKeyIdentifier:
        extensions = self.certificate.extensions
        identifier = extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def new_key() -> ec.EllipticCurvePrivateKey:
    """A private key."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A private key as a file, PKCS #8."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def read_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """The key of a file. ValueError for what is none, TypeError for one of another kind."""
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("this is no elliptic curve key")
    return key


def certificate_pem(certificate: x509.Certificate) -> bytes:
    """A certificate as a file."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def name_of(common_name: str, *, organization: str = "") -> x509.Name:
    """A distinguished name."""
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization:
        parts.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(parts)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    since: datetime,
    until: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since - CLOCK_SLACK)
        .not_valid_after(until)
    )


def _alternative(name: str | x509.GeneralName) -> x509.GeneralName:
    if isinstance(name, x509.GeneralName):
        return name
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


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
