"""A value over the seconds of a run, one line an arm; what happened meanwhile as vertical marks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from nicegui import ui

from meshery.ui.theme import series_colour
from meshery.ui.widgets.chart import (
    EXACT_MICROSECONDS,
    MICROSECONDS,
    axis,
    chart,
    line,
    marks,
    options,
)

Unit = Literal["us", "rps"]


@dataclass(frozen=True)
class TimeSeries:
    """One arm: points (second, value)."""

    key: str
    name: str
    points: Sequence[tuple[float, float]]


@dataclass
class TimelineChart:
    """A chart that can grow while a run goes on; `unit` is that of the values."""

    names: Mapping[str, str]
    unit: Unit = "us"
    height_px: int = 300
    events: Sequence[tuple[float, str]] = ()
    duration_s: float | None = None
    logarithmic: bool = False
    _points: dict[str, list[list[float]]] = field(default_factory=dict)
    _chart: ui.echart | None = None

    def draw(self, series: Sequence[TimeSeries] = ()) -> None:
        """Draw what is known so far."""
        for some in series:
            self._points[some.key] = [[at, value] for at, value in some.points]
        self._chart = chart(
            options(
                x=axis(
                    type="value",
                    minInterval=1,
                    min=0,
                    max=self.duration_s or "dataMax",
                    splitLine={"show": False},
                ),
                y=axis(
                    type="log" if self.logarithmic else "value",
                    min=None if self.logarithmic else 0,
                    axisLabel={
                        ":formatter": MICROSECONDS
                        if self.unit == "us"
                        else "v => v.toLocaleString('en')"
                    },
                ),
                series=self._series(),
                legend=len(self.names) > 1,
                tooltip={
                    ":valueFormatter": EXACT_MICROSECONDS
                    if self.unit == "us"
                    else "v => Math.round(v).toLocaleString('en')"
                },
            ),
            height_px=self.height_px,
            label="Over time, by second: " + ", ".join(self.names.values()),
        )

    def add(self, key: str, second: float, value: float) -> None:
        """Add one point; `flush` sends it."""
        self._points.setdefault(key, []).append([second, value])

    def flush(self) -> None:
        """Send the lines as they are now: the data alone, not the whole option tree."""
        if self._chart is not None:
            tree: dict[str, Any] = {
                "series": [{"data": self._points.get(key, [])} for key in self.names]
            }
            self._chart.options["series"] = self._series()
            self._chart.run_chart_method("setOption", tree)

    def _series(self) -> list[dict[str, Any]]:
        lines = [
            line(
                name,
                self._points.get(key, []),
                series_colour(key, index),
                dashed=key == "null",
                showSymbol=True,
            )
            for index, (key, name) in enumerate(self.names.items())
        ]
        if lines and self.events:
            lines[0]["markLine"] = marks(self.events)
        return lines
