"""One stream of events to many listeners, none of which can hold up another.

Each has a queue with a bound. Who falls behind by more than that is let go, with a notice at the
end of what it still gets: it may come back, and knows that it missed something.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")

MOST_WAITING = 1_000
"""Events that may wait for one listener."""


class Feed(Generic[T]):
    """Who listens, and what is published to them."""

    def __init__(self, *, most_waiting: int = MOST_WAITING) -> None:
        self._most_waiting = most_waiting
        self._listeners: set[Listener[T]] = set()

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    def publish(self, event: T) -> None:
        """Give an event to everyone who listens now; never waits."""
        for listener in list(self._listeners):
            if not listener.take(event):
                self._listeners.discard(listener)

    @contextmanager
    def listening(self) -> Iterator["Listener[T]"]:
        """Listen until the end of the block."""
        listener: Listener[T] = Listener(self._most_waiting)
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """End all streams, after what waits."""
        for listener in self._listeners:
            listener.end()
        self._listeners.clear()


class Listener(Generic[T]):
    """One listener's queue; iterate over it. `has_missed` tells afterwards that it was let go."""

    def __init__(self, most_waiting: int) -> None:
        self._events: asyncio.Queue[T | None] = asyncio.Queue()
        self._most_waiting = most_waiting
        self.has_missed = False

    def take(self, event: T) -> bool:
        """Queue an event; False when the queue is full, and the stream ends after it."""
        if self._events.qsize() >= self._most_waiting:
            self.has_missed = True
            self.end()
            return False
        self._events.put_nowait(event)
        return True

    def end(self) -> None:
        """End after what waits."""
        self._events.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[T]:
        while (event := await self._events.get()) is not None:
            yield event
