"""Statistics of interleaved arms: percentiles, their differences, and intervals by block bootstrap.

All arms of a run share its blocks of 0.5 s, so what disturbs the host for a while disturbs them
alike. A replicate draws whole blocks with replacement, the same ones for every arm (Kuensch 1989;
blocks keep the dependence of neighbouring requests, shared draws keep the pairing), adds their
counts and takes the percentiles of the sum. The interval holds the middle of the replicates. Few
blocks make such intervals too narrow by sqrt((n-1)/n) and by the normal quantile standing for
Student's: both are mended by drawing the ends further out, the expanded percentile interval
(T. Hesterberg, The American Statistician 69(4), 2015, section 3.3).

Draws come from a seed, so a stored run gives the same interval again. Counts are HDR counters of
nanoseconds, three significant digits; percentiles interpolate inside a counter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from statistics import NormalDist
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from meshery.performance.histogram import merged
from meshery.performance.result import Interval

Item = TypeVar("Item")
Array = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
"""Whole numbers: their products take one thread, not a pool that fights with what is measured."""
SparseCounts = Mapping[int, int]
QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
JOINT_LEVEL = 1.0 - 0.05 / len(QUANTILES)
DRAWS = 2000
MOST_BLOCKS = 240
_NS_PER_US = 1000.0
_DIGITS = 3  # of a microsecond: nanoseconds, finer than any counter
_CHUNK = 200


@dataclass(frozen=True)
class BlockTable:
    """Counts of several arms over the same blocks. `low_us`, `width_us`: the counters' edges."""

    low_us: Array
    width_us: Array
    counts: Mapping[str, Counts]
    _drawn: dict[tuple[str, int, int], Array] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, arms: Mapping[str, Sequence[SparseCounts]]) -> "BlockTable":
        """Line up sparse counts by HDR index; ValueError when arms differ in blocks.

        Long runs get longer blocks, at most MOST_BLOCKS of them.
        """
        if len({len(blocks) for blocks in arms.values()}) != 1:
            raise ValueError("arms of one run have the same blocks")
        arms = {name: [merged(group) for group in grouped(blocks)] for name, blocks in arms.items()}
        indexes = sorted({index for blocks in arms.values() for block in blocks for index in block})
        place = {index: column for column, index in enumerate(indexes)}
        low_ns, width_ns = counter_edges(np.array(indexes, dtype=np.int64))
        counts = {name: _matrix(blocks, place) for name, blocks in arms.items()}
        return cls(low_ns / _NS_PER_US, width_ns / _NS_PER_US, counts)

    @property
    def blocks(self) -> int:
        """How many blocks there are."""
        return len(next(iter(self.counts.values())))

    def drawn(self, arm: str, *, seed: int, draws: int) -> Array:
        """Percentiles of an arm for each draw, the estimate first; the same draws for every arm."""
        key = (arm, seed, draws)
        if key not in self._drawn:
            weights = draw_weights(self.blocks, seed=seed, draws=draws)
            self._drawn[key] = self.percentiles(arm, weights)
        return self._drawn[key]

    def percentiles(self, arm: str, weights: Array) -> Array:
        """Percentiles of an arm's weighted blocks; rows are draws, columns QUANTILES."""
        used = self.counts[arm].any(axis=0)
        counts, edges = self.counts[arm][:, used], (self.low_us[used], self.width_us[used])
        chunks = np.array_split(weights, max(1, len(weights) // _CHUNK))
        parts: list[Array] = [_percentiles(counts, edges, chunk) for chunk in chunks]
        return np.vstack(parts)


def delta_intervals(
    table: BlockTable, *, base: str, other: str, seed: int, draws: int = DRAWS
) -> dict[str, Interval]:
    """`other` minus `base` in microseconds for p50, p90 and p99; none when an arm has no answer.

    The three hold the truth together in 95 of 100 runs: each stands at 1 - 0.05 / 3 (Bonferroni).
    """
    if not all(table.counts[arm].sum() > 0 for arm in (base, other)):
        return {}
    drawn = [table.drawn(arm, seed=seed, draws=draws) for arm in (other, base)]
    deltas = drawn[0] - drawn[1]
    return {
        name: interval(deltas[:, column], blocks=table.blocks, level=JOINT_LEVEL)
        for column, name in enumerate(QUANTILES)
    }


def percentile_intervals(
    table: BlockTable, arm: str, *, seed: int, draws: int = DRAWS
) -> dict[str, Interval]:
    """An arm's own p50, p90 and p99 in microseconds, with joint intervals; none without answers."""
    if not table.counts[arm].sum() > 0:
        return {}
    found = table.drawn(arm, seed=seed, draws=draws)
    return {
        name: interval(found[:, column], blocks=table.blocks, level=JOINT_LEVEL)
        for column, name in enumerate(QUANTILES)
    }


def ratio_interval(
    numerators: Sequence[float], denominators: Sequence[float], *, seed: int, draws: int = DRAWS
) -> Interval:
    """Sum of numerators over sum of denominators, blocks drawn jointly (CPU time per request)."""
    return ratio_delta_interval(
        (numerators, denominators),
        ([0.0] * len(numerators), denominators),
        seed=seed,
        draws=draws,
    )


def ratio_delta_interval(
    other: tuple[Sequence[float], Sequence[float]],
    base: tuple[Sequence[float], Sequence[float]],
    *,
    seed: int,
    draws: int = DRAWS,
) -> Interval:
    """Difference of two such ratios over the same blocks, `other` minus `base`."""
    others, bases = (tuple(_sums(each) for each in ratio) for ratio in (other, base))
    weights = draw_weights(len(others[0]), seed=seed, draws=draws)
    values = _ratio(weights, *others) - _ratio(weights, *bases)
    return interval(values, blocks=len(others[0]))


def draw_weights(blocks: int, *, seed: int, draws: int = DRAWS) -> Array:
    """How often each draw takes each block; row 0 takes each once: the estimate itself."""
    if blocks < 1:
        raise ValueError("a bootstrap needs a block")
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(blocks, [1.0 / blocks] * blocks, size=draws)
    return np.vstack([np.ones(blocks), drawn]).astype(np.float64)


def interval(values: Array, *, blocks: int, level: float = 0.95) -> Interval:
    """Row 0 is the estimate, the rest are its replicates; the ends are expanded for few blocks."""
    replicates = values[1:]
    tail = expanded_tail(blocks, level=level)
    low, high = np.quantile(replicates, [tail, 1.0 - tail])
    estimate = float(values[0])
    ends = min(float(low), estimate), max(float(high), estimate)
    return Interval(*(round(value, _DIGITS) for value in (estimate, *ends)))


def expanded_tail(blocks: int, *, level: float = 0.95) -> float:
    """Share of replicates beyond each end: below 2.5 % for few blocks, towards it for many."""
    if blocks < 2:
        return 0.0
    student = student_quantile((1.0 + level) / 2.0, degrees=blocks - 1)
    return NormalDist().cdf(-sqrt(blocks / (blocks - 1)) * student)


def student_quantile(share: float, *, degrees: int) -> float:
    """Student's quantile by its expansion around the normal one (Abramowitz and Stegun 26.7.5)."""
    z = NormalDist().inv_cdf(share)
    terms: tuple[float, ...] = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / float(degrees**power) for power, term in enumerate(terms, start=1))


def interpolate(sums: Array | Counts, low: Array, width: Array, share: float) -> Array:
    """The value below which `share` of the counts lie, for each row of running sums."""
    wanted = share * sums[:, -1]
    column = np.minimum((sums < wanted[:, None]).sum(axis=1), sums.shape[1] - 1)
    rows = np.arange(len(sums))
    before = np.where(column > 0, sums[rows, np.maximum(column - 1, 0)], 0.0)
    inside = np.maximum(sums[rows, column] - before, 1e-12)
    values: Array = low[column] + width[column] * np.clip((wanted - before) / inside, 0.0, 1.0)
    return values


def counter_edges(indexes: npt.NDArray[np.int64]) -> tuple[Array, Array]:
    """Lower edge and width in ns of HDR counters with three digits (2,048 sub-buckets)."""
    shift = np.maximum((indexes >> 10) - 1, 0)
    low = (indexes - (shift << 10)) << shift
    return low.astype(np.float64), (1 << shift).astype(np.float64)


def grouped(blocks: Sequence[Item]) -> list[Sequence[Item]]:
    """Neighbours together, so that at most MOST_BLOCKS groups remain."""
    size = -(-len(blocks) // MOST_BLOCKS) or 1
    return [blocks[start : start + size] for start in range(0, len(blocks), size)]


def _sums(values: Sequence[float]) -> list[float]:
    return [sum(group) for group in grouped(values)]


def _percentiles(counts: Counts, edges: tuple[Array, Array], weights: Array) -> Array:
    sums: Counts = np.cumsum(weights.astype(np.int64) @ counts, axis=1)
    values = [interpolate(sums, *edges, share) for share in QUANTILES.values()]
    return np.stack(values, axis=1)


def _matrix(blocks: Sequence[SparseCounts], place: Mapping[int, int]) -> Counts:
    matrix = np.zeros((len(blocks), len(place)), dtype=np.int64)
    for row, block in enumerate(blocks):
        for index, count in block.items():
            matrix[row, place[index]] += count
    return matrix


def _ratio(weights: Array, numerators: Sequence[float], denominators: Sequence[float]) -> Array:
    below = weights @ np.asarray(denominators, dtype=np.float64)
    above = weights @ np.asarray(numerators, dtype=np.float64)
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)
