"""A long list, paged, sorted and searched by the server: ten thousand rows cost one page.

Cells are text, links, chips, numbers or code; Vue escapes them all, so nothing of a row can become
markup.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nicegui import ui
from nicegui.events import GenericEventArguments, ValueChangeEventArguments

from meshery.core.errors import MesheryError
from meshery.ui.format import plural
from meshery.ui.widgets.error_panel import error_panel
from meshery.ui.widgets.html import tag
from meshery.ui.widgets.status_chip import TONES

Kind = Literal["text", "link", "state", "number", "code", "time"]
Row = dict[str, Any]
PAGE_SIZE = 25


@dataclass(frozen=True)
class Column:
    """One column: `name` is the key in the rows, and the order field where `sortable`.

    A `link` cell is `[text, href]`, a `state` cell the state's name, a `time` cell
    `[words, exact]`.
    """

    name: str
    label: str
    kind: Kind = "text"
    sortable: bool = False


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
    """A table over `load`. `noun` names one row; `on_select` gets the ids of ticked rows."""

    def __init__(
        self,
        columns: Sequence[Column],
        load: Load,
        *,
        noun: str,
        order: str,
        searchable: bool = True,
        on_select: Callable[[list[str]], None] | None = None,
    ) -> None:
        self._load = load
        self._noun = noun
        self._query = TableQuery(1, PAGE_SIZE, order, "")
        if searchable:
            with tag("div", classes="table-tools"):
                field = ui.input(placeholder=f"Find {noun}s", on_change=self._searched)
                field.props(f'borderless dense clearable debounce=250 aria-label="Find {noun}s"')
                self._count = tag("span", "", "secondary", aria_live="polite")
        self._failure = tag("div", classes="failure")
        self._table = ui.table(
            columns=[_quasar_column(column) for column in columns],
            rows=[],
            row_key="id",
            pagination=self._pagination(0),
            selection="multiple" if on_select else None,
        )
        self._table.props(
            'flat binary-state-sort :rows-per-page-options="[25,50,100]" rows-per-page-label="Rows"'
        )
        self._table.classes("data-table")
        for column in columns:
            if template := _TEMPLATES.get(column.kind):
                self._table.add_slot(f"body-cell-{column.name}", template)
        self._table.add_slot("no-data", f'<span class="secondary">No {noun} matches.</span>')
        self._table.on("request", self._requested)
        self._searchable = searchable
        if on_select is not None:
            chosen = on_select
            self._table.on_select(lambda event: chosen([str(row["id"]) for row in event.selection]))

    async def refresh(self) -> int:
        """Load the page that is shown anew; gives how many rows there are in all."""
        try:
            page = await self._load(self._query)
        except MesheryError as error:
            self._fail(error)
            return 0
        self._failure.clear()
        self._table.set_visibility(True)
        if self._table.rows != page.rows:
            self._table.rows = page.rows
        if self._table.pagination != (wanted := self._pagination(page.total)):
            self._table.pagination = wanted
        if self._searchable:
            self._count.text = plural(page.total, self._noun)
        return page.total

    def _fail(self, error: MesheryError) -> None:
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
        self._query = TableQuery(
            1, self._query.page_size, self._query.order, str(change.value or "").strip()
        )
        await self.refresh()


def _quasar_column(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "label": column.label,
        "field": column.name,
        "sortable": column.sortable,
        "align": "right" if column.kind == "number" else "left",
        "classes": {"number": "number", "code": "code", "time": "secondary nowrap"}.get(
            column.kind, ""
        ),
    }


def _state_template() -> str:
    import json

    table = json.dumps({state: list(look) for state, look in TONES.items()}).replace('"', "'")
    look = f"({table}[props.value] || ['quiet', 'circle'])"
    return (
        f'<q-td :props="props"><span v-if="props.value" :class="\'status-chip \' + {look}[0]">'
        f'<q-icon :name="{look}[1]" aria-hidden="true" />'
        "<span>{{ props.value }}</span></span></q-td>"
    )


_TEMPLATES: dict[str, str] = {
    "link": (
        '<q-td :props="props"><a v-if="props.value && props.value[1]" :href="props.value[1]">'
        '{{ props.value[0] }}</a><span v-else-if="props.value">{{ props.value[0] }}</span></q-td>'
    ),
    "time": (
        '<q-td :props="props"><time v-if="props.value" :title="props.value[1]">'
        "{{ props.value[0] }}</time></q-td>"
    ),
    "code": '<q-td :props="props"><code>{{ props.value }}</code></q-td>',
    "state": _state_template(),
}
