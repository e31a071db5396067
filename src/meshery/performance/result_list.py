"""Stored results as a table: searched, ordered and paged by the server; two ticked ones compare."""

from nicegui import ui

from meshery.core.page import PageQuery
from meshery.performance.result import ResultRow
from meshery.performance.service import PerformanceService
from meshery.ui.format import ago, clock, microseconds, rate, whole
from meshery.ui.widgets.column import Column, Row
from meshery.ui.widgets.data_table import DataTable, TablePage, TableQuery

_COLUMNS = (
    Column("name", "Result", "link", sortable=True),
    Column("validity", "Validity", "state", sortable=True),
    Column("kind", "Kind", sortable=True),
    Column("sandbox", "Sandbox"),
    Column("rate_rps", "Rate", "number", sortable=True),
    Column("delta_p50_us", "Added at p50", "number", sortable=True),
    Column("p99_us", "p99", "number", sortable=True),
    Column("errors", "Errors", "number"),
    Column("created_at", "When", "time", sortable=True),
)


class ResultList:
    """The table, and what is ticked in it."""

    def __init__(
        self, service: PerformanceService, compare: ui.button, *, profile_id: str = ""
    ) -> None:
        self._service = service
        self._compare = compare
        self._profile_id = profile_id
        self._ticked: list[str] = []
        compare.set_enabled(False)
        compare.on_click(self._open_comparison)

    @property
    def is_empty(self) -> bool:
        """Whether it is known that there is no result."""
        return self._table.is_empty

    @property
    def is_broken(self) -> bool:
        """Whether the last try to read them failed."""
        return self._table.is_broken

    async def draw(self) -> None:
        """Draw the first page."""
        self._table = DataTable(
            _COLUMNS, self._load, noun="result", order="-created_at", on_select=self._tick
        )
        await self._table.refresh()

    async def refresh(self) -> None:
        """Load the page that is shown anew."""
        await self._table.refresh()

    async def _load(self, query: TableQuery) -> TablePage:
        page = await self._service.list_results(
            PageQuery(query.page, query.page_size, query.order, query.search),
            profile_id=self._profile_id,
        )
        return TablePage([result_row(row) for row in page.items], page.total)

    def _tick(self, ids: list[str]) -> None:
        self._ticked = ids
        self._compare.set_enabled(len(ids) == 2)

    def _open_comparison(self) -> None:
        if len(self._ticked) == 2:
            base, other = self._ticked
            ui.navigate.to(f"/performance/compare?base={base}&other={other}")


def result_row(row: ResultRow) -> Row:
    """A result's cells."""
    added = row.delta_p50_us
    return {
        "id": row.id,
        "name": [row.name, f"/performance/results/{row.id}"],
        "validity": row.validity.value,
        "kind": row.kind,
        "sandbox": row.sandbox,
        "rate_rps": f"{rate(row.rate_rps)}/s",
        "delta_p50_us": microseconds(added, signed=True) if added is not None else "",
        "p99_us": microseconds(row.p99_us) if row.p99_us is not None else "",
        "errors": whole(row.errors),
        "created_at": [ago(row.created_at), clock(row.created_at)],
    }
