"""Render tables: objects of one name become one, and nothing goes missing in silence."""

from typing import Any

import pytest

from meshery.adapters.draft import Draft, laid_over, native, render_each
from meshery.behaviours.document import parse_behaviour
from meshery.behaviours.model import Behaviour, Fidelity, Kind
from meshery.behaviours.rendering import Service, ServicePort, World
from meshery.behaviours.resilience import Retry, Timeout

WORLD = World(version="1.2.3", namespace="shop")
ALTERNATIVES = {kind: f"see what {kind} can be" for kind in Kind}


def behaviour(name: str, kind: str, **params: Any) -> Behaviour:
    return parse_behaviour({"name": name, "kind": kind, "target": "api", "params": params})


def _policy(draft: Draft, **spec: Any) -> None:
    draft.put(native("mesh.test/v1", "Policy", draft.service.name, draft.namespace, spec))


def _retry(draft: Draft) -> None:
    params = draft.params(Retry)
    _policy(draft, http={"attempts": params.attempts})
    if params.per_try_timeout_ms is not None:
        draft.dropped("per_try_timeout_ms", "there is none here")


def _timeout(draft: Draft) -> None:
    _policy(draft, http={"timeout": draft.params(Timeout).request_ms})


TABLE = {Kind.RETRY: _retry, Kind.TIMEOUT: _timeout}


def test_two_behaviours_of_one_service_become_one_object() -> None:
    given = [behaviour("again", "retry", attempts=3), behaviour("soon", "timeout", request="2s")]
    found = render_each(given, WORLD, TABLE, ALTERNATIVES, mesh="A mesh")
    spec = {"http": {"attempts": 3, "timeout": 2000.0}}
    assert found.objects == (native("mesh.test/v1", "Policy", "api", "shop", spec),)
    assert [(each.behaviour, each.fidelity) for each in found.outcomes] == [
        ("again", Fidelity.EXACT),
        ("soon", Fidelity.EXACT),
    ]
    assert found.outcomes[0].objects == ("Policy shop/api",)


def test_the_later_of_two_that_disagree_wins_and_says_so() -> None:
    given = [behaviour("first", "retry", attempts=3), behaviour("second", "retry", attempts=4)]
    found = render_each(given, WORLD, TABLE, ALTERNATIVES, mesh="A mesh")
    assert found.objects[0]["spec"] == {"http": {"attempts": 4}}
    first, second = found.outcomes
    where = "spec.http.attempts of Policy shop/api"
    assert first.notes == (f"{where} is replaced by what second says",)
    assert second.notes == (f"{where} was said by first and is replaced",)
    assert (first.fidelity, second.fidelity) == (Fidelity.APPROXIMATE, Fidelity.EXACT)


def test_a_parameter_without_a_place_is_told_by_its_name_in_documents() -> None:
    given = [behaviour("again", "retry", attempts=3, perTryTimeout="1s")]
    (outcome,) = render_each(given, WORLD, TABLE, ALTERNATIVES, mesh="A mesh").outcomes
    assert outcome.fidelity is Fidelity.APPROXIMATE
    assert outcome.notes == ("perTryTimeout is left out: there is none here",)


def test_a_kind_that_the_mesh_lacks_is_unsupported_with_what_comes_nearest() -> None:
    given = [behaviour("copy", "mirror", to={"subset": "v2"})]
    found = render_each(given, WORLD, TABLE, ALTERNATIVES, mesh="A mesh")
    assert found.objects == ()
    (outcome,) = found.outcomes
    assert outcome.fidelity is Fidelity.UNSUPPORTED
    assert (outcome.notes, outcome.alternative) == (
        ("A mesh has nothing for mirror",),
        "see what mirror can be",
    )


def test_lists_stand_one_after_the_other_without_what_is_there_twice() -> None:
    assert laid_over({"on": ["a"], "x": 1}, {"on": ["a", "b"], "y": 2}) == (
        {"on": ["a", "b"], "x": 1, "y": 2},
        [],
    )


def test_the_wrong_parameters_are_a_programming_error() -> None:
    draft = Draft(behaviour("again", "retry", attempts=3), WORLD)
    with pytest.raises(TypeError, match="retry has no Timeout"):
        draft.params(Timeout)


def test_a_service_is_what_is_told_of_it_or_the_convention() -> None:
    known = Service("api", "shop", ports=(ServicePort(9080, "http"),), account="shopper")
    world = World(
        version="1", namespace="shop", services=(known,), callers={"shop/api": ("web/ui",)}
    )
    assert world.service("api") is known
    assert world.service("api.shop") is known
    assert world.callers_of(known)[0].namespace == "web"
    assumed = world.service("api", "other")
    assert (assumed.port.number, assumed.account, assumed.is_assumed) == (80, "api", True)
    assert assumed.subset_labels("v2") == {"version": "v2"}
