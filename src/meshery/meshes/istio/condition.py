"""Which requests a rule of a VirtualService takes, and what two such conditions have in common.

A VirtualService is an ordered list in which the first rule that takes a request decides alone. So
that several behaviours of one host hold together, rules are split where conditions cross.
"""

import re

import msgspec

from meshery.behaviours.match import Match, PathMatch, ValueMatch


class Caller(msgspec.Struct, frozen=True):
    """The pods that call: their labels, as pairs in order, and their namespace."""

    labels: tuple[tuple[str, str], ...]
    namespace: str


class Condition(msgspec.Struct, frozen=True):
    """All that is given must hold; an empty condition takes every request.

    Of `methods` any will do. `port` is that of the service.
    """

    path: PathMatch | None = None
    methods: tuple[str, ...] = ()
    headers: tuple[ValueMatch, ...] = ()
    query: tuple[ValueMatch, ...] = ()
    caller: Caller | None = None
    port: int | None = None

    @property
    def takes_all(self) -> bool:
        """Whether every request meets it."""
        return self == Condition()

    @property
    def specificity(self) -> tuple[int, ...]:
        """A key that sorts more specific conditions first: path, method, headers, caller, port."""
        match = Match(self.path, headers=self.headers, query=self.query)
        kind, length, _, headers, query = match.specificity
        return (
            kind,
            length,
            not self.methods,
            headers,
            query,
            self.caller is None,
            self.port is None,
        )


def condition_of(
    match: Match, *, caller: Caller | None = None, port: int | None = None
) -> Condition:
    """A neutral match as a condition. A prefix `/` is no condition at all."""
    path = match.path
    if path is not None and path.prefix is not None:
        trimmed = path.prefix.rstrip("/")
        path = PathMatch(prefix=trimmed) if trimmed else None
    methods = (match.method,) if match.method else ()
    return Condition(path, methods, match.headers, match.query, caller, port)


def covers(wide: Condition, narrow: Condition) -> bool:
    """Whether every request that meets the narrow condition meets the wide one."""
    return (
        _path_covers(wide.path, narrow.path)
        and (
            not wide.methods or (bool(narrow.methods) and set(narrow.methods) <= set(wide.methods))
        )
        and set(wide.headers) <= set(narrow.headers)
        and set(wide.query) <= set(narrow.query)
        and wide.caller in {None, narrow.caller}
        and wide.port in {None, narrow.port}
    )


def both(one: Condition, other: Condition) -> Condition | None:
    """The condition of requests that meet both; None where there can be none.

    Where a regex meets another path nobody can tell what they have in common: the regex stands.
    """
    path, methods = _both_paths(one.path, other.path), _both_methods(one.methods, other.methods)
    headers, query = _together(one.headers, other.headers), _together(one.query, other.query)
    callers = {each for each in (one.caller, other.caller) if each is not None}
    ports = {each for each in (one.port, other.port) if each is not None}
    if path is None or methods is None or headers is None or query is None:
        return None
    if len(callers) > 1 or len(ports) > 1:
        return None
    caller, port = next(iter(callers), None), next(iter(ports), None)
    return Condition(next(iter(path), None), methods, headers, query, caller, port)


def _path_covers(wide: PathMatch | None, narrow: PathMatch | None) -> bool:
    if wide is None or wide == narrow:
        return True
    if narrow is None or wide.prefix is None:
        return False
    below = narrow.exact if narrow.exact is not None else narrow.prefix
    return below is not None and (below == wide.prefix or below.startswith(f"{wide.prefix}/"))


def _both_paths(one: PathMatch | None, other: PathMatch | None) -> tuple[PathMatch, ...] | None:
    """What both take: one path, or nothing where every path will do; None for no path at all."""
    if one is None or other is None:
        return tuple(each for each in (one, other) if each is not None)
    for wide, narrow in ((one, other), (other, one)):
        if _path_covers(wide, narrow):
            return (narrow,)
    for regex, text in ((one, other.exact), (other, one.exact)):
        if regex.regex is not None and text is not None:
            return (PathMatch(exact=text),) if re.fullmatch(regex.regex, text) else None
    return next(((each,) for each in (one, other) if each.regex is not None), None)


def _both_methods(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...] | None:
    if not one or not other:
        return one or other
    return tuple(each for each in one if each in other) or None


def _together(
    one: tuple[ValueMatch, ...], other: tuple[ValueMatch, ...]
) -> tuple[ValueMatch, ...] | None:
    """All conditions on values; None where one name must have two exact values."""
    whole = one + tuple(each for each in other if each not in one)
    exact: dict[str, str] = {}
    for each in whole:
        wanted = each.exact if not each.invert else None
        if wanted is not None and exact.setdefault(each.name.lower(), wanted) != wanted:
            return None
    return whole
