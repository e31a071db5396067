"""Search over everything that has a name: asks each page that can search; Enter opens the first."""

import asyncio
from collections.abc import Sequence
from typing import Any

from nicegui import ui
from nicegui.events import ValueChangeEventArguments

from meshery.core.errors import MesheryError
from meshery.ui.context import PageContext
from meshery.ui.page import Hit, Page
from meshery.ui.widgets.html import tag

LIMIT = 12


class SearchBox:
    """The field in the top bar and the list below it."""

    def __init__(self, context: PageContext, pages: Sequence[Page]) -> None:
        self._context = context
        self._pages = pages
        self._hits: list[Hit] = []
        with tag("div", classes="search", role="search"):
            ui.icon("search").props("aria-hidden=true")
            field = ui.input(placeholder="Search", on_change=self._changed)
            field.props(
                "borderless dense debounce=150 clearable for=search autocomplete=off "
                'aria-label="Search"'
            )
            field.on("keydown.enter", self._open_first)
            field.on("keydown.esc", lambda: field.set_value(""))
            tag("kbd", "/", "key-hint", aria_hidden="true")
            self._list = tag("div", classes="search-hits", role="list", aria_label="Found")
            self._list.set_visibility(False)

    async def _changed(self, change: ValueChangeEventArguments[Any]) -> None:
        words = str(change.value or "").strip()
        self._hits = await self._find(words) if words else []
        self._list.clear()
        self._list.set_visibility(bool(words))
        with self._list:
            for hit in self._hits:
                with tag("a", classes="search-hit", href=hit.href, role="listitem"):
                    tag("span", hit.label)
                    tag("span", hit.kind, "secondary")
            if words and not self._hits:
                tag("div", f"Nothing is called like “{words}”.", "search-none")

    async def _find(self, words: str) -> list[Hit]:
        named = [
            Hit("page", page.title, page.route)
            for page in self._pages
            if page.in_navigation and words.lower() in page.title.lower()
        ]
        sources = [page.search for page in self._pages if page.search]
        found = await asyncio.gather(
            *(source(self._context.state, words) for source in sources), return_exceptions=True
        )
        for some in found:
            if isinstance(some, list):
                named += some
            elif not isinstance(some, MesheryError):
                raise some
        return named[:LIMIT]

    def _open_first(self) -> None:
        if self._hits:
            ui.navigate.to(self._hits[0].href)
