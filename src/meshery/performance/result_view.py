"""One result, drawn: the answer in words, tiles, pictures, tables, and how far to believe it."""

from collections.abc import Iterator, Sequence

from nicegui import ui

from meshery.performance.arm_names import arm_names
from meshery.performance.evidence_view import draw_evidence
from meshery.performance.model import Validity
from meshery.performance.result import ArmResult, FunctionCost, Interval, Result
from meshery.ui.format import interval, microseconds, rate, size, whole
from meshery.ui.widgets.distribution_chart import Distribution, distribution_chart
from meshery.ui.widgets.dot_whisker import Difference, dot_whisker
from meshery.ui.widgets.html import tag
from meshery.ui.widgets.panel import panel, panels
from meshery.ui.widgets.percentile_chart import Curve, percentile_chart
from meshery.ui.widgets.plain_table import Cell, plain_table
from meshery.ui.widgets.segments import segments
from meshery.ui.widgets.sentence import sentence, spoken
from meshery.ui.widgets.tile import Tile, tiles
from meshery.ui.widgets.timeline_chart import TimelineChart, TimeSeries
from meshery.ui.widgets.validity_badge import validity_panel

_TIMELINES = {"p99_us": "p99", "p90_us": "p90", "p50_us": "p50", "rate_rps": "rate"}


def draw_result(result: Result) -> None:
    """Draw a stored result from top to bottom."""
    if result.sentence:
        sentence(spoken(result.sentence))
    if result.validity is not Validity.VALID or result.reasons:
        validity_panel(result.validity.value, result.reasons)
    _violations(result)
    with tiles():
        for label, value, note in _tiles(result):
            Tile(label, value, note)
    if result.arms:
        _draw_pictures(result)
        _draw_arms(result)
    if result.functions:
        _draw_functions(result.functions)
    draw_evidence(result)


def _tiles(result: Result) -> Iterator[tuple[str, str, str]]:
    if result.delta_us:
        for percentile, added in result.delta_us.items():
            yield f"{percentile} added", microseconds(added.value, signed=True), _bounds(added)
    elif result.kind == "load":
        yield from _load_tiles(result)
    if result.proxy is not None:
        low, high = result.proxy.cpu_us_per_request_low, result.proxy.cpu_us_per_request_high
        each = result.proxy.memory_mb_per_proxy
        memory = result.proxy.memory_mb / max(len(each), 1)
        yield (
            "Proxy CPU per request",
            microseconds(result.proxy.cpu_us_per_request),
            interval(low, high),
        )
        yield "Memory per proxy", size(memory * 1e6), f"{len(each) or 1} sidecars"
    if result.arms:
        errors = sum(arm.errors for arm in result.arms.values())
        requests = sum(arm.requests for arm in result.arms.values())
        yield "Errors", whole(errors), f"of {whole(requests)} requests"
    if not result.arms:
        yield from _function_tiles(result.functions)


def _function_tiles(functions: Sequence[FunctionCost]) -> Iterator[tuple[str, str, str]]:
    for cost in functions:
        if added := cost.delta_us.get("p50"):
            words = _bounds(added) if cost.distinguishable else "not distinguishable"
            if cost.validity is not Validity.VALID:
                words = f"disturbed ({cost.validity.value})"
            yield f"{cost.title}, p50", microseconds(added.value, signed=True), words


def _load_tiles(result: Result) -> Iterator[tuple[str, str, str]]:
    for arm in result.arms.values():
        yield "Rate", rate(arm.rate_rps), "requests per second"
        for name, value in (("p50", arm.p50_us), ("p90", arm.p90_us), ("p99", arm.p99_us)):
            known = arm.interval_us.get(name)
            yield name, microseconds(value), _bounds(known) if known else ""


def _bounds(value: Interval) -> str:
    return interval(value.low, value.high)


def _violations(result: Result) -> None:
    if not result.violations:
        return
    with tag("section", classes="validity invalid", aria_label="Thresholds"):
        tag("strong", "The profile's thresholds were not kept")
        with tag("ul"):
            for violation in result.violations:
                tag("li", violation.text)


def _draw_pictures(result: Result) -> None:
    names = arm_names(result)
    with panels("wide-left"):
        with panel("Latency by percentile", "corrected for coordinated omission, log axis"):
            percentile_chart(
                [_curve(key, names[key], arm) for key, arm in result.arms.items()], height_px=320
            )
        with panel():
            _draw_timeline(result)
    with panel("Distribution", "share of requests in each bucket of latency, log axis"):
        distribution_chart(
            [
                Distribution(
                    key,
                    names[key],
                    [(b.low_us, b.high_us, b.count) for b in arm.distribution],
                )
                for key, arm in result.arms.items()
            ],
            height_px=240,
        )


def _curve(key: str, name: str, arm: ArmResult) -> Curve:
    shares = {"p50": 50.0, "p90": 90.0, "p99": 99.0}
    return Curve(
        key,
        name,
        [(point.percentile, point.value_us) for point in arm.curve],
        [(shares[p], i.low, i.high) for p, i in arm.interval_us.items() if p in shares],
    )


def _draw_timeline(result: Result) -> None:
    def show(measure: str) -> None:
        holder.clear()
        with holder:
            _timeline(result, measure)

    with tag("div", classes="panel-head"):
        tag("h2", "Over time", "panel-title")
        segments(_TIMELINES, "p99_us", show)
    tag("p", "by second, from the end of the warm-up", "panel-note")
    holder = tag("div")
    show("p99_us")


def _timeline(result: Result, measure: str) -> None:
    chart = TimelineChart(
        arm_names(result), unit="rps" if measure == "rate_rps" else "us", height_px=300
    )
    chart.draw(
        [
            TimeSeries(
                key,
                key,
                [
                    (second.second + 1, getattr(second, measure))
                    for second in result.series
                    if second.arm == key
                ],
            )
            for key in result.arms
        ]
    )


def _draw_arms(result: Result) -> None:
    names = arm_names(result)
    headings = ["Arm", "Requests", "Rate", "Errors", "p50", "p90", "p99", "p99.9", "Highest"]
    with panel("Arms side by side", _arms_note(result)):
        plain_table(
            headings,
            [_arm_row(names[key], arm) for key, arm in result.arms.items()],
            numbers=range(1, len(headings)),
            label="Arms",
        )


def _arms_note(result: Result) -> str:
    if result.kind != "overhead":
        return ""
    return (
        "interleaved in one run: off = injector to app, on = through two sidecars, null = off again"
    )


def _arm_row(name: str, arm: ArmResult) -> list[str | Cell]:
    latencies = (
        arm.p50_us,
        arm.p90_us,
        arm.p99_us,
        arm.corrected.p999_us,
        arm.corrected.max_us,
    )
    return [
        name,
        whole(arm.requests),
        rate(arm.rate_rps),
        Cell(whole(arm.errors), classes="bad" if arm.errors else ""),
        *(microseconds(value) for value in latencies),
    ]


def _draw_functions(functions: Sequence[FunctionCost]) -> None:
    note = "added at p50, with its 95 % interval; grey = decides nothing"
    with panel("What each function costs", note):
        dot_whisker(
            [_difference(cost) for cost in functions if "p50" in cost.delta_us],
            heading="Function",
        )
    notes = [f"{cost.title}: {note}" for cost in functions for note in cost.notes]
    for words in notes:
        ui.label(words).classes("secondary")


def _difference(cost: FunctionCost) -> Difference:
    added = cost.delta_us["p50"]
    cpu = cost.cpu_us_per_request
    return Difference(
        cost.title,
        added.value,
        added.low,
        added.high,
        microseconds(cpu.value, signed=True),
        sound=cost.validity is Validity.VALID,
    )
