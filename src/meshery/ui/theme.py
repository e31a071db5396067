"""Colours, type and sizes of the pages, in one table, and the sheet that is made of it.

Nothing else in the pages names a colour: the style sheet and the charts use the CSS variables
written here, so one table serves light and dark, and a test holds every pair of text and ground to
a contrast of 4.5:1 (WCAG 2.2, 1.4.3).
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

from msgspec import Struct

Mode = Literal["light", "dark"]
COOKIE = "meshery_theme"


class Token(Struct, frozen=True):
    """One colour, as `#rrggbb` in each mode."""

    light: str
    dark: str


TOKENS: Mapping[str, Token] = {
    "bg": Token("#f7f8fa", "#0f141b"),
    "panel": Token("#ffffff", "#161d27"),
    "line": Token("#e3e6eb", "#273241"),
    "text": Token("#1b2330", "#e6eaf0"),
    "muted": Token("#5d6878", "#93a0b2"),
    "accent": Token("#0b7a75", "#3cc4bb"),
    "accent-soft": Token("#e5f3f2", "#12312f"),
    "on-accent": Token("#ffffff", "#06201e"),
    "ok": Token("#1a7f4b", "#4ac483"),
    "warn": Token("#8f5f00", "#e0a92e"),
    "bad": Token("#b42318", "#f97066"),
    "info": Token("#175cd3", "#6ea8fe"),
    "ok-soft": Token("#ecf7f1", "#12291d"),
    "warn-soft": Token("#fbf3e0", "#2c2410"),
    "bad-soft": Token("#fdeceb", "#331a1a"),
    "info-soft": Token("#e8f0fd", "#16243b"),
    "series-null": Token("#b7791f", "#e0a92e"),
    # Okabe and Ito's palette: the members that stand clear of the three series above.
    "series-4": Token("#0072b2", "#56b4e9"),
    "series-5": Token("#b3487f", "#d98cb8"),
    "series-6": Token("#d55e00", "#f08a4b"),
}

GROUNDS = ("bg", "panel")
"""Surfaces that carry text."""

TEXT_ON: tuple[tuple[str, str], ...] = (
    *(
        (ink, ground)
        for ink in ("text", "muted", "accent", "ok", "warn", "bad", "info")
        for ground in GROUNDS
    ),
    *((ink, f"{ink}-soft") for ink in ("accent", "ok", "warn", "bad", "info")),
    *(("text", f"{tone}-soft") for tone in ("accent", "ok", "warn", "bad", "info")),
    ("on-accent", "accent"),
)
"""Every pair of text and ground that the sheet uses."""

SERIES: Mapping[str, str] = {"off": "muted", "on": "accent", "null": "series-null"}
"""Which token draws which arm; further series take `series-4` and on."""


def colour(token: str) -> str:
    """The CSS reference of a token; charts take it as it is, since they draw SVG."""
    return f"var(--{token})"


def series_colour(name: str, index: int = 0) -> str:
    """The colour of one arm, or of the n-th other series."""
    return colour(SERIES.get(name) or f"series-{4 + index % 3}")


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two `#rrggbb` colours, 1 to 21 (WCAG 2.2)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(value: str) -> float:
    channels = (int(value[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _variables(mode: Mode) -> str:
    return "".join(f"--{name}:{getattr(token, mode)};" for name, token in TOKENS.items())


@cache
def head_html() -> str:
    """What every page carries in its head: tokens, sheet, and keys that need no server."""
    room = files("meshery.ui")
    sheet = room.joinpath("style.css").read_text(encoding="utf-8")
    script = room.joinpath("shell.js").read_text(encoding="utf-8")
    tokens = (
        f":root{{{_variables('light')}color-scheme:light}}"
        f":root[data-theme=dark]{{{_variables('dark')}color-scheme:dark}}"
    )
    return f"<script>{script}</script><style>{tokens}\n{sheet}</style>"


QUASAR_HOOK = """
        Quasar.Dark.set(document.documentElement.dataset.theme === "dark");
"""
"""Runs where NiceGUI sets Quasar up, before anything is drawn: it follows the head's choice."""
