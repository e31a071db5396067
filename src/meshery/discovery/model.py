"""Nouns of discovery, shared by those who watch clusters and those who store what was seen.

They travel on the JetStream stream DISCOVERY, one JSON document a message, told apart by `type`.
"""

import base64
from typing import Literal
from uuid import UUID, uuid5

import msgspec

from meshery.core.streams import SUBJECT_DISCOVERY

ChangeKind = Literal["ADDED", "MODIFIED", "DELETED"]
KindState = Literal["listing", "watching", "forbidden", "failing"]

REDACTED = "[REDACTED]"
"""Stands where a value was that must not leave the cluster."""
CERTIFICATES = "certificates"
"""The field of a redacted Secret that tells its public certificates, by key."""
MARKED_AT = "marked_at"
"""The field of a redacted Namespace that tells when it got the marks of meshes that it carries."""

OMITTED = "meshery.io/omitted"
"""The annotation of an object that was too large for the bus; it tells its size.

Such an object is told by its metadata alone, and may be fetched from the cluster itself.
"""

EMPTY = msgspec.Raw(b"")


class ObjectKey(msgspec.Struct, frozen=True):
    """Which object: `uid` alone tells it from all others, also from later ones of its name."""

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str

    @property
    def group(self) -> str:
        """The API group without its version; empty for the core group."""
        return group_of(self.api_version)


class Seen(msgspec.Struct, frozen=True, tag="seen"):
    """One change of one object.

    `document` is the redacted object; empty for a deletion that was noticed only afterwards.
    `seq_epoch` is the watch that saw it: another one begins with all objects anew.
    """

    cluster_id: str
    seq_epoch: str
    event: ChangeKind
    key: ObjectKey
    resource_version: str
    document: msgspec.Raw = EMPTY


class Synced(msgspec.Struct, frozen=True, tag="synced"):
    """A complete list of a kind was read: what is not in it is gone.

    `resource` is MeshSync's name of the kind, `pods.v1.`. A long list comes in several of these;
    each speaks only of UIDs above `above` up to `upto` (empty: no bound), in the order of text,
    and of objects that are not newer than `resource_version`.
    """

    cluster_id: str
    seq_epoch: str
    resource: str
    api_version: str
    kind: str
    resource_version: str
    uids: tuple[str, ...]
    above: str = ""
    upto: str = ""


class KindStatus(msgspec.Struct, frozen=True):
    """How the watch of one kind stands.

    `lag_s` is how long, in seconds, the last change took from the API server's word to the bus
    (still growing while one waits). `error` is why it is forbidden or failing, in words.
    `synced_at` is when it was last listed whole (RFC 3339), empty before.
    """

    resource: str
    api_version: str
    kind: str
    state: KindState
    objects: int
    lag_s: float = 0.0
    error: str = ""
    synced_at: str = ""


class Report(msgspec.Struct, frozen=True, tag="report"):
    """How the watch of a cluster stands, kind by kind; `version` is that of its API server."""

    cluster_id: str
    seq_epoch: str
    at: str
    version: str
    kinds: tuple[KindStatus, ...]


Told = Seen | Synced | Report

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Told] = msgspec.json.Decoder(Told)


def encode(told: Told) -> bytes:
    """A message's payload. A deletion without an object carries `null`."""
    if isinstance(told, Seen) and not bytes(told.document):
        told = msgspec.structs.replace(told, document=msgspec.Raw(b"null"))
    return _encoder.encode(told)


def decode(payload: bytes) -> Told:
    """What a payload tells; msgspec.MsgspecError for anything else."""
    told = _decoder.decode(payload)
    if isinstance(told, Seen) and bytes(told.document) == b"null":
        return msgspec.structs.replace(told, document=EMPTY)
    return told


def subject_of(told: Told) -> str:
    """The subject that a message goes to: `meshery.v1.discovery.CLUSTER.KIND`."""
    kind = "-" if isinstance(told, Report) else _kind_of(told)
    return f"{SUBJECT_DISCOVERY}.{_token(told.cluster_id)}.{_token(kind)}"


def message_id_of(told: Told) -> str:
    """Equal for what may be sent twice: object, version, event and the watch that saw it.

    Without the watch a list that is read again on purpose would be dropped as a duplicate.
    """
    if isinstance(told, Seen):
        return f"{told.key.uid}:{told.resource_version}:{told.event}:{told.seq_epoch}"
    if isinstance(told, Synced):
        return f"{told.resource}:{told.resource_version}:{told.above}:{told.seq_epoch}"
    return ""


def object_id(cluster_id: str, uid: str) -> str:
    """Our id of an object: uuid5(cluster, object UID), INTERFACES section 2."""
    return str(uuid5(_space(cluster_id), uid))


def meshsync_id(cluster_id: str, key: ObjectKey) -> str:
    """MeshSync's own id of an object, as its server computes it."""
    parts = (cluster_id, key.kind, key.api_version, key.namespace, key.name)
    return base64.b64encode(".".join(parts).encode()).decode()


def group_of(api_version: str) -> str:
    """The group of an `apiVersion`; empty for the core group."""
    return api_version.rpartition("/")[0]


def resource_name(plural: str, api_version: str) -> str:
    """MeshSync's name of a kind: `pods.v1.`, `deployments.v1.apps`."""
    group, _, version = api_version.rpartition("/")
    return f"{plural}.{version}.{group}"


def _kind_of(told: Seen | Synced) -> str:
    return told.key.kind if isinstance(told, Seen) else told.kind


def _space(cluster_id: str) -> UUID:
    try:
        return UUID(cluster_id)
    except ValueError:  # a cluster whose kube-system may not be read
        return uuid5(UUID(int=0), cluster_id)


def _token(text: str) -> str:
    # Dots and wildcards have a meaning in subjects.
    return "".join(sign if sign.isalnum() or sign in "-_" else "_" for sign in text) or "-"
