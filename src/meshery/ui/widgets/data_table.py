"""A long list, paged, sorted and searched by the server: ten thousand rows cost one page.

Rows that are in memory anyway are paged by `rows_page`: what the reader does not see is not sent.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments, ValueChangeEventArguments

from meshery.core.errors import MesheryError
from meshery.ui.format import plural
from meshery.ui.widgets.column import Column, Row, dress, quasar_column
from meshery.ui.widgets.error_panel import error_panel
from meshery.ui.widgets.html import tag

PAGE_SIZE = 25


@dataclass(frozen=True)
class TableQuery:
    """What the table wants: page from 1, size, order such as `-created_at`, and words to search."""

    page: int
    page_size: int
    order: str
    search: str


@dataclass(frozen=True)
class TablePage:
    """What it gets: the rows of that page, each with an `id`, and how many there are in all."""

    rows: list[Row]
    total: int


Load = Callable[[TableQuery], Awaitable[TablePage]]


class DataTable:
    """A table over `load`. `noun` names one row, `many` several where that is not `noun` with an s.

    `on_select` gets the ids of ticked rows. `is_empty` once it was read and never had a row: then
    an empty state says more than the table. `is_broken` while the last try to read it failed.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        load: Load,
        *,
        noun: str,
        many: str = "",
        order: str,
        searchable: bool = True,
        on_select: Callable[[list[str]], None] | None = None,
    ) -> None:
        self._load = load
        self._noun = noun
        self._many = many or f"{noun}s"
        self._query = TableQuery(1, PAGE_SIZE, order, "")
        self._asked = 0
        self._had_rows = self.is_empty = self.is_broken = False
        if searchable:
            with tag("div", classes="table-tools"):
                field = ui.input(placeholder=f"Find {self._many}", on_change=self._searched)
                field.props(
                    f'borderless dense clearable debounce=250 aria-label="Find {self._many}"'
                )
                self._count = tag("span", "", "secondary", aria_live="polite")
        self._failure = tag("div", classes="failure")
        self._table = ui.table(
            columns=[quasar_column(column) for column in columns],
            rows=[],
            row_key="id",
            pagination=self._pagination(0),
            selection="multiple" if on_select else None,
        )
        self._table.props(
            'flat binary-state-sort :rows-per-page-options="[25,50,100]" rows-per-page-label="Rows"'
        )
        self._table.classes("data-table")
        dress(self._table, columns)
        self._table.add_slot("no-data", f'<span class="secondary">No {noun} matches.</span>')
        self._table.on("request", self._requested)
        self._searchable = searchable
        if on_select is not None:
            chosen = on_select
            self._table.on_select(lambda event: chosen([str(row["id"]) for row in event.selection]))

    async def restart(self) -> int:
        """Load the first page, since what is asked for changed; see `refresh`."""
        self._query = replace(self._query, page=1)
        return await self.refresh()

    async def refresh(self) -> int:
        """Load the page that is shown anew; gives how many rows there are in all."""
        self._asked += 1
        asked = self._asked
        try:
            page = await self._load(self._query)
            if not page.rows and page.total:  # what stood on the last page is gone
                last = -(-page.total // self._query.page_size)
                self._query = replace(self._query, page=min(self._query.page, last))
                page = await self._load(self._query)
        except MesheryError as error:
            self._fail(error)
            return 0
        if asked == self._asked:  # else a later question has its answer on the way
            self._show(page)
        return page.total

    def _show(self, page: TablePage) -> None:
        self._had_rows = self._had_rows or page.total > 0
        self.is_empty, self.is_broken = not self._had_rows, False
        self._failure.clear()
        self._table.set_visibility(True)
        if self._table.rows != page.rows:
            self._table.rows = page.rows
        if self._table.pagination != (wanted := self._pagination(page.total)):
            self._table.pagination = wanted
        if self._searchable:
            self._count.text = plural(page.total, self._noun, self._many)

    def _fail(self, error: MesheryError) -> None:
        self.is_empty, self.is_broken = False, True
        self._table.set_visibility(False)
        self._failure.clear()
        with self._failure:
            error_panel(error, retry=self.refresh)

    def _pagination(self, total: int) -> dict[str, Any]:
        return {
            "page": self._query.page,
            "rowsPerPage": self._query.page_size,
            "sortBy": self._query.order.lstrip("-") or None,
            "descending": self._query.order.startswith("-"),
            "rowsNumber": total,
        }

    async def _requested(self, event: GenericEventArguments) -> None:
        wanted = event.args["pagination"]
        field = wanted.get("sortBy") or self._query.order.lstrip("-")
        order = f"-{field}" if wanted.get("descending") else field
        size = min(int(wanted.get("rowsPerPage") or PAGE_SIZE), 100)
        self._query = TableQuery(
            max(int(wanted.get("page") or 1), 1), size, order, self._query.search
        )
        await self.refresh()

    async def _searched(self, change: ValueChangeEventArguments[Any]) -> None:
        self._query = replace(self._query, search=str(change.value or "").strip())
        await self.restart()


def rows_page(rows: Sequence[Row], query: TableQuery) -> TablePage:
    """The page that `query` asks for, of rows in memory, found and ordered by what cells say."""
    words = query.search.lower()
    found = [row for row in rows if words in _words(row)] if words else list(rows)
    field = query.order.lstrip("-")
    found.sort(key=lambda row: _rank(row[field]), reverse=query.order.startswith("-"))
    begin = (query.page - 1) * query.page_size
    return TablePage(found[begin : begin + query.page_size], len(found))


def _words(row: Row) -> str:
    return " ".join(_said(row[name]) for name in row if name != "id").lower()


def _said(cell: Any) -> str:
    """What a cell shows: addresses in it are not looked for, nor the share that a meter draws."""
    if not isinstance(cell, list):
        return "" if cell is None else str(cell)
    is_meter = bool(cell) and isinstance(cell[0], int | float | None)
    return " ".join(str(part) for part in (cell[1:] if is_meter else cell[::2]))


def _rank(cell: Any) -> tuple[bool, Any]:
    first = cell[0] if isinstance(cell, list) and cell else cell
    return (False, 0) if first is None else (True, first)
