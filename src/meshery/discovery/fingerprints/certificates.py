"""When a control plane's certificates expire, as far as public ones are to be seen.

They stand in ConfigMaps and in the `caBundle` of webhooks; those in Secrets are known only where
the snapshot's keeper parsed them before it redacted the Secret. Private keys are never read.
"""

import base64
import binascii
from datetime import UTC, datetime

from meshery.discovery.fingerprints.cluster import Cluster
from meshery.discovery.fingerprints.model import UNKNOWN, Certificate
from meshery.discovery.fingerprints.snapshot import KeepsCertificates
from meshery.discovery.fingerprints.sources import config_map_name
from meshery.discovery.fingerprints.table import CertificateAt, MeshTable

BEGIN = "-----BEGIN CERTIFICATE-----"


def find_certificates(
    table: MeshTable, cluster: Cluster, *, home: str, revision: str
) -> tuple[Certificate, ...]:
    """Those of the control plane in namespace `home`; the absent ones are left out."""
    named = [_named(row, cluster, home=home, revision=revision) for row in table.certificates]
    called = [
        Certificate("webhook", f"caBundle of {webhook.configuration}", _expiry(moment))
        for webhook in cluster.webhooks
        if webhook.service[0] == home
        and webhook.named((*table.webhooks.injectors, *table.webhooks.validators))
        and (moment := earliest_expiry(_decoded(webhook.ca_bundle)))
    ]
    return tuple(dict.fromkeys(each for each in (*named, *called) if each))


def earliest(certificates: tuple[Certificate, ...]) -> str:
    """The first of the known expiries, else unknown."""
    known = [each.expires_at for each in certificates if each.expires_at != UNKNOWN]
    return min(known, default=UNKNOWN)


def earliest_expiry(pem: str) -> datetime | None:
    """`notAfter` of the certificate that expires first; None where there is none to read."""
    if BEGIN not in pem:
        return None
    from cryptography import x509  # heavy, and most snapshots hold none

    try:
        found = x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        return None
    return min(each.not_valid_after_utc for each in found)


def _named(row: CertificateAt, cluster: Cluster, *, home: str, revision: str) -> Certificate | None:
    if row.config_map:
        config_map = config_map_name(row.config_map, revision)
        pem = cluster.data(home, config_map).get(row.key, "")
        source = f"ConfigMap/{home}/{config_map}"
        return Certificate(row.name, source, _expiry(earliest_expiry(pem))) if pem else None
    keeper = cluster.snapshot
    if not isinstance(keeper, KeepsCertificates):
        return None
    moment = keeper.not_after(namespace=home, secret=row.secret, key=row.key)
    return Certificate(row.name, f"Secret/{home}/{row.secret}", _expiry(moment)) if moment else None


def _expiry(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else UNKNOWN


def _decoded(bundle: str) -> str:
    try:
        return base64.b64decode(bundle, validate=True).decode("ascii", "replace")
    except (binascii.Error, ValueError):
        return ""
