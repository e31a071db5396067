"""How large a query may be, measured before anything else looks at it."""

from itertools import pairwise
from typing import Any

import pytest
from graphql import build_schema, get_introspection_query, parse

from meshery.server.graphql.limits import MAX_ALIASES, MAX_COST, MAX_DEPTH, MAX_FIELDS, refusal

SCHEMA = build_schema(
    """
    type Query { resources(first: Int! = 25): ResourceConnection! one: Resource }
    type Subscription { resources(first: Int! = 25): ResourceConnection! }
    type Resource {
      id: ID! name: String! labels: [String!]! parts: [Resource!]!
      resources(first: Int! = 25): ResourceConnection!
    }
    type ResourceConnection {
      edges: [ResourceEdge!]! nodes: [Resource!]! pageInfo: PageInfo! totalCount: Int!
    }
    type ResourceEdge { cursor: String! node: Resource! }
    type PageInfo { endCursor: String }
    """
)
LIST = "resources(first: %s) { nodes { %s } }"
VARIABLE = f"query($n: Int!) {{ {LIST % ('$n', LIST % ('$n', 'name'))} }}"


def refused(query: str, **variables: Any) -> str:
    found = refusal(parse(query), variables, schema=SCHEMA)
    return found.what if found else ""


def deep(levels: int) -> str:
    return "{ a " * levels + "}" * levels


def nested(levels: int, first: int = 100) -> str:
    query = "name"
    for _ in range(levels):
        query = LIST % (first, query)
    return f"{{ {query} }}"


def spread(levels: int) -> str:
    """The lists of `nested`, whose items only fragments ask for."""
    names = [f"F{n}" for n in range(levels)]
    form = "fragment {} on ResourceConnection {{ nodes {{ name {} }} }}"
    inner = [f"resources {{ ...{name} }}" for name in names[1:]]
    parts = [form.format(*each) for each in zip(names, [*inner, ""], strict=True)]
    return " ".join([f"{{ resources {{ ...{names[0]} }} }}", *parts])


def whole(levels: int) -> str:
    """Lists within lists that come whole."""
    return f"{{ one {{ {'parts { ' * levels} name {'}' * levels} }} }}"


def test_ordinary_queries_pass() -> None:
    assert refused("{ resources { nodes { id name labels } pageInfo { endCursor } } }") == ""
    assert refused(nested(1, 500)) == ""
    assert refused(nested(2, 25)) == ""
    assert refused(spread(2)) == ""
    assert refused(whole(3)) == ""
    assert refused(get_introspection_query(input_value_deprecation=True)) == ""


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (deep(MAX_DEPTH + 1), "levels deep"),
        ("{ " + "a " * (MAX_FIELDS + 1) + "}", "fields"),
        ("{ " + " ".join(f"a{i}: a" for i in range(MAX_ALIASES + 1)) + " }", "aliases"),
        (nested(3), "items in cost"),
        (nested(4, 25), "items in cost"),
        (VARIABLE, "items in cost"),
        (spread(4), "items in cost"),
        (whole(6), "items in cost"),
        ("{ ...F } fragment F on Query { " + nested(3)[1:], "items in cost"),
        ("{ ... on Query " + nested(3) + " }", "items in cost"),
        ("subscription " + nested(3), "items in cost"),
    ],
)
def test_what_is_too_large_is_refused(query: str, said: str) -> None:
    assert said in refused(query)


def test_a_variable_says_how_much() -> None:
    assert refused(VARIABLE, n=25) == ""
    assert "in cost" in refused(VARIABLE, n=400)
    assert "in cost" in refused(VARIABLE, n="much")


def test_fragments_within_fragments_are_measured_once_each() -> None:
    names = [f"F{i}" for i in range(60)]
    parts = [f"fragment {name} on Q {{ ...{after} ...{after} }}" for name, after in pairwise(names)]
    query = "{ ...F0 } " + " ".join(parts) + f" fragment {names[-1]} on Q {{ a }}"
    assert "fields" in refused(query)  # 2^59 of them: counted, never walked


@pytest.mark.parametrize("query", ["{ ...F } fragment F on Q { ...F a }", "{ ...Missing }"])
def test_what_validation_refuses_is_left_to_it(query: str) -> None:
    assert refused(query) == ""


def test_the_most_expensive_query_that_passes_is_bounded() -> None:
    assert MAX_COST <= 100_000
    assert "in cost" in refused(nested(2, 400))
