"""`WorkQueue`: keys that wait for a look, each once, none looked at twice at the same time."""

import asyncio
import random
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

AGAIN_S = (0.5, 60.0)
"""The first and the longest wait after a failure; each is twice the one before."""


class WorkQueue(Generic[K]):
    """Keys in the order they came. A key that comes while it is looked at is looked at again."""

    def __init__(self) -> None:
        self._order: asyncio.Queue[K] = asyncio.Queue()
        self._waiting: set[K] = set()
        self._running: set[K] = set()
        self._again: set[K] = set()
        self._timers: dict[K, asyncio.TimerHandle] = {}
        self._failures: dict[K, int] = {}

    def add(self, key: K) -> None:
        """Have it looked at as soon as may be."""
        self._stop_timer(key)
        if key in self._running:
            self._again.add(key)
        elif key not in self._waiting:
            self._waiting.add(key)
            self._order.put_nowait(key)

    def add_later(self, key: K, delay_s: float) -> None:
        """Have it looked at in `delay_s`, unless it comes earlier."""
        self._stop_timer(key)
        self._timers[key] = asyncio.get_running_loop().call_later(delay_s, self.add, key)

    async def get(self) -> K:
        """The next key; tell `done` or `failed` about it afterwards."""
        key = await self._order.get()
        self._waiting.discard(key)
        self._running.add(key)
        return key

    def done(self, key: K, *, next_s: float = 0.0) -> None:
        """It was looked at; `next_s` is when to look again, 0 is never."""
        self._failures.pop(key, None)
        self._ended(key, next_s)

    def failed(self, key: K) -> float:
        """The look failed: it is repeated after a while, which is returned in seconds."""
        first_s, most_s = AGAIN_S
        count = self._failures.get(key, 0)
        self._failures[key] = count + 1
        wait_s = min(first_s * 2.0 ** min(count, 10), most_s) * random.uniform(0.8, 1.2)  # noqa: S311
        self._ended(key, wait_s)
        return wait_s

    def close(self) -> None:
        """Nothing comes any more."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _ended(self, key: K, next_s: float) -> None:
        self._running.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key)
        elif next_s:
            self.add_later(key, next_s)

    def _stop_timer(self, key: K) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
