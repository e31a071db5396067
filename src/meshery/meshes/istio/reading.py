"""Conditions read back from the `match` of a rule: what `matching` writes, and what people write.

A prefix that is written as the path itself and all below it becomes one prefix again.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from meshery.behaviours.document import params_document
from meshery.behaviours.match import PathMatch, ValueMatch
from meshery.behaviours.shape import Params
from meshery.meshes.istio.condition import Caller, Condition

Native = Mapping[str, Any]

_SAYABLE = frozenset(
    {
        "uri",
        "method",
        "authority",
        "headers",
        "withoutHeaders",
        "queryParams",
        "sourceLabels",
        "sourceNamespace",
        "port",
        "name",
        "statPrefix",
        "gateways",
    }
)
_METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}
)


def conditions(matches: Sequence[Native]) -> list[Condition | None]:
    """A condition for each match; None for one that no neutral match can say."""
    found = [_condition(each) for each in matches] or [Condition()]
    whole: list[Condition | None] = []
    for each in found:
        if each is not None and _below(each) in found:
            continue  # the path itself, said beside all below it
        path = _parent(each)
        itself = None if each is None or path is None else _with_path(each, PathMatch(exact=path))
        paired = each is not None and itself in found
        whole.append(_with_path(each, PathMatch(prefix=path)) if each and paired else each)
    return whole


def match_document(condition: Condition) -> dict[str, Any]:
    """A condition as the `match` of a document; callers and ports are said elsewhere."""
    given: dict[str, Any] = {}
    if condition.path is not None:
        given["path"] = _plain(condition.path)
    if len(condition.methods) == 1:
        given["method"] = condition.methods[0]
    if condition.headers:
        given["headers"] = [_plain(each) for each in condition.headers]
    if condition.query:
        given["query"] = [_plain(each) for each in condition.query]
    return {"match": given} if given else {}


def is_plain(condition: Condition) -> bool:
    """Whether a condition asks for nothing but what a `match` says."""
    return condition_without_match(condition) == Condition()


def condition_without_match(condition: Condition) -> Condition:
    """What a `match` of a document does not say: callers, ports, and one of several methods."""
    methods = condition.methods if len(condition.methods) > 1 else ()
    return Condition(methods=methods, caller=condition.caller, port=condition.port)


def _plain(params: Params) -> dict[str, Any]:
    return {key: value for key, value in params_document(params).items() if value is not None}


def _condition(match: Native) -> Condition | None:
    if set(match) - _SAYABLE or "mesh" not in match.get("gateways", ["mesh"]):
        return None
    try:
        return Condition(
            _path(match.get("uri")),
            tuple(_methods(match.get("method"))),
            tuple(_headers(match)),
            tuple(_value(name, each) for name, each in _items(match, "queryParams")),
            _caller(match),
            match.get("port"),
        )
    except LookupError:
        return None


def _path(uri: Native | None) -> PathMatch | None:
    if uri is None or uri.get("prefix") == "/":
        return None
    ((kind, value),) = uri.items()
    return PathMatch(**{kind: value})


def _methods(method: Native | None) -> Iterator[str]:
    if method is None:
        return
    for name in str(method.get("exact") or method.get("regex") or "").split("|"):
        if name not in _METHODS:
            raise LookupError(name)
        yield name


def _headers(match: Native) -> Iterator[ValueMatch]:
    for name, each in _items(match, "headers"):
        yield _value(name, each)
    for name, each in _items(match, "withoutHeaders"):
        yield _value(name, each, invert=True) if each else ValueMatch(name, present=False)
    if match.get("authority"):
        yield _value(":authority", match["authority"])


def _items(match: Native, field: str) -> list[tuple[str, Native]]:
    return list((match.get(field) or {}).items())


def _value(name: str, match: Native, *, invert: bool = False) -> ValueMatch:
    if not match:
        return ValueMatch(name, present=True)
    ((kind, value),) = match.items()
    return ValueMatch(name, **{kind: value}, invert=invert)


def _caller(match: Native) -> Caller | None:
    labels, namespace = match.get("sourceLabels"), match.get("sourceNamespace")
    if not labels and not namespace:
        return None
    return Caller(tuple(sorted((labels or {}).items())), namespace or "")


def _below(condition: Condition) -> Condition:
    """For the path itself: the condition of all below it."""
    path = condition.path
    exact = path.exact if path is not None else None
    return _with_path(condition, PathMatch(prefix=f"{exact}/"))


def _parent(condition: Condition | None) -> str | None:
    """For all below a path: that path."""
    prefix = condition.path.prefix if condition is not None and condition.path is not None else None
    return prefix[:-1] if prefix is not None and prefix.endswith("/") else None


def _with_path(condition: Condition, path: PathMatch) -> Condition:
    return msgspec.structs.replace(condition, path=path)
