"""Cilium: what its policies come to together, its checks, and the mesh as data."""

from typing import Any

import pytest
from jsonschema import Draft7Validator

from meshery.adapters.ordering import newest_first
from meshery.behaviours.document import parse_behaviour
from meshery.behaviours.rendering import Rendering, Service, World
from meshery.meshes.cilium.mesh import MESH

Object = dict[str, Any]


def rendered(*documents: dict[str, Any], version: str = "1.20.2") -> Rendering:
    world = World(version=version, namespace="shop")
    return MESH.render([parse_behaviour(each) for each in documents], world)


def said(kind: str, *, target: Any = "api", **params: Any) -> dict[str, Any]:
    return {"name": f"a-{kind}", "kind": kind, "target": target, "params": params}


def spec_of(rendering: Rendering, name: str) -> Object:
    (found,) = (each for each in rendering.objects if each["metadata"]["name"] == name)
    spec: Object = found["spec"]
    return spec


ALLOW = said("access", action="allow", **{"from": [{"identity": "web"}]})
DENY = said("access", action="deny", **{"from": [{"identity": "bad"}]})


def test_a_demand_of_the_workload_is_made_of_whom_it_allows() -> None:
    spec = spec_of(rendered(ALLOW, said("mtls", mode="strict")), "api")
    (rule,) = spec["ingress"]
    assert rule["authentication"] == {"mode": "required"}
    assert "fromEntities" not in rule


def test_a_demand_of_the_mesh_lets_nobody_into_what_says_whom_it_allows() -> None:
    rendering = rendered(said("mtls", mode="strict", scope="mesh"), ALLOW)
    spec = spec_of(rendering, "authentication")
    (left_out,) = spec["endpointSelector"]["matchExpressions"]
    assert left_out == {"key": "app", "operator": "NotIn", "values": ["api"]}
    assert spec_of(rendering, "api")["ingress"][0]["authentication"] == {"mode": "required"}


def test_a_deny_alone_shuts_nobody_else_out_and_beside_an_allow_opens_nothing() -> None:
    assert spec_of(rendered(DENY), "api")["ingress"] == [{"fromEntities": ["all"]}]
    (rule,) = spec_of(rendered(DENY, ALLOW), "api")["ingress"]
    assert "fromEndpoints" in rule


def test_what_is_said_of_a_port_neither_shuts_others_nor_opens_what_is_shut() -> None:
    demand = said("mtls", mode="strict", scope="port", target={"service": "api", "port": 8080})
    assert spec_of(rendered(demand), "api")["enableDefaultDeny"] == {"ingress": False}
    assert "enableDefaultDeny" not in spec_of(rendered(demand, ALLOW), "api")
    (outcome,) = rendered(demand, version="1.15.17").outcomes
    assert "shuts the others" in " ".join(outcome.notes)


def test_a_route_to_one_caller_alone_is_refused_rather_than_given_to_all() -> None:
    only = said("split", backends=[{"subset": "v1"}, {"subset": "v2"}]) | {"source": "web"}
    (outcome,) = rendered(only).outcomes
    assert outcome.fidelity == "unsupported"
    assert not outcome.objects


def test_an_object_each_for_the_ports_of_a_service() -> None:
    first = said("retry", target={"service": "api", "port": 80})
    second = said("retry", target={"service": "api", "port": 81})
    made = rendered(first, second).objects
    assert [each["spec"]["services"][0]["ports"] for each in made] == [[80], [81]]
    assert MESH.validators["conflicts"](made) == []


def test_an_object_that_takes_the_service_over_already_is_told_of() -> None:
    other = config("by-hand", routes=[])
    world = World(version="1.20.2", namespace="shop", live=(other, config("api", routes=[])))
    (outcome,) = MESH.render([parse_behaviour(said("retry"))], world).outcomes
    (note,) = (each for each in outcome.notes if "takes over" in each)
    assert "shop/by-hand" in note


CANARY = said("split", backends=[{"subset": "v1", "weight": 9}, {"subset": "v2"}])
OF_V2 = {"service": "api", "subset": "v2"}


def routes_of(rendering: Rendering, name: str = "api") -> list[Object]:
    (routes,) = (each for each in spec_of(rendering, name)["resources"] if "virtual_hosts" in each)
    found: list[Object] = routes["virtual_hosts"][0]["routes"]
    return found


def test_a_route_that_only_changes_requests_leaves_the_shares_of_a_split() -> None:
    stamp = said("route", headerOps={"response": {"set": {"x-by": "api"}}})
    (found,) = routes_of(rendered(CANARY, stamp))
    assert len(found["route"]["weighted_clusters"]["clusters"]) == 2
    assert found["response_headers_to_add"]


@pytest.mark.parametrize(
    ("kind", "params"),
    [("retry", {"attempts": 1}), ("timeout", {"request": "1s"}), ("limits", {"maxRequests": 5})],
)
def test_what_is_said_of_a_subset_takes_a_rule_that_leads_there(kind: str, params: Object) -> None:
    own = said(kind, target=OF_V2, **params)
    (alone,) = rendered(own).outcomes
    assert (alone.fidelity, alone.objects) == ("unsupported", ())
    assert "v2" in alone.alternative
    beside = rendered(own, CANARY).outcomes[0]
    assert beside.fidelity == "approximate"
    assert "CiliumEnvoyConfig shop/api" in beside.objects


def test_a_subset_whose_requests_are_only_copies_has_limits_and_no_retries() -> None:
    copies = said("mirror", to={"subset": "v2"})
    limits = said("limits", target=OF_V2, maxRequests=5)
    outcomes = rendered(copies, limits, said("retry", target=OF_V2)).outcomes
    assert [each.fidelity for each in outcomes] == ["exact", "approximate", "unsupported"]


def test_the_later_abort_of_the_same_requests_stands_alone() -> None:
    some = said("fault", abort={"grpcStatus": 14, "percent": 10})
    rendering = rendered(some, said("fault", abort={"status": 503}))
    first, _ = routes_of(rendering)
    assert first == {"match": {"prefix": "/"}, "direct_response": {"status": 503}}
    told = rendering.outcomes[1].notes[-1]
    assert told.startswith("spec.aborts.all requests of CiliumEnvoyConfig shop/api was said by")


@pytest.mark.parametrize("is_wide_last", [False, True])
def test_what_is_said_of_a_service_wins_over_what_is_said_of_all(is_wide_last: bool) -> None:
    known = World(version="1.20.2", namespace="shop", services=(Service("api", "shop"),))
    given = [said("timeout", request="9s", target="*"), said("timeout", request="1s")]
    ordered = given if not is_wide_last else given[::-1]
    (found,) = routes_of(MESH.render([parse_behaviour(each) for each in ordered], known))
    assert found["route"]["timeout"] == "1s"


def test_two_ingresses_of_a_service_do_not_mix_their_hosts() -> None:
    inner = said("ingress", hosts=["in.test"], tls=True) | {"name": "inner"}
    made = rendered(said("ingress", hosts=["shop.test"]), inner).objects
    gateways = {
        each["metadata"]["name"]: [one["hostname"] for one in each["spec"]["listeners"]]
        for each in made
        if each["kind"] == "Gateway"
    }
    routes = {
        each["spec"]["parentRefs"][0]["name"]: each["spec"]["hostnames"]
        for each in made
        if each["kind"] == "HTTPRoute"
    }
    assert gateways == routes == {"a-ingress": ["shop.test"], "inner": ["in.test"]}


def test_an_ingress_of_many_routes_is_several_objects_of_one_gateway() -> None:
    hosts = [f"h{number}.test" for number in range(17)]
    paths = [{"path": f"/{number:02}"} for number in range(20)]
    made = rendered(said("ingress", hosts=hosts, routes=paths)).objects
    routes = [each["spec"] for each in made if each["kind"] == "HTTPRoute"]
    assert [len(each["rules"]) for each in routes] == [16, 4]
    assert [each["parentRefs"] for each in routes] == [[{"name": "a-ingress"}]] * 2
    assert not any("hostnames" in each for each in routes)


def test_where_nothing_fits_a_sentence_says_what_comes_nearest() -> None:
    near = said("locality", mode="weighted")
    few = said("ratelimit", requests=1) | {"source": "web"}
    for outcome in rendered(near, few).outcomes:
        assert outcome.fidelity == "unsupported"
        assert len(outcome.alternative.split()) > 3


def test_what_is_rendered_passes_its_own_checks() -> None:
    made = rendered(
        said("split", backends=[{"subset": "v1", "weight": 9}, {"subset": "v2"}]),
        said("mirror", to={"service": "shadow"}),
        said("retry"),
        ALLOW,
        DENY,
    ).objects
    for name in ("clusters", "weights", "conflicts", "denials", "ready-for-next"):
        assert MESH.validators[name](made) == [], name


def config(name: str, *, routes: list[Object], service: str = "api") -> Object:
    return {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumEnvoyConfig",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "services": [{"name": service, "namespace": "shop"}],
            "resources": [
                {
                    "@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
                    "name": name,
                    "virtual_hosts": [{"name": name, "domains": ["*"], "routes": routes}],
                }
            ],
        },
    }


def policy(spec: Object) -> Object:
    return {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": "it", "namespace": "shop"},
        "spec": spec,
    }


SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x", "namespace": "shop"}}
WORKLOAD = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "x", "namespace": "shop"},
    "spec": {"template": {"metadata": {"labels": {"app": "x"}}}},
}
SHARES = {"weighted_clusters": {"clusters": [{"name": "a", "weight": 0}, {"name": "b"}]}}
HTTP = [{"ports": [{"port": "80"}], "rules": {"http": [{"method": "GET"}]}}]
WRONG: dict[str, tuple[list[Object], str]] = {
    "references": ([SERVICE, config("a", routes=[])], "there is no service api in shop"),
    "clusters": ([config("a", routes=[{"route": {"cluster": "b"}}])], "there is no cluster b"),
    "weights": ([config("a", routes=[{"route": SHARES}])], "the weights sum to 0"),
    "selectors": (
        [WORKLOAD, policy({"endpointSelector": {"matchLabels": {"app": "api"}}})],
        "selects nothing",
    ),
    "conflicts": ([config("a", routes=[]), config("b", routes=[])], "takes over api"),
    "denials": ([policy({"ingressDeny": [{"toPorts": HTTP}]})], "not of requests"),
    "ready-for-next": (
        [policy({"ingress": [{"authentication": {"mode": "required"}}]})],
        "deprecated since 1.20",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_checks_find_what_is_wrong(name: str) -> None:
    objects, message = WRONG[name]
    (problem,) = MESH.validators[name](objects)
    assert message in problem.message
    assert "shop/" in problem.path


def test_every_check_is_seen_red() -> None:
    assert set(WRONG) == set(MESH.validators)


def test_the_mesh_is_the_network_and_stays() -> None:
    assert MESH.is_network
    assert all(chart.fixed_namespace for chart in MESH.charts)


def test_versions_are_newest_first_and_each_has_its_chart() -> None:
    names = [each.name for each in MESH.versions.known]
    assert names == newest_first(names)
    assert all(each.charts == {"cilium": each.name} for each in MESH.versions.known)


def test_the_originals_operations_are_kept() -> None:
    texts = {each.key: each.text for each in MESH.operations}
    assert texts["cilium_service_mesh"] == "Cilium Service Mesh"
    assert {"custom", "bookinfo", "httpbin", "imagehub", "emojivoto"} < set(texts)


def test_schemas_are_schemas_and_profiles_name_charts() -> None:
    for kind in MESH.kinds:
        Draft7Validator.check_schema(kind.schema)
    known = {chart.key for chart in MESH.charts}
    for profile in MESH.profiles:
        assert set(profile.charts) <= known
        assert set(profile.values) <= known
