"""Linkerd's objects: what each behaviour becomes, at which version, and what is said beside it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from meshery.behaviours.model import Fidelity, Kind
from meshery.behaviours.rendering import Service, ServicePort
from meshery.meshes.linkerd.mesh import MESH
from meshery.meshes.linkerd.table import ALTERNATIVES, TABLE
from meshes import alone, parameters
from meshes.golden import check
from meshes.linkerd.place import EDGE, SERVICES, behaviour, named, one, rendered, world

RETRY = "retry.linkerd.io"
ACCRUAL = "balancer.linkerd.io/failure-accrual"
VERSIONS = (EDGE, "edge-25.4.4", "edge-24.11.8", "edge-24.8.2", "edge-24.2.4", "stable-2.14.10")


def test_golden_files() -> None:
    check(MESH, Path(__file__).parent / "golden")


def test_every_kind_is_rendered_or_has_an_alternative() -> None:
    assert set(TABLE) | set(ALTERNATIVES) == set(Kind)
    assert not set(TABLE) & set(ALTERNATIVES)


@pytest.mark.parametrize("version", [*VERSIONS, "2.13.7", "enterprise-2.20.2", "2.11.0", ""])
def test_each_parameter_alone_changes_something_or_is_told(version: str) -> None:
    ports = (ServicePort(80, "http"), ServicePort(8080, "more"))
    api, *others = SERVICES
    alone.check(MESH, world(version, services=(msgspec.structs.replace(api, ports=ports), *others)))
    parameters.check(MESH, [parameters.world_of(version)])


def test_retries_are_annotations_of_the_service_alone() -> None:
    (made,), outcome = one("retry", {"attempts": 3, "on": ["5xx", "unavailable", "429"]})
    assert made == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "api",
            "namespace": "shop",
            "annotations": {
                f"{RETRY}/http": "5xx,429",
                f"{RETRY}/grpc": "unavailable",
                f"{RETRY}/limit": "3",
            },
        },
    }
    assert outcome.fidelity is Fidelity.EXACT


def test_retries_of_safe_requests_stand_at_a_route_and_the_rest_goes_on() -> None:
    objects, _ = one("retry", {"idempotentOnly": True, "on": ["5xx"]}, name="again")
    safe, rest = objects
    assert safe["metadata"]["annotations"][f"{RETRY}/http"] == "5xx"
    (rule,) = safe["spec"]["rules"]
    assert [each["method"] for each in rule["matches"]][:2] == ["GET", "HEAD"]
    assert rest["spec"]["rules"][0]["backendRefs"] == [{"name": "api", "port": 8080}]
    assert "annotations" not in rest["metadata"]


def test_before_2_16_retries_and_timeouts_share_a_service_profile() -> None:
    found = rendered(
        behaviour("retry", {"budget": {"ratio": 25}}, name="again"),
        behaviour("timeout", {"request": "1500ms"}, name="soon"),
        version="stable-2.14.10",
    )
    (profile,) = found.objects
    assert profile["metadata"]["name"] == "api.shop.svc.cluster.local"
    assert profile["spec"] == {
        "retryBudget": {"retryRatio": 0.25, "minRetriesPerSecond": 10, "ttl": "10s"},
        "routes": [
            {
                "name": "all",
                "condition": {"pathRegex": ".*"},
                "isRetryable": True,
                "timeout": "1500ms",
            }
        ],
    }
    assert any("attempts" in note for note in found.outcomes[0].notes)


@pytest.mark.parametrize(
    ("given", "written"),
    [("90s", "90s"), ("2m", "2m"), ("1.5s", "1500ms"), ("24h", "1d"), ("0s", "0s")],
)
def test_a_time_is_one_number_with_one_unit(given: str, written: str) -> None:
    (made,), outcome = one("timeout", {"request": given})
    assert made["metadata"]["annotations"] == {"timeout.linkerd.io/request": written}
    assert outcome.fidelity is Fidelity.EXACT


def test_a_time_below_a_millisecond_is_rounded_up_and_told() -> None:
    (made,), outcome = one("timeout", {"request": "1500us"})
    assert made["metadata"]["annotations"] == {"timeout.linkerd.io/request": "2ms"}
    assert outcome.fidelity is Fidelity.APPROXIMATE


def test_a_timeout_without_a_place_is_unsupported() -> None:
    objects, outcome = one("timeout", {"connect": "1s"})
    assert (objects, outcome.fidelity) == ([], Fidelity.UNSUPPORTED)
    assert "proxy-outbound-connect-timeout" in outcome.alternative


def test_the_longest_rest_is_longer_than_the_first() -> None:
    (made,), _ = one("ejection", {"consecutiveErrors": 2, "baseEjection": "2m"})
    assert made["metadata"]["annotations"] == {
        ACCRUAL: "consecutive",
        f"{ACCRUAL}-consecutive-max-failures": "2",
        f"{ACCRUAL}-consecutive-min-penalty": "2m",
        f"{ACCRUAL}-consecutive-max-penalty": "4m",
    }


def test_a_ratio_of_errors_opens_a_breaker_from_2_20_on() -> None:
    (made,), _ = one("trip", {"errorRatio": 12.5})
    said = made["metadata"]["annotations"]
    assert said[ACCRUAL] == "unified"
    key = "balancer.alpha.linkerd.io/failure-accrual-success-rate-threshold"
    assert said[key] == "0.875"
    objects, outcome = one("trip", {"errorRatio": 12.5}, version="edge-25.10.7")
    assert (objects, outcome.fidelity) == ([], Fidelity.UNSUPPORTED)


@pytest.mark.parametrize(
    ("version", "api"),
    [
        (EDGE, "gateway.networking.k8s.io/v1"),
        ("enterprise-2.18.3", "gateway.networking.k8s.io/v1"),
        ("edge-24.11.8", "gateway.networking.k8s.io/v1beta1"),
        ("stable-2.14.10", "gateway.networking.k8s.io/v1beta1"),
        ("2.13.7", "policy.linkerd.io/v1beta2"),
    ],
)
def test_the_route_is_that_of_the_version(version: str, api: str) -> None:
    objects, _ = one("split", {"backends": [{"service": "cart"}]}, version=version)
    assert [each["apiVersion"] for each in objects] == [api]


def test_a_version_without_routes_says_so() -> None:
    objects, outcome = one("split", {"backends": [{"service": "cart"}]}, version="2.12.6")
    assert (objects, outcome.fidelity) == ([], Fidelity.UNSUPPORTED)


def test_a_split_beside_a_route_takes_what_the_route_leaves() -> None:
    found = rendered(
        behaviour("route", {"match": {"path": {"exact": "/x"}}}, name="x"),
        behaviour("split", {"backends": [{"service": "api"}, {"service": "cart"}]}, name="half"),
    )
    objects = list(found.objects)
    assert [each["metadata"]["name"] for each in objects] == ["api-x", "api"]
    refs = named(objects, "HTTPRoute", "api")["spec"]["rules"][0]["backendRefs"]
    assert [(each["name"], each["weight"]) for each in refs] == [("api", 1), ("cart", 1)]


def test_two_splits_of_one_service_do_not_mix() -> None:
    one_half = {"backends": [{"service": "api"}, {"service": "cart"}]}
    found = rendered(
        behaviour("split", one_half, name="first"),
        behaviour("split", {"backends": [{"service": "cart", "weight": 5}]}, name="second"),
    )
    (route,) = found.objects
    assert [each["name"] for each in route["spec"]["rules"][0]["backendRefs"]] == ["cart"]
    assert "is replaced" in found.outcomes[1].notes[0]


def test_a_subset_is_a_service_with_the_ports_that_stand() -> None:
    live = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "api", "namespace": "shop"},
        "spec": {"ports": [{"name": "http", "port": 8080, "targetPort": 9090, "nodePort": 3}]},
    }
    objects, _ = one("split", {"backends": [{"subset": "v2"}]}, live=(live,))
    assert named(objects, "Service", "api-v2")["spec"] == {
        "selector": {"app": "api", "version": "v2"},
        "ports": [{"name": "http", "port": 8080, "targetPort": 9090}],
    }


def test_a_subset_that_stands_as_a_service_is_not_written() -> None:
    services = (*SERVICES, Service("api-v2", "shop"))
    objects, _ = one("split", {"backends": [{"subset": "v2"}]}, services=services)
    assert [each["kind"] for each in objects] == ["HTTPRoute"]


def test_a_source_elsewhere_makes_a_route_of_its_namespace() -> None:
    params = {"backends": [{"service": "cart"}]}
    objects, outcome = one("split", params, source="web.front")
    (route,) = objects
    assert route["metadata"]["namespace"] == "front"
    assert route["spec"]["parentRefs"][0]["namespace"] == "shop"
    assert route["spec"]["rules"][0]["backendRefs"][0]["namespace"] == "shop"
    assert outcome.fidelity is Fidelity.APPROXIMATE


def test_a_rewrite_is_refused_whole() -> None:
    params = {"match": {"path": {"prefix": "/v2"}}, "rewrite": {"path": {"prefix": "/"}}}
    objects, outcome = one("route", params)
    assert (objects, outcome.fidelity) == ([], Fidelity.UNSUPPORTED)


@pytest.mark.parametrize(
    "header", [{"name": "x", "present": False}, {"name": "x", "exact": "1", "invert": True}]
)
def test_a_condition_of_absence_is_refused_and_never_left_out(header: dict[str, object]) -> None:
    objects, outcome = one("route", {"match": {"headers": [header]}})
    assert (objects, outcome.fidelity) == ([], Fidelity.UNSUPPORTED)


def test_a_fault_needs_a_service_that_fails() -> None:
    params = {"abort": {"status": 503, "percent": 2.5}}
    objects, outcome = one("fault", params)
    assert (objects, outcome.fidelity) == ([], Fidelity.UNSUPPORTED)
    failing = Service("broken", "shop", labels={"meshery.io/answers-with": "503"})
    (route,), outcome = one("fault", params, services=(*SERVICES, failing))
    refs = route["spec"]["rules"][0]["backendRefs"]
    assert [(each["name"], each["weight"]) for each in refs] == [
        ("api", 975_000),
        ("broken", 25_000),
    ]
    assert outcome.fidelity is Fidelity.APPROXIMATE


def test_limits_and_mirror_name_what_comes_nearest() -> None:
    for kind, params in (("limits", {"maxRequests": 1}), ("mirror", {"to": {"service": "cart"}})):
        objects, outcome = one(kind, params)
        assert (objects, outcome.fidelity) == ([], Fidelity.UNSUPPORTED)
        assert outcome.alternative


def test_a_rate_limit_alone_does_not_shut_the_server() -> None:
    server, limit = one("ratelimit", {"requests": 5})[0]
    assert server["spec"]["accessPolicy"] == "all-unauthenticated"
    assert limit["spec"]["total"] == {"requestsPerSecond": 5}
    (_, limit), outcome = one("ratelimit", {"requests": 90, "per": "minute"})
    assert limit["spec"]["total"] == {"requestsPerSecond": 2}
    assert outcome.fidelity is Fidelity.APPROXIMATE


def test_a_rate_limit_of_one_caller_is_an_override() -> None:
    (_, limit), outcome = one("ratelimit", {"requests": 5}, source="web.front")
    client = {"kind": "ServiceAccount", "name": "web-runner", "namespace": "front"}
    assert limit["spec"]["overrides"] == [{"requestsPerSecond": 5, "clientRefs": [client]}]
    assert outcome.fidelity is Fidelity.EXACT


def test_of_several_wishes_for_a_server_the_strictest_holds() -> None:
    found = rendered(
        behaviour("ratelimit", {"requests": 5}, name="rate"),
        behaviour("mtls", {"mode": "strict"}, name="tls"),
    )
    assert named(list(found.objects), "Server", "api-8080")["spec"]["accessPolicy"] == (
        "all-authenticated"
    )


def test_who_is_allowed_is_named_as_the_certificates_do() -> None:
    callers = [
        {"identity": "web", "namespace": "front"},
        {"identity": "spiffe://cluster.local/ns/ops/sa/probe"},
        {"namespace": "jobs"},
    ]
    objects, outcome = one("access", {"action": "allow", "from": callers}, name="who")
    authentication = named(objects, "MeshTLSAuthentication", "api-who")
    suffix = "serviceaccount.identity.linkerd.cluster.local"
    assert authentication["spec"]["identities"] == [
        f"web-runner.front.{suffix}",
        f"probe.ops.{suffix}",
        f"*.jobs.{suffix}",
    ]
    assert named(objects, "Server", "api-8080")["spec"]["accessPolicy"] == "deny"
    assert outcome.fidelity is Fidelity.EXACT


def test_identity_and_network_of_one_caller_are_both_needed() -> None:
    callers = [{"identity": "cart", "cidr": "10.0.0.0/8"}, {"cidr": "192.168.0.0/16"}]
    objects, _ = one("access", {"action": "allow", "from": callers}, name="who")
    policies = [each for each in objects if each["kind"] == "AuthorizationPolicy"]
    needed = [
        [ref["kind"] for ref in each["spec"]["requiredAuthenticationRefs"]] for each in policies
    ]
    assert needed == [
        ["NetworkAuthentication"],
        ["MeshTLSAuthentication", "NetworkAuthentication"],
    ]


def test_a_deny_of_everything_wins_over_an_allow() -> None:
    found = rendered(
        behaviour("access", {"action": "allow", "from": [{"identity": "web"}]}, name="may"),
        behaviour("access", {"action": "deny"}, name="none"),
    )
    assert [each["kind"] for each in found.objects] == ["Server"]
    assert found.objects[0]["spec"]["accessPolicy"] == "deny"
    assert [each.fidelity for each in found.outcomes] == [Fidelity.UNSUPPORTED, Fidelity.EXACT]


def test_where_identities_are_demanded_a_network_alone_lets_nobody_in() -> None:
    found = rendered(
        behaviour("mtls", {"mode": "strict"}, name="tls"),
        behaviour("access", {"action": "allow", "from": [{"cidr": "10.0.0.0/8"}]}, name="near"),
    )
    (policy,) = [each for each in found.objects if each["kind"] == "AuthorizationPolicy"]
    kinds = [ref["kind"] for ref in policy["spec"]["requiredAuthenticationRefs"]]
    assert kinds == ["MeshTLSAuthentication", "NetworkAuthentication"]


@pytest.mark.parametrize("mode", ["strict", "permissive"])
def test_before_2_16_anyone_meshed_does_not_come_in_beside_named_callers(mode: str) -> None:
    found = rendered(
        behaviour("mtls", {"mode": mode}, name="tls"),
        behaviour("access", {"action": "allow", "from": [{"identity": "cart"}]}, name="may"),
        version="stable-2.14.10",
    )
    policies = [each for each in found.objects if each["kind"] == "AuthorizationPolicy"]
    assert [each["metadata"]["name"] for each in policies] == ["api-8080-may-0-0"]


@pytest.mark.parametrize(
    "params",
    [
        {"action": "deny", "from": [{"identity": "web"}]},
        {"action": "deny", "to": [{"paths": ["/admin"]}]},
        {"action": "allow", "claims": {"role": "admin"}},
    ],
)
def test_what_policies_cannot_say_is_refused_and_opens_nothing(params: dict[str, object]) -> None:
    objects, outcome = one("access", params)
    assert (objects, outcome.fidelity) == ([], Fidelity.UNSUPPORTED)


def test_strict_mtls_of_a_namespace_is_its_default_policy() -> None:
    (made,), _ = one("mtls", {"mode": "strict", "scope": "namespace"})
    assert (made["kind"], made["metadata"]) == (
        "Namespace",
        {
            "name": "shop",
            "annotations": {"config.linkerd.io/default-inbound-policy": "all-authenticated"},
        },
    )


def test_the_whole_mesh_is_every_service_that_is_known() -> None:
    found = rendered(behaviour("timeout", {"request": "1s"}) | {"target": "*"})
    assert [each["metadata"]["name"] for each in found.objects] == ["api", "cart", "web"]
    assert found.outcomes[0].fidelity is Fidelity.APPROXIMATE
    nobody = rendered(behaviour("timeout", {"request": "1s"}) | {"target": "*"}, services=())
    assert nobody.outcomes[0].fidelity is Fidelity.UNSUPPORTED


def test_egress_stands_where_the_callers_are() -> None:
    document = behaviour("egress", {"hosts": ["example.com"]}, name="out")
    assert {each["metadata"]["namespace"] for each in rendered(document).objects} == {"shop"}
    whole = rendered(document | {"target": "*"})
    assert {each["metadata"]["namespace"] for each in whole.objects} == {"linkerd-egress"}
    assert whole.outcomes[0].fidelity is Fidelity.EXACT


def test_an_access_of_the_whole_mesh_is_at_each_service() -> None:
    asked = {"action": "allow", "from": [{"identity": "cart"}]}
    found = rendered(behaviour("access", asked) | {"target": "*"})
    servers = [each for each in found.objects if each["kind"] == "Server"]
    assert [each["metadata"]["name"] for each in servers] == ["api-8080", "cart-80", "web-80"]
    assert {each["metadata"]["namespace"] for each in servers} == {"shop", "front"}
    allowed = [each for each in found.objects if each["kind"] == "MeshTLSAuthentication"]
    cart = "cart.shop.serviceaccount.identity.linkerd.cluster.local"
    assert [each["spec"]["identities"] for each in allowed] == [[cart]] * 3
    some = behaviour("access", {"action": "deny", "from": [{"identity": "cart"}]})
    refused = rendered(some | {"target": "*"}).outcomes[0]
    assert refused.fidelity is Fidelity.UNSUPPORTED
    assert not refused.objects


def _shut(objects: Sequence[dict[str, Any]]) -> dict[str, bool]:
    """Servers that refuse what no policy takes, and whether a policy takes anything."""
    taken = {
        each["spec"]["targetRef"]["name"]
        for each in objects
        if each["kind"] == "AuthorizationPolicy"
    }
    servers = [each for each in objects if each["kind"] == "Server"]
    assert {each["spec"]["accessPolicy"] for each in servers} == {"deny"}
    return {each["metadata"]["name"]: each["metadata"]["name"] in taken for each in servers}


def test_a_deny_of_one_service_takes_it_out_of_an_allow_of_all() -> None:
    found = rendered(
        behaviour("access", {"action": "allow", "from": [{"namespace": "shop"}]}, name="may")
        | {"target": "*"},
        behaviour("access", {"action": "deny"}, name="none"),
    )
    assert _shut(found.objects) == {"api-8080": False, "cart-80": True, "web-80": True}
    needed = [each for each in found.objects if each["kind"] == "MeshTLSAuthentication"]
    assert [each["metadata"]["name"] for each in needed] == ["cart-may", "web-may"]
    assert any("denies everything at api-8080" in note for note in found.outcomes[0].notes)


def test_an_allow_of_one_port_shuts_the_others() -> None:
    ports = (ServicePort(8080, "http"), ServicePort(9090, "more"))
    api = msgspec.structs.replace(SERVICES[0], ports=ports)
    params = {"action": "allow", "from": [{"identity": "cart"}], "to": [{"ports": [8080]}]}
    objects, _ = one("access", params, services=(api, *SERVICES[1:]))
    assert _shut(objects) == {"api-8080": True, "api-9090": False}
    objects, _ = one("access", params, services=(api,), target={"service": "api", "port": 8080})
    assert _shut(objects) == {"api-8080": True}


def test_where_the_mesh_demands_identities_each_policy_of_an_allow_of_all_does() -> None:
    found = rendered(
        behaviour("mtls", {"mode": "strict", "scope": "mesh"}, name="tls") | {"target": "*"},
        behaviour("access", {"action": "allow", "from": [{"cidr": "10.0.0.0/8"}]}, name="near")
        | {"target": "*"},
    )
    policies = [each for each in found.objects if each["kind"] == "AuthorizationPolicy"]
    asked = [each["spec"]["requiredAuthenticationRefs"][0] for each in policies]
    assert [each["kind"] for each in asked] == ["MeshTLSAuthentication"] * 3
    there = {each["metadata"]["name"] for each in found.objects}
    assert {each["name"] for each in asked} <= there


def test_the_mode_of_a_namespace_stays_in_it_whatever_the_target() -> None:
    params = {"mode": "strict", "scope": "namespace"}
    objects, outcome = one("mtls", params, target="*")
    assert [each["metadata"]["name"] for each in objects] == ["shop"]
    assert outcome.fidelity is Fidelity.EXACT


def test_a_rate_of_all_services_tells_of_other_ports_and_of_services_to_come() -> None:
    ports = (ServicePort(8080, "http"), ServicePort(9090, "more"))
    api = msgspec.structs.replace(SERVICES[0], ports=ports)
    _, outcome = one("ratelimit", {"requests": 5}, target="*", services=(api, *SERVICES[1:]))
    assert outcome.fidelity is Fidelity.APPROXIMATE
    assert "only port 8080 of api is limited, the first" in outcome.notes
    assert any(note.startswith("services that come later") for note in outcome.notes)
