"""From neutral conditions on requests to those of an HTTPRoute (Gateway API)."""

import re
from typing import Any

from meshery.adapters.draft import Draft
from meshery.behaviours.match import Match, PathMatch, ValueMatch


class NotExpressibleError(Exception):
    """A condition that an HTTPRoute cannot say; the text names it as documents do."""


def route_match(match: Match) -> dict[str, Any]:
    """One entry of `matches`; NotExpressibleError when a condition has no place."""
    entry: dict[str, Any] = {}
    if match.path is not None:
        entry["path"] = path_match(match.path)
    if match.headers:
        entry["headers"] = [_value(each, f"match.headers {each.name}") for each in match.headers]
    if match.query:
        entry["queryParams"] = [_value(each, f"match.query {each.name}") for each in match.query]
    if match.method is not None:
        entry["method"] = match.method
    return entry


def expressed(draft: Draft, match: Match, alternative: str) -> dict[str, Any] | None:
    """The same; where a condition has no place the behaviour is unsupported, and None answered.

    To leave a condition out would send other requests than were meant.
    """
    try:
        return route_match(match)
    except NotExpressibleError as error:
        draft.unsupported(str(error), alternative)
        return None


def path_match(path: PathMatch) -> dict[str, str]:
    """A path; a prefix is one of whole elements there too."""
    if path.exact is not None:
        return {"type": "Exact", "value": path.exact}
    if path.regex is not None:
        return {"type": "RegularExpression", "value": path.regex}
    return {"type": "PathPrefix", "value": path.prefix or "/"}


def _value(wanted: ValueMatch, place: str) -> dict[str, str]:
    if wanted.name.startswith(":"):
        raise NotExpressibleError(f"{place} cannot be matched: HTTPRoute knows no pseudo-headers")
    if wanted.invert or wanted.present is False:
        raise NotExpressibleError(f"{place} cannot be matched: HTTPRoute knows no absence")
    if wanted.exact is not None:
        return {"type": "Exact", "name": wanted.name, "value": wanted.exact}
    return {"type": "RegularExpression", "name": wanted.name, "value": value_regex(wanted)}


def value_regex(wanted: ValueMatch) -> str:
    """A regex that the whole value has to match."""
    if wanted.regex is not None:
        return wanted.regex
    if wanted.prefix is not None:
        return f"{re.escape(wanted.prefix)}.*"
    if wanted.suffix is not None:
        return f".*{re.escape(wanted.suffix)}"
    if wanted.contains is not None:
        return f".*{re.escape(wanted.contains)}.*"
    return ".*"
