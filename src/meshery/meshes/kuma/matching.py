"""Matches, filters and ports of MeshHTTPRoute."""

import re
from typing import Any

from meshery.adapters.draft import Draft
from meshery.behaviours.match import Match, ValueMatch
from meshery.behaviours.traffic import HeaderChanges, HeaderOps, PathRewrite, Redirect, Rewrite

Object = dict[str, Any]


def matches(draft: Draft, match: Match) -> list[Object] | None:
    """The `matches` of a rule; None, and unsupported, where a condition cannot be said.

    A condition that is left out would take requests that nobody asked for, so none is.
    """
    found: Object = {"path": {"type": "PathPrefix", "value": "/"}}
    if match.path is not None:
        found["path"] = _path(match)
    if match.method is not None:
        found["method"] = match.method
    try:
        if match.headers:
            found["headers"] = [_header(each) for each in match.headers]
        if match.query:
            found["queryParams"] = [_query(each) for each in match.query]
    except _UnsaidError as unsaid:
        draft.unsupported(f"match: {unsaid}", "say what the value is, with exact, prefix or regex")
        return None
    return [found]


def filters(rewrite: Rewrite | None, redirect: Redirect | None, headers: HeaderOps) -> list[Object]:
    """The filters of a rule, in the order in which they are carried out."""
    found: list[Object] = []
    for name, changes in (("Request", headers.request), ("Response", headers.response)):
        if changes != HeaderChanges():
            key = f"{name.lower()}HeaderModifier"
            found.append({"type": f"{name}HeaderModifier", key: _changes(changes)})
    if rewrite is not None:
        found.append({"type": "URLRewrite", "urlRewrite": _rewrite(rewrite)})
    if redirect is not None:
        found.append({"type": "RequestRedirect", "requestRedirect": _redirect(redirect)})
    return found


class _UnsaidError(Exception):
    """A condition that the API has no word for."""


def _path(match: Match) -> Object:
    path = match.path
    if path is None or path.prefix is not None:
        prefix = "/" if path is None else path.prefix or "/"
        return {"type": "PathPrefix", "value": prefix.rstrip("/") or "/"}
    if path.exact is not None:
        return {"type": "Exact", "value": path.exact}
    return {"type": "RegularExpression", "value": path.regex}


def _header(match: ValueMatch) -> Object:
    # Names of headers are lower case in the API.
    name = match.name.lower()
    if match.exact is None and match.prefix is None and _regex(match) is None:
        is_present = (match.present is not False) != match.invert
        return {"type": "Present" if is_present else "Absent", "name": name}
    if match.invert:
        raise _UnsaidError(f"that the header {match.name} is not something cannot be said")
    if match.exact is not None:
        return {"type": "Exact", "name": name, "value": match.exact}
    if match.prefix is not None:
        return {"type": "Prefix", "name": name, "value": match.prefix}
    return {"type": "RegularExpression", "name": name, "value": _regex(match)}


def _query(match: ValueMatch) -> Object:
    if match.invert or match.present is False:
        raise _UnsaidError(f"that the query has no such {match.name} cannot be said")
    if match.exact is not None:
        return {"type": "Exact", "name": match.name, "value": match.exact}
    prefix = None if match.prefix is None else f"{re.escape(match.prefix)}.*"
    regex = prefix or _regex(match) or ".*"
    return {"type": "RegularExpression", "name": match.name, "value": regex}


def _regex(match: ValueMatch) -> str | None:
    if match.suffix is not None:
        return f".*{re.escape(match.suffix)}"
    if match.contains is not None:
        return f".*{re.escape(match.contains)}.*"
    return match.regex


def _changes(changes: HeaderChanges) -> Object:
    found: Object = {}
    for key, values in (("set", changes.set_), ("add", changes.add)):
        if values:
            found[key] = [{"name": name.lower(), "value": value} for name, value in values.items()]
    if changes.remove:
        found["remove"] = [name.lower() for name in changes.remove]
    return found


def _rewrite(rewrite: Rewrite) -> Object:
    found: Object = {}
    if rewrite.host is not None:
        found["hostname"] = rewrite.host.lower()
    if rewrite.path is not None:
        found["path"] = _path_change(rewrite.path)
    return found


def _redirect(redirect: Redirect) -> Object:
    found: Object = {}
    if redirect.scheme is not None:
        found["scheme"] = redirect.scheme
    if redirect.host is not None:
        found["hostname"] = redirect.host.lower()
    if redirect.path is not None:
        found["path"] = _path_change(redirect.path)
    if redirect.port is not None:
        found["port"] = redirect.port
    return {**found, "statusCode": redirect.status}


def _path_change(path: PathRewrite) -> Object:
    if path.full is not None:
        return {"type": "ReplaceFullPath", "replaceFullPath": path.full}
    return {"type": "ReplacePrefixMatch", "replacePrefixMatch": path.prefix}
