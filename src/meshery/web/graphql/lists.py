"""Lists as cursor connections: `first` items after a cursor, in an order, and how many in all.

A cursor is the place of an item, made of what the list is ordered by: whoever reads part after part
sees each item once, whatever comes and goes meanwhile. One whose own place changes may be seen
twice or not at all; what must not be missed is followed by a subscription instead.
"""

from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

import msgspec
import strawberry

from meshery.core.cursor import Place, no_place, place_of
from meshery.core.errors import InvalidInputError, Problem
from meshery.core.page import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, Page, PageQuery

T = TypeVar("T")

FIRST = DEFAULT_PAGE_SIZE

Key = Callable[[T, str], tuple[Any, ...]]
"""An item's values in an order by a field: the field's, and what only this item has."""


@strawberry.enum(description="Which comes first.")
class Direction(StrEnum):
    """Which comes first."""

    ASCENDING = "ascending"
    DESCENDING = "descending"


@strawberry.type(description="Where a part of a list lies in the whole.")
class PageInfo:
    """Where a part of a list lies in the whole."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type(description="One item, and the cursor to go on after it.")
class Edge(Generic[T]):
    """One item, and the cursor to go on after it."""

    cursor: str
    node: T


@strawberry.type(description="A part of a list.")
class Connection(Generic[T]):
    """A part of a list; `nodes` are those of `edges`."""

    edges: list[Edge[T]]
    nodes: list[T]
    page_info: PageInfo
    total_count: int


class Ordered(Protocol):
    """An order that was asked for: a field of the list's choice, and which end comes first."""

    @property
    def field(self) -> StrEnum:
        """By what."""

    @property
    def direction(self) -> Direction:
        """Which comes first."""


class EdgeOf(msgspec.Struct, Generic[T], frozen=True):
    """What `Edge` shows."""

    cursor: str
    node: T


class Slice(msgspec.Struct, Generic[T], frozen=True):
    """What `Connection` shows."""

    edges: list[EdgeOf[T]]
    nodes: list[T]
    page_info: PageInfo
    total_count: int


def slice_query(first: int, after: str | None, *, order: Ordered, search: str = "") -> PageQuery:
    """The question for a part of a list. InvalidInputError for a bad `first` or `after`."""
    if not 1 <= first <= MAX_PAGE_SIZE:
        raise _no_size(first)
    # What comes from a query is the plain word, what we give by default the enum: both are text.
    sign = "-" if order.direction == Direction.DESCENDING else ""
    named = f"{sign}{order.field}"
    place = None if after is None else place_of(after, order=named)
    return PageQuery(page_size=first, order=named, search=search.strip(), after=place)


def by_id(item: Any, field: str) -> tuple[Any, ...]:
    """The values of an item whose fields are called as the order's are, and which has an id."""
    return getattr(item, field), item.id


async def slice_of(
    lister: Callable[[PageQuery], Awaitable[Page[T]]], query: PageQuery, *, key: Key[T] = by_id
) -> Slice[T]:
    """The part that a service's list gives; `key` has the values that its rows are ordered by."""
    one_more = msgspec.structs.replace(query, page_size=query.page_size + 1)
    page = await lister(one_more)
    return _slice(page.items, query, page.total, key)


def sliced(items: Sequence[T], query: PageQuery, *, key: Key[T] = by_id) -> Slice[T]:
    """A part of items that are all at hand."""

    def placed(item: T) -> tuple[Any, ...]:
        return key(item, query.order_field)

    ordered = sorted(items, key=placed, reverse=query.descending)
    if query.after is not None:
        here = query.after.values
        try:
            ordered = [
                each
                for each in ordered
                if (placed(each) < here if query.descending else placed(each) > here)
            ]
        except TypeError as error:
            raise no_place("it is no cursor of this list") from error
    return _slice(ordered, query, len(items), key)


def _slice(found: Sequence[T], query: PageQuery, total: int, key: Key[T]) -> Slice[T]:
    items = list(found[: query.page_size])
    places = [Place(query.order, key(each, query.order_field)) for each in items]
    edges = [EdgeOf(at.cursor(), each) for at, each in zip(places, items, strict=True)]
    info = PageInfo(
        has_next_page=len(found) > len(items),
        has_previous_page=query.after is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
    return Slice(edges, items, info, total)


def _no_size(first: int) -> InvalidInputError:
    message = f"{first} is not between 1 and {MAX_PAGE_SIZE}"
    return InvalidInputError(
        "the argument first cannot be used",
        cause=message,
        remedy=f"`first` goes from 1 to {MAX_PAGE_SIZE}",
        code="meshery.graphql.page",
        problems=[Problem("first", message)],
    )
