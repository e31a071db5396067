"""MeshSync's own words: what its publishers put on NATS, and what its clients ask.

Field names are Go's, without tags; `attribute`, `data` and their like are JSON text within a
string; every `id` is empty on the wire and computed by whoever stores it.
"""

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from meshery.discovery.model import ChangeKind

SUBJECT_CORE = "meshery.meshsync.core"
SUBJECT_REQUEST = "meshery.meshsync.request"
SUBJECT_LOGS = "meshery.meshsync.logs"
SUBJECT_META = "meshsync-meta"
SUBJECT_SESSIONS = "active_sessions.exec"
QUEUE_REQUEST = "meshsync-request-stream"
"""Of several publishers one answers a request."""
CONNECTION_NAME = "meshsync"
"""What publishers are called in the server's `connz`."""
SUBJECT_STORE = "meshery-server.meshsync.store"
STORE_CHUNK = 5
"""Resources in one message of an answer to `informer-store`."""
VERSION = "1.0.3"
"""The release of MeshSync whose words these are."""

_SUBJECT = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_DESIGN = "design.meshery.io/id"
_TEXTS = ("generateName", "selfLink", "deletionTimestamp", "clusterName")
_NUMBERS = ("generation", "deletionGracePeriodSeconds")
_ENCODED = ("finalizers", "ownerReferences")
_FIELDS = ("immutable", "data", "binaryData", "stringData")


class Request(msgspec.Struct, frozen=True, rename="pascal"):
    """What a client asks: `entity` names it."""

    entity: str = ""
    payload: Any = None


class Envelope(msgspec.Struct, frozen=True, rename="pascal"):
    """Every message's outside."""

    object_type: str = ""
    event_type: str = ""
    request: Request | None = None
    object: Any = None


_decoder: msgspec.json.Decoder[Envelope] = msgspec.json.Decoder(Envelope)


def decode(payload: bytes) -> Envelope:
    """What a client sent; msgspec.MsgspecError for anything else."""
    return _decoder.decode(payload)


def is_subject(text: str) -> bool:
    """Whether it names one subject: no wildcards, no empty parts."""
    return _SUBJECT.fullmatch(text) is not None


def data_message(event: ChangeKind, document: Mapping[str, Any], *, cluster_id: str) -> bytes:
    """The message of one change."""
    found = resource(document, cluster_id=cluster_id)
    return msgspec.json.encode(Envelope("meshsync-data", event, None, found))


def store_message(resources: list[dict[str, Any]]) -> bytes:
    """One part of the answer to `informer-store`: the object alone is filled."""
    return msgspec.json.encode(Envelope(object=resources))


def resource(document: Mapping[str, Any], *, cluster_id: str) -> dict[str, Any]:
    """A KubernetesResource of a redacted object."""
    found: dict[str, Any] = {
        "id": "",
        "apiVersion": document.get("apiVersion", ""),
        "kind": document.get("kind", ""),
        "model": "",
        "metadata": _metadata(document.get("metadata") or {}),
        "spec": _part(document.get("spec")),
        "status": _part(document.get("status")),
        "cluster_id": cluster_id,
        "pattern_resource": _design(document),
        "component_metadata": _component(document),
    }
    found |= {name: _text(document[name]) for name in _FIELDS if document.get(name) is not None}
    if isinstance(document.get("type"), str):
        found["type"] = document["type"]
    return found


def stored_id(cluster_id: str, document: Mapping[str, Any]) -> str:
    """The id that MeshSync's server gives to what came without one."""
    metadata = document.get("metadata") or {}
    parts = (
        cluster_id,
        document.get("kind", ""),
        document.get("apiVersion", ""),
        metadata.get("namespace", ""),
        metadata.get("name", ""),
    )
    return base64.b64encode(".".join(parts).encode()).decode()


def _metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": "",
        "name": metadata.get("name", ""),
        "namespace": metadata.get("namespace", ""),
        "uid": metadata.get("uid", ""),
        "resourceVersion": metadata.get("resourceVersion", ""),
        "creationTimestamp": metadata.get("creationTimestamp") or "",
    }
    found |= {name: metadata[name] for name in (*_TEXTS, *_NUMBERS) if metadata.get(name)}
    found["labels"] = list(_items("label", metadata.get("labels")))
    annotations = list(_items("annotation", metadata.get("annotations")))
    if annotations:
        found["annotations"] = annotations
    found |= {name: _text(metadata[name]) for name in _ENCODED if metadata.get(name)}
    found["cluster_id"] = ""
    return found


def _items(kind: str, pairs: Mapping[str, str] | None) -> Iterator[dict[str, str]]:
    for key, value in (pairs or {}).items():
        yield {"id": "", "unique_id": "", "kind": kind, "key": key, "value": value}


def _part(value: Any) -> dict[str, str]:
    return {"id": "", "attribute": _text({} if value is None else value)}


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _design(document: Mapping[str, Any]) -> str | None:
    labels = (document.get("metadata") or {}).get("labels") or {}
    return labels.get(_DESIGN)


def _component(document: Mapping[str, Any]) -> dict[str, Any] | None:
    """Of a Service, the addresses at which it may be connected to."""
    if document.get("kind") != "Service" or document.get("apiVersion") != "v1":
        return None
    metadata, spec = document.get("metadata") or {}, document.get("spec") or {}
    host = f"{metadata.get('name', '')}.{metadata.get('namespace', '')}"
    ports = [port.get("port") for port in spec.get("ports") or () if isinstance(port, dict)]
    urls = [f"{'https' if port == 443 else 'http'}://{host}:{port}" for port in ports if port]
    return {"capabilities": {"connection": True, "urls": urls}}
