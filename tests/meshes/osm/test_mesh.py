"""OSM as data, what is wrong in its objects, and the way from it to Istio."""

from typing import Any

from meshery.adapters.ordering import newest_first
from meshery.behaviours.document import parse_behaviour
from meshery.behaviours.rendering import World
from meshery.meshes.istio.mesh import MESH as ISTIO
from meshery.meshes.osm import checks
from meshery.meshes.osm.mesh import MESH
from meshes import leaving

POLICY = "policy.openservicemesh.io/v1alpha1"
BOOKSTORE = """
apiVersion: config.openservicemesh.io/v1alpha2
kind: MeshConfig
metadata: {name: osm-mesh-config, namespace: osm-system}
spec:
  traffic: {enableEgress: false, enablePermissiveTrafficPolicyMode: false}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: bookstore, namespace: bookstore}
spec:
  template:
    metadata: {labels: {app: bookstore, version: v1}}
    spec: {serviceAccountName: seller}
---
apiVersion: v1
kind: Service
metadata: {name: bookstore, namespace: bookstore}
spec: {selector: {app: bookstore}}
---
apiVersion: split.smi-spec.io/v1alpha2
kind: TrafficSplit
metadata: {name: bookstore-split, namespace: bookstore}
spec:
  service: bookstore
  backends:
    - {service: bookstore-v1, weight: 50}
    - {service: bookstore-v2, weight: 50}
---
apiVersion: specs.smi-spec.io/v1alpha4
kind: HTTPRouteGroup
metadata: {name: routes, namespace: bookstore}
spec:
  matches:
    - {name: books-bought, pathRegex: /books-bought, methods: [GET]}
    - {name: buy, pathRegex: ".*a-book.*new", methods: [GET]}
    - {name: update, pathRegex: /update/.*, methods: ["*"]}
---
apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: {name: bookbuyer-access, namespace: bookstore}
spec:
  destination: {kind: ServiceAccount, name: seller, namespace: bookstore}
  rules:
    - {kind: HTTPRouteGroup, name: routes, matches: [books-bought, buy, update]}
  sources:
    - {kind: ServiceAccount, name: bookbuyer, namespace: bookbuyer}
---
apiVersion: policy.openservicemesh.io/v1alpha1
kind: Retry
metadata: {name: retry, namespace: bookbuyer}
spec:
  source: {kind: ServiceAccount, name: bookbuyer, namespace: bookbuyer}
  destinations: [{kind: Service, name: bookstore, namespace: bookstore}]
  retryPolicy: {retryOn: "5xx,envoy-ratelimited", perTryTimeout: 1s, numRetries: 5,
    retryBackoffBaseInterval: 1s}
---
apiVersion: policy.openservicemesh.io/v1alpha1
kind: UpstreamTrafficSetting
metadata: {name: bookstore, namespace: bookstore}
spec:
  host: bookstore.bookstore.svc.cluster.local
  connectionSettings: {tcp: {maxConnections: 8, connectTimeout: 2s}, http: {maxRequests: 16}}
  rateLimit: {local: {http: {requests: 3, unit: minute, burst: 10}}}
---
apiVersion: policy.openservicemesh.io/v1alpha1
kind: Egress
metadata: {name: httpbin, namespace: bookbuyer}
spec:
  sources: [{kind: ServiceAccount, name: bookbuyer, namespace: bookbuyer}]
  hosts: [httpbin.org]
  ports: [{number: 80, protocol: http}]
"""

STORE = {"service": "bookstore", "namespace": "bookstore"}
BUYER = "spiffe://cluster.local/ns/bookbuyer/sa/bookbuyer"


def test_it_ended_and_can_be_installed_where_that_is_accepted() -> None:
    assert (MESH.status.state, MESH.status.since) == ("ended", "2023-05-04")
    assert MESH.status.has_installer
    assert [each.name for each in MESH.charts] == ["osm"]
    names = [each.name for each in MESH.versions.known]
    assert names == newest_first(names)
    assert {chart for profile in MESH.profiles for chart in profile.values} == {"osm"}


def test_operations_are_the_originals() -> None:
    assert {each.key: each.text for each in MESH.operations} == {
        "open_service_mesh": "Open Service Mesh",
        "osm_bookstore_app": "Bookstore Application",
        "bookinfo": "Istio Book Info Application",
        "httpbin": "HTTPBin Application",
        "imagehub": "Image Hub Application",
        "emojivoto": "EmojiVoto Application",
        "custom": "Custom YAML",
        "smi_conformance": "SMI Conformance",
    }


def test_the_bookstore_comes_to_behaviours() -> None:
    behaviours, lost = leaving.read(MESH, BOOKSTORE)
    retry = {"attempts": 5, "perTryTimeout": "1s", "on": ["5xx"]}
    assert leaving.plain(behaviours) == [
        {
            "name": "mesh-mtls",
            "kind": "mtls",
            "target": {"service": "*"},
            "params": {"mode": "strict", "scope": "mesh"},
        },
        {
            "name": "bookstore-split",
            "kind": "split",
            "target": STORE,
            "params": {
                "backends": [
                    {"service": "bookstore-v1", "weight": 50},
                    {"service": "bookstore-v2", "weight": 50},
                ]
            },
        },
        {
            "name": "bookbuyer-access",
            "kind": "access",
            "target": STORE,
            "params": {
                "action": "allow",
                "from": [{"identity": BUYER}],
                "to": [
                    {"methods": ["GET"], "paths": ["/books-bought"]},
                    {"paths": ["/update/*"]},
                ],
            },
        },
        {
            "name": "retry",
            "kind": "retry",
            "target": STORE,
            "source": "bookbuyer.bookbuyer",
            "params": {**retry, "backoff": {"base": "1s", "max": "10s"}},
        },
        {
            "name": "bookstore-timeout",
            "kind": "timeout",
            "target": STORE,
            "params": {"connect": "2s"},
        },
        {
            "name": "bookstore-limits",
            "kind": "limits",
            "target": STORE,
            "params": {"maxConnections": 8, "maxRequests": 16},
        },
        {
            "name": "bookstore-rate",
            "kind": "ratelimit",
            "target": STORE,
            "params": {"requests": 3, "per": "minute", "burst": 10},
        },
        {
            "name": "httpbin",
            "kind": "egress",
            "target": {"service": "bookbuyer", "namespace": "bookbuyer"},
            "params": {"hosts": ["httpbin.org"], "ports": [80]},
        },
    ]
    assert [each for each in lost if "is taken to be" not in each] == [
        (
            "MeshConfig osm-system/osm-mesh-config: traffic.enableEgress false closes every host "
            "outside: each caller needs an egress of its own"
        ),
        (
            "MeshConfig osm-system/osm-mesh-config: "
            "traffic.enablePermissiveTrafficPolicyMode false refuses what no TrafficTarget allows, "
            "also for services without one"
        ),
        (
            "TrafficTarget bookstore/bookbuyer-access: match buy has the path '.*a-book.*new': not "
            "allowed any more"
        ),
        "Retry bookbuyer/retry: retryOn envoy-ratelimited has no neutral word",
    ]


def test_the_bookstore_runs_on_istio() -> None:
    behaviours, _ = leaving.read(MESH, BOOKSTORE)
    rendering = leaving.rendered(ISTIO, behaviours)
    assert [each.behaviour for each in rendering.outcomes if each.fidelity == "unsupported"] == []
    assert {
        "AuthorizationPolicy",
        "DestinationRule",
        "PeerAuthentication",
        "ServiceEntry",
        "VirtualService",
    } <= set(leaving.kinds(rendering))


def test_what_is_rendered_is_read_back() -> None:
    given: list[dict[str, Any]] = [
        {
            "name": "canary",
            "kind": "split",
            "target": {"service": "api", "namespace": "shop"},
            "params": {"backends": [{"service": "a", "weight": 9}, {"service": "b"}]},
        },
        {
            "name": "api-limits",
            "kind": "limits",
            "target": {"service": "api", "namespace": "shop"},
            "params": {"maxConnections": 5, "maxPending": 2},
        },
    ]
    world = World(version="1.2.4", namespace="shop")
    assert leaving.read_again(MESH, world, *given) == given


def test_what_a_mesh_config_that_stands_says_counts() -> None:
    document = {
        "name": "readers",
        "kind": "access",
        "target": "api",
        "params": {"action": "allow", "from": [{"identity": "web"}]},
    }
    strict = {"traffic": {"enablePermissiveTrafficPolicyMode": False}}
    config = {
        "apiVersion": "config.openservicemesh.io/v1alpha2",
        "kind": "MeshConfig",
        "metadata": {"name": "osm-mesh-config", "namespace": "osm-system"},
        "spec": strict,
    }
    told = []
    for live in ((), (config,)):
        world = World(version="1.2.4", namespace="shop", live=live)
        told.append(MESH.render([parse_behaviour(document)], world).outcomes[0].fidelity)
    assert told == ["approximate", "exact"]


def test_settings_of_one_host_and_of_no_service() -> None:
    def setting(name: str, host: str) -> dict[str, Any]:
        metadata = {"name": name, "namespace": "shop"}
        kind = {"apiVersion": POLICY, "kind": "UpstreamTrafficSetting"}
        return {**kind, "metadata": metadata, "spec": {"host": host}}

    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "a", "namespace": "shop"},
    }
    host = "a.shop.svc.cluster.local"
    assert checks.hosts([service, setting("one", host)]) == ()
    found = checks.hosts([service, setting("one", host), setting("two", host), setting("x", "b")])
    assert [each.message for each in found] == [
        f"{host} has its settings in one already",
        "there is no Service for b",
    ]


def test_policies_that_are_not_switched_on() -> None:
    def config(**spec: Any) -> dict[str, Any]:
        return {
            "apiVersion": "config.openservicemesh.io/v1alpha2",
            "kind": "MeshConfig",
            "metadata": {"name": "osm-mesh-config", "namespace": "osm-system"},
            "spec": spec,
        }

    policies = [
        {"apiVersion": POLICY, "kind": kind, "metadata": {"name": "x", "namespace": "shop"}}
        for kind in ("Retry", "Egress")
    ]
    off = config(traffic={"enableEgress": True})
    on = config(featureFlags={"enableRetryPolicy": True}, traffic={"enableEgress": False})
    assert [each.path for each in checks.switches([*policies, off])] == [
        "Retry shop/x: spec",
        "Egress shop/x: spec",
    ]
    assert checks.switches([*policies, on]) == checks.switches(policies) == ()
