"""Behaviours that meet in one host: what wins, what is split, and what is said of the rest."""

from typing import Any

import pytest

from meshery.behaviours.document import parse_behaviour
from meshery.behaviours.model import Fidelity
from meshery.behaviours.rendering import Outcome, Rendering, Service, ServicePort, World
from meshery.meshes.istio.mesh import MESH

WORLD = World(
    version="1.31.0",
    namespace="shop",
    services=(
        Service("api", "shop", labels={"app": "api"}, subsets={"v2": {"version": "v2"}}),
        Service("store", "shop", ports=(ServicePort(6379, "redis", "tcp"),)),
    ),
)

AMBIENT = World(version="1.31.0", namespace="shop", data_plane="ambient")


def rendered(*behaviours: dict[str, Any], world: World = WORLD) -> Rendering:
    documents = [
        {"name": f"{each['kind']}-{place}", "target": "api", **each}
        for place, each in enumerate(behaviours)
    ]
    return MESH.render([parse_behaviour(each) for each in documents], world)


def spec(rendering: Rendering, kind: str) -> dict[str, Any]:
    (found,) = [each["spec"] for each in rendering.objects if each["kind"] == kind]
    assert isinstance(found, dict)
    return found


def retry(attempts: int, **more: Any) -> dict[str, Any]:
    return {"kind": "retry", "params": {"attempts": attempts}, **more}


def test_the_later_of_two_that_say_the_same_thing_wins_and_says_so() -> None:
    found = rendered(retry(3), retry(4))
    (rule,) = spec(found, "VirtualService")["http"]
    assert rule["retries"]["attempts"] == 4
    assert found.outcomes[0].notes == ()
    assert found.outcomes[1].notes == (
        "retries.attempts was said by another behaviour and is replaced",
    )


@pytest.mark.parametrize("order", [1, -1])
def test_what_is_said_for_one_caller_wins_whatever_the_order(order: int) -> None:
    found = rendered(*[retry(3), retry(1, source="web")][::order])
    first, last = spec(found, "VirtualService")["http"]
    assert (first["match"][0]["sourceLabels"], first["retries"]["attempts"]) == ({"app": "web"}, 1)
    assert ("match" in last, last["retries"]["attempts"]) == (False, 3)


def test_a_fault_of_one_path_reaches_both_halves_of_a_split() -> None:
    backends = [{"service": "api", "weight": 9}, {"subset": "v2", "weight": 1}]
    fault = {"match": {"path": {"exact": "/a"}}, "abort": {"status": 500}}
    found = rendered(
        {"kind": "split", "params": {"backends": backends}}, {"kind": "fault", "params": fault}
    )
    first, last = spec(found, "VirtualService")["http"]
    assert first["route"] == last["route"]
    assert [each["weight"] for each in last["route"]] == [9, 1]
    assert ("fault" in first, "fault" in last) == (True, False)


def test_a_limit_of_each_try_comes_with_the_tries_that_istio_makes() -> None:
    found = rendered({"kind": "timeout", "params": {"perTry": "1s"}})
    (rule,) = spec(found, "VirtualService")["http"]
    assert rule["retries"] == {"attempts": 2, "perTryTimeout": "1s"}


def test_a_rule_that_is_never_reached_is_told() -> None:
    one = {"kind": "route", "params": {"backends": [{"subset": "v2"}]}}
    found = rendered(one, {**one, "params": {"backends": [{"service": "other"}]}})
    assert found.outcomes[1].fidelity is Fidelity.APPROXIMATE
    assert "is never reached: route-0 takes the same requests" in found.outcomes[1].notes


def test_a_subset_that_shares_its_rule_cannot_be_told_apart() -> None:
    target = {"service": "api", "subset": "v2"}
    backends = [{"service": "api", "weight": 9}, {"subset": "v2", "weight": 1}]
    split = {"kind": "split", "params": {"backends": backends}}
    outcome = rendered(split, retry(3, target=target)).outcomes[1]
    assert (outcome.fidelity, outcome.objects) == (Fidelity.UNSUPPORTED, ())
    assert outcome.alternative.startswith("send the requests that are meant")
    alone = {"kind": "route", "params": {"backends": [{"subset": "v2"}]}}
    assert rendered(alone, retry(3, target=target)).outcomes[1].fidelity is Fidelity.EXACT


def test_the_part_of_a_timeout_that_has_a_place_is_kept() -> None:
    target = {"service": "api", "subset": "v2"}
    both = {"kind": "timeout", "target": target, "params": {"request": "2s", "connect": "1s"}}
    found = rendered(both)
    assert [each["kind"] for each in found.objects] == ["DestinationRule"]
    assert found.outcomes[0].fidelity is Fidelity.APPROXIMATE
    assert any(note.startswith("target.subset is left out") for note in found.outcomes[0].notes)


def test_the_whole_mesh_is_the_services_that_are_known() -> None:
    every = retry(3, target="*")
    hosts = [each["spec"]["hosts"][0] for each in rendered(every).objects]
    assert hosts == ["api.shop.svc.cluster.local", "store.shop.svc.cluster.local"]
    nobody = rendered(every, world=World(version="1.31.0")).outcomes[0]
    assert nobody.fidelity is Fidelity.UNSUPPORTED
    assert "defaultHttpRetryPolicy" in nobody.alternative
    both = {"kind": "timeout", "target": "*", "params": {"request": "2s", "connect": "1s"}}
    partly = rendered(both, world=World(version="1.31.0")).outcomes[0]
    assert partly.fidelity is Fidelity.APPROXIMATE
    assert partly.objects == ("DestinationRule istio-system/default",)


def test_what_is_of_http_is_told_of_a_port_that_speaks_none() -> None:
    outcome = rendered(retry(3, target="store")).outcomes[0]
    assert outcome.notes == ("store speaks tcp: holds for HTTP only",)


def test_a_redirect_that_would_lead_back_is_refused() -> None:
    redirect = {"path": {"prefix": "/b"}}
    params = {"match": {"path": {"prefix": "/a"}}, "redirect": redirect}
    given = {"kind": "route", "params": params}
    old = rendered(given, world=World(version="1.30.4", namespace="shop")).outcomes[0]
    assert (old.fidelity, old.objects) == (Fidelity.UNSUPPORTED, ())
    first, second, _ = spec(rendered(given), "VirtualService")["http"]
    assert first["redirect"] == {"uri": "/b", "redirectCode": 302}
    assert second["redirect"] == {"prefixRewrite": "/b/", "redirectCode": 302}


def outcomes(kind: str, **params: Any) -> Outcome:
    return rendered({"kind": kind, "params": params}).outcomes[0]


@pytest.mark.parametrize(
    ("params", "alternative"),
    [({"errorRatio": 50}, "ejection"), ({"latency": "1s"}, "limits"), ({"count": 5}, "")],
)
def test_a_breaker_is_rendered_only_by_count(params: dict[str, Any], alternative: str) -> None:
    outcome = outcomes("trip", **params)
    expected = Fidelity.UNSUPPORTED if alternative else Fidelity.APPROXIMATE
    assert outcome.fidelity is expected
    assert alternative in outcome.alternative


def test_a_limit_of_nothing_is_never_no_limit() -> None:
    found = rendered({"kind": "limits", "params": {"maxPending": 0}})
    pool = spec(found, "DestinationRule")["trafficPolicy"]["connectionPool"]
    assert pool == {"http": {"http1MaxPendingRequests": 1}}
    assert found.outcomes[0].fidelity is Fidelity.APPROXIMATE


@pytest.mark.parametrize(
    ("kind", "params", "world"),
    [
        ("timeout", {"responseHeaders": "1s"}, WORLD),
        ("fault", {"bandwidth": {"kbps": 100}}, AMBIENT),
    ],
)
def test_what_leaves_nothing_to_write_is_unsupported(
    kind: str, params: dict[str, Any], world: World
) -> None:
    outcome = rendered({"kind": kind, "params": params}, world=world).outcomes[0]
    assert (outcome.fidelity, outcome.objects) == (Fidelity.UNSUPPORTED, ())
    assert outcome.alternative


def test_no_limit_is_what_istio_does_anyway() -> None:
    outcome = rendered({"kind": "timeout", "params": {"request": "0s"}}).outcomes[0]
    assert (outcome.fidelity, outcome.objects) == (Fidelity.EXACT, ())
    assert outcome.notes


def test_many_routes_of_a_gateway_fill_several_objects() -> None:
    routes = [{"path": f"/{number}"} for number in range(20)]
    found = rendered({"kind": "ingress", "params": {"gatewayClass": "istio", "routes": routes}})
    made = [each for each in found.objects if each["kind"] == "HTTPRoute"]
    assert [len(each["spec"]["rules"]) for each in made] == [16, 4]
    assert [each["metadata"]["name"] for each in made] == ["ingress-0", "ingress-0-2"]


def test_a_copy_for_the_whole_mesh_goes_to_each_service_itself() -> None:
    mirror = {"kind": "mirror", "target": "*", "params": {"to": {"subset": "v2"}}}
    found = rendered(mirror)
    to = [
        each["spec"]["http"][0]["mirrors"][0]["destination"]["host"]
        for each in found.objects
        if each["kind"] == "VirtualService"
    ]
    assert to == ["api.shop.svc.cluster.local", "store.shop.svc.cluster.local"]


def test_subsets_are_defined_for_every_caller() -> None:
    split = {"kind": "split", "source": "web", "params": {"backends": [{"subset": "v2"}]}}
    of_web = {"kind": "limits", "source": "web", "params": {"maxRequests": 5}}
    target = {"service": "api", "subset": "v2"}
    found = rendered(split, {**of_web, "target": target})
    rules = {
        each["metadata"]["name"]: each["spec"]
        for each in found.objects
        if each["kind"] == "DestinationRule"
    }
    assert list(rules) == ["api", "api-from-web"]
    assert rules["api"]["subsets"] == [{"name": "v2", "labels": {"version": "v2"}}]
    (subset,) = rules["api-from-web"]["subsets"]
    assert subset["labels"] == {"version": "v2"}
    assert subset["trafficPolicy"]["connectionPool"]["http"]["http2MaxRequests"] == 5


def test_a_regex_never_sends_requests_where_another_rule_would_not() -> None:
    backends = {"match": {"path": {"prefix": "/a"}}, "backends": [{"subset": "v2"}]}
    fault = {"match": {"path": {"regex": "/.*x"}}, "abort": {"status": 500}}
    found = rendered({"kind": "route", "params": backends}, {"kind": "fault", "params": fault})
    rules = spec(found, "VirtualService")["http"]
    assert [each.get("match", [{}])[0].get("uri") for each in rules] == [
        {"exact": "/a"},
        {"regex": "/.*x"},
        None,
    ]
    assert found.outcomes[1].fidelity is Fidelity.APPROXIMATE


def test_of_two_aborts_the_later_stands_whole() -> None:
    http = {"kind": "fault", "params": {"abort": {"status": 500}, "delay": {"duration": "1s"}}}
    grpc = {"kind": "fault", "params": {"abort": {"grpcStatus": 14}}}
    found = rendered(http, grpc)
    (rule,) = spec(found, "VirtualService")["http"]
    assert rule["fault"]["abort"] == {"percentage": {"value": 100}, "grpcStatus": "UNAVAILABLE"}
    assert rule["fault"]["delay"]["fixedDelay"] == "1s"
    assert found.outcomes[1].notes == ("fault.abort was said by another behaviour and is replaced",)
