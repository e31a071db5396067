"""Numbers and pictures of a recording: percentiles, curves, bars and seconds of each arm.

Percentiles are those of `blocks.py` (the value below which a share of the answers lies,
interpolated inside an HDR counter), so an arm's p50 and the delta of two p50 fit together.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from meshery.performance.blocks import Array, counter_edges, interpolate
from meshery.performance.histogram import merged
from meshery.performance.live import LiveArm
from meshery.performance.recording import Recording
from meshery.performance.result import (
    ArmResult,
    Bucket,
    Counters,
    CurvePoint,
    Injector,
    Interval,
    Percentiles,
    Second,
    Slow,
)
from meshery.performance.sample import ArmCounts, Cell, SparseCounts

_NS_PER_US = 1000.0
_BARS_PER_DECADE = 20
_SHOWN_SLOWEST = 100


@dataclass(frozen=True)
class Distribution:
    """Sparse HDR counts of nanoseconds as a distribution of microseconds."""

    low_us: Array
    width_us: Array
    counts: Array

    @classmethod
    def of(cls, sparse: SparseCounts) -> "Distribution":
        """Order sparse counts; an empty one is allowed."""
        indexes = np.array(sorted(sparse), dtype=np.int64)
        low, width = counter_edges(indexes)
        counts = np.array([sparse[index] for index in indexes.tolist()], dtype=np.float64)
        return cls(low / _NS_PER_US, width / _NS_PER_US, counts)

    @property
    def count(self) -> int:
        """How many answers."""
        return int(self.counts.sum())

    @cached_property
    def _sums(self) -> Array:
        return np.cumsum(self.counts)[None, :]

    def quantile_us(self, share: float) -> float:
        """Below which `share` (0..1) of the answers lie, to the ns; 0 when there are none."""
        if not self.count:
            return 0.0
        return round(float(interpolate(self._sums, self.low_us, self.width_us, share)[0]), 3)

    def percentiles(self) -> Percentiles:
        """The usual few numbers."""
        if not self.count:
            return Percentiles()
        mean = float(((self.low_us + self.width_us / 2) * self.counts).sum() / self.count)
        return Percentiles(
            count=self.count,
            min_us=round(float(self.low_us[0]), 3),
            mean_us=round(mean, 3),
            p50_us=self.quantile_us(0.5),
            p90_us=self.quantile_us(0.9),
            p99_us=self.quantile_us(0.99),
            p999_us=self.quantile_us(0.999),
            p9999_us=self.quantile_us(0.9999),
            max_us=round(float(self.low_us[-1] + self.width_us[-1]), 3),
        )

    def curve(self) -> tuple[CurvePoint, ...]:
        """Points for an axis of -log10(1 - p): as far out as there are answers to tell."""
        if not self.count:
            return ()
        shares = (share for share in _CURVE_SHARES if (1 - share) * self.count >= 1)
        points = [CurvePoint(round(s * 100, 6), self.quantile_us(s)) for s in shares]
        end = CurvePoint(100.0, round(float(self.low_us[-1] + self.width_us[-1]), 3))
        return (*points, end)

    def buckets(self) -> tuple[Bucket, ...]:
        """Bars whose edges grow by 12 % each (20 to the decade), empty ones in between kept."""
        if not self.count:
            return ()
        middles = np.maximum(self.low_us + self.width_us / 2, 0.001)
        places = np.floor(np.log10(middles) * _BARS_PER_DECADE).astype(int)
        found = dict.fromkeys(range(int(places.min()), int(places.max()) + 1), 0)
        for place, count in zip(places.tolist(), self.counts.tolist(), strict=True):
            found[place] += int(count)
        return tuple(Bucket(_edge(at), _edge(at + 1), count) for at, count in found.items())


def _edge(place: int) -> float:
    return float(round(10 ** (place / _BARS_PER_DECADE), 3))


def _shares() -> Iterator[float]:
    """0, then ever denser towards 1: ten to each half-way mark, as HdrHistogram's plots have it."""
    left = 1.0
    for _ in range(20):
        for tenth in range(10):
            yield 1 - left * (1 - tenth / 20)
        left /= 2


_CURVE_SHARES = tuple(_shares())


def is_error(status: int) -> bool:
    """Answers of 400 and above count as errors."""
    return status >= 400


def corrected_of(cells: Iterable[Cell]) -> SparseCounts:
    """Corrected counts of all cells together."""
    return merged(cell.corrected for cell in cells)


def errors_of(arm: ArmCounts) -> int:
    """Failed, timed out, and answered with 400 or above."""
    answered = sum(sum(cell.service.values()) for cell in arm.cells if is_error(cell.status))
    return arm.counters.failed + arm.counters.timed_out + answered


def arm_results(
    recording: Recording, intervals: Mapping[str, dict[str, Interval]]
) -> dict[str, ArmResult]:
    """Each arm's numbers; `intervals` are those of its own percentiles."""
    length_s = recording.final.health.wall_s or recording.plan.length_s
    return {
        name: _arm_result(arm, length_s=length_s, intervals=intervals.get(name, {}))
        for name, arm in recording.final.arms.items()
    }


def _arm_result(arm: ArmCounts, *, length_s: float, intervals: dict[str, Interval]) -> ArmResult:
    corrected = Distribution.of(corrected_of(arm.cells))
    service = Distribution.of(merged(cell.service for cell in arm.cells))
    told = corrected.percentiles()
    return ArmResult(
        requests=arm.counters.completed,
        errors=errors_of(arm),
        rate_rps=arm.counters.completed / length_s,
        p50_us=told.p50_us,
        p90_us=told.p90_us,
        p99_us=told.p99_us,
        interval_us=intervals,
        counters=_counters(arm),
        corrected=told,
        service=service.percentiles(),
        connect=Distribution.of(arm.connect).percentiles(),
        statuses=_statuses(arm),
        endpoints=_endpoints(arm),
        curve=corrected.curve(),
        service_curve=service.curve(),
        distribution=corrected.buckets(),
    )


def _counters(arm: ArmCounts) -> Counters:
    told = arm.counters
    return Counters(
        planned=told.planned,
        sent=told.sent,
        completed=told.completed,
        failed=told.failed,
        timed_out=told.timed_out,
        unsent=told.unsent,
    )


def _statuses(arm: ArmCounts) -> dict[str, int]:
    found: dict[str, int] = {}
    for cell in sorted(arm.cells, key=lambda each: each.status):
        found[str(cell.status)] = found.get(str(cell.status), 0) + sum(cell.service.values())
    return found | {reason: count for reason, count in arm.failures.items() if count}


def _endpoints(arm: ArmCounts) -> dict[str, Percentiles]:
    names = dict.fromkeys(cell.endpoint for cell in arm.cells)
    return {
        name: Distribution.of(
            corrected_of(cell for cell in arm.cells if cell.endpoint == name)
        ).percentiles()
        for name in names
    }


def series(recording: Recording) -> tuple[Second, ...]:
    """Each second of each arm."""
    return tuple(
        Second(
            second=second.second,
            arm=name,
            requests=told.requests,
            errors=told.errors,
            rate_rps=told.rate_rps,
            p50_us=told.p50_us,
            p90_us=told.p90_us,
            p99_us=told.p99_us,
        )
        for second in recording.seconds
        for name, told in live_arms(second.arms, _span(recording, second.second)).items()
    )


def _span(recording: Recording, second: int) -> float:
    """The last second may be a part of one."""
    left = recording.plan.length_s - second
    return min(1.0, left) if left > 0 else 1.0


def live_arms(arms: Mapping[str, ArmCounts], span_s: float = 1.0) -> dict[str, LiveArm]:
    """One second's numbers of each arm."""
    found = {}
    for name, arm in arms.items():
        distribution = Distribution.of(corrected_of(arm.cells))
        found[name] = LiveArm(
            requests=distribution.count,
            errors=errors_of(arm),
            rate_rps=round(distribution.count / span_s, 3),
            p50_us=distribution.quantile_us(0.5),
            p90_us=distribution.quantile_us(0.9),
            p99_us=distribution.quantile_us(0.99),
        )
    return found


def slowest(recording: Recording) -> tuple[Slow, ...]:
    """The slowest requests, worst first."""
    ordered = sorted(recording.final.slowest, key=lambda each: -each.corrected_ns)
    return tuple(
        Slow(
            arm=each.arm,
            endpoint=each.endpoint,
            at_s=round(each.at_s, 6),
            corrected_us=each.corrected_ns / _NS_PER_US,
            service_us=each.service_ns / _NS_PER_US,
            status=each.status,
        )
        for each in ordered[:_SHOWN_SLOWEST]
    )


def injector_account(recording: Recording) -> Injector:
    """How the generator itself did, all arms together."""
    health = recording.final.health
    arms = recording.final.arms.values()
    return Injector(
        name=recording.started.generator,
        version=recording.started.version,
        cpu_share=health.cpu_share,
        run_queue_share=health.run_queue_share,
        own_delay=Distribution.of(merged(arm.own_delay for arm in arms)).percentiles(),
        wait_connection=Distribution.of(merged(arm.wait for arm in arms)).percentiles(),
        wall_s=health.wall_s,
        mean_in_flight=health.mean_in_flight,
        scheduling=recording.final.scheduling or recording.started.scheduling,
    )
