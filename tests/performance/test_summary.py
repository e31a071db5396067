"""Numbers and pictures of a recording whose latencies are known."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshery.core.errors import OperationFailedError
from meshery.performance.generator import GeneratorLostError
from meshery.performance.measure import evidence_of, histograms_of, measure
from meshery.performance.recording import record
from meshery.performance.result import Interval
from meshery.performance.sample import Second
from meshery.performance.summary import (
    Distribution,
    arm_results,
    injector_account,
    series,
    slowest,
)
from performance.recordings import Late, Replay, Silent, plan_of, recording_of
from performance.synthetic import counts


def distribution(*values_us: float) -> Distribution:
    return Distribution.of(counts(np.array(values_us) * 1000))


def test_an_empty_distribution_tells_nothing() -> None:
    empty = Distribution.of({})
    assert empty.percentiles().count == 0
    assert empty.curve() == ()
    assert empty.buckets() == ()


def test_percentiles_of_known_values() -> None:
    told = distribution(*range(1, 1001)).percentiles()
    assert told.count == 1000
    assert told.p50_us == pytest.approx(500, rel=0.002)
    assert told.p99_us == pytest.approx(990, rel=0.002)
    assert told.min_us == pytest.approx(1, abs=0.01)
    assert told.max_us == pytest.approx(1000, rel=0.002)
    assert told.mean_us == pytest.approx(500.5, rel=0.002)


@given(st.lists(st.floats(min_value=0.001, max_value=1e7), min_size=1, max_size=200))
def test_bars_hold_every_answer_and_touch_each_other(values_us: list[float]) -> None:
    bars = distribution(*values_us).buckets()
    assert sum(bar.count for bar in bars) == len(values_us)
    assert all(one.high_us == two.low_us for one, two in pairwise(bars))


@given(st.lists(st.floats(min_value=0.001, max_value=1e7), min_size=1, max_size=200))
def test_a_curve_rises_and_ends_at_all_answers(values_us: list[float]) -> None:
    curve = distribution(*values_us).curve()
    assert curve[-1].percentile == 100.0
    assert [point.percentile for point in curve] == sorted(point.percentile for point in curve)
    assert [point.value_us for point in curve] == sorted(point.value_us for point in curve)


def test_a_curve_reaches_as_far_as_there_are_answers() -> None:
    far = distribution(*np.linspace(100, 200, 20_000).tolist()).curve()
    assert far[-2].percentile > 99.99
    assert distribution(1.0, 2.0).curve()[-2].percentile <= 50.0


async def test_arms_of_a_recording() -> None:
    recording = await recording_of({"off": 0.0, "on": 300.0})
    band = {"p50": Interval(1.0, 0.0, 2.0)}
    arms = arm_results(recording, {"on": band})
    assert arms["on"].requests == 800
    assert arms["on"].rate_rps == pytest.approx(200.0)
    assert arms["on"].p50_us - arms["off"].p50_us == pytest.approx(300, abs=10)
    assert arms["on"].interval_us == band
    assert arms["on"].statuses == {"200": 800}
    assert arms["off"].endpoints["GET /"].count == 800
    assert arms["off"].errors == 0


async def test_answers_of_400_and_above_are_errors() -> None:
    recording = await record(Replay({"load": 0.0}, status=503), plan_of("load"))
    assert arm_results(recording, {})["load"].errors == 800


async def test_seconds_slowest_and_the_injector() -> None:
    recording = await recording_of({"off": 0.0, "on": 5_000.0})
    told = series(recording)
    assert [(row.second, row.arm) for row in told][:3] == [(0, "off"), (0, "on"), (1, "off")]
    assert {row.requests for row in told} == {200}
    assert slowest(recording)[0].arm == "on"
    assert injector_account(recording).own_delay.p99_us == pytest.approx(20.0, rel=0.01)


async def test_late_answers_are_added_to_their_second() -> None:
    heard = []

    async def listen(second: Second) -> None:
        heard.append(second.second)

    recording = await record(Late({"load": 0.0}), plan_of("load"), on_second=listen)
    assert [row.requests for row in series(recording)] == [201] * 4
    assert recording.seconds[0].arms["load"].counters.completed == 201
    assert heard == [0, 1, 2, 3]


async def test_a_lost_generator_leaves_no_recording() -> None:
    with pytest.raises(GeneratorLostError):
        await record(Replay({"load": 0.0}, stop_before_final=True), plan_of("load"))


async def test_a_generator_that_somebody_stopped_tells_nothing() -> None:
    with pytest.raises(GeneratorLostError, match="before the end of its plan"):
        await record(Replay({"load": 0.0}, ended="cancelled"), plan_of("load"))


async def test_a_run_without_answers_is_a_failure() -> None:
    with pytest.raises(OperationFailedError, match="none of 800 requests") as caught:
        await measure(Silent({"load": 0.0}), plan_of("load"))
    assert "800 x connection refused" in caught.value.cause


async def test_evidence_and_histograms() -> None:
    recording = await recording_of({"off": 0.0, "on": 300.0})
    evidence = evidence_of(recording)
    assert evidence.planned == evidence.sent == 1600
    assert evidence.own_delay_p99_us == pytest.approx(20.0, rel=0.01)
    stored = histograms_of(recording)
    assert set(stored.encoded) == {
        (arm, measure) for arm in ("off", "on") for measure in ("corrected", "service", "connect")
    }
    assert len(stored.blocks["on"]) == 8
