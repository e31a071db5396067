"""What proxies use while they are measured: processor time per request, and memory.

Processor time is the scheduler's own account in nanoseconds of every thread (schedstat), read a
few times a second and interpolated to the edges of the run's blocks. Divided by the answers of the
same blocks it gives time per request, gross: a proxy's idle work (timers, statistics) is in it. The
interval comes from the block bootstrap. Memory is what a process has for itself (private, not
shared with other proxies of the same binary).
"""

import asyncio
import time
from bisect import bisect_right
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise

from meshery.performance.blocks import ratio_interval
from meshery.performance.result import Interval, ProxyUse
from meshery.processes.usage import read_cpu, read_usage

PERIOD_S = 0.2
_MB = 1_000_000.0


@dataclass(frozen=True)
class ProxySeries:
    """Processor time per block of all proxies of an arm in us; `lost`: those that ended.

    `known` is false where this system does not tell what a process uses.
    """

    cpu_us: tuple[float, ...]
    memory_mb: Mapping[str, float]
    lost: tuple[str, ...] = ()
    known: bool = True


@dataclass
class ProxyMeter:
    """Reads the usage of named processes; run it as a task around the measurement."""

    pids: Mapping[str, int]
    readings: list[tuple[int, float]] = field(default_factory=list)
    memory_mb: dict[str, float] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    _levels: dict[str, int] = field(default_factory=dict)

    def read(self) -> None:
        """Take one reading; a process that is gone is noted, and counts as it last stood."""
        for name, pid in self.pids.items():
            usage = read_cpu(pid)
            if usage is not None:
                self._levels[name] = usage.cpu_ns
            elif name in self._levels and name not in self.lost:
                self.lost.append(name)
        self.readings.append((time.monotonic_ns(), sum(self._levels.values()) / 1000.0))

    def read_memory(self) -> None:
        """Note the private memory of each process that still runs."""
        for name, pid in self.pids.items():
            usage = read_usage(pid)
            if usage is not None:
                self.memory_mb[name] = round(usage.private_bytes / _MB, 3)

    def series(self, *, start_ns: int, block_s: float, blocks: int) -> ProxySeries:
        """Cut the readings at the edges of blocks that begin at `start_ns` (monotonic clock)."""
        edges = [start_ns + round(number * block_s * 1e9) for number in range(blocks + 1)]
        levels = [level_at(self.readings, edge) for edge in edges]
        cpu_us = tuple(after - before for before, after in pairwise(levels))
        known = len(self._levels) == len(self.pids)
        return ProxySeries(cpu_us, dict(self.memory_mb), tuple(self.lost), known)


@asynccontextmanager
async def metering(meters: Mapping[str, ProxyMeter]) -> AsyncIterator[None]:
    """Read all meters at once, periodically, and at the end; then their memory too."""
    for meter in meters.values():
        meter.read()
    task = asyncio.create_task(_read_on(meters), name="proxy-meters")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})
        for meter in meters.values():
            meter.read()
            meter.read_memory()


async def _read_on(meters: Mapping[str, ProxyMeter]) -> None:
    while True:
        await asyncio.sleep(PERIOD_S)
        for meter in meters.values():
            meter.read()


def level_at(readings: Sequence[tuple[int, float]], at_ns: int) -> float:
    """The value of a growing account at a time, interpolated between readings."""
    place = bisect_right(readings, at_ns, key=lambda reading: reading[0])
    if place == 0:
        return readings[0][1]
    if place == len(readings):
        return readings[-1][1]
    (before_ns, before), (after_ns, after) = readings[place - 1], readings[place]
    return before + (after - before) * (at_ns - before_ns) / (after_ns - before_ns)


def cpu_per_request(series: ProxySeries, answers: Sequence[float], *, seed: int) -> Interval:
    """Microseconds of processor time per answer, with its interval."""
    return ratio_interval(series.cpu_us, answers, seed=seed)


def proxy_use(
    series: ProxySeries, answers: Sequence[float], *, block_s: float, seed: int
) -> ProxyUse | None:
    """What the proxies of an arm used, as it stands in a result; None where nothing is known."""
    if not series.known:
        return None
    cost = cpu_per_request(series, answers, seed=seed)
    seconds = block_s * len(series.cpu_us)
    return ProxyUse(
        cpu_us_per_request=cost.value,
        cpu_us_per_request_low=cost.low,
        cpu_us_per_request_high=cost.high,
        memory_mb=round(sum(series.memory_mb.values()), 3),
        memory_mb_per_proxy=dict(series.memory_mb),
        cpu_cores=sum(series.cpu_us) / 1e6 / seconds if seconds else 0.0,
    )
