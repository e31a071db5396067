"""HDR counters of nanoseconds: 1 ns to one hour, three significant digits.

The layout is HdrHistogram's (http://hdrhistogram.org) with lowest value 1, highest
3,600,000,000,000 and 2,048 sub-buckets, so counts go bit by bit into and out of its V2 blobs. Up to
2,047 ns every value has its own counter; above, a counter is at most 1/1,024 of its value wide.
Hot loops write the index formula out and count into plain dictionaries; merging is the addition of
counts and loses nothing.

Needs nothing but the standard library, except `to_blob` and `from_blob`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

LOWEST_NS = 1
HIGHEST_NS = 3_600_000_000_000
DIGITS = 3
SIZE = 33 * 1024
"""Counters that HdrHistogram keeps for this range."""

_SUB_BITS = 11
_HALF = 1 << (_SUB_BITS - 1)


def index_of(value_ns: int) -> int:
    """The counter of a value; values beyond the range go to its ends."""
    value = min(max(value_ns, 0), HIGHEST_NS)
    shift = value.bit_length() - _SUB_BITS
    return (shift << 10) + (value >> shift) if shift > 0 else value


def lowest_of(index: int) -> int:
    """The smallest value in ns that a counter holds."""
    shift = max((index >> 10) - 1, 0)
    return (index - (shift << 10)) << shift


def width_of(index: int) -> int:
    """How many ns share a counter."""
    return 1 << max((index >> 10) - 1, 0)


class Histogram:
    """Counts by HDR index.

    Minimum, maximum and mean are those of the counters, as HdrHistogram gives them: the lower
    edge, the upper edge, and the mean of middles.
    """

    __slots__ = ("counts",)

    def __init__(self, sparse: Mapping[int, int] | None = None) -> None:
        self.counts: list[int] = [0] * SIZE
        if sparse:
            self.add(sparse)

    def record(self, value_ns: int, count: int = 1) -> None:
        """Count a value."""
        self.counts[index_of(value_ns)] += count

    def add(self, sparse: Mapping[int, int]) -> None:
        """Add sparse counts; IndexError for an index outside the layout."""
        counts = self.counts
        for index, count in sparse.items():
            counts[index] += count

    def merge(self, other: "Histogram") -> None:
        """Add another histogram's counts."""
        self.counts = [
            mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True)
        ]

    def sparse(self) -> dict[int, int]:
        """The counters that are not 0."""
        return {index: count for index, count in enumerate(self.counts) if count}

    @property
    def total(self) -> int:
        """How many values were counted."""
        return sum(self.counts)

    @property
    def min_ns(self) -> int:
        """The lower edge of the lowest counter in use; 0 when empty."""
        return next((lowest_of(index) for index, count in enumerate(self.counts) if count), 0)

    @property
    def max_ns(self) -> int:
        """The upper edge of the highest counter in use; 0 when empty."""
        highest = next((index for index in range(SIZE - 1, -1, -1) if self.counts[index]), None)
        return 0 if highest is None else lowest_of(highest) + width_of(highest) - 1

    @property
    def mean_ns(self) -> float:
        """The mean of the counters' middles; 0 when empty."""
        sparse = self.sparse()
        total = sum(sparse.values())
        weighted = sum(
            count * (lowest_of(index) + width_of(index) // 2) for index, count in sparse.items()
        )
        return weighted / total if total else 0.0

    def percentile_ns(self, percentile: float) -> int:
        """The upper edge of the counter where `percentile` (0..100) of the values are reached."""
        return percentiles_ns(self.sparse(), (percentile,))[0]


def merged(parts: Iterable[Mapping[int, int]]) -> dict[int, int]:
    """The sum of sparse counts."""
    total: dict[int, int] = {}
    for part in parts:
        add_into(total, part)
    return total


def add_into(total: dict[int, int], part: Mapping[int, int]) -> None:
    """Add sparse counts to others in place."""
    get = total.get
    for index, count in part.items():
        total[index] = get(index, 0) + count


def percentiles_ns(sparse: Mapping[int, int], wanted: Iterable[float]) -> list[int]:
    """Values in ns at percentiles 0..100, as HdrHistogram defines them; zeros when empty."""
    ordered = sorted(sparse.items())
    total = sum(count for _, count in ordered)
    return [_value_at(ordered, _rank(percentile, total)) for percentile in wanted]


def _rank(percentile: float, total: int) -> int:
    return max(1, int(min(percentile, 100.0) * total / 100 + 0.5))


def _value_at(ordered: list[tuple[int, int]], rank: int) -> int:
    seen = 0
    for index, count in ordered:
        seen += count
        if seen >= rank:
            return lowest_of(index) + width_of(index) - 1
    return 0


def to_blob(sparse: Mapping[int, int]) -> bytes:
    """HdrHistogram V2: compressed, base64, as its Java, C, Go and Rust readers take it."""
    histogram = _recorder()
    for index, count in sparse.items():
        histogram.record_value(lowest_of(index), count)
    blob: bytes = histogram.encode()
    return blob


def from_blob(blob: bytes) -> dict[int, int]:
    """Counts of a V2 blob; ValueError when it was taken with another range or precision."""
    from hdrh.histogram import HdrHistogram

    decoded: Any = HdrHistogram.decode(blob)
    layout = (decoded.lowest_trackable_value, decoded.significant_figures)
    if layout != (LOWEST_NS, DIGITS) or decoded.highest_trackable_value > HIGHEST_NS:
        raise ValueError(f"the histogram's layout is not ours: lowest, digits = {layout}")
    return {
        index_of(item.value_iterated_to): item.count_added_in_this_iter_step
        for item in decoded.get_recorded_iterator()
    }


def _recorder() -> Any:
    from hdrh.histogram import HdrHistogram

    return HdrHistogram(LOWEST_NS, HIGHEST_NS, DIGITS)
