"""How the answers spread: the share of requests in each bucket, over a logarithmic axis."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from nicegui import ui

from meshery.ui.theme import series_colour
from meshery.ui.widgets.chart import MICROSECONDS, Options, axis, chart, line, options


@dataclass(frozen=True)
class Distribution:
    """One arm: buckets (low, high, count), in microseconds."""

    key: str
    name: str
    buckets: Sequence[tuple[float, float, int]]


def distribution_chart(distributions: Sequence[Distribution], *, height_px: int = 300) -> ui.echart:
    """Draw the arms over one logarithmic axis."""
    filled = [d for d in distributions if any(count for _, _, count in d.buckets)]
    ends = _ends(filled)
    return chart(
        options(
            x=axis(
                type="log",
                axisLabel={":formatter": MICROSECONDS, "customValues": _ticks(ends)},
                splitLine={"show": False},
                min=ends[0],
                max=ends[1],
            ),
            y=axis(type="value", axisLabel={":formatter": "v => v + ' %'"}, splitNumber=4),
            series=[_steps(d, index) for index, d in enumerate(filled)],
            tooltip={
                ":valueFormatter": "v => v.toFixed(2) + ' %'",
                "axisPointer": {"label": {"show": False}},
            },
        ),
        height_px=height_px,
        label="Distribution of latency: " + ", ".join(d.name for d in filled),
    )


def _ends(distributions: Sequence[Distribution]) -> tuple[float, float]:
    edges = [
        (low, high) for d in distributions for low, high, count in d.buckets if count and low > 0
    ]
    if not edges:
        return 10.0, 10_000.0
    return min(low for low, _ in edges), max(high for _, high in edges)


def _ticks(ends: tuple[float, float]) -> list[float]:
    """Round values within the ends: 1, 2, 5 of each decade, or 1 alone where there are many."""
    low, high = ends
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if len(decades) < 6 else (1,)
    return [
        step * 10.0**decade
        for decade in decades
        for step in steps
        if low <= step * 10.0**decade <= high
    ]


def _steps(distribution: Distribution, index: int) -> Options:
    total = sum(count for _, _, count in distribution.buckets)
    data: list[list[float]] = []
    for low, high, count in distribution.buckets:
        if low > 0:
            share = 100 * count / total
            data += [[low, share], [high, share]]
    token = series_colour(distribution.key, index)
    return line(
        distribution.name,
        data,
        token,
        dashed=distribution.key == "null",
        areaStyle={"color": token, "opacity": 0.10},
    )
