"""The notification centre: a bell with a count, and a drawer that shows events as they come.

One bounded subscription a tab feeds the count, the drawer, and every page that asked to hear.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime

from meshery.core.errors import MesheryError
from meshery.ui.context import PageContext
from meshery.ui.page import Notice, NoticeSource, Page
from meshery.ui.widgets.event_list import EventList
from meshery.ui.widgets.html import tag
from meshery.ui.widgets.icon_button import icon_button
from meshery.ui.widgets.segments import segments

KEPT = 100
RETRY_S = 5.0
_FILTERS = {
    "All": ("debug", "info", "warning", "error"),
    "Warnings": ("warning", "error"),
    "Errors": ("error",),
}


class NoticeCentre:
    """Bell and drawer of one tab."""

    def __init__(self, context: PageContext, pages: Sequence[Page]) -> None:
        self._context = context
        self._source = next((page.notices for page in pages if page.notices), None)
        self._notices: deque[Notice] = deque(maxlen=KEPT)
        self._unread = 0
        self._shown = "All"
        self._loaded = False

    def draw_bell(self) -> None:
        """The button in the top bar; its count is of warnings and errors since the page opened."""
        with icon_button(
            "notifications_none", "Notifications (n)", identifier="notices-open"
        ) as bell:
            self._count = tag("span", "", "bell-count", aria_live="polite")
            self._count.set_visibility(False)
        bell.on_click(self._toggle)

    def draw_drawer(self) -> None:
        """The drawer at the right, closed; and the subscription, once the tab is connected."""
        self._drawer = tag("aside", classes="drawer", aria_label="Notifications")
        self._drawer.set_visibility(False)
        with self._drawer:
            with tag("div", classes="drawer-head"):
                tag("h2", "Notifications")
                tag("div", classes="spring")
                icon_button("close", "Close").on_click(self._toggle)
            segments(list(_FILTERS), self._shown, self._filter)
            self._list = EventList(
                "Nothing has happened yet. What Meshery and the meshes do is listed here."
            )
            tag("a", "All notifications", "more", href="/notifications")
        if self._source is not None:
            source = self._source
            self._context.start("notices", lambda: self._follow(source))

    async def _follow(self, source: NoticeSource) -> None:
        """Follow the stream for as long as the tab lives; a stream that ended is taken up again."""
        while True:
            try:
                async with source.live(self._context.state) as stream:
                    async for notice in stream:
                        self._arrive(notice)
            except MesheryError as error:
                self._arrive(Notice(datetime.now(UTC), "warning", f"Live notices paused: {error}"))
            await asyncio.sleep(RETRY_S)

    def _arrive(self, notice: Notice) -> None:
        self._notices.appendleft(notice)
        if self._drawer.visible:
            if notice.severity in _FILTERS[self._shown]:
                self._list.prepend(notice)
        elif notice.severity in {"warning", "error"}:
            self._unread += 1
            self._count.text = str(min(self._unread, 99))
            self._count.set_visibility(True)
        self._context.tell(notice)

    async def _toggle(self) -> None:
        self._drawer.set_visibility(not self._drawer.visible)
        if not self._drawer.visible:
            return
        self._unread = 0
        self._count.set_visibility(False)
        if not self._loaded and self._source is not None:
            try:
                self._notices.extend(await self._source.recent(self._context.state))
                self._loaded = True
            except MesheryError as error:
                self._list.fail(error)
                return
        self._redraw()

    def _filter(self, chosen: str) -> None:
        self._shown = chosen
        self._redraw()

    def _redraw(self) -> None:
        self._list.show([n for n in self._notices if n.severity in _FILTERS[self._shown]])
