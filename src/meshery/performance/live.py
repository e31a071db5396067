"""A run as it goes: one message a second on the bus, for whoever looks (`meshery.v1.load.ID`).

Nobody needs to look, and nothing is kept: the result holds the same seconds again.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from meshery.core.bus import Bus


class LiveArm(msgspec.Struct, frozen=True, kw_only=True):
    """One arm during one second; corrected latencies in microseconds."""

    requests: int
    errors: int
    rate_rps: float
    p50_us: float
    p90_us: float
    p99_us: float


class LiveSecond(msgspec.Struct, frozen=True, kw_only=True):
    """One second of a run. `rate_rps` is the offered rate of each arm; `phase` says what goes on.

    `label` names the function that is being measured, where there is one.
    """

    second: int
    phase: str
    rate_rps: float
    arms: dict[str, LiveArm]
    label: str = ""
    duration_s: float = 0.0


def live_subject(operation_id: str) -> str:
    """Where the seconds of an operation are published."""
    return f"meshery.v1.load.{operation_id}"


async def publish_second(bus: Bus, operation_id: str, second: LiveSecond) -> None:
    """Tell one second; it is not kept."""
    await bus.notify(live_subject(operation_id), msgspec.json.encode(second))


@asynccontextmanager
async def follow_seconds(bus: Bus, operation_id: str) -> AsyncIterator[AsyncIterator[LiveSecond]]:
    """The seconds of an operation from now on, without end: leave it when the operation ended."""
    async with bus.listen(live_subject(operation_id)) as messages:

        async def seconds() -> AsyncIterator[LiveSecond]:
            async for message in messages:
                yield msgspec.json.decode(message.data, type=LiveSecond)

        yield seconds()
