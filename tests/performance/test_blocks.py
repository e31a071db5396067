"""The statistics, on data whose truth is known."""

from math import ceil

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import strategies as st

from meshery.performance import blocks
from meshery.performance.blocks import (
    QUANTILES,
    BlockTable,
    counter_edges,
    delta_intervals,
    draw_weights,
    expanded_tail,
    ratio_delta_interval,
    ratio_interval,
    student_quantile,
)
from performance.synthetic import counts, hdr_index, table


@given(st.integers(min_value=0, max_value=3_600_000_000_000))
def test_a_counter_holds_the_values_it_counts(value_ns: int) -> None:
    low, width = counter_edges(np.array([hdr_index(value_ns)]))
    assert low[0] <= value_ns < low[0] + width[0]
    assert width[0] <= max(1, value_ns / 1000)


@given(st.lists(st.integers(min_value=1_000, max_value=10_000_000_000), min_size=1, max_size=300))
def test_percentiles_agree_with_hdrhistogram(values: list[int]) -> None:
    histogram = HdrHistogram(1, 3_600_000_000_000, 3)
    for value in values:
        histogram.record_value(value)
    one = BlockTable.of({"only": [counts(np.array(values, dtype=np.float64))]})
    found = one.percentiles("only", draw_weights(1, seed=1, draws=1))[0]
    for (name, share), ours in zip(QUANTILES.items(), found, strict=True):
        # The library rounds the rank half up; ours takes the first value that reaches the share.
        theirs = histogram.get_value_at_percentile(share * 100) / 1000
        exact = sorted(values)[ceil(share * len(values)) - 1] / 1000
        assert min(theirs, exact) * 0.998 <= ours <= max(theirs, exact) * 1.002, name


def test_a_known_shift_is_found_within_its_interval() -> None:
    arms = table(seed=1, shifts_us={"off": 0.0, "on": 5_000.0, "null": 0.0})
    found = delta_intervals(arms, base="off", other="on", seed=1)
    for name in QUANTILES:
        assert found[name].low <= 5_000.0 <= found[name].high
        assert found[name].high - found[name].low < 200.0
    null = delta_intervals(arms, base="off", other="null", seed=1)
    assert all(each.holds_zero for each in null.values())


@pytest.mark.parametrize(("own_noise", "count"), [(0.0, 20), (0.1, 10)])
def test_the_intervals_cover_the_truth_as_often_as_they_say(own_noise: float, count: int) -> None:
    """Nominal 95 % for the three together; of 80 runs a true 95 % keeps more than 64."""
    runs, held = 80, 0
    for seed in range(runs):
        arms = table(
            seed=seed,
            shifts_us={"off": 0.0, "null": 0.0},
            blocks=count,
            per_block=100,
            own_noise=own_noise,
        )
        found = delta_intervals(arms, base="off", other="null", seed=seed, draws=300)
        held += all(each.holds_zero for each in found.values())
    assert held >= 64


def test_the_same_seed_gives_the_same_interval() -> None:
    arms = table(seed=3, shifts_us={"off": 0.0, "on": 100.0})
    first = delta_intervals(arms, base="off", other="on", seed=11)
    assert first == delta_intervals(arms, base="off", other="on", seed=11)
    assert first != delta_intervals(arms, base="off", other="on", seed=12)


def test_the_estimate_is_the_difference_of_the_arms_percentiles() -> None:
    arms = table(seed=5, shifts_us={"off": 0.0, "on": 250.0})
    once = draw_weights(arms.blocks, seed=1, draws=1)[:1]
    difference = arms.percentiles("on", once)[0] - arms.percentiles("off", once)[0]
    found = delta_intervals(arms, base="off", other="on", seed=1)
    assert [each.value for each in found.values()] == pytest.approx(difference.tolist(), abs=0.001)


def test_an_arm_without_answers_has_no_delta() -> None:
    arms = BlockTable.of({"off": [{100: 3}], "on": [{}]})
    assert delta_intervals(arms, base="off", other="on", seed=1) == {}


def test_arms_with_differing_blocks_are_refused() -> None:
    with pytest.raises(ValueError, match="same blocks"):
        BlockTable.of({"off": [{1: 1}], "on": [{1: 1}, {1: 1}]})


def test_a_ratio_and_its_interval() -> None:
    generator = np.random.default_rng(4)
    requests = generator.integers(400, 600, 40).astype(float)
    work = requests * 120.0 + generator.normal(0, 2_000, 40)
    found = ratio_interval(work.tolist(), requests.tolist(), seed=1)
    assert found.low < 120.0 < found.high
    assert found.value == pytest.approx(work.sum() / requests.sum(), abs=0.001)
    assert found.high - found.low < 6.0


def test_the_difference_of_two_ratios() -> None:
    requests = [500.0] * 20
    plain, more = [50_000.0, 52_000.0] * 10, [60_000.0, 62_000.0] * 10
    found = ratio_delta_interval((more, requests), (plain, requests), seed=1)
    assert found.value == pytest.approx(20.0)
    assert found.low == pytest.approx(20.0)
    assert found.high == pytest.approx(20.0)


@pytest.mark.parametrize(
    ("share", "degrees", "wanted"),
    [(0.975, 5, 2.571), (0.975, 19, 2.093), (0.995, 9, 3.250), (0.975, 1000, 1.962)],
)
def test_students_quantile_against_printed_tables(
    share: float, degrees: int, wanted: float
) -> None:
    assert student_quantile(share, degrees=degrees) == pytest.approx(wanted, abs=0.01)


def test_few_blocks_push_the_ends_out() -> None:
    tails = [expanded_tail(count) for count in (1, 3, 10, 100, 10_000)]
    assert tails == sorted(tails)
    assert tails[0] == 0.0
    assert tails[-1] == pytest.approx(0.025, abs=1e-4)


def test_long_runs_get_longer_blocks_and_lose_nothing() -> None:
    arms = BlockTable.of({"load": [{1_000: 2, 2_000 + number: 1} for number in range(1_000)]})
    assert arms.blocks == 200
    assert arms.counts["load"].sum() == 3_000
    found = ratio_interval([2.0] * 1_000, [1.0] * 1_000, seed=1)
    assert (found.value, found.low, found.high) == (2.0, 2.0, 2.0)


def test_large_tables_are_drawn_in_pieces() -> None:
    arms = table(seed=2, shifts_us={"off": 0.0}, blocks=5, per_block=20)
    whole = arms.percentiles("off", draw_weights(5, seed=1, draws=900))
    assert whole.shape == (901, len(blocks.QUANTILES))
