"""Keys of a control plane: an authority, the API server's certificate, the accounts' signing key.

Made here rather than by the API server: EC keys take milliseconds, and the names are ours to say.
"""

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from meshery.core.paths import private_dir, write_private

_LIFETIME = timedelta(days=365)
_CLOCK_SLACK = timedelta(minutes=5)
_SERVICE = "kubernetes.default.svc.cluster.local"


def ensure_certificates(directory: Path, *, service_ip: str) -> None:
    """Have `ca.crt`, `server.crt`, `server.key` and `accounts.key` in `directory`.

    What is there stays, so that clients' trust and accounts' tokens outlive a restart.
    `service_ip` is the address of the service `kubernetes`.
    """
    if (directory / "accounts.key").exists():
        return
    private_dir(directory)
    ca_key, server_key = _key(), _key()
    ca = _authority(ca_key)
    server = _server(server_key, issuer=ca, issuer_key=ca_key, service_ip=service_ip)
    write_private(directory / "ca.crt", ca.public_bytes(serialization.Encoding.PEM))
    write_private(directory / "server.crt", server.public_bytes(serialization.Encoding.PEM))
    write_private(directory / "server.key", _pem(server_key))
    write_private(directory / "accounts.key", _pem(_key()))


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _name("kubernetes-ca")
    builder = _builder(name, name, key).add_extension(x509.BasicConstraints(True, 0), critical=True)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return builder.add_extension(usage, critical=True).sign(key, hashes.SHA256())


def _server(
    key: ec.EllipticCurvePrivateKey,
    *,
    issuer: x509.Certificate,
    issuer_key: ec.EllipticCurvePrivateKey,
    service_ip: str,
) -> x509.Certificate:
    labels = _SERVICE.split(".")
    names = ["localhost", *(".".join(labels[:count]) for count in (1, 2, 3, 5))]
    addresses = [ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address(service_ip)]
    alternatives = [*map(x509.DNSName, names), *map(x509.IPAddress, addresses)]
    authority_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return (
        _builder(_name("kube-apiserver"), issuer.subject, key)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(authority_id, critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SLACK)
        .not_valid_after(now + _LIFETIME)
        .add_extension(identifier, critical=False)
    )


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    # SEC 1, not PKCS #8: Kubernetes reads a public key from no other form of a private one.
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
