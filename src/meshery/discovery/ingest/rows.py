"""Between what was told and rows."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from meshery.discovery.ingest.relations import references
from meshery.discovery.model import (
    CERTIFICATES,
    MARKED_AT,
    ObjectKey,
    Seen,
    meshsync_id,
    object_id,
)
from meshery.kube.fields import authored

Values = dict[str, Any]

_DERIVED = frozenset({CERTIFICATES, MARKED_AT})
"""What the watch adds to an object."""


def version_number(resource_version: str) -> int:
    """A resource version as a number, by which states of one object can be compared; else 0.

    They are numbers on every real API server, and may be compared since Kubernetes 1.35.
    """
    is_number = resource_version.isascii() and resource_version.isdigit()
    return int(resource_version) if is_number and len(resource_version) < 19 else 0


def object_values(seen: Seen, document: Mapping[str, Any], at: datetime) -> Values:
    """The row of an object."""
    key, metadata = seen.key, document.get("metadata") or {}
    return {
        "id": object_id(seen.cluster_id, key.uid),
        "cluster_id": seen.cluster_id,
        "uid": key.uid,
        **place_values(key),
        "api_group": key.group,
        "meshsync_id": meshsync_id(seen.cluster_id, key),
        "resource_version": seen.resource_version,
        "version": version_number(seen.resource_version),
        "created_at": _moment(metadata.get("creationTimestamp")),
        "seen_at": at,
        "document": bytes(seen.document),
    }


def place_values(key: ObjectKey) -> Values:
    """The columns that say where an object stands."""
    return {
        "api_version": key.api_version,
        "kind": key.kind,
        "namespace": key.namespace,
        "name": key.name,
    }


def label_values(identity: str, document: Mapping[str, Any]) -> Iterator[Values]:
    """Rows of an object's labels."""
    labels = (document.get("metadata") or {}).get("labels") or {}
    for key, value in labels.items():
        yield {"object_id": identity, "key": key, "value": value}


def relation_values(
    identity: str, cluster_id: str, document: Mapping[str, Any]
) -> Iterator[Values]:
    """Rows of what an object says of others."""
    for position, reference in enumerate(references(document)):
        yield {
            "object_id": identity,
            "position": position,
            "cluster_id": cluster_id,
            "type": reference.type,
            "to_group": reference.group,
            "to_kind": reference.kind,
            "to_namespace": reference.namespace,
            "to_name": reference.name,
            "selector": reference.selector,
        }


def written(document: Mapping[str, Any]) -> bytes:
    """What the author of an object wrote, in an order of its own: equal when nothing changed."""
    kept = {name: value for name, value in authored(document).items() if name not in _DERIVED}
    return msgspec.json.encode(kept, order="deterministic")


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC) if text else None
    except ValueError:
        return None
