"""The context chips of all tabs: asked for once in a while, however many tabs look at them."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from meshery.ui.page import Chip, Page

FRESH_S = 2.0
PERIOD_S = 3.0
"""How often a tab looks at its chips."""
PATIENCE_S = 3.0


class ChipBoard:
    """What is connected, as the pages tell it; an answer serves all tabs for `fresh_s`."""

    def __init__(
        self,
        pages: Sequence[Page],
        state: Any,
        *,
        fresh_s: float = FRESH_S,
        period_s: float = PERIOD_S,
    ) -> None:
        self.period_s = period_s
        self._fresh_s = fresh_s
        self._sources = [page.chips for page in pages if page.chips]
        self._state = state
        self._chips: list[Chip] = []
        self._read_at = float("-inf")
        self._asking = asyncio.Lock()

    async def read(self) -> list[Chip]:
        """All chips. TimeoutError after `PATIENCE_S`; MesheryError from whoever was asked."""
        async with self._asking:
            if time.monotonic() - self._read_at > self._fresh_s:
                async with asyncio.timeout(PATIENCE_S):
                    found = await asyncio.gather(*(ask(self._state) for ask in self._sources))
                self._chips = [chip for some in found for chip in some]
                self._read_at = time.monotonic()
            return self._chips
