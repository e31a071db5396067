"""List and watch one kind: a stream whose reader always knows the exact set of objects.

    async for event in Watcher(client, resource).events():
        match event: ...

Whatever breaks (the connection, the API server, etcd's history), the watcher comes back, resumes
where it was, or lists again and tells what vanished meanwhile; only `uid -> resourceVersion` is
kept for that. What it may not or cannot list is told as `Trouble` and tried again, never raised.
kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

import random
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, suppress
from typing import Literal

import msgspec

from meshery.core.errors import (
    DeadlineError,
    InvalidInputError,
    MesheryError,
    NotFoundError,
    UnavailableError,
)
from meshery.kube.backoff import Backoff
from meshery.kube.client import KubeClient
from meshery.kube.errors import ExpiredError, Status, ThrottledError, refusal
from meshery.kube.item import Item, item_of_kind
from meshery.kube.listing import EVERYTHING, Selection, pages
from meshery.kube.resource import Resource

SERVER_S = (240, 480)
"""How long the server is asked to keep one watch open, in seconds; a random time between."""
IDLE_S = 150.0
"""Silence after which a connection is taken for dead: bookmarks come about each minute."""

AT_ONCE_S = 1.0
"""A watch that was open for so long is resumed without a wait, one that broke after a short one."""


class Changed(msgspec.Struct, frozen=True):
    """An object came (`added`: not known before) or changed."""

    what: Literal["added", "modified"]
    item: Item


class Deleted(msgspec.Struct, frozen=True):
    """An object is gone; `item` is its last state, None when it vanished while nobody watched."""

    uid: str
    item: Item | None = None


class Synced(msgspec.Struct, frozen=True):
    """All that came before is the whole set as of `resource_version`; told after every list."""

    resource_version: str
    count: int


class Bookmark(msgspec.Struct, frozen=True):
    """All changes up to `resource_version` were told; the first one after `Trouble` ends it."""

    resource_version: str


class Trouble(msgspec.Struct, frozen=True):
    """The kind cannot be watched at present; told once for each new reason, tried on and on."""

    error: MesheryError


Event = Changed | Deleted | Synced | Bookmark | Trouble


class _Line(msgspec.Struct, frozen=True):
    type: str
    object: msgspec.Raw


_line = msgspec.json.Decoder(_Line)


class Watcher:
    """Watches one kind. Use `events` once; `resource_version` is where to resume later.

    `after` resumes from a version known to the reader, without a list: then nothing is known of
    earlier objects, and should the version be too old, `Synced` follows a new list whose objects
    all come as `added`. `streaming` asks for the first list as part of the watch (WatchList),
    where the server can do it.
    """

    def __init__(
        self,
        client: KubeClient,
        resource: Resource,
        *,
        selection: Selection = EVERYTHING,
        after: str = "",
        streaming: bool = False,
        backoff: Backoff | None = None,
    ) -> None:
        self._client = client
        self._resource = resource
        self._selection = selection
        self._streaming = streaming
        self._backoff = backoff or Backoff()
        self._known: dict[str, str] = {}
        self._told = ""
        self._is_open = False
        self.resource_version = after

    async def events(self) -> AsyncGenerator[Event]:
        """Events without end. Cancel the task, or close the generator, to stop."""
        while True:
            self._backoff.began()
            self._is_open = False
            least_s = 0.0
            try:
                async with aclosing(self._round()) as events:
                    async for event in events:
                        yield event
                # The server ended the watch as it was asked to: go on where it was, at once -
                # unless it ends every watch as soon as it began.
                if self._was_open():
                    continue
            except ExpiredError:
                self.resource_version = ""
            except MesheryError as error:
                for event in self._trouble(error):
                    yield event
                least_s = error.retry_after_s if isinstance(error, ThrottledError) else 0.0
            if self._was_open():
                # Outages that come one after another must not add up.
                self._backoff.reset()
            await self._backoff.wait(least_s=least_s)

    def _was_open(self) -> bool:
        return self._is_open and self._backoff.lasted(AT_ONCE_S)

    async def _round(self) -> AsyncGenerator[Event]:
        """One list if there is nothing to resume from, then one watch."""
        if not self.resource_version and not self._streaming:
            async with aclosing(self._list()) as events:
                async for event in events:
                    yield event
        try:
            async with aclosing(self._watch()) as events:
                async for event in events:
                    yield event
        except InvalidInputError:
            if not self._streaming or self.resource_version:
                raise
            self._streaming = False
        except msgspec.MsgspecError as error:
            raise UnavailableError(
                f"the watch of {self._resource} broke off",
                cause=str(error),
                code="meshery.kube.answer",
            ) from error

    async def _list(self) -> AsyncGenerator[Event]:
        seen: set[str] = set()
        version = ""
        listed = pages(self._client, self._resource, selection=self._selection)
        async with aclosing(listed):
            async for page in listed:
                if page.is_first:
                    seen.clear()
                for item in page.items:
                    seen.add(item.metadata.uid)
                    for event in self._changed(item):
                        yield event
                version = page.resource_version
        for event in self._settle(seen, version):
            yield event

    async def _watch(self) -> AsyncGenerator[Event]:
        path = self._resource.path(namespace=self._selection.namespace)
        query = [*self._selection.query, *self._watch_query()]
        initial: set[str] | None = None if self.resource_version else set()
        accept = self._selection.watch_accept
        async with self._client.lines(path, query=query, accept=accept, idle_s=IDLE_S) as lines:
            self._backoff.began()
            self._is_open = True
            if self._told and initial is None:
                self._told = ""
                yield Bookmark(self.resource_version)
            # Silence is no trouble: the connection is taken for dead, and the watch resumes.
            with suppress(DeadlineError):
                async for line in lines:
                    for event in self._read(line, initial):
                        yield event
                    initial = None if self.resource_version else initial

    def _read(self, line: bytes, initial: set[str] | None) -> Iterator[Event]:
        found = _line.decode(line)
        if found.type == "ERROR":
            raise _watch_error(found.object, self._resource)
        item = item_of_kind(found.object, self._resource)
        if initial is not None:
            initial.add(item.metadata.uid)
        yield from self._event(found.type, item, initial)

    def _watch_query(self) -> Iterator[tuple[str, str]]:
        yield "watch", "true"
        yield "allowWatchBookmarks", "true"
        yield "timeoutSeconds", str(random.randint(*SERVER_S))  # noqa: S311 - no secret
        if self.resource_version:
            yield "resourceVersion", self.resource_version
        else:
            yield "sendInitialEvents", "true"
            yield "resourceVersionMatch", "NotOlderThan"

    def _event(self, kind: str, item: Item, initial: set[str] | None) -> Iterator[Event]:
        version = item.metadata.resource_version
        if kind == "BOOKMARK":
            ends = (item.metadata.annotations or {}).get("k8s.io/initial-events-end") == "true"
            if initial is None:
                self.resource_version = version
                yield Bookmark(version)
            elif ends:
                yield from self._settle(initial, version)
            return
        if kind == "DELETED":
            self._known.pop(item.metadata.uid, None)
            yield Deleted(item.metadata.uid, item)
        else:
            yield from self._changed(item)
        # While the first list streams in there is no version yet from which to resume.
        if initial is None:
            self.resource_version = version

    def _changed(self, item: Item) -> Iterator[Event]:
        """What `item` means to the reader; nothing when this very version was told already."""
        uid, version = item.metadata.uid, item.metadata.resource_version
        before = self._known.get(uid)
        if before != version:
            self._known[uid] = version
            yield Changed("modified" if before else "added", item)

    def _settle(self, seen: set[str], version: str) -> Iterator[Event]:
        """The list is whole: what is known and was not seen is gone."""
        for uid in [uid for uid in self._known if uid not in seen]:
            del self._known[uid]
            yield Deleted(uid)
        self.resource_version = version
        self._told = ""
        self._backoff.reset()
        yield Synced(version, len(self._known))

    def _trouble(self, error: MesheryError) -> Iterator[Event]:
        # A kind that is not served any more has no objects; it may come back with none of them.
        if isinstance(error, NotFoundError):
            self.resource_version = ""
            for uid in list(self._known):
                del self._known[uid]
                yield Deleted(uid)
        if error.specific_code != self._told:
            self._told = error.specific_code
            yield Trouble(error)


def _watch_error(raw: msgspec.Raw, resource: Resource) -> MesheryError:
    status = msgspec.json.decode(raw, type=Status)
    return refusal(status.code or 500, status, asked=f"watch {resource}")
