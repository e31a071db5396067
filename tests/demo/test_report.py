from typing import Any

from meshery.demo.report import report_text


def interval(value: float, low: float, high: float) -> dict[str, float]:
    return {"value": value, "low": low, "high": high}


def cost(name: str, *, told: bool, validity: str = "valid") -> dict[str, Any]:
    return {
        "name": name,
        "delta_us": {"p50": interval(-0.4, -3, 2)},
        "cpu_us_per_request": interval(12.5, 10, 15),
        "distinguishable": told,
        "validity": validity,
    }


def report() -> dict[str, Any]:
    arm = {"requests": 7000, "errors": 0, "p50_us": 120.4, "p90_us": 187, "p99_us": 1778}
    deltas = {name: interval(543, 509, 588) for name in ("p50", "p90", "p99")}
    return {
        "sandbox": {"name": "shop", "services": 3, "sidecars": 6, "ready_s": 0.53},
        "overhead": {
            "sentence": "The mesh adds 543 us.",
            "path": "web->api",
            "validity": "degraded",
            "reasons": ["the host was busy"],
            "arms": {"off": arm, "on": arm, "null": arm},
            "delta_us": deltas,
            "null_delta_us": deltas,
            "proxy": None,
            "functions": [
                cost("mtls", told=True),
                cost("route", told=False),
                cost("retries", told=True, validity="degraded"),
            ],
        },
        "behaviours": [
            {
                "kind": "split",
                "expected": {"v1": 90.0},
                "observed": {"v1": 12.0},
                "samples": 1000,
                "passed": False,
            }
        ],
        "duration_s": 48.2,
        "url": "http://localhost:9081/performance/results/1",
    }


def line_of(text: str, word: str) -> str:
    return next(line for line in text.splitlines() if line.split()[:1] == [word])


def test_the_verdict_stands_beside_the_number() -> None:
    assert "validity: degraded (the host was busy)" in report_text(report())


def test_a_row_that_was_disturbed_decides_nothing() -> None:
    text = report_text(report())
    assert "not distinguishable" in line_of(text, "route")
    assert "decides nothing" in line_of(text, "retries")
    assert line_of(text, "mtls").endswith("valid")


def test_nothing_is_less_than_nothing() -> None:
    assert "-0" not in line_of(report_text(report()), "mtls")


def test_a_failed_proof_is_loud() -> None:
    assert "FAILED" in line_of(report_text(report()), "split")


def test_what_is_not_accounted_is_not_shown() -> None:
    assert "Proxy CPU" not in report_text(report())
