"""Changes of objects as they are stored, for whoever follows them.

    async with change_feed(platform).subscribe(after=cursor) as changes:
        async for change in changes: ...

One reader a process serves all subscribers: it reads rows when the writer, wherever it runs, says
that there are some. Each subscriber has a bounded queue; one that reads too slowly is dropped. What
came before a subscription is read from the rows, so `seq` resumes one at any server.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
from sqlalchemy import ColumnElement, Row, func, or_, select

from meshery.core.bus import Bus
from meshery.core.database import Database
from meshery.core.errors import InvalidInputError, NotFoundError, UnavailableError
from meshery.core.telemetry import counter, gauge, get_logger
from meshery.discovery.ingest.tables import kube_change
from meshery.discovery.ingest.writer import SUBJECT_STORED
from meshery.discovery.model import ChangeKind, group_of
from meshery.operations.feeds import DroppedError
from meshery.operations.platform import Platform

QUEUE = 4000
PAGE = 500
LOOK_S = 1.0
"""Rows are looked at so often where no word came: one may get lost."""

_log = get_logger("discovery.feed")
_subscribers = gauge("discovery_subscribers", "Subscribers that follow changes of objects now")
_dropped = counter("discovery_subscribers_dropped", "Subscribers dropped for reading too slowly")


class ChangeFilter(msgspec.Struct, frozen=True):
    """Which changes; empty fields let all pass, and so does no `group`: "" is the core group.

    `search` is looked for in names and namespaces.
    """

    cluster_id: str = ""
    kind: str = ""
    group: str | None = None
    namespace: str = ""
    event: str = ""
    search: str = ""

    def accepts(self, change: "ObjectChange") -> bool:
        """Whether a change passes."""
        return (
            self.kind in {"", change.kind}
            and self.namespace in {"", change.namespace}
            and self.cluster_id in {"", change.cluster_id}
            and self.event in {"", change.event}
            and (self.group is None or self.group == group_of(change.api_version))
            and (not self.search or self._is_found_in(change.name, change.namespace))
        )

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """The same for rows."""
        table = kube_change.c
        for name in ("kind", "namespace", "cluster_id", "event"):
            if wanted := getattr(self, name):
                yield table[name] == wanted
        if self.group is not None:
            is_grouped = table.api_version.startswith(f"{self.group}/", autoescape=True)
            yield is_grouped if self.group else ~table.api_version.contains("/")
        if self.search:
            names = (table.name, table.namespace)
            yield or_(*(each.icontains(self.search, autoescape=True) for each in names))

    def _is_found_in(self, *texts: str) -> bool:
        return any(self.search.lower() in text.lower() for text in texts)


ALL_CHANGES = ChangeFilter()


class ObjectChange(msgspec.Struct, frozen=True):
    """One change of one object; `seq` is its place in the row of all changes.

    `id` is the object's, also of one that is gone since.
    """

    seq: int
    at: datetime
    event: ChangeKind
    id: str
    cluster_id: str
    api_version: str
    kind: str
    namespace: str
    name: str
    resource_version: str
    raw: bytes | None

    def document(self) -> Any:
        """What its author wrote; None where the object was not told when it vanished."""
        return msgspec.json.decode(self.raw) if self.raw else None


class ObjectChanges(msgspec.Struct, frozen=True):
    """Changes after a place in their row, the oldest first; `next` is where to go on."""

    items: list[ObjectChange]
    next: int


class ChangeFeed:
    """The changes of all clusters; one for each process and database, see `change_feed`."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus
        self._queues: set[_Subscriber] = set()
        self._stirred: set[asyncio.Event] = set()
        self._joining = asyncio.Lock()
        self._reader: asyncio.Task[None] | None = None
        self._position = 0

    async def newest(self) -> int:
        """The place of the newest change, 0 before the first."""
        return (await self._ends())[1]

    async def changes(
        self, *, after: int | None, only: ChangeFilter = ALL_CHANGES
    ) -> ObjectChanges:
        """At most PAGE changes after `after`; None begins with the next one."""
        oldest, newest = await self._ends()
        if after is None:
            return ObjectChanges([], newest)
        _check(after, oldest, newest)
        found = await self._after(after, only=only)
        if len(found) == PAGE:
            return ObjectChanges(list(found), found[-1].seq)
        return ObjectChanges(list(found), max([newest, *(each.seq for each in found)]))

    @asynccontextmanager
    async def subscribe(
        self, *, after: int | None, only: ChangeFilter = ALL_CHANGES, queue_size: int = QUEUE
    ) -> AsyncIterator[AsyncIterator[ObjectChange]]:
        """Follow changes from the one after `after`; None means from now on.

        The iteration ends with a DroppedError when it is too slow. NotFoundError when changes
        after `after` are not kept any more, InvalidInputError when there never was such a place.
        """
        if after is not None:
            _check(after, *await self._ends())
        subscriber = _Subscriber(only, queue_size)
        await self._join()
        subscriber.since = self._position
        self._queues.add(subscriber)
        try:
            with _subscribers.track_inprogress():
                async with aclosing(self._followed(subscriber, after)) as changes:
                    yield changes
        finally:
            self._queues.discard(subscriber)
            await self._leave()

    @asynccontextmanager
    async def stirring(self) -> AsyncIterator[asyncio.Event]:
        """An event that is set whenever something changed; whoever waits clears it."""
        stirred = asyncio.Event()
        await self._join()
        self._stirred.add(stirred)
        try:
            yield stirred
        finally:
            self._stirred.discard(stirred)
            await self._leave()

    async def _followed(
        self, subscriber: "_Subscriber", after: int | None
    ) -> AsyncGenerator[ObjectChange]:
        cursor = subscriber.since if after is None else after
        while cursor < subscriber.since:
            found = await self._after(cursor, upto=subscriber.since, only=subscriber.only)
            for change in found:
                yield change
            cursor = found[-1].seq if len(found) == PAGE else subscriber.since
        subscriber.cursor = cursor
        async for change in subscriber:
            if change.seq > cursor:  # another server may be ahead of this one's reader
                yield change

    async def _join(self) -> None:
        """Have a reader, that has read all there is now."""
        async with self._joining:
            if self._reader is None or self._reader.done():
                self._position = await self.newest()
                self._reader = asyncio.create_task(self._read_on(), name="discovery-feed")
                self._reader.add_done_callback(self._end)

    async def _leave(self) -> None:
        async with self._joining:
            if self._reader is not None and not self._queues and not self._stirred:
                self._reader.cancel()
                await asyncio.wait({self._reader})
                self._reader = None
                _feeds.pop(self._database, None)

    async def _read_on(self) -> None:
        """Read until cancelled. Outages of bus and database are waited for."""
        while True:
            try:
                await self._listen()
            except UnavailableError as error:
                _log.warning("discovery.feed_waits", what=error.what, cause=error.cause)
            await asyncio.sleep(LOOK_S)

    def _end(self, reader: asyncio.Task[None]) -> None:
        """Nobody waits for a reader that broke; the next subscriber begins another."""
        error = None if reader.cancelled() else reader.exception()
        if error is None:
            return
        _log.error("discovery.feed_broke", exc_info=error)
        for subscriber in self._queues:
            subscriber.end(error)

    async def _listen(self) -> None:
        woken = asyncio.Event()
        async with self._bus.listen(SUBJECT_STORED) as words:
            hearing = asyncio.create_task(_wake(words, woken), name="discovery-feed-wake")
            try:
                await self._read_when(woken)
            finally:
                hearing.cancel()
                await asyncio.wait({hearing})

    async def _read_when(self, woken: asyncio.Event) -> None:
        while True:
            woken.clear()
            if await self._read():
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await woken.wait()

    async def _read(self) -> int:
        """Give what is new to all subscribers; how many changes."""
        found = await self._after(self._position)
        for change in found:
            self._position = change.seq
            for subscriber in self._queues:
                subscriber.offer(change)
        if found:
            for stirred in self._stirred:
                stirred.set()
        return len(found)

    async def _after(
        self, after: int, *, upto: int = 0, only: ChangeFilter = ALL_CHANGES
    ) -> Sequence[ObjectChange]:
        place = kube_change.c.id
        query = select(kube_change).where(place > after).where(*only.conditions())
        if upto:
            query = query.where(place <= upto)
        rows = await self._database.fetch(query.order_by(place).limit(PAGE))
        return [_change(row) for row in rows]

    async def _ends(self) -> tuple[int, int]:
        """The places of the oldest and the newest change that are kept."""
        place = kube_change.c.id
        # Each by itself: of both at once SQLite reads the whole table.
        ends = {"oldest": func.min(place), "newest": func.max(place)}
        query = select(*(select(end).scalar_subquery().label(name) for name, end in ends.items()))
        row = (await self._database.fetch(query))[0]
        return row.oldest or 0, row.newest or 0


class _Subscriber(AsyncIterator[ObjectChange]):
    """A bounded queue. `since` is how far was read when it came, `cursor` what it read last."""

    def __init__(self, only: ChangeFilter, size: int) -> None:
        self.only = only
        self.since = self.cursor = 0
        self._queue: asyncio.Queue[ObjectChange | None] = asyncio.Queue(size)
        self._is_dropped = False
        self._error: BaseException | None = None

    def offer(self, change: ObjectChange) -> None:
        """Queue a change; when there is no room, this was the last one."""
        if self._is_dropped or self._error or not self.only.accepts(change):
            return
        try:
            self._queue.put_nowait(change)
        except asyncio.QueueFull:
            self._is_dropped = True
            _dropped.inc()
            _log.warning("discovery.subscriber_dropped", queue_size=self._queue.maxsize)

    def end(self, error: BaseException) -> None:
        """Give no more."""
        self._error = error
        with suppress(asyncio.QueueFull):
            self._queue.put_nowait(None)

    async def __anext__(self) -> ObjectChange:
        if self._queue.empty() and self._is_dropped:
            raise DroppedError(self.cursor)
        if self._queue.empty() and self._error:
            raise self._error
        change = await self._queue.get()
        if change is None:
            return await anext(self)
        self.cursor = max(self.cursor, change.seq)
        return change


_feeds: WeakKeyDictionary[Database, ChangeFeed] = WeakKeyDictionary()


def change_feed(platform: Platform) -> ChangeFeed:
    """The one feed of a platform."""
    if platform.database not in _feeds:
        _feeds[platform.database] = ChangeFeed(platform.database, platform.bus)
    return _feeds[platform.database]


async def _wake(words: AsyncIterator[Any], woken: asyncio.Event) -> None:
    async for _ in words:
        woken.set()


def _check(after: int, oldest: int, newest: int) -> None:
    if not 0 <= after <= newest:
        raise InvalidInputError(
            f"there is no change {after}",
            cause=f"the newest one is {newest}",
            remedy="begin without a place, or at the one that discoveryChanges calls next",
            code="meshery.discovery.cursor",
        )
    if 0 < after < oldest - 1:
        raise NotFoundError(
            f"changes after {after} are not kept any more",
            cause=f"the oldest one is {oldest}; older ones went after retention.changes",
            remedy="list the resources as they are now, then follow from the newest change",
            code="meshery.discovery.gone",
        )


def _change(row: Row[Any]) -> ObjectChange:
    return ObjectChange(
        seq=row.id,
        at=row.at,
        event=row.event,
        id=row.object_id,
        cluster_id=row.cluster_id,
        api_version=row.api_version,
        kind=row.kind,
        namespace=row.namespace,
        name=row.name,
        resource_version=row.resource_version,
        raw=row.document,
    )
