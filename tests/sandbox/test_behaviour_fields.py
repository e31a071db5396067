"""What the forms say is what the parser reads."""

from typing import Any

import pytest

from meshery.behaviours.document import behaviour_document, parse_behaviour
from meshery.behaviours.model import Behaviour, Kind
from meshery.core.errors import InvalidInputError
from meshery.sandbox.behaviour_fields import FIELDS, make_document

FILLED: dict[Kind, dict[str, Any]] = {
    Kind.MIRROR: {"to.subset": "v2"},
    Kind.ROUTE: {"match.path.prefix": "/v2", "subset": "v2", "rewrite.path.prefix": "/"},
    Kind.EGRESS: {"hosts": "example.com, *.example.org"},
    Kind.ACCESS: {"from": "web"},
}


def made(kind: Kind, **values: Any) -> Behaviour:
    first = {field.path: field.value for field in FIELDS[kind]}
    document = make_document(
        kind,
        name=f"{kind.value}-api",
        target="api",
        values={**first, **FILLED.get(kind, {}), **values},
        weights={"v1": 90.0, "v2": 10.0},
    )
    return parse_behaviour(document)


@pytest.mark.parametrize("kind", list(Kind))
def test_the_first_values_of_every_form_are_a_behaviour(kind: Kind) -> None:
    behaviour = made(kind)
    assert behaviour.kind is kind
    assert behaviour.target.service == "api"
    assert behaviour.source is None


def test_weights_become_backends() -> None:
    assert behaviour_document(made(Kind.SPLIT))["params"] == {
        "backends": [{"subset": "v1", "weight": 90}, {"subset": "v2", "weight": 10}]
    }


def test_a_share_without_its_fault_is_left_out() -> None:
    params = behaviour_document(made(Kind.FAULT, **{"delay.duration": "", "abort.status": 503.0}))
    assert params["params"] == {"abort": {"status": 503}}


def test_lists_are_cut_at_commas_and_callers_are_identities() -> None:
    document = behaviour_document(made(Kind.ACCESS, **{"from": "web, gateway", "paths": "/admin*"}))
    assert document["params"] == {
        "action": "deny",
        "from": [{"identity": "web"}, {"identity": "gateway"}],
        "to": [{"paths": ["/admin*"]}],
    }


def test_a_header_needs_its_name() -> None:
    without = behaviour_document(made(Kind.ROUTE, **{"header.exact": "beta"}))
    assert "headers" not in without["params"]["match"]
    values = {"header.name": "x-user", "header.exact": "beta"}
    found = behaviour_document(made(Kind.ROUTE, **values))
    assert found["params"]["match"]["headers"] == [{"name": "x-user", "exact": "beta"}]


def test_a_source_is_named_only_where_one_is_chosen() -> None:
    document = make_document(
        Kind.TIMEOUT, name="t", target="api", source="web", values={"request": "2s"}
    )
    assert parse_behaviour(document).source == "web"


def test_faults_come_from_the_parser() -> None:
    with pytest.raises(InvalidInputError) as caught:
        made(Kind.TIMEOUT, request="soon")
    assert "params.request" in [problem.path for problem in caught.value.problems]
