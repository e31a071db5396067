"""Splits and access as SMI says them, and what it cannot say: on the mesh with the oldest SMI."""

from typing import Any

import pytest

from meshery.behaviours.document import parse_behaviour
from meshery.behaviours.model import Fidelity
from meshery.behaviours.rendering import Outcome, Rendering, Service, World
from meshery.meshes.nginx.mesh import MESH as NGINX
from meshery.meshes.osm.mesh import MESH as OSM

LIVE_API = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "api", "namespace": "shop"},
    "spec": {
        "selector": {"app": "api"},
        "ports": [{"name": "http", "port": 80, "targetPort": 8080, "nodePort": 31000}],
    },
}
WORLD = World(
    version="2.0.0",
    namespace="shop",
    services=(
        Service("api", "shop", labels={"app": "api"}, account="runner"),
        Service("admin", "shop", labels={"app": "admin"}, account="runner"),
        Service("web", "shop", labels={"app": "web"}, account="web"),
        Service("pay", "bank", labels={"app": "pay"}, account="payer"),
    ),
    live=(LIVE_API,),
)


def rendered(kind: str, *, mesh: Any = NGINX, **document: Any) -> Rendering:
    whole = {"name": "one", "kind": kind, "target": "api", **document}
    rendering: Rendering = mesh.render([parse_behaviour(whole)], WORLD)
    return rendering


def outcome(kind: str, **document: Any) -> Outcome:
    return rendered(kind, **document).outcomes[0]


def sources(**access: Any) -> list[str]:
    (target,) = [
        each
        for each in rendered("access", params={"action": "allow", **access}).objects
        if each["kind"] == "TrafficTarget"
    ]
    return [f"{each['namespace']}/{each['name']}" for each in target["spec"]["sources"]]


@pytest.mark.parametrize(
    ("callers", "found"),
    [
        ([{"identity": "web"}], ["shop/web"]),
        ([{"identity": "pay", "namespace": "bank"}], ["bank/payer"]),
        ([{"identity": "pay.bank"}], ["bank/payer"]),
        ([{"identity": "spiffe://cluster.local/ns/far/sa/away"}], ["far/away"]),
        ([{"namespace": "bank"}, {"identity": "web"}], ["bank/payer", "shop/web"]),
        ([{"identity": "*"}], ["shop/runner", "shop/web", "bank/payer"]),
        ([{"identity": "web"}, {"identity": "web"}], ["shop/web"]),
    ],
)
def test_callers_are_accounts(callers: list[Any], found: list[str]) -> None:
    assert sources(**{"from": callers}) == found


def test_callers_that_are_no_accounts_let_nobody_in() -> None:
    other = {"identity": "spiffe://other/ns/far/sa/away"}
    for caller in (other, {"cidr": "10.0.0.0/8"}, {"namespace": "empty"}):
        told = outcome("access", params={"action": "allow", "from": [caller]})
        assert told.fidelity is Fidelity.UNSUPPORTED
        assert told.alternative
    mixed = outcome("access", params={"action": "allow", "from": [other, {"identity": "web"}]})
    assert mixed.fidelity is Fidelity.APPROXIMATE
    assert mixed.notes[0].startswith("from[0].identity is left out")


def test_an_account_of_two_services_is_told() -> None:
    told = outcome("access", params={"action": "allow", "from": [{"identity": "web"}]})
    assert told.notes == ("the ServiceAccount is also that of admin: allowed there too",)


def test_a_service_of_a_subset_has_the_ports_of_the_one_that_stands() -> None:
    params = {"backends": [{"subset": "v1", "weight": 3}, {"service": "web", "weight": 1}]}
    service, split = rendered("split", params=params).objects
    assert service["spec"] == {
        "selector": {"app": "api", "version": "v1"},
        "ports": [{"name": "http", "port": 80, "targetPort": 8080}],
    }
    assert split["spec"]["backends"] == [
        {"service": "api-v1", "weight": 3},
        {"service": "web", "weight": 1},
    ]


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"backends": [{"service": "api"}]}, "backends[0] is the split service itself"),
        ({"backends": [{"service": "pay.bank"}]}, "lives in another namespace"),
        (
            {"backends": [{"subset": "v1"}], "match": {"query": [{"name": "q"}]}},
            "no words for match.query",
        ),
    ],
)
def test_splits_that_smi_cannot_say(params: Any, why: str) -> None:
    told = outcome("split", params=params)
    assert told.fidelity is Fidelity.UNSUPPORTED
    assert why in told.notes[0]
    assert told.objects == ()


def test_a_match_would_widen_where_splits_have_none() -> None:
    params = {"backends": [{"subset": "v1"}], "match": {"method": "GET"}}
    assert outcome("split", mesh=OSM, params=params).fidelity is Fidelity.UNSUPPORTED
    assert outcome("split", params=params).fidelity is Fidelity.EXACT


def test_a_backend_of_a_gateway_is_reached_at_the_port_of_its_pods() -> None:
    objects = rendered("ingress", mesh=OSM, params={"hosts": ["shop.test"]}).objects
    ports = {each["kind"]: each["spec"] for each in objects}
    assert ports["IngressBackend"]["backends"][0]["port"]["number"] == 8080
    path = ports["Ingress"]["rules"][0]["http"]["paths"][0]
    assert path["backend"]["service"]["port"]["number"] == 80
