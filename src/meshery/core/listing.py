"""One page of rows: by its number, or by the place it goes on after."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from meshery.core.cursor import Place, no_place
from meshery.core.errors import InvalidInputError
from meshery.core.page import MAX_PAGE_SIZE, PageQuery

_LONGEST_INT = 2**63


async def fetch_page(
    connection: AsyncConnection,
    query: Select[Any],
    *,
    page: PageQuery,
    columns: Mapping[str, ColumnElement[Any]],
    key: ColumnElement[Any],
) -> tuple[Sequence[Row[Any]], int]:
    """Rows of one page and the total of `query`.

    `columns` are those one may order by; InvalidInputError for others, and for a place that cannot
    be in them. `key` is each row's own: with it rows that are alike have an order too.
    """
    column = _ordering(page, columns)
    total = (
        await connection.execute(select(func.count()).select_from(query.order_by(None).subquery()))
    ).scalar_one()
    ends = (column, key)
    ordered = query.order_by(*(each.desc() if page.descending else each.asc() for each in ends))
    limit = min(page.page_size, MAX_PAGE_SIZE + 1)  # one more tells whether others follow
    if page.after is None:
        return (await connection.execute(ordered.limit(limit).offset(page.offset))).all(), total
    rows: list[Row[Any]] = []
    # One after the other: of both at once SQLite uses no index.
    for stretch in _stretches(
        page.after, column, key, is_descending=page.descending, dialect=connection.dialect.name
    ):
        rows += (await connection.execute(ordered.where(stretch).limit(limit - len(rows)))).all()
        if len(rows) == limit:
            break
    return rows, total


def _ordering(page: PageQuery, columns: Mapping[str, ColumnElement[Any]]) -> ColumnElement[Any]:
    name = page.order_field
    if name not in columns:
        raise InvalidInputError(
            f"cannot order by {name!r}",
            remedy=f"order by one of {', '.join(sorted(columns))}; `-` before it reverses",
            code="meshery.order",
        )
    return columns[name]


def _stretches(
    place: Place,
    column: ColumnElement[Any],
    key: ColumnElement[Any],
    *,
    is_descending: bool,
    dialect: str,
) -> Iterator[ColumnElement[bool]]:
    """What comes after a place, in order: rows without a value are together at one end."""
    value, identity = _checked(place, column, key)
    # To SQLite NULL is the least of all values, to PostgreSQL the greatest.
    nulls_come_last = (dialect == "postgresql") != is_descending
    if value is None:
        end = literal(identity, key.type)
        yield column.is_(None) & (key < end if is_descending else key > end)
        if not nulls_come_last:
            yield column.is_not(None)
        return
    here = tuple_(column, key)
    there = tuple_(literal(value, column.type), literal(identity, key.type))
    yield here < there if is_descending else here > there
    if nulls_come_last and _is_nullable(column):
        yield column.is_(None)


def _checked(place: Place, column: ColumnElement[Any], key: ColumnElement[Any]) -> tuple[Any, Any]:
    """The two values; whoever asks may have made them up."""
    if len(place.values) != len(("value", "key")):
        raise no_place("it is no cursor of this list")
    value, identity = place.values
    is_known = value is None and _is_nullable(column)
    if not (is_known or _fits(value, column)) or not _fits(identity, key):
        raise no_place("it is no cursor of this list")
    return value, identity


def _fits(value: object, column: ColumnElement[Any]) -> bool:
    if type(value) is not column.type.python_type:
        return False
    if isinstance(value, int):
        return -_LONGEST_INT <= value < _LONGEST_INT
    # A text with NUL is no text to PostgreSQL; a time without zone is no moment.
    if isinstance(value, datetime):
        return value.tzinfo is not None
    return not (isinstance(value, str) and "\0" in value)


def _is_nullable(column: ColumnElement[Any]) -> bool:
    return bool(getattr(column, "nullable", True))
