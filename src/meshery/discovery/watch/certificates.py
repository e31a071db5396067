"""Public certificates: read in memory, so that only when and for whom they are valid is kept."""

import base64
import binascii
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

UNKNOWN = "unknown"
_BEGIN = b"-----BEGIN CERTIFICATE-----"


class PublicCertificate(msgspec.Struct, frozen=True):
    """Of a chain the certificate that ends first. `not_after` is RFC 3339, or `unknown`."""

    not_after: str
    subject: str
    issuer: str


_UNREADABLE = PublicCertificate(UNKNOWN, UNKNOWN, UNKNOWN)


def read_certificate(value: str) -> PublicCertificate | None:
    """What a Secret's base64 value tells when it holds certificates; None when it holds none.

    Unknown throughout when they cannot be read, or `cryptography` is not installed.
    """
    try:
        pem = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
    if _BEGIN not in pem:
        return None
    try:
        from cryptography import x509
    except ImportError:
        return _UNREADABLE
    try:
        found = x509.load_pem_x509_certificates(pem)
        return _told(min(found, key=lambda each: each.not_valid_after_utc))
    except ValueError:
        return _UNREADABLE


def _told(certificate: "Certificate") -> PublicCertificate:
    return PublicCertificate(
        f"{certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}",
        certificate.subject.rfc4514_string(),
        certificate.issuer.rfc4514_string(),
    )
