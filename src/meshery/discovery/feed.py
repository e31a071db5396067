"""Changes of objects as they are stored, for whoever follows them.

    async with change_feed(platform).subscribe(after=cursor) as changes:
        async for change in changes: ...

One reader a process serves all subscribers: it reads rows when the writer, wherever it runs, says
that there are some. Each subscriber has a bounded queue; one that reads too slowly is dropped. What
came before a subscription is read from the rows, so `seq` resumes one at any server.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any
from weakref import WeakKeyDictionary

from meshery.core.bus import Bus
from meshery.core.database import Database
from meshery.core.errors import UnavailableError
from meshery.core.telemetry import gauge, get_logger
from meshery.discovery.change import ALL_CHANGES, ChangeFilter, ObjectChange, ObjectChanges
from meshery.discovery.change_rows import PAGE, ChangeRows, check_place
from meshery.discovery.feed_subscriber import Subscriber
from meshery.discovery.ingest.writer import SUBJECT_STORED
from meshery.operations.platform import Platform

QUEUE = 4000
LOOK_S = 1.0
"""Rows are looked at so often where no word came: one may get lost."""

_log = get_logger("discovery.feed")
_subscribers = gauge("discovery_subscribers", "Subscribers that follow changes of objects now")


class ChangeFeed:
    """The changes of all clusters; one for each process and database, see `change_feed`."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._rows = ChangeRows(database)
        self._bus = bus
        self._queues: set[Subscriber] = set()
        self._stirred: set[asyncio.Event] = set()
        self._joining = asyncio.Lock()
        self._reader: asyncio.Task[None] | None = None
        self._position = 0

    async def newest(self) -> int:
        """The place of the newest change, 0 before the first."""
        return (await self._rows.ends())[1]

    async def changes(
        self, *, after: int | None, only: ChangeFilter = ALL_CHANGES
    ) -> ObjectChanges:
        """At most PAGE changes after `after`; None begins with the next one."""
        oldest, newest = await self._rows.ends()
        if after is None:
            return ObjectChanges([], newest)
        check_place(after, oldest, newest)
        found = await self._rows.after(after, only=only)
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
            check_place(after, *await self._rows.ends())
        subscriber = Subscriber(only, queue_size)
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
        self, subscriber: Subscriber, after: int | None
    ) -> AsyncGenerator[ObjectChange]:
        cursor = subscriber.since if after is None else after
        while cursor < subscriber.since:
            found = await self._rows.after(cursor, upto=subscriber.since, only=subscriber.only)
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
        found = await self._rows.after(self._position)
        for change in found:
            self._position = change.seq
            for subscriber in self._queues:
                subscriber.offer(change)
        if found:
            for stirred in self._stirred:
                stirred.set()
        return len(found)


_feeds: WeakKeyDictionary[Database, ChangeFeed] = WeakKeyDictionary()


def change_feed(platform: Platform) -> ChangeFeed:
    """The one feed of a platform."""
    if platform.database not in _feeds:
        _feeds[platform.database] = ChangeFeed(platform.database, platform.bus)
    return _feeds[platform.database]


async def _wake(words: AsyncIterator[Any], woken: asyncio.Event) -> None:
    async for _ in words:
        woken.set()
