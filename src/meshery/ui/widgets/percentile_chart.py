"""Latency by percentile: x = -log10(1 - p), each further nine as wide; y logarithmic."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from nicegui import ui

from meshery.ui.theme import colour, series_colour
from meshery.ui.widgets.chart import (
    EXACT_MICROSECONDS,
    MICROSECONDS,
    Options,
    axis,
    chart,
    line,
    options,
)

_NINES = 5


@dataclass(frozen=True)
class Curve:
    """One arm: points (percentile 0..100, microseconds), bounds (percentile, low, high)."""

    key: str
    name: str
    points: Sequence[tuple[float, float]]
    bounds: Sequence[tuple[float, float, float]] = ()


def percentile_chart(curves: Sequence[Curve], *, height_px: int = 300) -> ui.echart:
    """Draw the curves; `null` is dashed. Values of zero are left out: the axis has none."""
    drawn = [_line(curve, index) for index, curve in enumerate(curves)]
    bands = [_bounds(curve, index) for index, curve in enumerate(curves) if curve.bounds]
    return chart(
        options(
            x=_x_axis(_most(curves)),
            y=axis(
                type="log",
                axisLabel={":formatter": MICROSECONDS},
                **_decades(curves),
            ),
            series=[*drawn, *bands],
            tooltip={":formatter": _TOOLTIP},
        ),
        height_px=height_px,
        label="Latency by percentile: " + "; ".join(_words(curve) for curve in curves),
    )


def place(percentile: float) -> float:
    """Where a percentile (0 to 100) stands on the axis: 0 for 0, 1 for 90, 2 for 99."""
    return -math.log10(max(1 - percentile / 100, 10**-_NINES))


def _most(curves: Sequence[Curve]) -> int:
    furthest = max((place(p) for curve in curves for p, _ in curve.points if p < 100), default=2.0)
    return min(_NINES, max(2, math.ceil(furthest - 1e-9)))


def _decades(curves: Sequence[Curve]) -> dict[str, float]:
    values = [value for curve in curves for _, value in curve.points if value > 0]
    if not values:
        return {"min": 10, "max": 10_000}
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return {"min": 10.0**low, "max": 10.0 ** max(high, low + 1)}


def _line(curve: Curve, index: int) -> Options:
    data = [[round(place(p), 4), value] for p, value in curve.points if value > 0 and p < 100]
    # The null arm lies on the off arm by design: dashed and on top, so that both are seen.
    return line(curve.name, data, series_colour(curve.key, index), dashed=curve.key == "null")


def _bounds(curve: Curve, index: int) -> Options:
    """Whiskers at the percentiles whose interval is known."""
    return {
        "type": "custom",
        "name": f"{curve.name}, interval",
        "silent": True,
        "tooltip": {"show": False},
        "data": [[place(p), low, high] for p, low, high in curve.bounds if low > 0],
        ":renderItem": _WHISKER,
        "itemStyle": {"color": series_colour(curve.key, index)},
        "z": 4,
    }


_WHISKER = """(params, api) => {
  const low = api.coord([api.value(0), api.value(1)]);
  const high = api.coord([api.value(0), api.value(2)]);
  const style = {stroke: api.visual('color'), lineWidth: 6, opacity: 0.35};
  return {type: 'line', shape: {x1: low[0], y1: low[1], x2: high[0], y2: high[1]}, style};
}"""


def _x_axis(nines: int) -> Options:
    names = ["min", "p90", "p99", "p99.9", "p99.99", "p99.999"]
    return axis(
        type="value",
        min=0,
        max=nines,
        interval=1,
        axisLabel={
            ":formatter": f"v => {names}[Math.round(v)] ?? ''",
            "alignMinLabel": "left",
            "alignMaxLabel": "right",
            "margin": 10,
        },
        axisLine={"show": True, "lineStyle": {"color": colour("line")}},
    )


_TOOLTIP = (
    "ps => { const rows = ps.filter(p => p.value.length === 2); if (!rows.length) return '';"
    " const p = (1 - 10 ** -rows[0].value[0]) * 100; const us = " + EXACT_MICROSECONDS + ";"
    " return 'p' + Number(p.toPrecision(5)) + rows.map(r => '<br>' + r.marker + r.seriesName + ' '"
    " + us(r.value[1])).join(''); }"
)


def _words(curve: Curve) -> str:
    wanted = {50.0: "p50", 90.0: "p90", 99.0: "p99"}
    known = {wanted[p]: value for p, value in curve.points if p in wanted}
    return f"{curve.name} " + ", ".join(f"{name} {value:.0f} µs" for name, value in known.items())
