"""One number with its name above and what bounds it below."""

from typing import Literal

from meshery.ui.widgets.html import Tag, tag

Tone = Literal["", "ok", "warn", "bad"]


class Tile:
    """A tile whose value can change while it is looked at."""

    def __init__(
        self, label: str, value: str, note: str = "", *, tone: Tone = "", href: str = ""
    ) -> None:
        with tag("a", classes="tile", href=href) if href else tag("div", classes="tile"):
            tag("div", label, "tile-label")
            self._value: Tag = tag("div", value, f"tile-value {tone}".strip())
            self._note: Tag = tag("div", note, "tile-note")

    def set(self, value: str, note: str | None = None) -> None:
        """Show another value."""
        if self._value.text != value:
            self._value.text = value
        if note is not None and self._note.text != note:
            self._note.text = note


def tiles() -> Tag:
    """The row that tiles stand in."""
    return tag("div", classes="tiles")
