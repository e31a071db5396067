"""Traefik Mesh as data, what is wrong in annotations, and the ways from it."""

from typing import Any

import pytest

from meshery.adapters.ordering import newest_first
from meshery.behaviours.document import parse_behaviour
from meshery.behaviours.rendering import World
from meshery.meshes.istio.mesh import MESH as ISTIO
from meshery.meshes.traefik_mesh import checks
from meshery.meshes.traefik_mesh.mesh import MESH
from meshes import leaving

SERVER = """
apiVersion: v1
kind: Service
metadata:
  name: server
  namespace: server
  annotations:
    mesh.traefik.io/traffic-type: http
    mesh.traefik.io/retry-attempts: "3"
    mesh.traefik.io/circuit-breaker-expression: ResponseCodeRatio(500, 600, 0, 600) > 0.25
    mesh.traefik.io/ratelimit-average: "100"
    mesh.traefik.io/ratelimit-burst: "200"
---
apiVersion: v1
kind: Service
metadata:
  name: other
  namespace: server
  annotations:
    mesh.traefik.io/retry-attempts: "1"
    mesh.traefik.io/circuit-breaker-expression: >-
      NetworkErrorRatio() > 0.5 || LatencyAtQuantileMS(95.0) > 100
---
apiVersion: specs.smi-spec.io/v1alpha3
kind: HTTPRouteGroup
metadata: {name: server-routes, namespace: server}
spec:
  matches:
    - {name: api, pathRegex: /api, methods: ["*"]}
    - {name: metrics, pathRegex: /metrics, methods: [GET]}
---
apiVersion: access.smi-spec.io/v1alpha2
kind: TrafficTarget
metadata: {name: client-server-target, namespace: server}
spec:
  destination: {kind: ServiceAccount, name: server, namespace: server}
  rules: [{kind: HTTPRouteGroup, name: server-routes, matches: [api]}]
  sources: [{kind: ServiceAccount, name: client, namespace: client}]
---
apiVersion: split.smi-spec.io/v1alpha3
kind: TrafficSplit
metadata: {name: server-split, namespace: server}
spec:
  service: server
  backends: [{service: server-v1, weight: 80}, {service: server-v2, weight: 20}]
"""
SERVER_TARGET = {"service": "server", "namespace": "server"}


def test_it_is_dormant_and_says_where_that_was_read() -> None:
    assert MESH.status.state == "dormant"
    assert MESH.status.as_of == "2026-02-24"
    assert [each.to for each in MESH.migrations] == ["linkerd", "istio"]
    names = [each.name for each in MESH.versions.known]
    assert names == newest_first(names)
    assert MESH.injection is not None
    assert MESH.injection.mode == "service"


def test_operations_are_the_originals() -> None:
    assert MESH.operations[0].key == "traefik_mesh"
    assert MESH.operations[0].text == "Traefik Mesh"
    assert len(MESH.operations) == 7


def test_a_server_comes_to_behaviours() -> None:
    behaviours, lost = leaving.read(MESH, SERVER)
    found = {each["name"]: each for each in leaving.plain(behaviours)}
    assert {name: each["params"] for name, each in found.items()} == {
        "server-retry": {"on": ["connect-failure"]},
        "server-trip": {"errorRatio": 25.0, "openFor": "10s"},
        "server-rate": {"requests": 100, "burst": 100},
        "server-split": {
            "backends": [
                {"service": "server-v1", "weight": 80},
                {"service": "server-v2", "weight": 20},
            ]
        },
        "client-server-target": {
            "action": "allow",
            "from": [{"identity": "spiffe://cluster.local/ns/client/sa/client"}],
            "to": [{"paths": ["/api*"]}],
        },
    }
    assert {str(each["target"]) for each in found.values()} == {str(SERVER_TARGET)}
    assert list(lost) == [
        (
            "Service server/server: the limit counts each caller's address apart; the "
            "behaviour counts all together"
        ),
        "Service server/server: traffic-type http: name the port or set appProtocol instead",
        (
            "Service server/other: the breaker 'NetworkErrorRatio() > 0.5 || "
            "LatencyAtQuantileMS(95.0) > 100' is more than one neutral reason"
        ),
    ]


def test_the_server_runs_on_istio() -> None:
    behaviours, _ = leaving.read(MESH, SERVER)
    rendering = leaving.rendered(ISTIO, behaviours)
    told = {each.behaviour: each.fidelity for each in rendering.outcomes}
    assert [name for name in told if told[name] == "unsupported"] in ([], ["server-trip"])
    assert {"AuthorizationPolicy", "VirtualService"} <= set(leaving.kinds(rendering))


def test_what_is_rendered_is_read_back() -> None:
    given: list[dict[str, Any]] = [
        {
            "name": "server-retry",
            "kind": "retry",
            "target": SERVER_TARGET,
            "params": {"attempts": 4, "on": ["connect-failure"]},
        },
        {
            "name": "server-trip",
            "kind": "trip",
            "target": SERVER_TARGET,
            "params": {"latency": "250ms", "openFor": "10s"},
        },
        {
            "name": "server-rate",
            "kind": "ratelimit",
            "target": SERVER_TARGET,
            "params": {"requests": 7, "burst": 2},
        },
    ]
    assert leaving.read_again(MESH, World(version="1.4.8", namespace="server"), *given) == given


def test_annotations_are_all_that_is_said_of_a_service() -> None:
    document = {"name": "r", "kind": "retry", "target": "api", "params": {"attempts": 2}}
    (made,) = MESH.render([parse_behaviour(document)], World(version="1.4.8")).objects
    assert set(made) == {"apiVersion", "kind", "metadata"}
    assert made["metadata"]["annotations"] == {"mesh.traefik.io/retry-attempts": "3"}


def annotated(**given: str) -> dict[str, Any]:
    names = {f"mesh.traefik.io/{key.replace('_', '-')}": value for key, value in given.items()}
    metadata = {"name": "api", "namespace": "shop", "annotations": {"other": "x", **names}}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata}


def test_annotations_that_are_right() -> None:
    good = annotated(
        traffic_type="http",
        retry_attempts="2",
        ratelimit_average="1",
        ratelimit_burst="2",
        circuit_breaker_expression="NetworkErrorRatio() > 0.3",
    )
    assert checks.annotations([good]) == ()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"traffic_type": "grpc"}, "'grpc' is not known"),
        ({"retry_attempts": "two"}, "'two' is no number in quotes"),
        ({"retries": "2"}, "is no annotation of Traefik Mesh"),
        ({"circuit_breaker_expression": "often"}, "is no expression of a breaker"),
        ({"ratelimit_average": "1"}, "mesh.traefik.io/ratelimit-burst is missing"),
        (
            {"traffic_type": "tcp", "retry_attempts": "2"},
            "counts for nothing: the Service's traffic is not HTTP",
        ),
    ],
)
def test_annotations_that_are_wrong(given: dict[str, str], message: str) -> None:
    (found,) = checks.annotations([annotated(**given)])
    assert found.message == message
    assert found.path.startswith("Service shop/api: metadata.annotations")
    assert found.hint
