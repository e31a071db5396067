"""Expiry of public certificates: from ConfigMaps, webhooks, or parsed from Secrets beforehand."""

import base64
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from discovery.fingerprints.istio import HOME, istiod
from discovery.fingerprints.objects import Document, config_map, injector, meta, only
from meshery.discovery.fingerprints.certificates import earliest_expiry


def pem(year: int) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "root")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(year, 5, 6, 7, 8, 9, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


def secret(name: str, **dates: str) -> Document:
    """A Secret as its watcher leaves it: keys, no values, and what was parsed before."""
    parsed = {key.replace("_", "."): {"not_after": date} for key, date in dates.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": meta(name, HOME),
        "data": dict.fromkeys(parsed, "[REDACTED]"),
        "certificates": parsed,
    }


def test_unknown_where_none_is_to_be_seen() -> None:
    [plane] = only(*istiod()).control_planes
    assert (plane.certificate_expires_at, plane.certificates) == ("unknown", ())


def test_a_root_in_a_config_map() -> None:
    root = config_map("istio-ca-root-cert", HOME, {"root-cert.pem": pem(2033) + pem(2031)})
    [plane] = only(*istiod(), root).control_planes
    [found] = plane.certificates
    assert plane.certificate_expires_at == "2031-05-06T07:08:09Z"
    assert (found.name, found.source) == ("root", f"ConfigMap/{HOME}/istio-ca-root-cert")


def test_the_first_to_expire_of_all_that_are_known() -> None:
    bundle = base64.b64encode(pem(2029).encode()).decode()
    hook = injector("istio-sidecar-injector-x", calls=(HOME, "istiod"), bundle=bundle)
    issuer = secret("cacerts", **{"ca-cert_pem": "2027-01-01T00:00:00Z"})
    [plane] = only(*istiod(), hook, issuer).control_planes
    assert plane.certificate_expires_at == "2027-01-01T00:00:00Z"
    assert [each.name for each in plane.certificates] == ["issuer", "webhook"]


@pytest.mark.parametrize(
    "text", ["", "nonsense", "-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n"]
)
def test_what_is_no_certificate_has_no_expiry(text: str) -> None:
    assert earliest_expiry(text) is None


def test_a_broken_one_is_named_and_unknown() -> None:
    root = config_map("istio-ca-root-cert", HOME, {"root-cert.pem": "broken"})
    [plane] = only(*istiod(), root).control_planes
    assert [each.expires_at for each in plane.certificates] == ["unknown"]


def test_a_secret_that_could_not_be_parsed_is_unknown() -> None:
    [plane] = only(*istiod(), secret("cacerts", **{"ca-cert_pem": "unknown"})).control_planes
    assert [each.expires_at for each in plane.certificates] == ["unknown"]
