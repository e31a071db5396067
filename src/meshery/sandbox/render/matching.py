"""Envoy's matchers of requests, values and callers."""

import re

from meshery.behaviours.match import Match, PathMatch, ValueMatch
from meshery.sandbox.render.names import Json


def route_match(match: Match) -> Json:
    """The match of a route."""
    rendered = _path(match.path)
    headers = [_header(header) for header in match.headers]
    if match.method is not None:
        headers.append(exact_header(":method", match.method))
    if headers:
        rendered["headers"] = headers
    if match.query:
        rendered["query_parameters"] = [_query(query) for query in match.query]
    return rendered


def exact_header(name: str, value: str) -> Json:
    """A header that has exactly this value."""
    return {"name": name, "string_match": {"exact": value}}


def regex_header(name: str, regex: str) -> Json:
    """A header whose whole value a regex matches."""
    return {"name": name, "string_match": {"safe_regex": {"regex": regex}}}


def below_path(path: str) -> Json:
    """Requests for a path and what lies below it, by the path with its query."""
    return regex_header(":path", re.escape(path.rstrip("/")) + r"([/?].*)?")


def caller_header(identity: str) -> Json:
    """Requests of one caller, by the header that the sidecar itself sets from the certificate."""
    return regex_header("x-forwarded-client-cert", f".*;URI={re.escape(identity)}([;,].*)?")


def _path(path: PathMatch | None) -> Json:
    if path is None or path.prefix == "/":
        return {"prefix": "/"}
    if path.exact is not None:
        return {"path": path.exact}
    if path.regex is not None:
        return {"safe_regex": {"regex": path.regex}}
    return {"path_separated_prefix": (path.prefix or "").rstrip("/")}


def _string(match: ValueMatch) -> Json | None:
    for kind in ("exact", "prefix", "suffix", "contains"):
        value = getattr(match, kind)
        if value is not None:
            return {kind: value}
    return None if match.regex is None else {"safe_regex": {"regex": match.regex}}


def _header(match: ValueMatch) -> Json:
    text = _string(match)
    rendered: Json = {"name": match.name}
    if text is None:
        rendered["present_match"] = match.present is not False
    else:
        rendered["string_match"] = text
    if match.invert:
        rendered["invert_match"] = True
    return rendered


def _query(match: ValueMatch) -> Json:
    text = _string(match)
    if text is None:
        return {"name": match.name, "present_match": match.present is not False}
    return {"name": match.name, "string_match": text}
