"""The latest events of a supervisor: for whoever was away, and live for whoever is there."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable

from meshery.processes.model import ProcessEvent, What, is_within

KEPT = 512


class Ring:
    """Events in order, the latest 512 of them.

    Watchers hold a place in it and no queue, so a slow one costs nothing; one that fell behind the
    oldest event is told that it missed some. `tell` hears every event as it happens.
    """

    def __init__(self, epoch: str, *, tell: Callable[[ProcessEvent], None]) -> None:
        self.epoch = epoch
        self._tell = tell
        self._kept: deque[ProcessEvent] = deque(maxlen=KEPT)
        self._seq = 0
        self._news = asyncio.Event()

    def add(
        self,
        name: str,
        what: What,
        *,
        pid: int = 0,
        exit_code: int | None = None,
        signal: int | None = None,
        wanted: bool = False,
        reason: str = "",
    ) -> None:
        """Count an event and wake all watchers."""
        self._seq += 1
        self._kept.append(
            ProcessEvent(
                seq=self._seq,
                epoch=self.epoch,
                name=name,
                what=what,
                pid=pid,
                exit_code=exit_code,
                signal=signal,
                at=time.time(),
                wanted=wanted,
                reason=reason,
            )
        )
        self._tell(self._kept[-1])
        self._news.set()
        self._news = asyncio.Event()

    async def follow(self, *, prefix: str, epoch: str, after: int) -> AsyncIterator[ProcessEvent]:
        """Events of a group after `after`, without end; all kept ones for another epoch's place."""
        place = after if epoch in {"", self.epoch} else 0
        is_resumed = place > 0
        while True:
            news = self._news
            oldest = self._kept[0].seq if self._kept else self._seq + 1
            if is_resumed and place < oldest - 1:
                yield self._missed(oldest - 1)
            is_resumed = True
            for event in tuple(self._kept):
                if event.seq > place and is_within(event.name, prefix):
                    yield event
                place = max(place, event.seq)
            # What came while a slow reader took the above is in the ring: look again first.
            if news is self._news:
                await news.wait()

    def _missed(self, seq: int) -> ProcessEvent:
        return ProcessEvent(seq=seq, epoch=self.epoch, name="", what="missed", at=time.time())
