"""Differences with their intervals around a zero line; grey where the interval holds zero."""

from collections.abc import Sequence
from dataclasses import dataclass

from meshery.ui.format import interval, microseconds
from meshery.ui.widgets.html import tag


@dataclass(frozen=True)
class Difference:
    """A value with its 95 % interval, in microseconds, and a note for the last column.

    One that is not `sound` (its measurement was disturbed) decides nothing and is drawn grey.
    """

    name: str
    value: float
    low: float
    high: float
    note: str = ""
    sound: bool = True

    @property
    def words(self) -> str:
        """What it tells: above or below zero, or nothing."""
        if not self.sound:
            return "disturbed, decides nothing"
        if self.low > 0:
            return "above zero"
        return "below zero" if self.high < 0 else "not distinguishable from zero"

    @property
    def tells(self) -> bool:
        """Whether the interval leaves zero out, in a measurement that may be believed."""
        return self.sound and (self.low > 0 or self.high < 0)


def dot_whisker(
    differences: Sequence[Difference],
    *,
    heading: str,
    value_heading: str = "p50",
    note_heading: str = "CPU per request",
) -> None:
    """Draw one row a difference, all on one scale that holds zero."""
    left = min(0.0, *(d.low for d in differences))
    right = max(0.0, *(d.high for d in differences))
    span = (right - left) or 1.0
    with (
        tag("div", classes="table-scroll"),
        tag("table", classes="plain whiskers", aria_label=heading),
    ):
        with tag("thead"), tag("tr"):
            tag("th", heading, scope="col")
            tag("th", value_heading, "number", scope="col")
            tag("th", "95 % interval", scope="col")
            tag("th", "", "whisker-column", aria_hidden="true")
            tag("th", note_heading, "number", scope="col")
        with tag("tbody"):
            for difference in differences:
                _row(difference, left=left, span=span)


def _row(difference: Difference, *, left: float, span: float) -> None:
    def at(value: float) -> float:
        return 4 + 92 * (value - left) / span

    with tag("tr"):
        tag("td", difference.name)
        tag("td", microseconds(difference.value, signed=True), "number")
        tag("td", interval(difference.low, difference.high), "secondary nowrap")
        with (
            tag("td", classes="whisker-column"),
            tag("div", classes="whisker" if difference.tells else "whisker grey") as track,
        ):
            track.props["role"] = "img"
            track.props["aria-label"] = difference.words
            track.props["title"] = track.props["aria-label"]
            _mark("zero", left=at(0))
            _mark("bar", left=at(difference.low), width=at(difference.high) - at(difference.low))
            _mark("point", left=at(difference.value))
        tag("td", difference.note, "number")


def _mark(classes: str, *, left: float, width: float | None = None) -> None:
    style = f"left:{left:.2f}%" + (f";width:{width:.2f}%" if width is not None else "")
    tag("span", classes=classes).style(style)
