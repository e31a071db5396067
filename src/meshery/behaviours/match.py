"""Which requests: path, method, headers and query parameters; all that is given must hold."""

import re
from collections.abc import Iterator
from typing import Literal

from meshery.behaviours.shape import Fault, Params, exactly_one

# A header, one of HTTP/2's own (`:authority`), or a query parameter.
_NAME = re.compile(r":?[A-Za-z0-9!#$%&'*+.^_`|~\[\]-]+")

Method = Literal["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]


class PathMatch(Params, frozen=True):
    """A path: exact, a prefix of whole elements (`/v2` is not `/v2example`), or a regex (RE2)."""

    exact: str | None = None
    prefix: str | None = None
    regex: str | None = None

    def faults(self) -> Iterator[Fault]:
        """Not exactly one, no leading slash, or no regex."""
        yield from exactly_one(self, "exact", "prefix", "regex")
        for field in ("exact", "prefix"):
            value = getattr(self, field)
            if value is not None and not value.startswith("/"):
                yield Fault(field, "must begin with /", f"write /{value}")
        yield from regex_faults(self.regex)


class ValueMatch(Params, frozen=True):
    """A header or query parameter by its value; without a condition it must be present."""

    name: str
    exact: str | None = None
    prefix: str | None = None
    suffix: str | None = None
    contains: str | None = None
    regex: str | None = None
    present: bool | None = None
    invert: bool = False

    def faults(self) -> Iterator[Fault]:
        """An empty name, two conditions, or no regex."""
        if not _NAME.fullmatch(self.name):
            yield Fault("name", f"{self.name!r} is no name of a header or parameter")
        fields = ("exact", "prefix", "suffix", "contains", "regex", "present")
        given = [field for field in fields if getattr(self, field) is not None]
        if len(given) > 1:
            yield Fault("", f"takes one condition; {' and '.join(given)} are given")
        yield from regex_faults(self.regex)


class Match(Params, frozen=True):
    """Which requests; an empty match takes all."""

    path: PathMatch | None = None
    method: Method | None = None
    headers: tuple[ValueMatch, ...] = ()
    query: tuple[ValueMatch, ...] = ()

    @property
    def takes_all(self) -> bool:
        """Whether every request matches."""
        return self == Match()

    @property
    def specificity(self) -> tuple[int, ...]:
        """A key that sorts more specific matches first (Gateway API: path, method, headers)."""
        kind, length = 3, 0
        if self.path is not None:
            found = self.path.exact or self.path.regex or self.path.prefix or ""
            kind, length = (0 if self.path.exact else 1 if self.path.regex else 2), len(found)
        return (kind, -length, self.method is None, -len(self.headers), -len(self.query))


def regex_faults(regex: str | None) -> Iterator[Fault]:
    """A fault when the regex cannot be compiled, or uses what RE2 lacks."""
    if regex is None:
        return
    try:
        re.compile(regex)
    except re.error as error:
        yield Fault("regex", f"is no regular expression: {error}")
    if re.search(r"\(\?(=|!|<=|<!|P=)|\\[1-9]", regex):
        yield Fault("regex", "uses look-around or a back reference, which RE2 lacks")
