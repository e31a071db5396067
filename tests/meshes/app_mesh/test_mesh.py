"""App Mesh as data, what is wrong in its objects, and the way from it to Istio."""

from typing import Any

import pytest

from meshery.adapters.draft import native
from meshery.adapters.ordering import newest_first
from meshery.behaviours.document import parse_behaviour
from meshery.behaviours.rendering import Service, ServicePort, World
from meshery.meshes.app_mesh import checks
from meshery.meshes.app_mesh.mesh import MESH
from meshery.meshes.app_mesh.objects import API_VERSION, duration
from meshery.meshes.istio.mesh import MESH as ISTIO
from meshes import leaving

COLORS = """
apiVersion: appmesh.k8s.aws/v1beta2
kind: Mesh
metadata: {name: color}
spec:
  egressFilter: {type: DROP_ALL}
  namespaceSelector: {matchLabels: {mesh: color}}
---
apiVersion: appmesh.k8s.aws/v1beta2
kind: VirtualNode
metadata: {name: front, namespace: color}
spec:
  podSelector: {matchLabels: {app: front}}
  listeners: [{portMapping: {port: 8080, protocol: http}}]
  serviceDiscovery: {dns: {hostname: front.color.svc.cluster.local}}
  backends:
    - {virtualService: {virtualServiceRef: {name: color}}}
    - {virtualService: {virtualServiceRef: {name: outside}}}
---
apiVersion: appmesh.k8s.aws/v1beta2
kind: VirtualNode
metadata: {name: outside, namespace: color}
spec:
  listeners: [{portMapping: {port: 443, protocol: tcp}}]
  serviceDiscovery: {dns: {hostname: example.com}}
---
apiVersion: appmesh.k8s.aws/v1beta2
kind: VirtualService
metadata: {name: outside, namespace: color}
spec:
  awsName: example.com
  provider: {virtualNode: {virtualNodeRef: {name: outside}}}
---
apiVersion: appmesh.k8s.aws/v1beta2
kind: VirtualNode
metadata: {name: blue, namespace: color}
spec:
  podSelector: {matchLabels: {app: color, version: blue}}
  listeners:
    - portMapping: {port: 8080, protocol: http}
      connectionPool: {http: {maxConnections: 10, maxPendingRequests: 2}}
      outlierDetection:
        maxServerErrors: 5
        interval: {unit: s, value: 10}
        baseEjectionDuration: {unit: ms, value: 2500}
        maxEjectionPercent: 50
      tls: {mode: STRICT, certificate: {sds: {secretName: x}}}
      healthCheck: {protocol: http, path: /ping, healthyThreshold: 2, intervalMillis: 5000}
  serviceDiscovery: {dns: {hostname: color-blue.color.svc.cluster.local}}
---
apiVersion: appmesh.k8s.aws/v1beta2
kind: VirtualNode
metadata: {name: green, namespace: color}
spec:
  podSelector: {matchLabels: {app: color, version: green}}
  listeners: [{portMapping: {port: 8080, protocol: http}}]
  serviceDiscovery: {dns: {hostname: color-green.color.svc.cluster.local}}
---
apiVersion: appmesh.k8s.aws/v1beta2
kind: VirtualService
metadata: {name: color, namespace: color}
spec:
  awsName: color.color.svc.cluster.local
  provider: {virtualRouter: {virtualRouterRef: {name: color-router}}}
---
apiVersion: appmesh.k8s.aws/v1beta2
kind: VirtualRouter
metadata: {name: color-router, namespace: color}
spec:
  listeners: [{portMapping: {port: 8080, protocol: http}}]
  routes:
    - name: green
      priority: 1
      httpRoute:
        match: {prefix: /, headers: [{name: color, match: {exact: green}}]}
        action: {weightedTargets: [{virtualNodeRef: {name: green}, weight: 1}]}
        retryPolicy: &retry
          httpRetryEvents: [server-error, gateway-error]
          tcpRetryEvents: [connection-error]
          maxRetries: 2
          perRetryTimeout: {unit: ms, value: 500}
    - name: others
      httpRoute:
        match: {prefix: /}
        action:
          weightedTargets:
            - {virtualNodeRef: {name: blue}, weight: 80}
            - {virtualNodeRef: {name: green}, weight: 20}
        retryPolicy: *retry
        timeout: {perRequest: {unit: s, value: 20}}
---
apiVersion: appmesh.k8s.aws/v1beta2
kind: GatewayRoute
metadata: {name: front, namespace: color}
spec:
  httpRoute:
    match: {prefix: /, hostname: {exact: color.test}}
    action: {target: {virtualService: {virtualServiceRef: {name: color}}}}
"""
COLOR = {"service": "color", "namespace": "color"}


def test_it_ended_and_nothing_can_be_installed() -> None:
    assert (MESH.status.state, MESH.status.since) == ("ended", "2026-09-30")
    assert not MESH.status.has_installer
    assert not MESH.charts
    assert not MESH.profiles
    assert not {each.does for each in MESH.operations} & {"install", "inject", "add-on"}
    names = [each.name for each in MESH.versions.known]
    assert names == newest_first(names)


def test_colours_come_to_behaviours() -> None:
    behaviours, lost = leaving.read(MESH, COLORS)
    found = {each["name"]: each for each in leaving.plain(behaviours)}
    match = {"headers": [{"name": "color", "exact": "green"}]}
    assert {name: (each["kind"], each["params"]) for name, each in found.items()} == {
        "color-router-green": ("route", {"match": match, "backends": [{"service": "color-green"}]}),
        "color-router": (
            "split",
            {
                "backends": [
                    {"service": "color-blue", "weight": 80},
                    {"service": "color-green", "weight": 20},
                ]
            },
        ),
        "color-router-retry": (
            "retry",
            {"perTryTimeout": "500ms", "on": ["5xx", "gateway-error", "connect-failure"]},
        ),
        "color-router-timeout": ("timeout", {"request": "20s"}),
        "front-egress": ("egress", {"hosts": ["example.com"], "ports": [443]}),
        "blue-limits": ("limits", {"maxConnections": 10, "maxPending": 2}),
        "blue-ejection": ("ejection", {"baseEjection": "2.5s"}),
        "blue-mtls": ("mtls", {"mode": "strict"}),
        "front": (
            "ingress",
            {"hosts": ["color.test"], "routes": [{"service": "color"}]},
        ),
    }
    assert found["color-router"]["target"] == COLOR
    assert found["front-egress"]["target"]["service"] == "front"
    assert found["blue-limits"]["target"]["service"] == "color-blue"
    assert list(lost) == [
        (
            "VirtualRouter color/color-router: timeout differs between its routes: the first "
            "one is taken"
        ),
        "VirtualNode color/blue: healthCheck: a readiness probe of the pods does it",
        (
            "Mesh default/color: egressFilter DROP_ALL closes every host: each caller needs "
            "an egress of its own"
        ),
    ]


def test_colours_run_on_istio() -> None:
    behaviours, _ = leaving.read(MESH, COLORS)
    rendering = leaving.rendered(ISTIO, behaviours)
    assert [each.behaviour for each in rendering.outcomes if each.fidelity == "unsupported"] == []
    made = set(leaving.kinds(rendering))
    assert {"DestinationRule", "PeerAuthentication", "ServiceEntry", "VirtualService"} <= made


def test_what_is_rendered_is_read_back() -> None:
    api = {"service": "api", "namespace": "shop"}
    given: list[dict[str, Any]] = [
        {
            "name": "api-beta",
            "kind": "route",
            "target": api,
            "params": {
                "match": {"path": {"prefix": "/v2"}, "method": "GET"},
                "backends": [{"service": "api-v2"}],
            },
        },
        {
            "name": "api-retry",
            "kind": "retry",
            "target": api,
            "params": {"attempts": 3, "perTryTimeout": "1.5s", "on": ["5xx", "reset"]},
        },
    ]
    named = [{**given[0], "name": "beta"}, given[1]]
    assert leaving.read_again(MESH, World(version="1.13.1", namespace="shop"), *named) == given


@pytest.mark.parametrize(
    ("milliseconds", "written"),
    [
        (1000, {"unit": "s", "value": 1}),
        (1500, {"unit": "ms", "value": 1500}),
        (0.5, {"unit": "ms", "value": 1}),
        (0, {"unit": "s", "value": 0}),
    ],
)
def test_durations_have_a_unit(milliseconds: float, written: dict[str, Any]) -> None:
    assert duration(milliseconds) == written


@pytest.mark.parametrize(
    ("weights", "written", "is_told"),
    [
        ([90, 10], [90, 10], False),
        ([900, 100], [9, 1], False),
        ([1000, 1], [100, 1], True),
        ([301, 0], [1, 0], False),
    ],
)
def test_weights_go_up_to_a_hundred(weights: list[int], written: list[int], is_told: bool) -> None:
    backends = [{"subset": f"v{n}", "weight": weight} for n, weight in enumerate(weights)]
    document = {"name": "s", "kind": "split", "target": "api", "params": {"backends": backends}}
    rendering = MESH.render([parse_behaviour(document)], World(version="1.13.1"))
    (router,) = [each for each in rendering.objects if each["kind"] == "VirtualRouter"]
    targets = router["spec"]["routes"][0]["httpRoute"]["action"]["weightedTargets"]
    assert [each["weight"] for each in targets] == written
    assert any("the shares are" in note for note in rendering.outcomes[0].notes) == is_told


def test_routes_stand_from_the_most_specific_on() -> None:
    documents = [
        {
            "name": name,
            "kind": "route",
            "target": "api",
            "params": {"match": {"path": path}, "backends": [{"subset": "v2"}]},
        }
        for name, path in (
            ("short", {"prefix": "/a"}),
            ("long", {"prefix": "/a/b"}),
            ("exact", {"exact": "/a"}),
        )
    ]
    rendering = MESH.render([parse_behaviour(each) for each in documents], World(version="1.13.1"))
    (router,) = [each for each in rendering.objects if each["kind"] == "VirtualRouter"]
    routes = [(each["name"], each["priority"]) for each in router["spec"]["routes"]]
    assert routes == [("exact", 0), ("long", 1), ("short", 2)]


def test_a_route_speaks_one_protocol_and_retries_reach_their_own() -> None:
    ports = (ServicePort(80), ServicePort(9090, "grpc", "grpc"))
    api = Service("api", "shop", ports=ports, labels={"app": "api"})
    split = {"backends": [{"subset": "v1"}]}
    tries = {"attempts": 2, "perTryTimeout": "1s", "on": ["unavailable"]}
    grpc = {"service": "api", "port": 9090}
    documents: list[dict[str, Any]] = [
        {"name": "canary", "kind": "split", "target": "api", "params": split},
        {"name": "again", "kind": "retry", "target": grpc, "params": tries},
    ]
    world = World(version="1.13.1", namespace="shop", services=(api,))
    rendering = MESH.render([parse_behaviour(each) for each in documents], world)
    (router,) = [each for each in rendering.objects if each["kind"] == "VirtualRouter"]
    http, rest = router["spec"]["routes"]
    assert (http["name"], rest["name"]) == ("default", "default-grpc")
    assert "retryPolicy" not in http["httpRoute"]
    assert rest["grpcRoute"]["retryPolicy"]["grpcRetryEvents"] == ["unavailable"]


def test_retries_on_nothing_that_app_mesh_knows() -> None:
    document = {"name": "r", "kind": "retry", "target": "api", "params": {"on": ["404"]}}
    rendering = MESH.render([parse_behaviour(document)], World(version="1.13.1"))
    assert rendering.objects == ()
    assert rendering.outcomes[0].fidelity == "unsupported"


def node(name: str, **labels: str) -> dict[str, Any]:
    spec = {"podSelector": {"matchLabels": labels}}
    return native(API_VERSION, "VirtualNode", name, "shop", spec)


def router(*targets: tuple[str, int]) -> dict[str, Any]:
    found = [{"virtualNodeRef": {"name": name}, "weight": weight} for name, weight in targets]
    body = {"match": {"prefix": "/"}, "action": {"weightedTargets": found}}
    spec = {"routes": [{"name": "all", "httpRoute": body}]}
    return native(API_VERSION, "VirtualRouter", "api", "shop", spec)


def test_objects_that_are_right() -> None:
    provider = {"provider": {"virtualRouter": {"virtualRouterRef": {"name": "api"}}}}
    good = [
        node("v1", app="api", version="v1"),
        node("v2", app="api", version="v2"),
        router(("v1", 1), ("v2", 0)),
        native(API_VERSION, "VirtualService", "api", "shop", provider),
    ]
    assert [found for check in MESH.validators.values() for found in check(good)] == []


def test_references_that_lead_nowhere() -> None:
    provider = {"provider": {"virtualRouter": {"virtualRouterRef": {"name": "gone"}}}}
    backends = {"backends": [{"virtualService": {"virtualServiceRef": {"name": "gone"}}}]}
    found = checks.references(
        [
            router(("v1", 1)),
            native(API_VERSION, "VirtualService", "api", "shop", provider),
            native(API_VERSION, "VirtualNode", "web", "shop", backends),
        ]
    )
    assert [each.message for each in found] == [
        "there is no VirtualNode shop/v1",
        "there is no VirtualRouter shop/gone",
        "there is no VirtualService shop/gone",
    ]


def test_targets_without_weight_and_pods_of_two_nodes() -> None:
    (weightless,) = checks.weights([router(("v1", 0))])
    assert weightless.message == "have no weight at all"
    (twice,) = checks.nodes([node("all", app="api"), node("v1", app="api", version="v1")])
    assert twice.message == "selects pods of VirtualNode all too"
