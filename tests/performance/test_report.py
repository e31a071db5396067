"""Results and comparisons as people read them."""

import msgspec
import pytest

from meshery.performance.compare import compare
from meshery.performance.model import Validity
from meshery.performance.report import comparison_report, interval_text, result_report
from meshery.performance.result import Attempt, FunctionCost, Interval, Violation
from meshery.performance.words import functions_sentence, latency
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
