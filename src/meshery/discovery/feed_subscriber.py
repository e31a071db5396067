"""`Subscriber`: a bounded queue of changes for one that follows them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from meshery.core.telemetry import counter, get_logger
from meshery.discovery.change import ChangeFilter, ObjectChange
from meshery.operations.feeds import DroppedError

_log = get_logger("discovery.feed")
_dropped = counter("discovery_subscribers_dropped", "Subscribers dropped for reading too slowly")


class Subscriber(AsyncIterator[ObjectChange]):
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
