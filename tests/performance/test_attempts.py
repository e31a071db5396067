"""Lowering the rate: which runs are made, and which of them becomes the result."""

from dataclasses import dataclass, field

import pytest

from meshery.performance.attempts import MOST_FULL_RUNS, STAIRS, AttemptKind, settle
from meshery.performance.model import Validity
from meshery.performance.result import Check
from meshery.performance.validity import Verdict


@dataclass(frozen=True)
class Measured:
    verdict: Verdict
    rate_rps: float
    duration_s: float = 1.0


def verdict(validity: Validity, name: str = "own_delay_p99") -> Verdict:
    check = Check(name=name, value=1, limit=1, unit="us", verdict=validity, text=f"{name} failed")
    return Verdict(validity, () if validity is Validity.VALID else (check.text,), (check,))


@dataclass
class Host:
    """Keeps up to `capacity_rps`; full runs may be noisier than pilots."""

    capacity_rps: float
    full_capacity_rps: float = 1e9
    failing: str = "own_delay_p99"
    runs: list[tuple[str, float]] = field(default_factory=list)

    async def measure(self, kind: AttemptKind, rate_rps: float) -> Measured:
        self.runs.append((kind, rate_rps))
        capacity = min(
            self.capacity_rps, self.full_capacity_rps if kind == "full" else self.capacity_rps
        )
        over = rate_rps / capacity
        found = (
            Validity.VALID if over <= 1 else Validity.DEGRADED if over <= 2 else Validity.INVALID
        )
        return Measured(verdict(found, self.failing), rate_rps)


async def test_a_quiet_host_needs_one_pilot_and_one_run() -> None:
    host = Host(capacity_rps=5000)
    settled = await settle(host.measure, rate_rps=1000, lower=True)
    assert host.runs == [("pilot", 1000), ("full", 1000)]
    assert settled.rate_rps == 1000
    assert [attempt.kind for attempt in settled.attempts] == ["pilot", "full"]


async def test_the_rate_goes_down_until_a_pilot_is_valid() -> None:
    host = Host(capacity_rps=520)
    settled = await settle(host.measure, rate_rps=1000, lower=True)
    assert host.runs == [("pilot", 1000), ("pilot", 700), ("pilot", 500), ("full", 500)]
    assert settled.measured.verdict.validity is Validity.VALID
    assert settled.attempts[0].reasons == ("own_delay_p99 failed",)


async def test_a_full_run_worse_than_its_pilot_is_tried_a_stair_lower() -> None:
    host = Host(capacity_rps=1000, full_capacity_rps=800)
    settled = await settle(host.measure, rate_rps=1000, lower=True)
    assert host.runs == [("pilot", 1000), ("full", 1000), ("full", 700)]
    assert settled.rate_rps == 700


async def test_of_equally_bad_runs_the_fastest_is_kept_and_tries_are_bounded() -> None:
    host = Host(capacity_rps=1)
    settled = await settle(host.measure, rate_rps=1000, lower=True)
    assert len(host.runs) == len(STAIRS) + MOST_FULL_RUNS
    assert settled.rate_rps == 1000
    assert settled.measured.verdict.validity is Validity.INVALID


async def test_what_less_load_cannot_mend_is_not_tried_again() -> None:
    host = Host(capacity_rps=1, failing="proxies_lost")
    await settle(host.measure, rate_rps=1000, lower=True)
    assert host.runs == [("pilot", 1000), ("full", 1000)]


@pytest.mark.parametrize("capacity", [1.0, 5000.0])
async def test_a_fixed_rate_is_measured_once(capacity: float) -> None:
    host = Host(capacity_rps=capacity)
    settled = await settle(host.measure, rate_rps=1000, lower=False)
    assert host.runs == [("full", 1000)]
    assert settled.rate_rps == 1000


async def test_small_rates_stay_above_nothing() -> None:
    host = Host(capacity_rps=0.5)
    await settle(host.measure, rate_rps=2, lower=True)
    assert all(rate > 0 for _, rate in host.runs)
