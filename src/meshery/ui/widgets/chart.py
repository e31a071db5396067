"""The ground all charts share: axes, legend and tooltip in the theme's colours, as SVG.

SVG takes CSS variables as colours, so one option tree serves light and dark and a switch of mode
redraws nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from nicegui import ui

from meshery.ui.theme import colour

Options = dict[str, Any]
FONT = "Inter, system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"


def axis(**more: Any) -> Options:
    """One axis, quiet, with its lines in the colour of lines."""
    base: Options = {
        "axisLine": {"show": False},
        "axisTick": {"show": False},
        "axisLabel": {"color": colour("muted"), "fontSize": 11, "fontFamily": FONT},
        "nameTextStyle": {"color": colour("muted"), "fontSize": 11, "fontFamily": FONT},
        "splitLine": {"show": True, "lineStyle": {"color": colour("line")}},
    }
    for name, value in more.items():
        known = base.get(name)
        base[name] = known | value if isinstance(known, dict) and isinstance(value, dict) else value
    return base


def options(
    *,
    x: Options,
    y: Options,
    series: Sequence[Options],
    legend: bool = True,
    tooltip: Mapping[str, Any] | None = None,
) -> Options:
    """The whole option tree of a chart with one x and one y axis."""
    return {
        "animation": False,
        "textStyle": {"fontFamily": FONT},
        "grid": {
            "left": 4,
            "right": 24,
            "top": 36 if legend else 14,
            "bottom": 4,
            "containLabel": True,
        },
        "legend": {
            "show": legend,
            "data": [some["name"] for some in series if some["type"] == "line"],
            "right": 16,
            "top": 0,
            "itemWidth": 22,
            "itemHeight": 8,
            "itemGap": 18,
            "icon": "path://M0 3h22v2h-22z",
            "textStyle": {"color": colour("muted"), "fontSize": 12, "fontFamily": FONT},
            "inactiveColor": colour("line"),
        },
        "tooltip": {
            "trigger": "axis",
            "confine": True,
            "backgroundColor": colour("panel"),
            "borderColor": colour("line"),
            "borderWidth": 1,
            "padding": [8, 12],
            "textStyle": {"color": colour("text"), "fontSize": 12, "fontFamily": FONT},
            "extraCssText": "box-shadow:none;border-radius:6px;font-variant-numeric:tabular-nums",
            "axisPointer": {"lineStyle": {"color": colour("muted"), "type": "dotted"}},
            **(tooltip or {}),
        },
        "xAxis": x,
        "yAxis": y,
        "series": list(series),
    }


def line(
    name: str, data: Sequence[Any], token: str, *, dashed: bool = False, **more: Any
) -> Options:
    """One line in the colour of `token`."""
    return {
        "type": "line",
        "name": name,
        "data": list(data),
        "showSymbol": False,
        "symbolSize": 4,
        "symbol": "circle",
        "itemStyle": {"color": token},
        "lineStyle": {"color": token, "width": 2, "type": "dashed" if dashed else "solid"},
        "emphasis": {"disabled": True},
        **more,
    }


def marks(events: Sequence[tuple[float, str]]) -> Options:
    """Vertical marks with words, for what happened at an instant."""
    return {
        "symbol": "none",
        "silent": True,
        "animation": False,
        "lineStyle": {"color": colour("muted"), "type": "dotted", "width": 1},
        "label": {
            "color": colour("muted"),
            "fontSize": 11,
            "rotate": 0,
            "position": "insideEndTop",
        },
        "data": [{"xAxis": at, "label": {"formatter": words}} for at, words in events],
    }


def chart(tree: Options, *, height_px: int, label: str) -> ui.echart:
    """Put a chart on the page; `label` is what it shows, for those who do not see it."""
    element = ui.echart(tree, renderer="svg").classes("chart").style(f"height:{height_px}px")
    element.props["role"] = "img"
    element.props["aria-label"] = label
    return element


MICROSECONDS = (
    "v => v >= 1e6 ? (v / 1e6).toLocaleString('en') + ' s' "
    ": v >= 1e3 ? (v / 1e3).toLocaleString('en') + ' ms' "
    ": v.toLocaleString('en') + ' µs'"
)
"""JavaScript that writes an axis value in microseconds."""

EXACT_MICROSECONDS = (
    "v => v == null ? '-' : v >= 1e3 ? (v / 1e3).toFixed(2) + ' ms' : v.toFixed(0) + ' µs'"
)
"""JavaScript that writes a measured value in microseconds."""
