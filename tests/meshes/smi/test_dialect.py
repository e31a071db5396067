"""Matches as SMI's regular expressions: each mesh holds them against something else."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshery.behaviours.match import Match, PathMatch, ValueMatch
from meshery.meshes.nginx.objects import DIALECT as ANYWHERE
from meshery.meshes.osm.objects import DIALECT as WHOLE
from meshery.meshes.smi.dialect import (
    Dialect,
    header_regex,
    not_sayable,
    path_regex,
    pattern_regex,
    route_match,
)
from meshery.meshes.smi.reading import path_of, pattern_of
from meshery.meshes.traefik_mesh.table import DIALECT as PREFIX

PATHS = [
    (PathMatch(exact="/v2"), ["/v2"], ["/v2/", "/v2/a", "/v2example", "/a/v2"]),
    (PathMatch(prefix="/v2"), ["/v2", "/v2/", "/v2/a"], ["/v2example", "/a/v2"]),
    (PathMatch(prefix="/"), ["/", "/a"], []),
    (PathMatch(exact="/a.b"), ["/a.b"], ["/aXb"]),
    (PathMatch(regex="/v[0-9]+"), ["/v2"], ["/v", "/v2/a", "/x/v2"]),
    (PathMatch(regex="/a|/b"), ["/a", "/b"], ["/ab", "/x/b"]),
]


def takes(regex: str, path: str, dialect: Dialect) -> bool:
    """As the mesh of a dialect holds an expression against a path."""
    if dialect.regex == "whole":
        return re.fullmatch(regex, path) is not None
    return re.search(regex, path) is not None


@pytest.mark.parametrize(("path", "taken", "refused"), PATHS)
@pytest.mark.parametrize("dialect", [WHOLE, ANYWHERE])
def test_a_path_takes_what_its_words_say(
    path: PathMatch, taken: list[str], refused: list[str], dialect: Dialect
) -> None:
    regex = path_regex(path, dialect)
    assert [each for each in taken if not takes(regex, each, dialect)] == []
    assert [each for each in refused if takes(regex, each, dialect)] == []


@pytest.mark.parametrize("dialect", [WHOLE, ANYWHERE])
@pytest.mark.parametrize("pattern", ["/x", "/x*", "*x", "/a.b*"])
def test_a_pattern_is_read_back_as_it_was(pattern: str, dialect: Dialect) -> None:
    assert pattern_of(pattern_regex(pattern, dialect), dialect) == pattern


@pytest.mark.parametrize("dialect", [WHOLE, ANYWHERE])
@pytest.mark.parametrize(
    "path", [{"exact": "/v2"}, {"prefix": "/v2"}, {"prefix": "/"}, {"exact": "/a.b-c"}]
)
def test_a_path_is_read_back_as_it_was(path: dict[str, str], dialect: Dialect) -> None:
    assert path_of(path_regex(PathMatch(**path), dialect), dialect) == path


def test_where_an_expression_is_a_beginning_so_is_every_path() -> None:
    assert path_regex(PathMatch(prefix="/v2"), PREFIX) == "/v2"
    assert path_of("/v2", PREFIX) == {"prefix": "/v2"}
    assert pattern_of("/v2", PREFIX) == "/v2*"


@pytest.mark.parametrize(
    ("header", "taken", "refused"),
    [
        (ValueMatch("h", exact="a.b"), ["a.b"], ["aXb", "a.bc"]),
        (ValueMatch("h", prefix="ab"), ["ab", "abc"], ["xab"]),
        (ValueMatch("h", suffix="ab"), ["ab", "xab"], ["abx"]),
        (ValueMatch("h", contains="ab"), ["ab", "xabx"], ["ba"]),
        (ValueMatch("h", present=True), ["", "a"], []),
    ],
)
@pytest.mark.parametrize("dialect", [WHOLE, ANYWHERE])
def test_a_header_takes_what_its_words_say(
    header: ValueMatch, taken: list[str], refused: list[str], dialect: Dialect
) -> None:
    regex = header_regex(header, dialect)
    assert [each for each in taken if not takes(regex, each, dialect)] == []
    assert [each for each in refused if takes(regex, each, dialect)] == []


def test_what_smi_has_no_words_for_is_named() -> None:
    match = Match(
        headers=(ValueMatch("a", exact="1", invert=True), ValueMatch("b", present=False)),
        query=(ValueMatch("q"),),
    )
    assert not_sayable(match) == [
        "match.query",
        "match.headers[0].invert",
        "match.headers[1].present: false",
    ]
    assert not_sayable(Match(path=PathMatch(exact="/"), method="GET")) == []


def test_headers_stand_as_a_list_as_the_custom_resource_has_them() -> None:
    match = Match(headers=(ValueMatch("a", exact="1"), ValueMatch("b", exact="2")))
    assert route_match("x", match, WHOLE) == {"name": "x", "headers": [{"a": "1"}, {"b": "2"}]}


ELEMENT = st.text("abcXYZ019.-_~+()$", min_size=1, max_size=8)
PATH = st.lists(ELEMENT, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))


@given(PATH, st.sampled_from(["exact", "prefix"]), st.sampled_from([WHOLE, ANYWHERE]))
def test_any_path_is_said_and_read_back(path: str, kind: str, dialect: Dialect) -> None:
    regex = path_regex(PathMatch(**{kind: path}), dialect)
    assert takes(regex, path, dialect)
    assert takes(regex, f"{path}/more", dialect) == (kind == "prefix")
    assert not takes(regex, f"{path}more", dialect)
    assert not takes(regex, f"/before{path}", dialect)
    assert path_of(regex, dialect) == {kind: path}
