"""When a control plane's certificates expire, as far as public ones are to be seen.

They stand in ConfigMaps and in the `caBundle` of webhooks. Values of Secrets are never seen here:
who watches the cluster parses public certificates before it redacts them, and leaves their dates in
the field `certificates` of the Secret.
"""

import base64
import binascii
from datetime import UTC, datetime

from meshery.discovery.fingerprints.cluster import Cluster, named
from meshery.discovery.fingerprints.fields import instant, mapping, text
from meshery.discovery.fingerprints.model import UNKNOWN, Certificate
from meshery.discovery.fingerprints.rows import CertificateAt
from meshery.discovery.fingerprints.sources import config_map_name
from meshery.discovery.fingerprints.table import MeshTable

BEGIN = "-----BEGIN CERTIFICATE-----"
PARSED = "certificates"
"""The field of a redacted Secret with what its public certificates tell, by key."""


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
    try:
        from cryptography import x509  # heavy, and most snapshots hold none
    except ImportError:
        return None  # the base install has none: unknown
    try:
        found = x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        return None
    return min(each.not_valid_after_utc for each in found)


def _named(row: CertificateAt, cluster: Cluster, *, home: str, revision: str) -> Certificate | None:
    if row.config_map:
        found = named(cluster.config_maps, home, config_map_name(row.config_map, revision))
        pem = text(mapping(found[1].get("data")).get(row.key)) if found else ""
        if not found or not pem:
            return None
        return Certificate(row.name, f"ConfigMap/{home}/{found[0]}", _expiry(earliest_expiry(pem)))
    found = named(cluster.secrets, home, row.secret)
    parsed = mapping(mapping(found[1].get(PARSED)).get(row.key)) if found else {}
    if not found or not parsed:
        return None
    moment = instant(parsed.get("not_after"))
    return Certificate(row.name, f"Secret/{home}/{found[0]}", _expiry(moment))


def _expiry(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else UNKNOWN


def _decoded(bundle: str) -> str:
    try:
        return base64.b64decode(bundle, validate=True).decode("ascii", "replace")
    except (binascii.Error, ValueError):
        return ""
