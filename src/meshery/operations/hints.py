"""Hints over the bus: live progress, and that a row changed or is to be cancelled.

Whoever misses one reads the row a moment later: nothing depends on them but speed.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

import msgspec

from meshery.core.bus import Bus, Message
from meshery.core.errors import UnavailableError
from meshery.core.streams import SUBJECT_CANCEL, SUBJECT_PROGRESS
from meshery.core.telemetry import get_logger
from meshery.operations.model import Operation, Progress

_POLL_S = 0.5
_LIVE_S = 2.0

_log = get_logger("operations.hints")


class Hints:
    """Tells hints, and follows an operation by them."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def tell(self, operation_id: str, progress: Progress | None = None) -> None:
        """Hint to whoever watches: new progress, or (None) that the row changed."""
        payload = msgspec.json.encode(progress)
        await self._bus.notify(f"{SUBJECT_PROGRESS}.{operation_id}", payload)

    async def cancel(self, operation_id: str) -> None:
        """Hint to its worker that the row says `cancelling` now."""
        await self._bus.notify(SUBJECT_CANCEL, operation_id.encode())

    async def watch(
        self, operation_id: str, *, read: Callable[[str], Awaitable[Operation]]
    ) -> AsyncGenerator[Operation]:
        """The operation now and after each change, with live progress, until it has ended.

        `read` gives the row, which alone is the truth; its errors are told, but for an outage
        meanwhile, which the watch outlasts.
        """
        async with self._bus.listen(f"{SUBJECT_PROGRESS}.{operation_id}") as messages:
            latest = await read(operation_id)
            yield latest
            live_until = 0.0
            while not latest.is_final:
                progress = await _next_hint(messages)
                if progress is not None:
                    live_until = time.monotonic() + _LIVE_S
                    latest = msgspec.structs.replace(latest, progress=progress)
                    yield latest
                    continue
                try:
                    fresh = await read(operation_id)
                except UnavailableError as error:  # it goes on; whoever watches is patient too
                    _log.warning("operation.watch_again", cause=error.cause)
                    continue
                if not fresh.is_final and time.monotonic() < live_until:  # the row lags behind
                    fresh = msgspec.structs.replace(fresh, progress=latest.progress)
                if fresh != latest:
                    latest = fresh
                    yield latest


async def _next_hint(messages: AsyncIterator[Message]) -> Progress | None:
    """The progress of the next message; None when the row should be read (also after a while)."""
    try:
        # Not `wait_for`: before Python 3.12 it loses a cancel that comes together with the message.
        async with asyncio.timeout(_POLL_S):
            message = await anext(messages)
    except TimeoutError:
        return None
    return msgspec.json.decode(message.data, type=Progress | None)
