"""`KindWatch`: one kind of one cluster, from the API server's word to the bus."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from meshery.core.errors import ForbiddenError, MesheryError, NotFoundError
from meshery.core.telemetry import get_logger
from meshery.discovery.model import (
    EMPTY,
    ChangeKind,
    KindState,
    KindStatus,
    ObjectKey,
    Seen,
    Synced,
    Told,
)
from meshery.discovery.watch.redaction import redacted
from meshery.discovery.watch.tiers import Watched, needs_whole
from meshery.kube import watching
from meshery.kube.answers import decoded
from meshery.kube.backoff import Backoff
from meshery.kube.client import KubeClient
from meshery.kube.item import Item, item_of_kind
from meshery.kube.listing import Selection

SYNCED_UIDS = 20_000
"""UIDs in one message: 0.8 MB, below what any bus of ours refuses."""

_log = get_logger("discovery.watch")


class Sink(Protocol):
    """Where a watch puts what it tells."""

    async def put(self, told: Told) -> None:
        """Take it over, in order within its kind; waits while there is no room."""

    def lag_s(self, kind: str) -> float:
        """How long the last message of a kind took, or the oldest waits, in seconds."""


class Place(msgspec.Struct, frozen=True):
    """Where a known object stands."""

    namespace: str
    name: str


class KindWatch:
    """Tells all objects of a kind, then every change. Use `run` once.

    `before` are objects that an earlier watch told: those of them that are not in the first list
    are told as deleted.
    """

    def __init__(
        self,
        client: KubeClient,
        watched: Watched,
        *,
        cluster_id: str,
        epoch: str,
        sink: Sink,
        before: Mapping[str, Place] | None = None,
        changed: asyncio.Event | None = None,
    ) -> None:
        self.watched = watched
        self.held: dict[str, Place] = {}
        self.settled = asyncio.Event()
        self._client = client
        self._cluster_id = cluster_id
        self._epoch = epoch
        self._turn = 0
        self._synced_at = ""
        self._sink = sink
        self._before = dict(before or {})
        self._changed = changed
        self._versions: dict[int, str] = {}
        self._troubles: dict[int, MesheryError] = {}

    async def run(self) -> None:
        """Watch until cancelled. What cannot be watched is in `status`, and tried on and on."""
        async with asyncio.TaskGroup() as group:
            for index, selection in enumerate(self.watched.slices):
                group.create_task(self._follow(index, selection), name=f"watch-{self.name}")

    @property
    def name(self) -> str:
        """As MeshSync names the kind, `pods.v1.`."""
        return self.watched.name

    @property
    def status(self) -> KindStatus:
        """How it stands now."""
        resource = self.watched.resource
        error = next(iter(self._troubles.values()), None)
        return KindStatus(
            resource=self.name,
            api_version=resource.api_version,
            kind=resource.kind,
            state=self._state(error),
            objects=len(self.held),
            lag_s=round(self._sink.lag_s(resource.kind), 1),
            error=f"{error.what}: {error.cause}" if error else "",
            synced_at=self._synced_at,
        )

    def broke(self, error: MesheryError) -> None:
        """Say why it does not run."""
        self._troubles[-1] = error

    async def end(self) -> None:
        """The kind is not served any more: tell that its objects are gone."""
        for uid in list(self.held):
            await self._take(0, watching.Deleted(uid))
        await self._tell_synced("")

    def _state(self, error: MesheryError | None) -> KindState:
        if isinstance(error, ForbiddenError):
            return "forbidden"
        if error is not None:
            return "failing"
        return "watching" if self._synced_at else "listing"

    async def _follow(self, index: int, selection: Selection) -> None:
        watcher = watching.Watcher(
            self._client,
            self.watched.resource,
            selection=selection,
            backoff=Backoff(most_s=30.0),
        )
        async with aclosing(watcher.events()) as events:
            async for event in events:
                await self._take(index, event)

    async def _take(self, index: int, event: watching.Event) -> None:
        match event:
            case watching.Changed(what, item):
                await self._tell_changed(what == "added", item)
            case watching.Deleted(uid, gone):
                await self._tell_deleted(uid, gone)
            case watching.Synced(version, _):
                self._troubles.pop(index, None)
                self._versions[index] = version
                if len(self._versions) == len(self.watched.slices):
                    await self._sync()
            case watching.Bookmark():
                self._troubles.pop(index, None)
            case watching.Trouble(error):
                self._trouble(index, error)

    async def _tell_changed(self, is_new: bool, item: Item) -> None:
        if needs_whole(item):
            item = await self._whole(item)
        uid = item.metadata.uid
        self._before.pop(uid, None)
        self.held[uid] = Place(item.metadata.namespace, item.metadata.name)
        await self._tell("ADDED" if is_new else "MODIFIED", uid, item)

    async def _tell_deleted(self, uid: str, item: Item | None) -> None:
        place = self.held.get(uid)
        if place is not None:
            await self._tell("DELETED", uid, item, place=place)
            self.held.pop(uid, None)

    async def _tell(
        self, event: ChangeKind, uid: str, item: Item | None, *, place: Place | None = None
    ) -> None:
        resource = self.watched.resource
        where = place or self.held[uid]
        key = ObjectKey(resource.api_version, resource.kind, where.namespace, where.name, uid)
        seen = Seen(
            self._cluster_id,
            self._current_epoch,
            event,
            key,
            item.metadata.resource_version if item else "",
            redacted(item) if item else EMPTY,
        )
        await self._sink.put(seen)
        if self._changed is not None:
            self._changed.set()

    async def _sync(self) -> None:
        for uid, place in self._before.items():
            await self._tell("DELETED", uid, None, place=place)
        self._before.clear()
        oldest = min(self._versions.values(), key=lambda text: (len(text), text))
        await self._tell_synced(oldest)
        self._synced_at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        self.settled.set()
        if self._changed is not None:
            self._changed.set()

    async def _tell_synced(self, version: str) -> None:
        resource = self.watched.resource
        uids = sorted(self.held)
        starts = range(0, max(len(uids), 1), SYNCED_UIDS)
        for start in starts:
            part = uids[start : start + SYNCED_UIDS]
            synced = Synced(
                self._cluster_id,
                self._current_epoch,
                self.name,
                resource.api_version,
                resource.kind,
                version,
                tuple(part),
                above=uids[start - 1] if start else "",
                upto=part[-1] if start != starts[-1] else "",
            )
            await self._sink.put(synced)

    def _trouble(self, index: int, error: MesheryError) -> None:
        self._troubles[index] = error
        self.settled.set()
        if isinstance(error, NotFoundError):
            # All was told as deleted; should the same objects come back they are no duplicates.
            self._turn += 1
            if self._changed is not None:
                self._changed.set()
        _log.info("discovery.trouble", kind=self.name, what=error.what, cause=error.cause)

    @property
    def _current_epoch(self) -> str:
        return f"{self._epoch}.{self._turn}" if self._turn else self._epoch

    async def _whole(self, item: Item) -> Item:
        """The whole of an object; what is known of it where it may not be read, or is gone."""
        metadata = item.metadata
        path = self.watched.resource.path(namespace=metadata.namespace, name=metadata.name)
        try:
            answer = await self._client.get(path)
            body = decoded(answer.body, msgspec.Raw, asked=f"GET {path}")
            found = item_of_kind(body, self.watched.resource)
        except (MesheryError, msgspec.MsgspecError):
            return item
        return found if found.metadata.uid == metadata.uid else item
