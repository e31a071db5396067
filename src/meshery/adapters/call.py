"""One operation while it runs: what its steps are given, and what they say meanwhile.

    async def apply(call: Call) -> dict[str, str]:
        for number, cluster in enumerate(call.order.clusters):
            call.progress(number, len(call.order.clusters), "clusters")
            ...
        return {"release": "acme"}          # call.state["apply"] in the steps that follow

A step is called again when a call broke off within it, so it does what is left of its work.
"""

import asyncio
import contextlib
from collections import deque
from typing import Any

from meshery.adapters.model import Order, Progress, Severity, Told, Word

_MOST_WAITING = 256
"""Words that wait to be sent; a step that says more waits for whoever listens."""

_MOST_CHARACTERS = 16_384


class Call:
    """An order, and the words about it that wait to be sent."""

    def __init__(self, order: Order, *, input: Any = None) -> None:  # noqa: A002 - what it is
        self.order = order
        self.input = input
        self.state: dict[str, Any] = dict(order.state)
        self.step = ""
        self._words: deque[Word] = deque()
        self._changed = asyncio.Event()
        self._has_place = asyncio.Event()

    @property
    def version(self) -> str:
        """The mesh's version that was asked for, or the one that was chosen for `latest`."""
        return self.order.version

    def progress(self, done: float, total: float = 0, unit: str = "", message: str = "") -> None:
        """How far this step is. Only the newest is sent, when several come at once."""
        made = Progress(self.step, done, total, unit, message[:_MOST_CHARACTERS])
        last = self._words[-1] if self._words else None
        if isinstance(last, Progress) and last.step == made.step:
            self._words[-1] = made
        else:
            self._words.append(made)
        self._changed.set()

    async def tell(self, summary: str, details: str = "", *, severity: Severity = "info") -> None:
        """Tell people something; waits while too much is unsent."""
        told = Told(severity, summary[:_MOST_CHARACTERS], details[:_MOST_CHARACTERS])
        await self.put(told)

    async def put(self, word: Word) -> None:
        """Queue a word; waits while too many are unsent."""
        while len(self._words) >= _MOST_WAITING:
            self._has_place.clear()
            await self._has_place.wait()
        self._words.append(word)
        self._changed.set()

    async def next_word(self, *, timeout_s: float) -> Word | None:
        """The next word; None when none came in time, or `wake` was called."""
        if not self._words:
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self._changed.wait()
        if not self._words:
            return None
        self._has_place.set()
        return self._words.popleft()

    @property
    def is_silent(self) -> bool:
        """Whether no word waits."""
        return not self._words

    def wake(self) -> None:
        """Have whoever waits for a word look again."""
        self._changed.set()
