"""The frame around every page: top bar, navigation, search, notices and keys.

It knows pages, and no domain. Widths and folding are the style sheet's business, so the frame needs
no round trip to lay itself out.
"""

from collections.abc import Sequence

from nicegui import ui

from meshery.core.errors import MesheryError
from meshery.ui.chips import ChipBoard
from meshery.ui.context import PageContext
from meshery.ui.notices import NoticeCentre
from meshery.ui.page import Chip, Liveness, Page
from meshery.ui.search import SearchBox
from meshery.ui.widgets.html import tag
from meshery.ui.widgets.icon_button import icon_button
from meshery.ui.widgets.key_help import key_help

_LOST_AFTER = 3
_LIVENESS: dict[Liveness, str] = {
    "connected": "connected",
    "lagging": "no news for 3 s",
    "lost": "lost",
}


class Frame:
    """One frame of one tab. `content` is where the page goes."""

    content: ui.element

    def __init__(
        self, context: PageContext, page: Page, pages: Sequence[Page], board: ChipBoard
    ) -> None:
        self._context = context
        self._page = page
        self._pages = pages
        self._board = board
        self._shown_chips: list[Chip] = []
        self._missed = 0

    async def draw(self) -> None:
        """Draw everything but the page itself."""
        tag("a", "Skip to content", "skip-link", href="#content")
        notices = NoticeCentre(self._context, self._pages)
        with tag("header", classes="topbar"):
            tag("a", "Meshery", "brand", href="/")
            tag("div", classes="spring")
            self._chips = tag("div", classes="context-chips", aria_label="Connected")
            SearchBox(self._context, self._pages)
            notices.draw_bell()
            theme = icon_button("contrast", "Light or dark (t)")
            theme.on("click", js_handler="() => mesheryTheme()")
            help_dialog = key_help()
            icon_button("help_outline", "Keys (?)", identifier="keys-open").on_click(
                help_dialog.open
            )
        self._navigation()
        self.content = tag("main", classes="content", id="content", tabindex="-1")
        notices.draw_drawer()
        await self._refresh_chips()
        self._context.every(self._board.period_s, self._refresh_chips, name="chips")

    def _navigation(self) -> None:
        with tag("nav", classes="sidebar", aria_label="Pages"):
            section: int | None = None
            for page in self._pages:
                if not page.in_navigation:
                    continue
                if section is not None and page.section != section:
                    tag("div", classes="nav-gap")
                section = page.section
                self._entry(page)

    def _entry(self, page: Page) -> None:
        here = page.root == self._page.root
        link = tag(
            "a",
            classes="nav-entry here" if here else "nav-entry",
            href=page.route,
            title=page.title,
        )
        if here:
            link.props["aria-current"] = "page"
        with link:
            ui.icon(page.icon).props("aria-hidden=true")
            tag("span", page.title)

    async def _refresh_chips(self) -> None:
        try:
            chips = await self._board.read()
        except (MesheryError, TimeoutError):
            self._missed += 1
            liveness: Liveness = "lost" if self._missed >= _LOST_AFTER else "lagging"
            chips = [Chip(chip.label, chip.href, liveness) for chip in self._shown_chips]
        else:
            self._missed = 0
        if chips != self._shown_chips:
            self._shown_chips = chips
            self._draw_chips()

    def _draw_chips(self) -> None:
        self._chips.clear()
        with self._chips:
            for chip in self._shown_chips:
                _draw_chip(chip)


def _draw_chip(chip: Chip) -> None:
    words = chip.words or _LIVENESS[chip.liveness]
    title = f"{chip.label}: {chip.detail or words}"
    with tag("a", classes=f"context-chip {chip.liveness}", href=chip.href, title=title):
        tag("span", classes="dot", aria_hidden="true")
        tag("span", chip.label)
        if chip.liveness != "connected":
            tag("span", words, "liveness")
