"""What two conditions have in common, judged by requests."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshery.behaviours.match import PathMatch, ValueMatch
from meshery.meshes.istio.condition import Caller, Condition, both, covers, is_unclear
from meshery.meshes.istio.matching import native_matches

PATHS = ("/", "/a", "/a/b", "/ab", "/b")
CALLERS = (None, Caller((("app", "web"),), "shop"), Caller((("app", "pay"),), "shop"))

path = st.one_of(
    st.none(),
    st.sampled_from(PATHS).map(lambda text: PathMatch(exact=text)),
    st.sampled_from(PATHS[1:]).map(lambda text: PathMatch(prefix=text)),
)
values = st.sampled_from(
    [
        (),
        (ValueMatch("x-a", exact="1"),),
        (ValueMatch("x-a", exact="2"),),
        (ValueMatch("x-b", exact="1"),),
        (ValueMatch("x-a", exact="1", invert=True),),
    ]
)
condition = st.builds(
    Condition,
    path=path,
    methods=st.sampled_from([(), ("GET",), ("POST",), ("GET", "POST")]),
    headers=values,
    query=values.filter(lambda each: not any(value.invert for value in each)),
    caller=st.sampled_from(CALLERS),
    port=st.sampled_from([None, 80, 9090]),
)
request = st.fixed_dictionaries(
    {
        "path": st.sampled_from([*PATHS, "/a/b/c"]),
        "method": st.sampled_from(["GET", "POST", "PUT"]),
        "headers": st.dictionaries(st.sampled_from(["x-a", "x-b"]), st.sampled_from("12")),
        "query": st.dictionaries(st.sampled_from(["x-a", "x-b"]), st.sampled_from("12")),
        "app": st.sampled_from(["web", "pay"]),
        "port": st.sampled_from([80, 9090]),
    }
)
Request = dict[str, Any]


def takes(condition: Condition, asked: Request) -> bool:
    """Whether Istio's own matches of a condition take a request."""
    matches = native_matches(condition)
    return not matches or any(_meets(each, asked) for each in matches)


def _meets(match: dict[str, Any], asked: Request) -> bool:
    labels = match.get("sourceLabels", {})
    return (
        _string(match.get("uri"), asked["path"])
        and _string(match.get("method"), asked["method"])
        and all(_string(each, asked["headers"].get(name)) for name, each in _of(match, "headers"))
        and all(_string(each, asked["query"].get(name)) for name, each in _of(match, "queryParams"))
        and not any(
            _string(each, asked["headers"].get(name)) for name, each in _of(match, "withoutHeaders")
        )
        and labels.get("app") in {None, asked["app"]}
        and match.get("port") in {None, asked["port"]}
    )


def _of(match: dict[str, Any], field: str) -> list[tuple[str, dict[str, str]]]:
    return list(match.get(field, {}).items())


def _string(match: dict[str, str] | None, value: str | None) -> bool:
    if match is None:
        return True
    if value is None:
        return False
    if "exact" in match:
        return value == match["exact"]
    if "prefix" in match:
        return value.startswith(match["prefix"])
    return re.fullmatch(match.get("regex", ".*"), value) is not None


def is_sayable(whole: Condition) -> bool:
    """Whether no header has two conditions, of which Istio could say only one."""
    names = [(each.name, each.invert) for each in whole.headers]
    return len(names) == len(set(names))


@given(condition, condition, request)
def test_what_two_conditions_have_in_common_takes_what_both_take(
    one: Condition, other: Condition, asked: Request
) -> None:
    met = both(one, other)
    expected = takes(one, asked) and takes(other, asked)
    if met is None:
        assert not expected
    elif is_sayable(met):
        assert takes(met, asked) == expected


@given(condition, condition, request)
def test_a_condition_that_covers_another_takes_all_that_it_takes(
    wide: Condition, narrow: Condition, asked: Request
) -> None:
    if covers(wide, narrow) and takes(narrow, asked):
        assert takes(wide, asked)


@given(condition, condition)
def test_what_is_covered_is_what_both_have_in_common(wide: Condition, narrow: Condition) -> None:
    assert both(narrow, narrow) == narrow
    if covers(wide, narrow):
        met = both(wide, narrow)
        assert met is not None
        assert covers(narrow, met)


def test_a_prefix_means_whole_elements() -> None:
    below = Condition(path=PathMatch(prefix="/v2"))
    assert [each["uri"] for each in native_matches(below)] == [{"exact": "/v2"}, {"prefix": "/v2/"}]


def test_values_that_istio_has_no_word_for() -> None:
    headers = (
        ValueMatch("X-Name", suffix=".test"),
        ValueMatch("x-text", contains="a.b"),
        ValueMatch("x-there", present=True),
        ValueMatch("x-gone", present=False),
        ValueMatch("x-not", exact="1", invert=True),
        ValueMatch(":authority", prefix="api."),
    )
    query = (ValueMatch("q", prefix="a+"), ValueMatch("r"))
    (match,) = native_matches(Condition(headers=headers, query=query))
    assert match == {
        "headers": {
            "x-name": {"regex": ".*\\.test"},
            "x-text": {"regex": ".*a\\.b.*"},
            "x-there": {},
        },
        "withoutHeaders": {"x-gone": {}, "x-not": {"exact": "1"}},
        "authority": {"prefix": "api."},
        "queryParams": {"q": {"regex": "a\\+.*"}, "r": {"regex": ".*"}},
    }


def by_regex(regex: str) -> Condition:
    return Condition(path=PathMatch(regex=regex))


@pytest.mark.parametrize(
    ("regex", "path", "expected"),
    [
        ("/a/v[0-9]+", PathMatch(prefix="/a"), "regex"),
        ("/a\\.b/.*", PathMatch(prefix="/a.b"), "regex"),
        ("/a/v[0-9]+", PathMatch(exact="/a/v1"), "path"),
        ("/a/v[0-9]+", PathMatch(exact="/a/vx"), "none"),
        ("/b/v[0-9]+", PathMatch(prefix="/a"), "none"),
        ("/a.*", PathMatch(prefix="/a"), "unclear"),
        ("/a/?.*", PathMatch(prefix="/a"), "unclear"),
        ("/a/b|/c", PathMatch(prefix="/a"), "unclear"),
        ("/a/v[0-9]+", PathMatch(regex="/a/w.*"), "unclear"),
    ],
)
def test_what_a_regex_has_in_common_with_a_path(regex: str, path: PathMatch, expected: str) -> None:
    met = both(by_regex(regex), Condition(path=path))
    found = None if met is None else met.path
    assert found == {"regex": PathMatch(regex=regex), "path": path}.get(expected)
    assert is_unclear(Condition(path=path), by_regex(regex)) == (expected == "unclear")
