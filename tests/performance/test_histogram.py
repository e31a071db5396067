import random

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st

from meshery.performance.histogram import (
    HIGHEST_NS,
    SIZE,
    Histogram,
    add_into,
    from_blob,
    index_of,
    lowest_of,
    merged,
    percentiles_ns,
    to_blob,
    width_of,
)

VALUES = st.one_of(st.integers(1, 5000), st.integers(1, 10**9), st.integers(1, HIGHEST_NS))
LISTS = st.lists(VALUES, max_size=60)


def reference(values: list[int]) -> HdrHistogram:
    histogram = HdrHistogram(1, HIGHEST_NS, 3)
    for value in values:
        histogram.record_value(value)
    return histogram


def ours(values: list[int]) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.record(value)
    return histogram


def counters(histogram: HdrHistogram) -> list[int]:
    return [histogram.get_count_at_index(index) for index in range(histogram.counts_len)]


def test_the_layout_is_that_of_hdrhistogram() -> None:
    assert HdrHistogram(1, HIGHEST_NS, 3).counts_len == SIZE


@given(VALUES)
def test_a_value_lies_within_its_counter(value: int) -> None:
    index = index_of(value)
    assert lowest_of(index) <= value < lowest_of(index) + width_of(index)
    assert width_of(index) <= max(1, value / 1024)
    assert index < SIZE


@settings(max_examples=50, deadline=None)
@given(LISTS)
def test_counters_equal_those_of_hdrhistogram(values: list[int]) -> None:
    assert ours(values).counts == counters(reference(values))


@settings(max_examples=25, deadline=None)
@given(st.lists(LISTS, min_size=1, max_size=5))
def test_merging_is_exact_to_the_bit(parts: list[list[int]]) -> None:
    whole = reference([])
    for part in parts:
        whole.add(reference(part))
    mine = Histogram()
    for part in parts:
        mine.merge(ours(part))
    sparse = merged(ours(part).sparse() for part in parts)
    assert mine.counts == counters(whole)
    assert mine.sparse() == sparse
    assert to_blob(sparse) == whole.encode()


@settings(max_examples=50, deadline=None)
@given(LISTS, st.sampled_from([0.001, 1.0, 25.0, 50.0, 90.0, 99.0, 99.9, 100.0]))
def test_percentiles_equal_those_of_hdrhistogram(values: list[int], percentile: float) -> None:
    expected = reference(values).get_value_at_percentile(percentile)
    assert percentiles_ns(ours(values).sparse(), [percentile]) == [expected]
    assert ours(values).percentile_ns(percentile) == expected


@settings(max_examples=10, deadline=None)
@given(LISTS)
def test_summaries_equal_those_of_hdrhistogram(values: list[int]) -> None:
    theirs, mine = reference(values), ours(values)
    assert mine.total == theirs.get_total_count()
    assert mine.max_ns == theirs.get_max_value()
    assert mine.mean_ns == pytest.approx(theirs.get_mean_value())
    if values:
        assert mine.min_ns == theirs.get_min_value()


@settings(max_examples=10, deadline=None)
@given(LISTS)
def test_blobs_come_back(values: list[int]) -> None:
    sparse = ours(values).sparse()
    assert from_blob(to_blob(sparse)) == sparse


def test_blobs_of_another_precision_are_refused() -> None:
    with pytest.raises(ValueError, match="layout"):
        from_blob(HdrHistogram(1, HIGHEST_NS, 2).encode())


def test_values_beyond_the_range_go_to_its_ends() -> None:
    assert index_of(-5) == 0
    assert index_of(HIGHEST_NS * 10) == index_of(HIGHEST_NS)


def test_adding_in_place() -> None:
    total = {1: 2}
    add_into(total, {1: 3, 5: 1})
    assert total == {1: 5, 5: 1}
    assert Histogram(total).total == 6


def test_the_loops_written_out_formula_is_the_same() -> None:
    dice = random.Random(1)
    for _ in range(10_000):
        value = int(10 ** dice.uniform(0, 12.5))
        shift = value.bit_length() - 11
        assert ((shift << 10) + (value >> shift) if shift > 0 else value) == index_of(value)
