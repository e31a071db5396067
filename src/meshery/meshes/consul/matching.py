"""From neutral conditions on requests to those of a ServiceRouter."""

import re
from typing import Any

from meshery.behaviours.match import Match, PathMatch, ValueMatch

SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE")
"""Methods that may be sent twice (RFC 9110, section 9.2.2)."""


class NotExpressibleError(Exception):
    """A condition that a ServiceRouter cannot say; the text names it as documents do."""


def http_matches(match: Match) -> list[dict[str, Any]]:
    """The conditions; two of them where a prefix of whole elements is meant.

    `pathPrefix` is one of characters, so `/v2` becomes the path `/v2` and the prefix `/v2/`.
    """
    shared: dict[str, Any] = {}
    if match.headers:
        shared["header"] = [_header(each) for each in match.headers]
    if match.query:
        shared["queryParam"] = [_query(each) for each in match.query]
    if match.method is not None:
        shared["methods"] = [match.method]
    return [{**path, **shared} for path in _paths(match.path)]


def _paths(path: PathMatch | None) -> list[dict[str, str]]:
    if path is None:
        return [{}]
    if path.exact is not None:
        return [{"pathExact": path.exact}]
    if path.regex is not None:
        return [{"pathRegex": path.regex}]
    prefix = (path.prefix or "/").rstrip("/")
    if not prefix:
        return [{"pathPrefix": "/"}]
    return [{"pathExact": prefix}, {"pathPrefix": f"{prefix}/"}]


def _header(wanted: ValueMatch) -> dict[str, Any]:
    made: dict[str, Any] = {"name": wanted.name}
    inverted = wanted.invert
    for field in ("exact", "prefix", "suffix", "regex"):
        value = getattr(wanted, field)
        if value is not None:
            made[field] = value
    if wanted.contains is not None:
        made["regex"] = f".*{re.escape(wanted.contains)}.*"
    if len(made) == 1:
        made["present"] = True
        inverted = inverted != (wanted.present is False)
    if inverted:
        made["invert"] = True
    return made


def _query(wanted: ValueMatch) -> dict[str, Any]:
    if wanted.invert or wanted.present is False:
        raise NotExpressibleError(
            f"match.query {wanted.name} cannot be matched: Consul knows no absence of parameters"
        )
    made: dict[str, Any] = {"name": wanted.name}
    if wanted.exact is not None:
        return {**made, "exact": wanted.exact}
    if wanted.regex is not None:
        return {**made, "regex": wanted.regex}
    if wanted.prefix is not None:
        return {**made, "regex": f"{re.escape(wanted.prefix)}.*"}
    if wanted.suffix is not None:
        return {**made, "regex": f".*{re.escape(wanted.suffix)}"}
    if wanted.contains is not None:
        return {**made, "regex": f".*{re.escape(wanted.contains)}.*"}
    return {**made, "present": True}
