"""Tables whose rows are data: pages of memory, ends of lists, answers that overtake each other."""

import asyncio
from typing import Any

import pytest
from nicegui import ui

from meshery.ui.address import address
from meshery.ui.context import PageContext
from meshery.ui.widgets.column import Column, Row
from meshery.ui.widgets.data_table import DataTable, TablePage, TableQuery, rows_page
from meshery.ui.widgets.diff_block import LONGEST, diff_block
from meshery.ui.widgets.html import Tag
from meshery.ui.widgets.meter import meter
from meshery.ui.widgets.row_table import RowTable
from ui.conftest import page, reading

NAME = Column("name", "Name", "pair", sortable=True)
ROWS: list[Row] = [
    {"id": "1", "name": ["web", "/objects/api", "shop"], "share": [0.5, "1 of 2"], "pods": 2},
    {"id": "2", "name": ["api", "/objects/2", "shop"], "share": [None, "0 of 0"], "pods": 10},
    {"id": "3", "name": ["data", "", "bank"], "share": [1.0, "3 of 3"], "pods": 3},
]


def asked(order: str = "name", search: str = "", *, number: int = 1, size: int = 25) -> TableQuery:
    return TableQuery(number, size, order, search)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        (asked(), ["2", "3", "1"]),
        (asked("-pods"), ["2", "3", "1"]),
        (asked("share"), ["2", "1", "3"]),
        (asked(search="SHOP"), ["2", "1"]),
        (asked(search="api"), ["2"]),
        (asked(search="1 of 2"), ["1"]),
        (asked(search="0.5"), []),
        (asked(search="none"), []),
        (asked(number=2, size=2), ["1"]),
        (asked(search="nothing"), []),
    ],
)
def test_rows_in_memory_are_found_ordered_and_paged(query: TableQuery, ids: list[str]) -> None:
    found = rows_page(ROWS, query)
    assert [row["id"] for row in found.rows] == ids
    assert found.total == (3 if not query.search else len(ids))


async def test_a_page_past_the_end_becomes_the_last() -> None:
    many = [{"id": str(n), "name": [f"row {n:03}", "", ""]} for n in range(60)]
    tables: list[DataTable] = []

    async def load(query: TableQuery) -> TablePage:
        return rows_page(many, query)

    async def build(_context: PageContext) -> None:
        tables.append(DataTable([NAME], load, noun="row", order="name"))
        await tables[0].refresh()

    async with reading([page(build)]) as user:
        client = await user.open("/")
        (shown,) = user.find(ui.table).elements
        turned = {"page": 3, "rowsPerPage": 25, "sortBy": "name"}
        with client:
            await tables[0]._requested(_event(shown, turned))
            assert shown.rows[0]["id"] == "50"
            del many[40:]
            assert await tables[0].refresh() == 40
            assert shown.rows[0]["id"] == "25"
            assert await tables[0].restart() == 40
            assert shown.rows[0]["id"] == "0"


async def test_a_late_answer_does_not_replace_a_newer_one() -> None:
    first = asyncio.Event()
    answers = [(first, "old"), (None, "new")]
    tables: list[DataTable] = []

    async def load(_query: TableQuery) -> TablePage:
        wait_for, name = answers.pop(0)
        if wait_for:
            await wait_for.wait()
        return TablePage([{"id": name, "name": [name, "", ""]}], 1)

    async def build(_context: PageContext) -> None:
        tables.append(DataTable([NAME], load, noun="row", order="name"))

    async with reading([page(build)]) as user:
        client = await user.open("/")
        with client:
            late = asyncio.ensure_future(tables[0].refresh())
            await asyncio.sleep(0)
            await tables[0].refresh()
            first.set()
            await late
        (shown,) = user.find(ui.table).elements
        assert [row["id"] for row in shown.rows] == ["new"]


def _event(sender: ui.table, pagination: dict[str, Any]) -> Any:
    from nicegui.events import GenericEventArguments

    return GenericEventArguments(
        sender=sender, client=sender.client, args={"pagination": pagination}
    )


async def test_rows_that_are_handed_in() -> None:
    async def build(_context: PageContext) -> None:
        RowTable([NAME], label="Feed", empty="Nothing so far.").show(ROWS)

    async with reading([page(build)]) as user:
        await user.open("/")
        (shown,) = user.find(ui.table).elements
        assert shown.rows == ROWS
        assert shown.props["aria-label"] == "Feed"


async def test_a_difference_has_signs_and_an_end() -> None:
    async def build(_context: PageContext) -> None:
        diff_block("a: 1\nb: 2\n", "a: 1\nb: 3\n", label="short")
        many = "\n".join(f"line {n}" for n in range(LONGEST + 50))
        diff_block("", many, label="long")

    async with reading([page(build)]) as user:
        await user.open("/")
        lines = [each for each in user.find(Tag).elements if "diff-line" in each.classes]
        looks = {each.text.strip(): each.classes[-1] for each in lines}
        assert (looks["-b: 2"], looks["+b: 3"]) == ("went", "came")
        assert "51 more lines" in looks


async def test_a_share_has_both_counts_and_a_bar_only_of_something() -> None:
    async def build(_context: PageContext) -> None:
        meter(0.5, "1 of 2")
        meter(None, "0 of 0")

    async with reading([page(build)]) as user:
        await user.open("/")
        await user.should_see("1 of 2")
        await user.should_see("0 of 0")
        bars = [each for each in user.find(Tag).elements if "fill" in each.classes]
        assert len(bars) == 1


def test_addresses_hold_what_is_set() -> None:
    assert address("/resources", {"kind": "", "label": "app=web"}) == "/resources?label=app%3Dweb"
    assert address("/resources", {"kind": "", "after": 0}) == "/resources"
