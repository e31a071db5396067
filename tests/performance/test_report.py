"""Results and comparisons as people read them."""

import msgspec
import pytest

from meshery.performance.compare import compare
from meshery.performance.model import Validity
from meshery.performance.report import comparison_report, interval_text, result_report
from meshery.performance.result import Attempt, FunctionCost, Interval, Violation
from meshery.performance.validity import Evidence, judge
from meshery.performance.words import functions_sentence, latency, overhead_sentence
from performance.results import overhead_result


async def test_the_report_of_a_hop() -> None:
    result, _ = await overhead_result(name="my hop")
    result = msgspec.structs.replace(
        result,
        violations=(Violation(name="p99_us", value=2, limit=1, text="p99_us was 2 us"),),
        attempts=(
            Attempt(kind="pilot", rate_rps=200, duration_s=1, validity=Validity.VALID),
            Attempt(kind="full", rate_rps=200, duration_s=4, validity=Validity.VALID),
        ),
    )
    text = result_report(msgspec.to_builtins(result))
    assert text.startswith("my hop, web->api\n\nAt 200 requests per second the mesh adds")
    for part in (
        "Validity: valid",
        "off the mesh",
        "null (off again)",
        "the mesh adds",
        "null differs by",
        "us of processor time per request",
        "Violated: p99_us was 2 us.",
        "Tried: pilot at 200 valid, full at 200 valid.",
    ):
        assert part in text
    assert "| ARM | REQUESTS |" in result_report(msgspec.to_builtins(result), markdown=True)


def test_a_percentile_whose_interval_holds_zero_is_told_without_its_value() -> None:
    valid = judge(Evidence(mode="closed", planned=1, sent=1, completed=1))
    sure, unsure = Interval(300.0, 280.0, 320.0), Interval(900.0, -50.0, 2000.0)

    def said(p50: Interval, p90: Interval, p99: Interval) -> str:
        deltas = {"p50": p50, "p90": p90, "p99": p99}
        return overhead_sentence(100, deltas, {}, valid).partition(";")[0]

    whole = "At 100 requests per second the mesh adds 300 us at the median (280 to 320)"
    assert said(sure, sure, sure) == f"{whole}, 300 us at p90 and 300 us at p99"
    doubt = "the difference cannot be told from chance"
    assert said(sure, sure, unsure) == f"{whole} and 300 us at p90, while at p99 {doubt}"
    assert said(sure, unsure, unsure) == f"{whole}, while at p90 and p99 {doubt}"
    assert "what the mesh adds cannot be told from chance: 900 us" in said(unsure, sure, sure)
    assert "never answered" in overhead_sentence(100, {}, {}, valid)


async def test_the_report_of_a_comparison_names_differences_first() -> None:
    base, _ = await overhead_result("a", name="one")
    other = msgspec.structs.replace(base, name="two", rate_rps=7.0)
    text = comparison_report(msgspec.to_builtins(compare(base, other, force=True)))
    assert text.index("rate_rps: 200 against 7") < text.index("No difference can be told")
    assert "not distinguishable" in text


def test_functions_in_words() -> None:
    def cost(
        title: str, value: float, *, told: bool, validity: Validity = Validity.VALID
    ) -> FunctionCost:
        interval = Interval(value, value - 1, value + 1)
        return FunctionCost(
            name=title,
            title=title,
            delta_us={"p50": interval},
            cpu_us_per_request=interval,
            distinguishable=told,
            validity=validity,
        )

    costs = [
        cost("mutual TLS", 41.6, told=True),
        cost("b", 0, told=False),
        cost("c", -24, told=True, validity=Validity.DEGRADED),
    ]
    assert functions_sentence(costs) == (
        "At the median, mutual TLS +42 us. Not distinguishable from nothing: b. "
        "Disturbed, so not told: c."
    )


@pytest.mark.parametrize(
    ("value_us", "text"), [(312.4, "312 us"), (1_500, "1.5 ms"), (2_345_678, "2.35 s")]
)
def test_latencies_in_the_unit_that_reads_best(value_us: float, text: str) -> None:
    assert latency(value_us) == text


def test_intervals_as_text() -> None:
    assert interval_text({"value": 312.4, "low": 300.2, "high": 325.0}) == "+312 [300..325]"
    assert interval_text({"value": -0.4, "low": -1.25, "high": 0.5}) == "-0.4 [-1.2..0.5]"
