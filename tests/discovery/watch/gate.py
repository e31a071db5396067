"""A sink that stops at a message a test names, so that something may happen right there."""

import asyncio
from collections.abc import Callable

from meshery.discovery.model import Told
from meshery.discovery.watch.kind import Sink


class GateSink:
    """Passes on to another sink; what `stops` says waits at the gate, and all behind it."""

    def __init__(self, sink: Sink, stops: Callable[[Told], bool]) -> None:
        self.reached = asyncio.Event()
        self._opened = asyncio.Event()
        self._sink = sink
        self._stops = stops

    def open(self) -> None:
        self._opened.set()

    async def put(self, told: Told) -> None:
        if not self._opened.is_set() and self._stops(told):
            self.reached.set()
            await self._opened.wait()
        await self._sink.put(told)

    def lag_s(self, kind: str) -> float:
        return self._sink.lag_s(kind)
