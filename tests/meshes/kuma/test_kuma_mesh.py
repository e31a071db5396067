"""Kuma: consumer and producer policies, its checks, and the mesh as data."""

from typing import Any

import pytest
from jsonschema import Draft7Validator

from meshery.adapters.ordering import newest_first
from meshery.behaviours.document import parse_behaviour
from meshery.behaviours.rendering import Rendering, World
from meshery.meshes.kuma.mesh import MESH

Object = dict[str, Any]


def rendered(*documents: dict[str, Any], version: str = "3.0.1") -> Rendering:
    world = World(version=version, namespace="shop")
    return MESH.render([parse_behaviour(each) for each in documents], world)


def said(kind: str, *, target: Any = "api", source: Any = "", **params: Any) -> dict[str, Any]:
    more = {"source": source} if source else {}
    return {"name": f"a-{kind}", "kind": kind, "target": target, "params": params, **more}


@pytest.mark.parametrize("version", ["3.0.1", "2.13.10"])
def test_a_caller_has_its_policy_where_it_lives_and_all_callers_in_the_system(version: str) -> None:
    own = said("timeout", source="web.front", request="1s") | {"name": "own"}
    made = rendered(said("timeout", request="3s"), own, version=version).objects
    assert [each["metadata"]["namespace"] for each in made] == ["kuma-system", "front"]
    assert {each["metadata"]["labels"]["kuma.io/mesh"] for each in made} == {"default"}


def test_before_2_9_every_policy_lives_in_the_system() -> None:
    own = said("timeout", source="web.front", request="1s")
    (made,) = rendered(own, version="2.7.29").objects
    assert made["metadata"]["namespace"] == "kuma-system"


def test_a_permission_for_everyone_goes_where_a_service_says_whom_it_allows() -> None:
    strict = said("mtls", target="*", mode="strict", scope="mesh")
    allow = said("access", action="allow", **{"from": [{"identity": "web"}]})
    assert "allow-mesh" in [each["metadata"]["name"] for each in rendered(strict).objects]
    closed = rendered(strict, allow).objects
    assert "allow-mesh" not in [each["metadata"]["name"] for each in closed]


def test_identities_of_2_x_are_of_the_mesh_and_of_3_x_an_object_of_their_own() -> None:
    strict = said("mtls", target="*", mode="strict", scope="mesh")
    new = {each["kind"] for each in rendered(strict).objects}
    old = {each["kind"] for each in rendered(strict, version="2.13.10").objects}
    assert {"MeshIdentity", "MeshTLS"} < new
    assert "Mesh" in old
    assert "MeshIdentity" not in old


def test_two_behaviours_of_one_destination_are_one_object() -> None:
    limits = said("limits", maxRequests=1)
    (made,) = rendered(limits, said("ejection", consecutiveErrors=1)).objects
    (entry,) = made["spec"]["to"]
    assert set(entry["default"]) == {"connectionLimits", "outlierDetection"}


def test_what_is_rendered_for_3_is_ready_for_3() -> None:
    made = rendered(
        said("split", backends=[{"subset": "v1", "weight": 9}, {"subset": "v2"}]),
        said("route", match={"path": {"prefix": "/v1"}}, rewrite={"path": {"prefix": "/"}}),
        said("fault", abort={"status": 500}),
        said("ratelimit", requests=1),
        said("mtls", target="*", mode="strict", scope="mesh"),
        said("egress", hosts=["example.com"]),
    ).objects
    for name in ("weights", "conflicts", "ready-for-3"):
        assert MESH.validators[name](made) == [], name


def test_a_host_without_ports_has_them_written_out_where_each_needs_one() -> None:
    out = said("egress", hosts=["example.com", "*.example.org"])
    new, old = (rendered(out, version=each) for each in ("3.0.1", "2.14.6"))
    ports = [
        [(one["value"][0], one.get("port"), one["protocol"]) for one in matched(each)]
        for each in (new, old)
    ]
    assert ports == [
        [("e", 443, "tls"), ("e", 80, "http"), ("*", None, "tls"), ("*", 80, "http")],
        [("e", None, "tls"), ("e", 80, "http"), ("*", None, "tls"), ("*", 80, "http")],
    ]
    assert new.outcomes[0].fidelity == "approximate"


def matched(rendering: Rendering) -> list[Object]:
    (made,) = rendering.objects
    found: list[Object] = made["spec"]["default"]["appendMatch"]
    return found


@pytest.mark.parametrize("version", ["3.0.1", "2.14.6", "2.8.8"])
def test_a_ratelimit_of_one_caller_is_refused_rather_than_held_against_all(version: str) -> None:
    few = said("ratelimit", source="web", requests=1)
    rendering = rendered(few, version=version)
    assert rendering.objects == ()
    assert "limits" in rendering.outcomes[0].alternative


def test_a_namespace_without_mtls_does_not_take_it_from_the_mesh() -> None:
    mesh = said("mtls", target="*", mode="off", scope="mesh")
    namespace = said("mtls", target="*", mode="off", scope="namespace")
    assert [each["kind"] for each in rendered(mesh, version="2.14.6").objects] == ["Mesh"]
    assert rendered(namespace, version="2.14.6").outcomes[0].fidelity == "unsupported"


def test_two_ingresses_of_a_service_have_a_gateway_each() -> None:
    inner = said("ingress", hosts=["in.test"]) | {"name": "inner"}
    made = rendered(said("ingress", hosts=["shop.test"]), inner, version="2.14.6").objects
    hosts = [
        [one["hostname"] for one in each["spec"]["conf"]["listeners"]]
        for each in made
        if each["kind"] == "MeshGateway"
    ]
    assert hosts == [["shop.test"], ["in.test"]]


def test_a_rule_that_is_said_twice_is_told_in_words() -> None:
    match = {"path": {"prefix": "/v2"}, "headers": [{"name": "X-Tester"}]}
    first = said("split", match=match, backends=[{"subset": "v1"}])
    second = said("route", match=match, backends=[{"subset": "v2"}])
    told = rendered(first, second).outcomes[1].notes
    assert any("rules.path below /v2 and header x-tester." in note for note in told)


def policy(kind: str, spec: Object, name: str = "it") -> Object:
    return {
        "apiVersion": "kuma.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "shop"},
        "spec": spec,
    }


def route(name: str = "it", **default: Any) -> Object:
    everything = [{"path": {"type": "PathPrefix", "value": "/"}}]
    rules = [{"matches": everything, "default": default}]
    labels = {"kuma.io/display-name": "api", "k8s.kuma.io/namespace": "shop"}
    ref = {"kind": "MeshService", "labels": labels}
    return policy("MeshHTTPRoute", {"to": [{"targetRef": ref, "rules": rules}]}, name)


SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x", "namespace": "shop"}}
WORKLOAD = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "x", "namespace": "shop"},
    "spec": {"template": {"metadata": {"labels": {"app": "x"}}}},
}
PROXIES = {"kind": "Dataplane", "labels": {"app": "api"}}
WRONG: dict[str, tuple[list[Object], str]] = {
    "references": ([SERVICE, route()], "there is no service api in shop"),
    "weights": (
        [route(backendRefs=[{"kind": "MeshService", "name": "x", "weight": 0}])],
        "the weights sum to 0",
    ),
    "selectors": ([WORKLOAD, policy("MeshTLS", {"targetRef": PROXIES})], "selects nothing"),
    "conflicts": ([route("a"), route("b")], "says where these requests go too"),
    "ready-for-3": (
        [policy("MeshTimeout", {"targetRef": {"kind": "Mesh"}, "from": [{}]})],
        "3.0 has no from",
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


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (policy("MeshGateway", {}), "3.0 has no MeshGateway"),
        (policy("ExternalService", {}), "3.0 has no ExternalService"),
        (policy("Mesh", {"mtls": {"enabledBackend": "ca-1"}}), "3.0 ignores mtls"),
        (policy("MeshRetry", {"targetRef": {"kind": "MeshSubset"}}), "3.0 refuses MeshSubset"),
        (
            policy("MeshRetry", {"to": [{"targetRef": {"kind": "MeshService", "name": "api"}}]}),
            "3.0 selects by labels",
        ),
        (policy("MeshHTTPRoute", {"to": [{"rules": []}]}), "3.0 answers 404"),
    ],
)
def test_what_3_refuses_or_forgets_is_told_before(found: Object, message: str) -> None:
    (problem,) = MESH.validators["ready-for-3"]([found])
    assert message in problem.message


def test_versions_are_newest_first_and_each_has_its_chart() -> None:
    names = [each.name for each in MESH.versions.known]
    assert names == newest_first(names)
    assert all(each.charts == {"kuma": each.name} for each in MESH.versions.known)


def test_the_originals_operations_are_kept() -> None:
    texts = {each.key: each.text for each in MESH.operations}
    assert texts["kuma"] == "Kuma Service Mesh"
    assert {"custom", "bookinfo", "httpbin", "imagehub", "emojivoto"} < set(texts)


def test_workloads_join_by_a_label_which_can_keep_one_out() -> None:
    assert MESH.injection is not None
    assert MESH.injection.namespace_labels == {"kuma.io/sidecar-injection": "enabled"}
    assert MESH.injection.excluding_pod_labels == {"kuma.io/sidecar-injection": "disabled"}


def test_schemas_are_schemas_and_profiles_name_charts() -> None:
    for kind in MESH.kinds:
        Draft7Validator.check_schema(kind.schema)
    known = {chart.key for chart in MESH.charts}
    for profile in MESH.profiles:
        assert set(profile.charts) <= known
        assert set(profile.values) <= known
