"""The list at the left of the operations page: newest first, filtered by what matters, paged."""

from nicegui import ui

from meshery.core.page import Page, PageQuery
from meshery.operations.model import Operation, OperationState
from meshery.operations.platform import Platform
from meshery.operations.service import OperationFilter
from meshery.ui.context import PageContext
from meshery.ui.format import ago, clock, plural
from meshery.ui.widgets.action import action
from meshery.ui.widgets.html import Tag, tag
from meshery.ui.widgets.segments import segments
from meshery.ui.widgets.status_chip import TONES

PAGE_SIZE = 20
REFRESH_S = 2.0
ACTIVE = (
    OperationState.QUEUED,
    OperationState.RUNNING,
    OperationState.WAITING,
    OperationState.CANCELLING,
)
TROUBLED = (OperationState.FAILED, OperationState.PARTIAL, OperationState.INTERRUPTED)
_FILTERS = {"All": (), "Active": ACTIVE, "In trouble": TROUBLED}


class OperationList:
    """One page of operations at a time, renewed while it is looked at."""

    def __init__(self, platform: Platform, *, chosen: str = "") -> None:
        self._platform = platform
        self._chosen = chosen
        self._filter = "All"
        self._page_number = 1
        self._page: Page[Operation] = Page([], 1, PAGE_SIZE, 0)
        self._shown: list[tuple[str, str]] | None = None

    async def load(self) -> Operation | None:
        """Read the page; gives its first operation."""
        self._page = await self._platform.operations.list(
            PageQuery(page=self._page_number, page_size=PAGE_SIZE),
            only=OperationFilter(states=_FILTERS[self._filter]),
        )
        return self._page.items[0] if self._page.items else None

    def draw(self, context: PageContext) -> None:
        """Draw what was loaded, and keep it fresh."""
        if not self._chosen and self._page.items:
            self._chosen = self._page.items[0].id
        with tag("section", classes="panel", aria_label="Operations"):
            segments(list(_FILTERS), self._filter, self._choose)
            self._list: Tag = tag("div", classes="entries")
            with tag("div", classes="cluster between"):
                self._count = tag("span", "", "secondary")
                with tag("div", classes="cluster"):
                    self._newer = action("Newer", lambda: self._turn(-1))
                    self._older = action("Older", lambda: self._turn(1))
        self._redraw()
        context.every(REFRESH_S, self._refresh, name="operation list")

    async def _refresh(self) -> None:
        await self.load()
        self._redraw()

    async def _choose(self, chosen: str) -> None:
        self._filter, self._page_number = chosen, 1
        await self._refresh()

    async def _turn(self, pages: int) -> None:
        self._page_number = max(1, self._page_number + pages)
        await self._refresh()

    def _redraw(self) -> None:
        self._count.text = plural(self._page.total, "operation")
        last = -(-self._page.total // PAGE_SIZE)
        self._newer.set_visibility(self._page_number > 1)
        self._older.set_visibility(self._page_number < last)
        state = [(one.id, f"{one.state} {ago(one.created_at)}") for one in self._page.items]
        if state == self._shown:
            return
        self._shown = state
        self._list.clear()
        with self._list:
            for one in self._page.items:
                self._entry(one)
            if not self._page.items:
                tag("p", "No operation is in this state.", "secondary nothing")

    def _entry(self, one: Operation) -> None:
        tone, icon = TONES.get(one.state.value, ("quiet", "circle"))
        here = one.id == self._chosen
        link = tag("a", classes="entry here" if here else "entry", href=f"/operations/{one.id}")
        if here:
            link.props["aria-current"] = "true"
        with link:
            ui.icon(icon).classes(f"tone {tone}").props["aria-label"] = one.state.value
            with tag("span", classes="entry-words"):
                tag("span", title_of(self._platform, one))
                tag("span", f"{one.state.value}, {ago(one.created_at)}", "secondary")
            link.props["title"] = clock(one.created_at)


def title_of(platform: Platform, one: Operation) -> str:
    """What an operation does, in words: `Start a sandbox: shop`."""
    kind = platform.kinds.get(one.kind)
    title = kind.title if kind and kind.title else one.kind
    return f"{title}: {one.subject.name}" if one.subject.name else title
