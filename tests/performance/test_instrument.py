"""The instrument itself: a real injector on servers whose truth is known."""

import os
from typing import Any

import pytest

from meshery.performance.bench import Bench
from meshery.performance.load import run_load
from meshery.performance.model import (
    Endpoint,
    OverheadRequest,
    Profile,
    RateStep,
    RunRequest,
    Validity,
)
from meshery.performance.native.generator import NativeGenerator
from meshery.performance.native.plan import EndpointPlan
from meshery.performance.overhead import Hop, run_overhead
from meshery.performance.result import Result
from performance.rigged import busy_loops, rigged

STEPS = (RateStep(rate_rps=100, duration_s=0.5), RateStep(rate_rps=200, duration_s=0.5))
ME = {"nobody": os.getpid()}


def endpoint(port: int, path: str = "/") -> EndpointPlan:
    return EndpointPlan(name=f"GET {path}", host="127.0.0.1", port=port, path=path)


async def measured(
    port: int, *, on: str = "/", rate_rps: float = 150, duration_s: float = 4, seed: int = 1
) -> Result:
    request = OverheadRequest(
        sandbox="rig",
        rate_rps=rate_rps,
        duration_s=duration_s,
        warmup_s=0.3,
        connections=8,
        lower_rate=False,
        seed=seed,
    )
    hop = Hop(off=endpoint(port), on=endpoint(port, on), proxies=ME, facts={})
    bench = Bench(generator=NativeGenerator(), result_id="r")
    result, _ = await run_overhead(request, hop, bench=bench)
    return result


async def test_five_milliseconds_are_measured_as_five_milliseconds() -> None:
    with rigged() as rig:
        result = await measured(rig.port, on="/slow")
        held = rig.stop()
    truth_us = held["slow"] - held["quick"]
    assert truth_us == pytest.approx(5_000, abs=250)
    found = result.delta_us["p50"]
    assert found.low - 20 <= truth_us <= found.high + 20
    assert found.value == pytest.approx(truth_us, abs=250)
    assert [arm.errors for arm in result.arms.values()] == [0, 0, 0]
    assert {arm.requests for arm in result.arms.values()} == {600}


async def test_busy_loops_beside_it_turn_the_verdict() -> None:
    with rigged() as rig, busy_loops(2):
        result = await measured(rig.port, duration_s=2)
    assert result.validity is not Validity.VALID
    assert result.reasons


async def test_stalls_are_in_the_corrected_percentiles() -> None:
    """The server stands still 1 s in every 5: a fifth of the slots feel it, so p90 must."""
    with rigged(stalls=True) as rig:
        profile = Profile(
            name="stalls",
            endpoints=(Endpoint(url=f"http://127.0.0.1:{rig.port}/"),),
            rate_rps=100,
            duration_s=5,
            warmup_s=0,
            connections=4,
        )
        bench = Bench(generator=NativeGenerator(), result_id="r")
        result, _ = await run_load(RunRequest(profile=profile), bench=bench)
    arm = result.arms["load"]
    assert arm.p90_us > 200_000
    assert arm.p99_us > 800_000
    # Four connections hide the stall from all but four answers: what uncorrected tools report.
    assert arm.service.p90_us < 100_000
    # The stall may begin in the middle of a second: half of that second's slots then feel it.
    assert max(second.p90_us for second in result.series) > 300_000


@pytest.mark.parametrize(
    ("shape", "sent"),
    [
        ({"schedule": "uniform"}, (100, 100)),
        ({"schedule": "poisson"}, (50, 170)),
        ({"schedule": "ramp", "ramp_to_rps": 300.0}, (180, 220)),
        ({"schedule": "steps", "steps": STEPS}, (150, 150)),
        ({"mode": "closed"}, (100, 1_000_000)),
    ],
)
async def test_every_shape_of_load(shape: dict[str, Any], sent: tuple[int, int]) -> None:
    with rigged() as rig:
        endpoints = (Endpoint(url=f"http://127.0.0.1:{rig.port}/"),)
        profile = Profile(
            name="p", endpoints=endpoints, rate_rps=100, duration_s=1, warmup_s=0, **shape
        )
        bench = Bench(generator=NativeGenerator(), result_id="r")
        result, _ = await run_load(RunRequest(profile=profile), bench=bench)
    arm = result.arms["load"]
    assert sent[0] <= arm.requests <= sent[1]
    assert arm.errors == 0
    assert (result.mode, result.schedule) == (profile.mode, profile.schedule)


@pytest.mark.soak
async def test_null_intervals_hold_zero_in_nine_of_ten_runs() -> None:
    held = 0
    with rigged() as rig:
        for seed in range(10):
            result = await measured(rig.port, on="/slow", duration_s=6, seed=seed)
            held += all(each.holds_zero for each in result.null_delta_us.values())
    assert held >= 9
