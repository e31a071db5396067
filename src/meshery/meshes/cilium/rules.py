"""Envoy's JSON of what a route changes: paths, hosts, redirects."""

import re
from typing import Any

from meshery.adapters.draft import Draft
from meshery.behaviours.match import Match
from meshery.behaviours.traffic import PathRewrite, Redirect, Rewrite
from meshery.sandbox.render.matching import route_match

Object = dict[str, Any]

_REDIRECTS = {
    301: "MOVED_PERMANENTLY",
    302: "FOUND",
    303: "SEE_OTHER",
    307: "TEMPORARY_REDIRECT",
    308: "PERMANENT_REDIRECT",
}


def matched(draft: Draft, match: Match) -> Object | None:
    """The match of a route; None, and unsupported, where a condition cannot be said.

    A condition that is left out would take requests that nobody asked for, so none is.
    """
    for each in match.query:
        if each.invert or each.present is False:
            draft.unsupported(
                f"match: that the query has no such {each.name} cannot be said",
                "say what the value is, with exact, prefix or regex",
            )
            return None
    return route_match(match)


def rewritten(rewrite: Rewrite, match: Match) -> Object:
    """What changes of a request on its way."""
    found: Object = {}
    if rewrite.host is not None:
        found["host_rewrite_literal"] = rewrite.host
    if rewrite.path is not None:
        found["regex_rewrite"] = _path(rewrite.path, match)
    return found


def redirected(redirect: Redirect, match: Match) -> Object:
    """Where the caller is sent."""
    found: Object = {"response_code": _REDIRECTS[redirect.status]}
    for key in ("scheme", "host", "port"):
        value = getattr(redirect, key)
        if value is not None:
            found[f"{key}_redirect"] = value
    if redirect.path is not None and redirect.path.full is not None:
        found["path_redirect"] = redirect.path.full
    elif redirect.path is not None:
        found["regex_rewrite"] = _path(redirect.path, match)
    return found


def _path(path: PathRewrite, match: Match) -> Object:
    """The path without its query; `/v1` replaced by `/` leaves one slash where two would meet."""
    if path.full is not None:
        return _substitute("^.*$", path.full)
    old = re.escape(((match.path.prefix if match.path else None) or "").rstrip("/"))
    new = (path.prefix or "").rstrip("/")
    if not new:
        return {"pattern": {"regex": f"^{old}/*(.*)$"}, "substitution": r"/\1"}
    return _substitute(f"^{old}", new)


def _substitute(regex: str, text: str) -> Object:
    return {"pattern": {"regex": regex}, "substitution": text.replace("\\", r"\\")}
