"""Lists as cursor connections: `first` items after a cursor, in an order, and how many in all.

A cursor is a place in the list as it is ordered at that moment. What must not be missed while a
list changes is followed by a subscription instead.
"""

import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

import msgspec
import strawberry

from meshery.core.errors import InvalidInputError, Problem
from meshery.core.page import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, Page, PageQuery

T = TypeVar("T")

FIRST = DEFAULT_PAGE_SIZE
_MARK = "at:"
_FARTHEST = 1_000_000_000


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


class SliceQuery(PageQuery, frozen=True):
    """A page that begins anywhere: at row `start`, counted from 0."""

    start: int = 0

    @property
    def offset(self) -> int:
        """Rows before this page."""
        return self.start


def slice_query(
    first: int, after: str | None, *, order: Ordered | None = None, search: str = ""
) -> SliceQuery:
    """The question for a part of a list. InvalidInputError for a bad `first` or `after`."""
    if not 1 <= first <= MAX_PAGE_SIZE:
        raise _refused("first", f"{first} is not between 1 and {MAX_PAGE_SIZE}")
    query = SliceQuery(page_size=first, search=search.strip(), start=_start(after))
    if order is None:
        return query
    # What comes from a query is the plain word, what we give by default the enum: both are text.
    sign = "-" if order.direction == Direction.DESCENDING else ""
    return msgspec.structs.replace(query, order=f"{sign}{order.field}")


async def slice_of(
    lister: Callable[[SliceQuery], Awaitable[Page[T]]], query: SliceQuery
) -> Slice[T]:
    """The part that a service's list gives."""
    page = await lister(query)
    return _slice(page.items, query.start, page.total)


def sliced(items: Sequence[T], query: SliceQuery, *, key: Callable[[T, str], Any]) -> Slice[T]:
    """A part of items that are all at hand; `key` gives the value that a field orders by."""
    ordered = sorted(items, key=lambda each: key(each, query.order_field), reverse=query.descending)
    part = ordered[query.start : query.start + query.page_size]
    return _slice(part, query.start, len(ordered))


def _slice(items: list[T], start: int, total: int) -> Slice[T]:
    edges = [EdgeOf(_cursor(start + place), each) for place, each in enumerate(items)]
    info = PageInfo(
        has_next_page=start + len(items) < total,
        has_previous_page=start > 0,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
    return Slice(edges, items, info, total)


def _cursor(place: int) -> str:
    return base64.urlsafe_b64encode(f"{_MARK}{place}".encode()).decode()


def _start(cursor: str | None) -> int:
    """The row after a cursor."""
    if cursor is None:
        return 0
    try:
        text = base64.urlsafe_b64decode(cursor.encode()).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise _refused("after", "it is no cursor of ours") from error
    place = text.removeprefix(_MARK)
    if not text.startswith(_MARK) or not place.isdecimal() or len(place) > len(str(_FARTHEST)):
        raise _refused("after", "it is no cursor of ours")
    return int(place) + 1


def _refused(argument: str, message: str) -> InvalidInputError:
    return InvalidInputError(
        f"the argument {argument} cannot be used",
        cause=message,
        remedy=f"`first` goes from 1 to {MAX_PAGE_SIZE}, `after` is a cursor of the same list",
        code="meshery.graphql.page",
        problems=[Problem(argument, message)],
    )
