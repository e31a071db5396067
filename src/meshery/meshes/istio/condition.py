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
    """The condition of requests that meet both; None where there can be none, or none is sayable.

    What a regex has in common with another path is known only where its beginning tells it;
    `is_unclear` says where it is not.
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


def is_unclear(one: Condition, other: Condition) -> bool:
    """Whether nobody can tell what two conditions have in common, because of a regex."""
    if one.path is None or other.path is None or one.path == other.path:
        return False
    without = (msgspec.structs.replace(each, path=None) for each in (one, other))
    if both(*without) is None or _both_paths(one.path, other.path) is not None:
        return False
    regex = next((each.regex for each in (one.path, other.path) if each.regex is not None), None)
    path = one.path if one.path.regex is None else other.path
    if regex is None or path.exact is not None:
        return False
    return path.prefix is None or not _apart(_beginning(regex), path.prefix)


def _path_covers(wide: PathMatch | None, narrow: PathMatch | None) -> bool:
    if wide is None or wide == narrow:
        return True
    if narrow is None or wide.prefix is None:
        return False
    if narrow.regex is not None:
        return _beginning(narrow.regex).startswith(f"{wide.prefix}/")
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
    return None


def _beginning(regex: str) -> str:
    """The characters that all of a regex begins with; an alternative has none."""
    if "|" in regex:
        return ""
    plain = re.match(r"(?:[A-Za-z0-9/_~%@:,;=&!-]|\\[^A-Za-z0-9])*", regex)
    text = plain[0] if plain else ""
    if regex[len(text) :][:1] in {"?", "*", "{", "+"}:
        text = text[:-1]  # the last one may be missing
    return text.replace("\\", "")


def _apart(beginning: str, prefix: str) -> bool:
    """Whether what begins so can never stand below a prefix."""
    shorter = min(len(beginning), len(prefix))
    return beginning[:shorter] != prefix[:shorter]


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
