"""Hops, functions and plain load, on replayed runs of known latency; and what is made of them."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import msgspec
import pytest

from meshery.core.errors import ConflictError, InvalidInputError
from meshery.performance.bench import Bench
from meshery.performance.compare import compare, difference
from meshery.performance.functions import Twins, Way, run_functions
from meshery.performance.live import LiveSecond
from meshery.performance.load import endpoint_plan, load_plan, run_load, violations
from meshery.performance.measure import evidence_of
from meshery.performance.model import (
    Endpoint,
    FunctionsRequest,
    OverheadRequest,
    Profile,
    RateStep,
    RunRequest,
    Thresholds,
    Validity,
)
from meshery.performance.overhead import Hop, run_overhead
from meshery.performance.result import Interval, Result
from meshery.performance.sample import Health
from meshery.performance.validity import judge
from performance.recordings import ENDPOINT, Replay, recording_of

ME = {"client/proxy": os.getpid()}


def bench(replay: Replay, told: list[LiveSecond] | None = None) -> Bench:
    async def tell(second: LiveSecond) -> None:
        if told is not None:
            told.append(second)

    return Bench(generator=replay, result_id="r1", operation_id="o1", tell=tell)


async def overhead(
    *,
    shift_us: float = 300.0,
    null_us: float = 0.0,
    health: Health | None = None,
    lower: bool = True,
) -> Result:
    request = OverheadRequest(
        sandbox="shop", rate_rps=200, duration_s=10, warmup_s=0, lower_rate=lower
    )
    hop = Hop(off=ENDPOINT, on=ENDPOINT, proxies=ME, facts={"mesh": "sandbox", "sandbox": "shop"})
    replay = Replay({"on": shift_us, "null": null_us}, health=health)
    result, histograms = await run_overhead(request, hop, bench=bench(replay))
    assert len(histograms.blocks["null"]) == 20
    return result


async def test_the_cost_of_a_hop() -> None:
    result = await overhead()
    assert result.validity is Validity.VALID
    assert (result.hops, result.path, result.rate_rps) == (1, "web->api", 200)
    assert set(result.arms) == {"off", "on", "null"}
    for name in ("p50", "p90", "p99"):
        assert result.delta_us[name].low <= 300 <= result.delta_us[name].high
        assert result.null_delta_us[name].holds_zero
    gap = result.arms["on"].p50_us - result.arms["off"].p50_us
    assert result.delta_us["p50"].value == pytest.approx(gap, abs=0.01)
    assert result.sentence.startswith("At 200 requests per second the mesh adds 30")
    assert result.proxy is not None
    assert result.proxy.memory_mb > 1
    assert [attempt.kind for attempt in result.attempts] == ["pilot", "full"]
    assert result.environment.sandbox == "shop"
    assert result.environment.load_generator == "replay 1"
    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(result)), Result) == result


async def test_an_injector_that_cannot_keep_up_is_lowered_and_told() -> None:
    health = Health(wall_s=10.0, cpu_share=0.1, run_queue_share=0.3)
    result = await overhead(health=health)
    assert result.validity is Validity.DEGRADED
    assert len(result.attempts) > 2
    assert "waited 30.0 % of the time" in result.sentence
    assert "take it with care" in result.sentence


async def test_arms_off_the_mesh_that_differ_are_told() -> None:
    result = await overhead(null_us=60.0)
    assert not result.null_delta_us["p50"].holds_zero
    assert "differ by" in result.sentence


async def test_a_fixed_rate_is_kept() -> None:
    health = Health(wall_s=10.0, cpu_share=0.1, run_queue_share=0.3)
    result = await overhead(health=health, lower=False)
    assert [attempt.rate_rps for attempt in result.attempts] == [200]


async def functions_result(
    shifts: dict[str, float], *, by_port_us: dict[int, float] | None = None
) -> Result:
    """Costs of functions that add `shifts`, on pairs whose ports are 80 and 81."""

    @asynccontextmanager
    async def open_twins(name: str) -> AsyncIterator[Twins]:
        async def swap() -> None:
            swapped.append(name)

        replay_shift["with"] = shifts[name]
        other = Way(msgspec.structs.replace(ENDPOINT, port=81), ME)
        yield Twins(Way(ENDPOINT, ME), other, swap=swap, notes=(name,))

    replay_shift: dict[str, float] = {}
    swapped: list[str] = []
    request = FunctionsRequest(
        sandbox="shop", functions=tuple(shifts), rate_rps=200, duration_s=4, warmup_s=0
    )
    replay = Replay(replay_shift, by_port_us=by_port_us)
    result, histograms = await run_functions(
        request, open_twins, bench=bench(replay), facts={"sandbox": "shop"}
    )
    assert ("mtls/plain", "corrected") in histograms.encoded
    assert swapped == list(shifts)
    return result


async def test_functions_that_cost_and_one_that_does_not() -> None:
    result = await functions_result({"mtls": 40.0, "access": 0.0})
    mtls, access = result.functions
    assert mtls.distinguishable
    assert mtls.delta_us["p50"].low <= 40 <= mtls.delta_us["p50"].high
    assert not access.distinguishable
    assert access.cpu_us_per_request.value == pytest.approx(0.0)
    assert result.sentence.startswith("At the median, mutual TLS +")
    assert "Not distinguishable from nothing: access rule." in result.sentence
    assert mtls.notes == ("mtls",)


async def test_pairs_that_differ_by_themselves_cost_nothing() -> None:
    result = await functions_result({"mtls": 40.0, "access": 0.0}, by_port_us={81: 60.0})
    mtls, access = (cost.delta_us["p50"] for cost in result.functions)
    assert mtls.low <= 40 <= mtls.high < 60
    assert access.holds_zero
    assert access.high < 30
    assert {cost.requests for cost in result.functions} == {1600}


async def test_plain_load_is_told_second_by_second_and_judged() -> None:
    told: list[LiveSecond] = []
    profile = Profile(
        name="p",
        endpoints=(Endpoint(url="http://127.0.0.1:1/", headers={"x-team": "blue"}),),
        rate_rps=200,
        duration_s=4,
        warmup_s=0,
        thresholds=Thresholds(p50_us=10.0, p99_us=1e6, min_rate_rps=1e6),
    )
    result, _ = await run_load(
        RunRequest(profile=profile, name="mine"), bench=bench(Replay({}), told)
    )
    assert [second.second for second in told] == [0, 1, 2, 3]
    assert told[0].arms["load"].requests == 200
    assert {each.name for each in result.violations} == {"p50_us", "min_rate_rps"}
    assert result.name == "mine"
    assert "blue" not in str(msgspec.to_builtins(result))
    assert "answered 800 requests at 200 per second, none of them an error" in result.sentence


def test_thresholds_that_are_kept_violate_nothing() -> None:
    from meshery.performance.result import ArmResult, Counters

    arm = ArmResult(
        requests=90,
        errors=2,
        rate_rps=9,
        p50_us=1,
        p90_us=2,
        p99_us=3,
        counters=Counters(sent=100),
    )
    assert not list(violations(Thresholds(p50_us=1, p99_us=3, error_rate=0.02), arm))
    (worse,) = violations(Thresholds(error_rate=0.019), arm)
    assert worse.value == pytest.approx(0.02)


def test_addresses_as_the_injector_wants_them() -> None:
    plan = endpoint_plan(Endpoint(url="https://h/a/b?c=d", method="PUT", body="é"), name="x")
    assert (plan.host, plan.port, plan.tls, plan.path) == ("h", 443, True, "/a/b?c=d")
    assert plan.body == "é".encode()
    assert endpoint_plan(Endpoint(url="http://h:81"), name="x").path == "/"


def test_plans_of_profiles() -> None:
    twice = Endpoint(url="http://h/")
    profile = Profile(
        name="p",
        endpoints=(twice, twice, twice),
        schedule="steps",
        steps=(RateStep(rate_rps=5, duration_s=1), RateStep(rate_rps=9, duration_s=2)),
    )
    plan = load_plan(profile)
    names = [endpoint.name for endpoint in plan.arms[0].endpoints]
    assert len(set(names)) == 3
    assert (plan.length_s, plan.rate_rps) == (3, 5)


async def test_results_beside_each_other() -> None:
    base, other = await asyncio.gather(overhead(shift_us=300), overhead(shift_us=500))
    comparison = compare(base, other)
    first = comparison.values[0]
    assert first.name == "delta_p50_us"
    assert first.delta.low <= 200 <= first.delta.high
    assert (first.better, comparison.winner) == ("base", "base")
    assert "200 us more than" in comparison.sentence or "us more than" in comparison.sentence
    same = compare(base, base)
    assert same.winner == "neither"
    assert "No difference can be told" in same.sentence


async def test_a_result_that_is_not_valid_wins_nothing() -> None:
    base = await overhead(shift_us=500)
    better = msgspec.structs.replace(await overhead(shift_us=300), validity=Validity.DEGRADED)
    comparison = compare(base, better)
    assert comparison.values[0].better == "other"
    assert comparison.winner == "neither"
    assert "wins nothing" in comparison.sentence


async def test_differing_environments_are_refused_unless_forced() -> None:
    base = await overhead()
    other = msgspec.structs.replace(
        base,
        rate_rps=100.0,
        environment=msgspec.structs.replace(base.environment, kernel="Linux 1.0"),
    )
    with pytest.raises(ConflictError) as caught:
        compare(base, other)
    assert [problem.path for problem in caught.value.problems] == ["rate_rps", "kernel"]
    forced = compare(base, other, force=True)
    assert forced.forced
    assert [each.name for each in forced.differences] == ["rate_rps", "kernel"]
    assert "Compared although these differ: rate_rps, kernel." in forced.notes


async def test_a_mesh_that_refuses_costs_nothing_and_is_no_measurement() -> None:
    recording = await recording_of({"off": 0.0, "on": 0.0})
    answered = recording.final.arms["on"]
    refused = tuple(msgspec.structs.replace(cell, status=503) for cell in answered.cells)
    arms = {**recording.final.arms, "on": msgspec.structs.replace(answered, cells=refused)}
    final = msgspec.structs.replace(recording.final, arms=arms)
    seen = evidence_of(replace(recording, final=final))
    assert seen.error_shares == {"off": 0.0, "on": 1.0}
    assert judge(seen).validity is Validity.INVALID


async def test_closed_loops_are_compared_by_their_connections_not_by_the_rate_that_came_out() -> (
    None
):
    base = msgspec.structs.replace(await overhead(), mode="closed")
    faster = msgspec.structs.replace(base, rate_rps=base.rate_rps * 1.2)
    assert compare(base, faster).differences == ()
    wider = msgspec.structs.replace(faster, request={**base.request, "connections": 64})
    with pytest.raises(ConflictError) as caught:
        compare(base, wider)
    assert [problem.path for problem in caught.value.problems] == ["connections"]


async def test_kinds_do_not_mix() -> None:
    base = await overhead()
    with pytest.raises(InvalidInputError, match="cannot be compared"):
        compare(base, msgspec.structs.replace(base, kind="load"))


def test_the_interval_of_a_difference() -> None:
    found = difference(Interval(10, 7, 14), Interval(20, 16, 23))
    assert found.value == 10
    assert found.low == pytest.approx(10 - (4**2 + 4**2) ** 0.5)
    assert found.high == pytest.approx(10 + (3**2 + 3**2) ** 0.5)
