"""Two results compared, drawn: the sentence, what differed, curves over each other, the deltas."""

from meshery.performance.arm_names import arm_name
from meshery.performance.compare import ComparedValue, Comparison
from meshery.performance.model import Validity
from meshery.performance.result import Result
from meshery.ui.format import MINUS, interval, microseconds
from meshery.ui.widgets.dot_whisker import Difference, dot_whisker
from meshery.ui.widgets.html import tag
from meshery.ui.widgets.panel import fold, panel
from meshery.ui.widgets.percentile_chart import Curve, percentile_chart
from meshery.ui.widgets.plain_table import Cell, plain_table
from meshery.ui.widgets.sentence import sentence, spoken
from meshery.ui.widgets.status_chip import status_chip


def draw_comparison(comparison: Comparison, base: Result, other: Result) -> None:
    """Draw the comparison; differences of the environment come first where there are any."""
    sentence(spoken(comparison.sentence))
    _draw_differences(comparison)
    _draw_sides(base, other)
    _draw_curves(base, other)
    if comparison.values:
        _draw_values(comparison)
    for note in comparison.notes:
        tag("p", note, "secondary prose")


def _draw_differences(comparison: Comparison) -> None:
    if not comparison.differences:
        return
    with panel("What was not the same", "numbers taken under other conditions prove little"):
        plain_table(
            ("Condition", comparison.base_name, comparison.other_name),
            [
                [
                    d.name.replace("_", " "),
                    Cell(d.base, classes="wrap"),
                    Cell(d.other, classes="wrap"),
                ]
                for d in comparison.differences
            ],
            label="Differences of the conditions",
        )


def _draw_sides(base: Result, other: Result) -> None:
    with panel("The two results"):
        for word, result in (("base", base), ("other", other)):
            with tag("div", classes="fact"):
                with tag("span", classes="fact-state"):
                    status_chip(result.validity.value)
                tag("span", word, "secondary")
                tag("a", result.name, href=f"/performance/results/{result.id}")
                if result.validity is not Validity.VALID:
                    tag("span", "; ".join(result.reasons), "secondary")


def _draw_curves(base: Result, other: Result) -> None:
    curves = []
    shared = [key for key in base.arms if key in other.arms and key != "null"]
    wanted = [key for key in shared if key == "on"] or shared
    for key in wanted:
        for place, (word, result) in enumerate((("base", base), ("other", other))):
            points = [(point.percentile, point.value_us) for point in result.arms[key].curve]
            series = "off" if place == 0 else "on"
            curves.append(Curve(series, f"{arm_name(key)}, {word}", points))
    if curves:
        with panel("Latency by percentile", "corrected for coordinated omission, log axis"):
            percentile_chart(curves, height_px=320)


def _draw_values(comparison: Comparison) -> None:
    with panel("Differences", "other minus base, with 95 % interval; grey = holds zero"):
        dot_whisker(
            [_difference(value) for value in comparison.values],
            heading="Value",
            value_heading="Difference",
            note_heading="Change",
        )
    with fold("Both values", "base and other side by side"):
        plain_table(
            ("Value", "Base", "Other", "95 % interval of the difference", "Better"),
            [_row(value) for value in comparison.values],
            numbers=(1, 2, 3),
            label="Both values",
        )


def _difference(value: ComparedValue) -> Difference:
    percent = round(value.change_share * 100)
    share = f"{percent:+d} %".replace("-", MINUS) if percent else "0 %"
    return Difference(value.title, value.delta.value, value.delta.low, value.delta.high, share)


def _row(value: ComparedValue) -> list[str | Cell]:
    return [
        value.title,
        microseconds(value.base),
        microseconds(value.other),
        interval(value.delta.low, value.delta.high),
        value.better if value.distinguishable else "no difference can be told",
    ]
