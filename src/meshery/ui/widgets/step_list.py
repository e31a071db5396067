"""Progress as a list of steps with time and state; a bar only where the total is known."""

from collections.abc import Sequence
from dataclasses import dataclass

from nicegui import ui

from meshery.ui.widgets.html import Tag, tag
from meshery.ui.widgets.status_chip import TONES


@dataclass(frozen=True)
class StepRow:
    """One step as shown: its words, its state, how long it took, what it said last."""

    name: str
    state: str
    took: str = ""
    line: str = ""


class StepList:
    """A list that is redrawn where it changed."""

    def __init__(self) -> None:
        self._shown: list[StepRow] = []
        self._list: Tag = tag("ol", classes="steps", aria_live="polite")

    def show(self, rows: Sequence[StepRow]) -> None:
        """Show these steps."""
        if list(rows) == self._shown:
            return
        self._shown = list(rows)
        self._list.clear()
        with self._list:
            for row in rows:
                _draw(row)


def _draw(row: StepRow) -> None:
    tone, icon = TONES.get(row.state, ("quiet", "radio_button_unchecked"))
    with tag("li", classes=f"step {tone}"):
        ui.icon(icon).props("aria-hidden=true")
        with tag("div", classes="step-words"):
            tag("span", row.name)
            if row.line:
                tag("span", row.line, "secondary")
        tag("span", row.took or row.state, "secondary nowrap")


class ProgressBar:
    """How far it is, where the total is known; words only where it is not."""

    def __init__(self) -> None:
        with tag("div", classes="progress"):
            with tag("div", classes="track") as self._track:
                self._fill = tag("div", classes="fill")
            self._words = tag("span", "", "secondary")
        self._track.props["role"] = "progressbar"
        self._track.props["aria-label"] = "Progress"

    def show(self, done: float, total: float, words: str) -> None:
        """Show `done` of `total` (0 = unknown) and the words beside it."""
        known = total > 0
        self._track.set_visibility(known)
        if known:
            share = max(0.0, min(1.0, done / total))
            self._fill.style(f"width:{share * 100:.1f}%")
            self._track.attribute("aria-valuenow", f"{share * 100:.0f}")
        self._words.text = words
