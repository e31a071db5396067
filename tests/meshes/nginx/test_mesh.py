"""NGINX Service Mesh as data, what is wrong in its objects, and the way from it to Istio."""

from typing import Any

import pytest

from meshery.adapters.draft import native
from meshery.adapters.ordering import newest_first
from meshery.behaviours.document import parse_behaviour
from meshery.behaviours.rendering import World
from meshery.meshes.istio.mesh import MESH as ISTIO
from meshery.meshes.nginx import checks
from meshery.meshes.nginx.mesh import MESH
from meshery.meshes.nginx.objects import CIRCUIT_BREAKER, GROUP
from meshes import leaving

SHOP = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api-v1, namespace: shop}
spec:
  template:
    metadata:
      labels: {app: api}
      annotations: {config.nsm.nginx.com/mtls-mode: strict}
    spec: {serviceAccountName: runner}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}}
    spec: {serviceAccountName: web}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}}
---
apiVersion: nsm.nginx.com/v1alpha1
kind: MeshConfig
metadata: {name: nginx-mesh-config, namespace: nginx-mesh}
spec: {accessControlMode: deny, mtls: {mode: permissive}}
---
apiVersion: specs.smi-spec.io/v1alpha3
kind: HTTPRouteGroup
metadata: {name: beta, namespace: shop}
spec:
  matches:
    - {name: header, headers: {x-test: ^true$}}
    - {name: path, pathRegex: /beta, methods: [GET]}
---
apiVersion: split.smi-spec.io/v1alpha3
kind: TrafficSplit
metadata: {name: beta, namespace: shop}
spec:
  service: api
  backends: [{service: api-v2, weight: 1}]
  matches: [{kind: HTTPRouteGroup, name: beta}]
---
apiVersion: specs.smi-spec.io/v1alpha3
kind: HTTPRouteGroup
metadata: {name: echo, namespace: shop}
spec: {matches: [{name: echo, pathRegex: ^/echo$, methods: [GET]}]}
---
apiVersion: access.smi-spec.io/v1alpha2
kind: TrafficTarget
metadata: {name: echo, namespace: shop}
spec:
  destination: {kind: ServiceAccount, name: runner, port: 8080}
  rules: [{kind: HTTPRouteGroup, name: echo, matches: [echo]}]
  sources: [{kind: ServiceAccount, name: web}]
---
apiVersion: specs.smi.nginx.com/v1alpha2
kind: RateLimit
metadata: {name: limit, namespace: shop}
spec:
  destination: {kind: Service, name: api, namespace: shop}
  sources: [{kind: Deployment, name: web, namespace: shop}]
  name: 10rm
  rate: 10r/m
  burst: 10
  delay: nodelay
---
apiVersion: specs.smi.nginx.com/v1alpha1
kind: CircuitBreaker
metadata: {name: breaker, namespace: shop}
spec:
  destination: {kind: Service, name: api, namespace: shop}
  errors: 3
  timeoutSeconds: 30
  fallback: {service: shop/web, port: 80}
"""
API = {"service": "api", "namespace": "shop"}
BETA = [{"service": "api-v2"}]


def test_it_ended_and_can_be_installed_where_that_is_accepted() -> None:
    assert (MESH.status.state, MESH.status.since) == ("ended", "2024-03-14")
    assert MESH.status.has_installer
    names = [each.name for each in MESH.versions.known]
    assert names == newest_first(names)
    assert {each.name: each.charts["nginx-service-mesh"] for each in MESH.versions.known} == {
        "2.0.0": "2.0.0",
        "1.7.0": "0.7.0",
        "1.6.0": "0.6.0",
    }


def test_operations_are_the_originals() -> None:
    own = {each.key: each.text for each in MESH.operations[:2]}
    assert own == {
        "nginx_service_mesh": "Nginx Service Mesh",
        "label-namespace": "Automatic Sidecar Injection",
    }
    assert len({each.key for each in MESH.operations}) == len(MESH.operations) == 8


def test_a_shop_comes_to_behaviours() -> None:
    behaviours, lost = leaving.read(MESH, SHOP)
    web = "spiffe://cluster.local/ns/shop/sa/web"
    found = leaving.plain(behaviours)
    assert [(each["name"], each["kind"], each["target"]["service"]) for each in found] == [
        ("beta", "split", "api"),
        ("beta-2", "split", "api"),
        ("echo", "access", "api"),
        ("limit", "ratelimit", "api"),
        ("breaker", "trip", "api"),
        ("mesh-mtls", "mtls", "*"),
        ("api-v1-mtls", "mtls", "api"),
    ]
    header = {"headers": [{"name": "x-test", "regex": "true"}]}
    path = {"path": {"regex": ".*/beta.*"}, "method": "GET"}
    assert [each["params"] for each in found] == [
        {"backends": BETA, "match": header},
        {"backends": BETA, "match": path},
        {
            "action": "allow",
            "from": [{"identity": web}],
            "to": [{"methods": ["GET"], "paths": ["/echo"], "ports": [8080]}],
        },
        {"requests": 10, "per": "minute", "burst": 1, "status": 503},
        {"count": 3, "fallback": "web"},
        {"mode": "permissive", "scope": "mesh"},
        {"mode": "strict"},
    ]
    assert found[3]["source"] == "web"
    assert list(lost) == [
        (
            "MeshConfig nginx-mesh/nginx-mesh-config: accessControlMode deny refuses what no "
            "TrafficTarget allows, also for services without one"
        )
    ]


def test_the_shop_runs_on_istio() -> None:
    behaviours, _ = leaving.read(MESH, SHOP)
    rendering = leaving.rendered(ISTIO, behaviours)
    told = {each.behaviour: each.fidelity for each in rendering.outcomes}
    assert "unsupported" not in told.values()
    made = set(leaving.kinds(rendering))
    assert {"AuthorizationPolicy", "PeerAuthentication", "VirtualService"} <= made


def test_what_would_allow_or_limit_too_much_is_lost_instead() -> None:
    spec = {"destination": {"kind": "Service", "name": "api"}, "rate": "1r/s"}
    for more in ({"rules": [{"kind": "HTTPRouteGroup", "name": "x"}]}, {"rate": "often"}):
        limit = native(f"{GROUP}/v1alpha2", "RateLimit", "x", "shop", {**spec, **more})
        documents, lost = MESH.migrations[0].read([limit])
        assert not documents
        assert len(lost) == 1


def test_what_is_rendered_is_read_back() -> None:
    given: list[dict[str, Any]] = [
        {
            "name": "rate",
            "kind": "ratelimit",
            "target": API,
            "source": "web",
            "params": {"requests": 10, "per": "minute", "burst": 5, "status": 503},
        },
        {"name": "api", "kind": "trip", "target": API, "params": {"count": 3, "openFor": "5s"}},
    ]
    assert leaving.read_again(MESH, World(version="2.0.0", namespace="shop"), *given) == given


@pytest.mark.parametrize(("version", "written"), [("1.1.0", "v1alpha1"), ("1.2.0", "v1alpha2")])
def test_rate_limits_are_of_the_meshs_version(version: str, written: str) -> None:
    document = {"name": "r", "kind": "ratelimit", "target": "api", "params": {"requests": 1}}
    (made,) = MESH.render([parse_behaviour(document)], World(version=version)).objects
    assert made["apiVersion"] == f"specs.smi.nginx.com/{written}"


@pytest.mark.parametrize(
    ("params", "rate", "burst"),
    [
        ({"requests": 5}, "5r/s", 4),
        ({"requests": 5, "per": "minute", "burst": 2}, "5r/m", 6),
        ({"requests": 120, "per": "hour"}, "2r/m", 119),
        ({"requests": 90, "per": "hour"}, None, None),
    ],
)
def test_a_rate_lets_as_many_through_at_once_as_it_says(
    params: dict[str, Any], rate: str | None, burst: int | None
) -> None:
    document = {"name": "r", "kind": "ratelimit", "target": "api", "params": params}
    objects = MESH.render([parse_behaviour(document)], World(version="2.0.0")).objects
    assert [(each["spec"]["rate"], each["spec"]["burst"]) for each in objects] == (
        [] if rate is None else [(rate, burst)]
    )


def limit(name: str, **spec: Any) -> dict[str, Any]:
    whole = {"destination": {"kind": "Service", "name": "api"}, "name": "x", "rate": "1r/s", **spec}
    return native(f"{GROUP}/v1alpha2", "RateLimit", name, "shop", whole)


def breaker(name: str, **spec: Any) -> dict[str, Any]:
    whole = {"destination": {"kind": "Service", "name": "api"}, **spec}
    return native(CIRCUIT_BREAKER, "CircuitBreaker", name, "shop", whole)


def test_limits_that_share_a_source() -> None:
    web, pay = ([{"kind": "Deployment", "name": name}] for name in ("web", "pay"))
    assert checks.rate_limits([limit("a"), limit("b", sources=web), limit("c", sources=pay)]) == ()
    found = checks.rate_limits([limit("a", sources=web), limit("b", sources=[*pay, *web])])
    assert [(each.path, each.message) for each in found] == [
        (
            "RateLimit shop/b: spec.sources",
            "Service shop/api is limited for Deployment shop/web by RateLimit shop/a too",
        )
    ]
    rules = [{"kind": "HTTPRouteGroup", "name": "gone"}]
    (missing,) = checks.rate_limits([limit("a", rules=rules)])
    assert missing.message == "there is no HTTPRouteGroup shop/gone"


def test_breakers_of_one_service_and_fallbacks_elsewhere() -> None:
    assert checks.circuit_breakers([breaker("a", fallback={"service": "shop/web"})]) == ()
    found = checks.circuit_breakers([breaker("a", fallback={"service": "web"}), breaker("b")])
    assert [each.message for each in found] == [
        "web is in default, the destination in shop",
        "Service shop/api has CircuitBreaker shop/a already",
    ]
