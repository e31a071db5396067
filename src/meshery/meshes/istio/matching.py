"""Conditions as the `match` of a VirtualService's rule.

Source: Istio's reference of VirtualService (HTTPMatchRequest), 1.31, read on 2026-11-22.
"""

import re
from collections.abc import Mapping
from typing import Any

from meshery.behaviours.match import PathMatch, ValueMatch
from meshery.meshes.istio.condition import Condition

Native = dict[str, Any]


def native_matches(condition: Condition) -> list[Native]:
    """The `match` of a rule: any of them takes the request; empty for every request.

    A prefix of whole elements is two: the path itself, and all below it.
    """
    rest = _rest(condition)
    return (
        [{**uri, **rest} for uri in _uris(condition.path)]
        if condition.path
        else [rest] * bool(rest)
    )


def _rest(condition: Condition) -> Native:
    made: Native = {}
    if condition.methods:
        one = len(condition.methods) == 1
        value = condition.methods[0] if one else "|".join(condition.methods)
        made["method"] = {"exact" if one else "regex": value}
    for header in condition.headers:
        _put_header(made, header)
    if condition.query:
        made["queryParams"] = {
            each.name: string_match(each, is_query=True) for each in condition.query
        }
    if condition.caller is not None:
        made["sourceLabels"] = dict(condition.caller.labels)
        made["sourceNamespace"] = condition.caller.namespace
    if condition.port is not None:
        made["port"] = condition.port
    return made


def _put_header(made: Native, header: ValueMatch) -> None:
    own = {":authority": "authority", ":method": "method", ":scheme": "scheme"}.get(header.name)
    if own is not None and not header.invert and header.present is None:
        made[own] = string_match(header)
        return
    inverted = header.invert != (header.present is False)
    made.setdefault("withoutHeaders" if inverted else "headers", {})[header.name.lower()] = (
        string_match(header)
    )


def string_match(value: ValueMatch, *, is_query: bool = False) -> Native:
    """Istio knows exact, prefix and regex, and an empty match for what is only present.

    Query parameters know no prefix and no empty match.
    """
    for kind in ("exact", "regex") if is_query else ("exact", "prefix", "regex"):
        if getattr(value, kind) is not None:
            return {kind: getattr(value, kind)}
    for pattern in (
        value.prefix is not None and f"{re.escape(value.prefix)}.*",
        value.suffix is not None and f".*{re.escape(value.suffix)}",
        value.contains is not None and f".*{re.escape(value.contains)}.*",
        is_query and ".*",
    ):
        if pattern:
            return {"regex": pattern}
    return {}


def _uris(path: PathMatch) -> list[Mapping[str, Any]]:
    if path.exact is not None:
        return [{"uri": {"exact": path.exact}}]
    if path.prefix is not None:
        return [{"uri": {"exact": path.prefix}}, {"uri": {"prefix": f"{path.prefix}/"}}]
    return [{"uri": {"regex": path.regex}}]
