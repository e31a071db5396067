"""What checks of native objects find, and what they leave alone."""

from typing import Any

import pytest

from meshery.adapters.draft import Object, native
from meshery.meshes.istio.mesh import MESH

NETWORK = "networking.istio.io/v1"
SECURITY = "security.istio.io/v1"


def found(check: str, *objects: Object) -> dict[str, str]:
    return {each.path: each.message for each in MESH.validators[check](objects)}


def service(name: str, **spec: Any) -> Object:
    return native("v1", "Service", name, "shop", spec)


def pod(name: str, labels: dict[str, str] | None = None, **spec: Any) -> Object:
    made = native("v1", "Pod", name, "shop", spec)
    made["metadata"]["labels"] = labels or {}
    return made


def route(*rules: dict[str, Any], name: str = "api", **spec: Any) -> Object:
    return native(
        NETWORK, "VirtualService", name, "shop", {"hosts": ["api"], **spec, "http": rules}
    )


def way(host: str, *, weight: int | None = None, **destination: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"destination": {"host": host, **destination}}
    return {**made, "weight": weight} if weight is not None else made


def proxied(tag: str, labels: dict[str, str] | None = None, *, name: str = "api-1") -> Object:
    sidecar = {"name": "istio-proxy", "image": f"registry.test/istio/proxyv2:{tag}"}
    return pod(name, labels, containers=[{"name": "app"}, sidecar])


ISTIOD = pod(
    "istiod", {"app": "istiod"}, containers=[{"name": "discovery", "image": "istio/pilot:1.31.1"}]
)
ENTRY = native(NETWORK, "ServiceEntry", "out", "shop", {"hosts": ["bank.test", "*.cloud.test"]})


@pytest.mark.parametrize("host", ["api", "api.shop", "api.shop.svc.cluster.local", "bank.test"])
def test_destinations_that_are_there(host: str) -> None:
    assert (
        found("danglingroutedestinationhost", route({"route": [way(host)]}), service("api"), ENTRY)
        == {}
    )


def test_destinations_that_are_not_there_are_told_with_their_place() -> None:
    gone = route(
        {"route": [way("api"), way("apo")]}, {"mirrors": [way("shadow")], "mirror": {"host": "old"}}
    )
    assert found("danglingroutedestinationhost", gone, service("api"), ENTRY) == {
        "VirtualService shop/api: spec.http[0].route[1].destination.host": (
            "apo is no Service and in no ServiceEntry"
        ),
        "VirtualService shop/api: spec.http[1].mirrors[0].destination.host": (
            "shadow is no Service and in no ServiceEntry"
        ),
        "VirtualService shop/api: spec.http[1].mirror.host": (
            "old is no Service and in no ServiceEntry"
        ),
    }


def test_nothing_is_said_of_services_where_none_is_given() -> None:
    assert found("danglingroutedestinationhost", route({"route": [way("apo")]})) == {}
    assert found("unknowngateway", route(gateways=["edge"])) == {}
    assert found("selectsnothing", policy("api")) == {}


def test_two_sets_of_rules_for_one_host() -> None:
    one = route(name="one")
    other = native(
        NETWORK, "VirtualService", "other", "bank", {"hosts": ["api.shop.svc.cluster.local"]}
    )
    assert found("conflictingvirtualservicehost", one, other) == {
        "VirtualService bank/other: spec.hosts[0]": (
            "api.shop.svc.cluster.local has rules in VirtualService shop/one too; sidecars heed "
            "one of them"
        )
    }
    at_gateway = route(name="two", gateways=["edge"])
    assert found("conflictingvirtualservicehost", one, at_gateway) == {}


def test_subsets_that_nobody_defines() -> None:
    rule = native(
        NETWORK, "DestinationRule", "api", "shop", {"host": "api", "subsets": [{"name": "v1"}]}
    )
    rules = route({"route": [way("api", subset="v1"), way("api", subset="v2")]})
    assert found("undefinedsubset", rules, rule) == {
        "VirtualService shop/api: spec.http[0].route[1].destination.subset": (
            "no DestinationRule of api.shop.svc.cluster.local defines the subset v2; defined: v1"
        )
    }


def test_shares_that_are_none() -> None:
    rules = route(
        {"route": [way("a", weight=90), way("b", weight=10)]},
        {"route": [way("a", weight=0), way("b", weight=0)]},
        {"route": [way("a", weight=50), way("a", weight=50)]},
    )
    assert found("weights", rules) == {
        "VirtualService shop/api: spec.http[1].route": (
            "no destination has a weight: no request goes anywhere"
        ),
        "VirtualService shop/api: spec.http[2].route[1]": "is the destination of this rule already",
    }


def test_rules_after_the_one_that_takes_everything() -> None:
    matched = {"match": [{"uri": {"prefix": "/a"}}]}
    assert found("unreachablerule", route(matched, {})) == {}
    assert list(found("unreachablerule", route({}, matched))) == [
        "VirtualService shop/api: spec.http[1]"
    ]


def test_gateways_by_name_and_namespace() -> None:
    edge = native(NETWORK, "Gateway", "edge", "shop", {})
    other = native(NETWORK, "Gateway", "edge", "front", {})
    assert (
        found("unknowngateway", route(gateways=["edge", "mesh", "front/edge"]), edge, other) == {}
    )
    assert list(found("unknowngateway", route(gateways=["bank/edge"]), edge)) == [
        "VirtualService shop/api: spec.gateways[0]"
    ]


def policy(app: str, kind: str = "PeerAuthentication", *, name: str = "one") -> Object:
    selector = {"selector": {"matchLabels": {"app": app}}} if app else {}
    return native(SECURITY, kind, name, "shop", selector)


def test_two_policies_of_one_scope() -> None:
    assert found("samescope", policy("api"), policy("", name="all")) == {}
    assert found("samescope", policy("api"), policy("api", name="two")) == {
        "PeerAuthentication shop/two: spec.selector": (
            "is for the same pods as PeerAuthentication shop/one: the oldest is heeded"
        )
    }


def test_policies_that_select_no_pod() -> None:
    api = pod("api-1", {"app": "api"})
    assert found("selectsnothing", policy("api", "AuthorizationPolicy"), api) == {}
    assert found("selectsnothing", policy("apo", "AuthorizationPolicy"), api) == {
        "AuthorizationPolicy shop/one: spec.selector.matchLabels": "no pod has these labels"
    }


def test_pods_without_the_sidecar_that_their_namespace_asks_for() -> None:
    shop = native("v1", "Namespace", "shop", "", {})
    shop["metadata"]["labels"] = {"istio-injection": "enabled"}
    aside = pod("job-1", {"sidecar.istio.io/inject": "false"}, containers=[{"name": "app"}])
    bare = pod("api-1", containers=[{"name": "app"}])
    native_sidecar = pod("new-1", initContainers=[{"name": "istio-proxy"}])
    assert list(
        found("podsinmesh", shop, bare, aside, proxied("1.31.1", name="b"), native_sidecar)
    ) == ["Pod shop/api-1: spec.containers"]
    assert found("podsinmesh", bare) == {}


def test_sidecars_of_another_version() -> None:
    same = proxied("1.31.1-distroless", name="b")
    assert found("meshversion", ISTIOD, proxied("1.30.4"), same) == {
        "Pod shop/api-1: spec.containers": "its sidecar is 1.30.4, the control plane 1.31.1"
    }
    assert found("meshversion", proxied("1.30.4")) == {}


def test_labels_that_telemetry_needs() -> None:
    named = proxied("1.31.1", {"app": "api", "app.kubernetes.io/version": "2"})
    assert found("applabel", named) == {}
    assert found("applabel", pod("outside")) == {}
    messages = [each.message for each in MESH.validators["applabel"]([proxied("1.31.1")])]
    assert messages == [
        "has no label app: telemetry cannot tell it from others",
        "has no label version: telemetry cannot tell it from others",
    ]


def test_ports_that_say_no_protocol() -> None:
    ports = [
        {"port": 80, "name": "http"},
        {"port": 81, "name": "grpc-web"},
        {"port": 82, "name": "web"},
        {"port": 83, "name": "web2", "appProtocol": "http"},
        {"port": 53, "protocol": "UDP"},
        {"port": 84},
    ]
    assert found("serviceportprefix", service("api", ports=ports)) == {
        "Service shop/api: spec.ports[2]": "port web says no protocol: Istio has to guess",
        "Service shop/api: spec.ports[5]": "port 84 says no protocol: Istio has to guess",
    }


def test_one_port_with_two_protocols() -> None:
    selector = {"app": "api"}
    one = service("one", selector=selector, ports=[{"port": 80, "name": "http"}])
    other = service(
        "other", selector=selector, ports=[{"port": 8080, "targetPort": 80, "name": "tcp"}]
    )
    api = pod("api-1", {"app": "api"})
    assert found("serviceassociation", api, one, other) == {
        "Pod shop/api-1: spec.containers": "port 80 is http and tcp in different Services"
    }
    assert found("serviceassociation", api, one) == {}
