"""Events, newest first: severity as icon and word, the text, when, and the way to the operation."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from nicegui import ui

from meshery.core.errors import MesheryError
from meshery.ui.format import ago, clock
from meshery.ui.widgets.error_panel import error_panel
from meshery.ui.widgets.html import Tag, tag
from meshery.ui.widgets.status_chip import TONES

LONGEST = 200


class EventLike(Protocol):
    """What a row needs."""

    @property
    def at(self) -> datetime: ...  # noqa: D102 - named by themselves
    @property
    def severity(self) -> str: ...  # noqa: D102
    @property
    def text(self) -> str: ...  # noqa: D102
    @property
    def href(self) -> str: ...  # noqa: D102
    @property
    def remedy(self) -> str: ...  # noqa: D102


class EventList:
    """A list that grows at its top and lets go at its end."""

    def __init__(self, empty: str, *, limit: int = LONGEST) -> None:
        self._empty = empty
        self._limit = limit
        self._count = 0
        self._list: Tag = tag("ol", classes="events")

    def show(self, events: Sequence[EventLike]) -> None:
        """Show these, in this order."""
        self._list.clear()
        self._count = min(len(events), self._limit)
        with self._list:
            for event in events[: self._limit]:
                _draw(event)
            if not events:
                tag("li", self._empty, "secondary nothing")

    def prepend(self, event: EventLike) -> None:
        """Put a new one on top."""
        if self._count == 0:
            self._list.clear()
        with self._list:
            _draw(event).move(target_index=0)
        self._count += 1
        if self._count > self._limit:
            self._list.remove(self._limit)
            self._count -= 1

    def fail(self, error: MesheryError) -> None:
        """Say why there is nothing to show."""
        self._list.clear()
        self._count = 0
        with self._list:
            error_panel(error)


def _draw(event: EventLike) -> Tag:
    tone, icon = TONES.get(event.severity, ("quiet", "circle"))
    with tag("li", classes=f"event {tone}") as row:
        ui.icon(icon).props["aria-label"] = event.severity
        with tag("div", classes="event-words"):
            if event.href:
                tag("a", event.text, href=event.href)
            else:
                tag("span", event.text)
            if event.remedy:
                tag("span", event.remedy, "secondary")
        tag("time", ago(event.at), "secondary nowrap", title=clock(event.at))
    return row
