"""Pages of rows on both databases: by number, and from place to place."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import BigInteger, Column, Float, Row, String, Table, delete, insert, select
from sqlalchemy.schema import CreateTable

from meshery.core.cursor import Place, place_of
from meshery.core.database import Database, UtcTime, metadata
from meshery.core.errors import InvalidInputError
from meshery.core.listing import fetch_page
from meshery.core.page import PageQuery

thing = Table(
    "test_listed",
    type(metadata)(),
    Column("name", String(50), primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("weight", Float),
    Column("at", UtcTime),
)
COLUMNS = {name: thing.c[name] for name in ("name", "count", "weight", "at")}
BEGIN = datetime(2026, 11, 21, 10, microsecond=1, tzinfo=UTC)
ORDERS = [f"{sign}{name}" for name in COLUMNS for sign in ("", "-")]


@pytest.fixture
async def things(database: Database) -> Database:
    """Eleven rows, alike by threes; some have neither weight nor time."""
    async with database.write() as connection:
        await connection.execute(CreateTable(thing))
        await connection.execute(insert(thing), [row(number) for number in range(11)])
    return database


def row(number: int) -> dict[str, Any]:
    at = BEGIN + timedelta(microseconds=number % 3) if number % 4 else None
    weight = number % 2 / 3 if number % 5 else None
    return {"name": f"n{number:02}", "count": number % 3, "weight": weight, "at": at}


async def page_of(things: Database, query: PageQuery) -> tuple[Sequence[Row[Any]], int]:
    async with things.read() as connection:
        return await fetch_page(
            connection, select(thing), page=query, columns=COLUMNS, key=thing.c.name
        )


def next_page(query: PageQuery, last: Row[Any]) -> PageQuery:
    """After a row, by way of its cursor."""
    values = (getattr(last, query.order_field), last.name)
    place = place_of(Place(query.order, values).cursor(), order=query.order)
    return PageQuery(page_size=query.page_size, order=query.order, after=place)


async def test_pages_are_ordered_counted_and_bounded(things: Database) -> None:
    found, total = await page_of(things, PageQuery(page=2, page_size=4, order="-name"))
    assert ([row.name for row in found], total) == (["n06", "n05", "n04", "n03"], 11)
    with pytest.raises(InvalidInputError, match="order by"):
        await page_of(things, PageQuery(order="count; drop table"))


@pytest.mark.parametrize("order", ORDERS)
async def test_from_place_to_place_all_rows_are_read_in_order(things: Database, order: str) -> None:
    """Also those without a value, which are at one end."""
    whole, _ = await page_of(things, PageQuery(page_size=100, order=order))
    query = PageQuery(page_size=2, order=order)
    seen: list[Row[Any]] = []
    while True:
        found, total = await page_of(things, query)
        assert total == len(whole)
        if not found:
            break
        seen += found
        query = next_page(query, found[-1])
    assert seen == list(whole)


@pytest.mark.parametrize("order", ORDERS)
async def test_rows_that_come_and_go_between_pages_move_no_others(
    things: Database, order: str
) -> None:
    whole, _ = await page_of(things, PageQuery(page_size=100, order=order))
    query = PageQuery(page_size=3, order=order)
    seen: list[str] = []
    number = 100
    while found := (await page_of(things, query))[0]:
        seen += [each.name for each in found]
        query = next_page(query, found[-1])
        async with things.write() as connection:
            # What was read last is gone; others come before and behind the place.
            await connection.execute(delete(thing).where(thing.c.name == found[-1].name))
            if number < 110:
                new = [row(each) | {"name": f"{at}{each}"} for at in "az" for each in range(5)]
                fresh = [each | {"name": f"{each['name']}{number}"} for each in new]
                await connection.execute(insert(thing), fresh)
        number += 1
    assert len(seen) == len(set(seen))
    kept = [each.name for each in whole]
    assert [each for each in seen if each in kept] == kept


@pytest.mark.parametrize(
    ("order", "values"),
    [
        ("count", ("1", "n01")),
        ("count", (None, "n01")),
        ("count", (True, "n01")),
        ("count", (2**63, "n01")),
        ("count", (1, 1)),
        ("count", (1, None)),
        ("count", (1,)),
        ("count", (1, "n01", "n02")),
        ("name", ("n\0", "n01")),
        ("at", (17, "n01")),
        ("weight", ("heavy", "n01")),
    ],
)
async def test_a_place_that_cannot_be_is_refused(
    things: Database, order: str, values: tuple[Any, ...]
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        await page_of(things, PageQuery(order=order, after=Place(order, values)))
    assert [each.path for each in refused.value.problems] == ["after"]
