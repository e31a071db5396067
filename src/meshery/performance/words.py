"""The one sentence that answers a result's question, with its numbers, before any picture."""

from collections.abc import Mapping, Sequence

from meshery.performance.model import Validity
from meshery.performance.result import ArmResult, FunctionCost, Interval
from meshery.performance.validity import Verdict


def overhead_sentence(
    rate_rps: float,
    delta_us: Mapping[str, Interval],
    null_delta_us: Mapping[str, Interval],
    verdict: Verdict,
) -> str:
    """What the mesh adds on one hop, and whether that may be believed."""
    if not delta_us:
        return "One of the arms was never answered, so nothing can be said of the difference."
    told = f"At {rate_rps:,.0f} requests per second {_added(delta_us)}; "
    return told + _belief(verdict, null_delta_us.get("p50"))


def _added(delta_us: Mapping[str, Interval]) -> str:
    """What is added at each percentile; of those whose interval holds zero only that it does."""
    median = delta_us["p50"]
    sure = [name for name in ("p90", "p99") if not delta_us[name].holds_zero]
    unsure = [name for name in ("p90", "p99") if delta_us[name].holds_zero]
    said = f"{median.value:,.0f} us at the median ({median.low:,.0f} to {median.high:,.0f})"
    if median.holds_zero:
        return f"what the mesh adds cannot be told from chance: {said}"
    parts = [said, *(f"{delta_us[name].value:,.0f} us at {name}" for name in sure)]
    added = f"the mesh adds {listed(parts)}"
    if unsure:
        added += f", while at {listed(unsure)} the difference cannot be told from chance"
    return added


def listed(parts: Sequence[str]) -> str:
    """Parts as a list in a sentence: `a, b and c`."""
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last


def _belief(verdict: Verdict, null: Interval | None) -> str:
    if verdict.validity is Validity.INVALID:
        return f"but this run cannot be believed: {verdict.reasons[0]}."
    if null is not None and not null.holds_zero:
        return (
            f"the two arms off the mesh differ by {null.value:,.1f} us, "
            "so that much of it may not be the mesh's."
        )
    if verdict.validity is Validity.DEGRADED:
        return f"take it with care: {verdict.reasons[0]}."
    return (
        "the injector kept up and the two arms off the mesh agree, so the difference is the mesh's."
    )


def load_sentence(target: str, arm: ArmResult, *, mode: str, verdict: Verdict) -> str:
    """How a target did under load."""
    errors = f"{arm.errors:,} of them errors" if arm.errors else "none of them an error"
    told = (
        f"{target} answered {arm.requests:,} requests at {arm.rate_rps:,.0f} per second, {errors}"
    )
    if mode == "open":
        told += f": {latency(arm.p50_us)} at the median, {latency(arm.p99_us)} at p99"
    else:
        told += "; a closed loop tells throughput only"
    return told + _verdict_end(verdict)


def functions_sentence(costs: Sequence[FunctionCost]) -> str:
    """Which functions of the mesh cost something that can be told; disturbed rows tell nothing."""
    sound = [cost for cost in costs if cost.validity is Validity.VALID]
    told = [
        f"{cost.title} {cost.delta_us['p50'].value:+,.0f} us"
        for cost in sound
        if cost.distinguishable
    ]
    rest = [cost.title for cost in sound if not cost.distinguishable]
    disturbed = [cost.title for cost in costs if cost.validity is not Validity.VALID]
    parts = (
        ("At the median, ", told),
        ("Not distinguishable from nothing: ", rest),
        ("Disturbed, so not told: ", disturbed),
    )
    return " ".join(f"{words}{', '.join(names)}." for words, names in parts if names)


def latency(value_us: float) -> str:
    """A latency in the unit that reads best."""
    if value_us < 1_000:
        return f"{value_us:,.0f} us"
    if value_us < 1_000_000:
        return f"{value_us / 1_000:,.1f} ms"
    return f"{value_us / 1_000_000:,.2f} s"


def _verdict_end(verdict: Verdict) -> str:
    if verdict.validity is Validity.VALID:
        return "."
    word = "cannot be believed" if verdict.validity is Validity.INVALID else "needs care"
    return f". It {word}: {verdict.reasons[0]}."
