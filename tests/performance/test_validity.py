"""The verdict, limit by limit."""

import msgspec
import pytest

from meshery.performance.model import Validity
from meshery.performance.validity import Evidence, judge, worst_of

GOOD = Evidence(
    mode="open",
    planned=10_000,
    sent=10_000,
    completed=10_000,
    own_delay_p99_us=28.0,
    service_p50_us=80.0,
    service_p99_us=400.0,
    service_mean_us=100.0,
    throughput_rps=1_000.0,
    mean_in_flight=0.1,
    injector_cpu_share=0.2,
    run_queue_share=0.001,
)


def test_a_good_run_is_valid_and_says_why() -> None:
    verdict = judge(GOOD)
    assert verdict.validity is Validity.VALID
    assert verdict.reasons == ()
    assert {"sent", "own_delay_p99", "run_queue_delay", "littles_law"} <= {
        check.name for check in verdict.checks
    }


@pytest.mark.parametrize(
    ("change", "wanted", "word"),
    [
        ({"sent": 9_950}, Validity.VALID, ""),
        ({"sent": 9_949}, Validity.DEGRADED, "99.5 % of 10,000 planned"),
        ({"sent": 9_499}, Validity.INVALID, "95.0 % of 10,000 planned"),
        ({"own_delay_p99_us": 501, "service_p99_us": 900}, Validity.DEGRADED, "501 us at p99"),
        ({"own_delay_p99_us": 401}, Validity.INVALID, "400 us that answers took"),
        (
            {"own_delay_p99_us": 999, "service_p50_us": 5_000, "service_p99_us": 9_000},
            Validity.VALID,
            "",
        ),
        ({"injector_cpu_share": 0.86}, Validity.DEGRADED, "86.0 % of its core"),
        ({"run_queue_share": 0.021}, Validity.DEGRADED, "2.1 % of the time"),
        ({"steal_share": 0.011}, Validity.DEGRADED, "1.1 %"),
        ({"busy_share": 0.96}, Validity.DEGRADED, "busy 96.0 % of the time"),
        ({"busy_share": 1.0, "mode": "closed"}, Validity.VALID, ""),
        ({"mean_in_flight": 0.11}, Validity.DEGRADED, "differ by 9.1 %"),
        ({"mean_in_flight": 0.104}, Validity.VALID, ""),
        ({"workers_lost": 1}, Validity.DEGRADED, "1 load workers were lost"),
        ({"clock_error_ms": 1.5}, Validity.DEGRADED, "1.50 ms"),
        ({"completed": 0}, Validity.INVALID, "nothing was measured"),
        ({"error_shares": {"load": 1.0}}, Validity.VALID, ""),
        ({"error_shares": {"off": 0.3, "on": 0.309}}, Validity.VALID, ""),
        ({"error_shares": {"off": 0.0, "on": 0.02}}, Validity.DEGRADED, "2.0 % of the requests"),
        ({"error_shares": {"off": 0.0, "on": 1.0}}, Validity.INVALID, "100.0 % of the requests"),
        ({"lost_proxies": ("web/proxy",)}, Validity.INVALID, "web/proxy ended"),
        ({"mode": "closed", "own_delay_p99_us": 9e9, "planned": 0}, Validity.VALID, ""),
    ],
)
def test_each_limit(change: dict[str, object], wanted: Validity, word: str) -> None:
    verdict = judge(msgspec.structs.replace(GOOD, **change))
    assert verdict.validity is wanted
    assert bool(verdict.reasons) is (wanted is not Validity.VALID)
    assert word in " ".join(verdict.reasons)


def test_reasons_begin_with_the_worst() -> None:
    verdict = judge(msgspec.structs.replace(GOOD, run_queue_share=0.5, sent=100))
    assert "planned" in verdict.reasons[0]
    assert len(verdict.reasons) == 2


def test_the_worst_of_several() -> None:
    assert worst_of(iter([Validity.VALID, Validity.INVALID, Validity.DEGRADED])) == "invalid"
    assert worst_of(iter([])) is Validity.VALID
