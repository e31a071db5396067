"""Paging, ordering and searching of lists: `?page=1&page_size=25&order=-created_at&search=`.

A route names the fields one may order by; any other is refused, so that no text of a caller
reaches a query.

    Listing = Annotated[PageQuery, Depends(page_query("created_at", "name"))]
"""

from collections.abc import Callable

from fastapi import Query

from meshery.core.errors import InvalidInputError, Problem
from meshery.core.page import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, Page, PageQuery

__all__ = ["Page", "PageQuery", "page_query"]


def page_query(*fields: str, default: str = "-created_at") -> Callable[..., PageQuery]:
    """A dependency that reads a PageQuery whose order is one of `fields`, ascending or `-field`."""
    allowed = frozenset(fields) | {default.removeprefix("-")}

    def read(
        page: int = Query(1, ge=1, le=1_000_000, description="Which page, from 1"),
        page_size: int = Query(
            DEFAULT_PAGE_SIZE, ge=1, le=MAX_PAGE_SIZE, description="Items on a page"
        ),
        order: str = Query(
            default, description=f"One of {', '.join(sorted(allowed))}; - before it descends"
        ),
        search: str = Query("", max_length=200, description="Text to search for"),
    ) -> PageQuery:
        if order.removeprefix("-") not in allowed:
            raise _unknown_order(order, allowed)
        return PageQuery(page=page, page_size=page_size, order=order, search=search.strip())

    return read


def _unknown_order(order: str, allowed: frozenset[str]) -> InvalidInputError:
    choice = ", ".join(sorted(allowed))
    return InvalidInputError(
        f"this list cannot be ordered by {order!r}",
        cause=f"it knows {choice}",
        remedy="use one of these, with - before it for descending order",
        code="meshery.order",
        problems=[Problem("query.order", f"unknown field {order!r}", hint=f"one of {choice}")],
    )
