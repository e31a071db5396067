"""Matches in words: each differs from every other, and one meaning has one wording."""

from typing import Any

import msgspec

from meshery.behaviours.match import Match
from meshery.meshes.requests import in_words


def words(**match: Any) -> str:
    return in_words(msgspec.convert(match, Match))


def test_a_match_is_told_in_words() -> None:
    header = {"name": "X-Tester", "exact": "yes"}
    query = {"name": "Debug", "present": True}
    path = {"prefix": "/v2/"}
    assert words(path=path, method="GET", headers=[header], query=[query]) == (
        "path below /v2 and method GET and header x-tester exact yes and query Debug"
    )


def test_one_meaning_has_one_wording() -> None:
    assert words() == words(path={"prefix": "/"}) == "all requests"
    assert words(path={"prefix": "/a/"}) == words(path={"prefix": "/a"})
    first, second = {"name": "a"}, {"name": "B", "present": True}
    other = {"name": "b", "present": False, "invert": True}
    assert words(headers=[first, second]) == words(headers=[other, first])


def test_no_two_conditions_are_told_alike() -> None:
    conditions: list[dict[str, Any]] = [
        {},
        {"invert": True},
        *({each: "x"} for each in ("exact", "prefix", "suffix", "contains", "regex")),
        {"exact": "x", "invert": True},
    ]
    told = [
        words(**{where: [{"name": "n", **each}]})
        for where in ("headers", "query")
        for each in conditions
    ]
    told += [words(path={each: "/n"}) for each in ("exact", "prefix", "regex")]
    assert len(set(told)) == len(told)
