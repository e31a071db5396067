"""What a room hands in to become part of the pages: a `Page`, and additions to the frame.

A room's `pages.py` ends in `PAGES: tuple[Page, ...]`. Besides its own content a page may bring
context chips (what is connected), search hits and the stream of notices; the frame asks all pages
for them, so it knows no domain.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from meshery.ui.context import PageContext

Liveness = Literal["connected", "lagging", "lost"]
Severity = Literal["debug", "info", "warning", "error"]


@dataclass(frozen=True)
class Chip:
    """One thing that is connected, in the top bar; `lagging` from 3 s without news.

    `words` says what is the matter where it is not simply connected.
    """

    label: str
    href: str
    liveness: Liveness = "connected"
    detail: str = ""
    words: str = ""


@dataclass(frozen=True)
class Hit:
    """One find of the search: what it is, its name, and where it is shown."""

    kind: str
    label: str
    href: str


@dataclass(frozen=True)
class Notice:
    """One event as the notification centre shows it; `href` leads to its operation."""

    at: datetime
    severity: Severity
    text: str
    category: str = ""
    href: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class NoticeSource:
    """Where notices come from: `recent`, newest first; `live`, one bounded subscription."""

    recent: Callable[[Any], Awaitable[list[Notice]]]
    live: Callable[[Any], AbstractAsyncContextManager[AsyncIterator[Notice]]]


@dataclass(frozen=True)
class Page:
    """One page: where it lives, how navigation names it, and who draws it.

    `route` is a path with `{names}`. `title` is a word or two in sentence case. `icon` is a name of
    the bundled Material Icons font (the newer Symbols are not in it). Pages are ordered by
    `section`, then `order`. `shows` names the kind of thing (`sandbox`, `result`) whose id or name
    the route holds, so that other pages can link there.
    """

    route: str
    title: str
    icon: str
    section: int
    order: int
    build: Callable[[PageContext], Awaitable[None]]
    in_navigation: bool = True
    chips: Callable[[Any], Awaitable[list[Chip]]] | None = None
    search: Callable[[Any, str], Awaitable[list[Hit]]] | None = None
    notices: NoticeSource | None = None
    shows: str = ""

    @property
    def root(self) -> str:
        """The first part of the route: pages below `/performance` light up the same entry."""
        return "/" + self.route.strip("/").split("/")[0]
