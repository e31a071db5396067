"""Nouns that discovery shows: what is stored of a cluster's objects, and of the watch of them."""

from datetime import datetime
from typing import Any, Literal

import msgspec

from meshery.discovery.model import KindState

WatchState = Literal["none", "listing", "watching", "degraded", "stale"]


class ResourceRow(msgspec.Struct, frozen=True):
    """One object in a list. `cluster` is what people call its cluster."""

    id: str
    cluster_id: str
    cluster: str
    api_version: str
    kind: str
    namespace: str
    name: str
    labels: dict[str, str]
    created_at: datetime | None
    seen_at: datetime


class Related(msgspec.Struct, frozen=True):
    """An object that this one names, or that names this one. `id` is empty where it is not there.

    `direction` is `to` for what this one says of the other, `from` for the reverse.
    """

    type: str
    direction: Literal["to", "from"]
    id: str
    kind: str
    group: str
    namespace: str
    name: str


class Change(msgspec.Struct, frozen=True):
    """One state in an object's history; `document` is what its author wrote.

    `object_id` also names an object that is gone since.
    """

    seq: int
    at: datetime
    event: str
    kind: str
    namespace: str
    name: str
    resource_version: str
    document: dict[str, Any] | None
    object_id: str
    cluster_id: str


class ResourceView(msgspec.Struct, frozen=True):
    """One object, whole, with what surrounds it. Values of Secrets and ConfigMaps are redacted."""

    id: str
    meshsync_id: str
    uid: str
    cluster_id: str
    cluster: str
    api_version: str
    kind: str
    namespace: str
    name: str
    resource_version: str
    created_at: datetime | None
    seen_at: datetime
    document: dict[str, Any]
    yaml: str
    relations: list[Related]
    history: list[Change]


class Changes(msgspec.Struct, frozen=True):
    """Changes after a place in their row, the oldest first; `next` is where to go on."""

    items: list[Change]
    next: int


class KindView(msgspec.Struct, frozen=True):
    """How the watch of one kind stands. Lag in seconds."""

    resource: str
    api_version: str
    kind: str
    state: KindState
    objects: int
    lag_s: float
    error: str
    synced_at: datetime | None


class ClusterView(msgspec.Struct, frozen=True):
    """How the watch of one cluster stands: `none` where nobody watches it.

    `stale`: it was watched, and nobody has said anything for a while.
    """

    cluster_id: str
    cluster: str
    state: WatchState
    watcher: str
    version: str
    reported_at: datetime | None
    objects: int
    kinds: list[KindView]
