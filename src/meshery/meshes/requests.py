"""Which requests a match takes, in words: what rules are kept under, and what notes say."""

from collections.abc import Iterator

from meshery.behaviours.match import Match, ValueMatch

_CONDITIONS = ("exact", "prefix", "suffix", "contains", "regex")


def in_words(match: Match) -> str:
    """Which requests, as a person reads it; matches of one meaning say the same."""
    conditions = list(_conditions(match))
    return " and ".join(conditions) if conditions else "all requests"


def _conditions(match: Match) -> Iterator[str]:
    path = match.path
    if path is not None and path.exact is not None:
        yield f"path {path.exact}"
    elif path is not None and path.regex is not None:
        yield f"path like {path.regex}"
    elif path is not None and (path.prefix or "").rstrip("/"):
        yield f"path below {(path.prefix or '').rstrip('/')}"
    if match.method is not None:
        yield f"method {match.method}"
    yield from sorted(_value(each, "header", each.name.lower()) for each in match.headers)
    yield from sorted(_value(each, "query", each.name) for each in match.query)


def _value(match: ValueMatch, what: str, name: str) -> str:
    given = [each for each in _CONDITIONS if getattr(match, each) is not None]
    if not given:
        is_there = (match.present is not False) != match.invert
        return f"{what} {name}" if is_there else f"no {what} {name}"
    (condition,) = given
    inverted = "not " if match.invert else ""
    return f"{what} {name} {inverted}{condition} {getattr(match, condition)}"
