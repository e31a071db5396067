"""One page of a list, and the question that asks for it: the same in every list of every room."""

from typing import Generic, TypeVar

import msgspec

from meshery.core.cursor import Place

T = TypeVar("T")

DEFAULT_PAGE_SIZE = 25
MAX_PAGE_SIZE = 500


class PageQuery(msgspec.Struct, frozen=True):
    """Which page is asked for. `order` is a field's name; `-` before it descends.

    With `after` it is the one that begins after that place, whatever its number.
    """

    page: int = 1
    page_size: int = DEFAULT_PAGE_SIZE
    order: str = "-created_at"
    search: str = ""
    after: Place | None = None

    @property
    def offset(self) -> int:
        """Rows before this page."""
        return (self.page - 1) * self.page_size

    @property
    def order_field(self) -> str:
        """The field's name without its direction."""
        return self.order.removeprefix("-")

    @property
    def descending(self) -> bool:
        """Whether the greatest comes first."""
        return self.order.startswith("-")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page: its items, and how many there are in all. `page` counts from 1."""

    items: list[T]
    page: int
    page_size: int
    total: int

    @classmethod
    def of(cls, items: list[T], query: PageQuery, *, total: int) -> "Page[T]":
        """The page that answers `query`."""
        return cls(items, query.page, query.page_size, total)
