"""Citrix as data: Istio's objects, the legacy operations to the letter, and what leaving means."""

from typing import Any

import yaml
from jsonschema import Draft7Validator

from meshery.behaviours.document import parse_behaviour
from meshery.behaviours.model import Fidelity
from meshery.behaviours.rendering import Outcome, World
from meshery.meshes.citrix.mesh import MESH

WORLD = World(version="1.14.0", namespace="default")
TEXTS = {
    "install_book_info": "Book Info Application",
    "install_http_bin": "HTTPbin Application",
    "cpx_vet": "Run cpx-vet",
    "cb1": "Configure circuit breaker with only one connection",
    "bookInfoDefaultDestinationRules": "Default Book info destination rules (defines subsets)",
    "bookInfoRouteToV1AllServices": "Route traffic to V1 of all Book info services",
    "bookInfoRouteToReviewsV2ForJason": (
        "Route traffic to V2 of Book info reviews service for user Jason"
    ),
    "bookInfoCanary50pcReviewsV3": "Route 50% of the traffic to Book info reviews V3",
    "bookInfoCanary100pcReviewsV3": "Route 100% of the traffic to Book info reviews V3",
    "bookInfoInjectDelayForRatingsForJason": (
        "Inject a 7s delay in the traffic to Book info ratings service for user Jason"
    ),
    "bookInfoInjectHTTPAbortToRatingsForJason": (
        "Inject HTTP abort to Book info ratings service for user Jason"
    ),
    "bookInfoProductPageCircuitBreaking": (
        "Configure circuit breaking with max 1 request per connection and max 1 pending request "
        "to Book info productpage service"
    ),
    "custom": "Custom YAML",
}


def made(key: str) -> list[dict[str, Any]]:
    (operation,) = [each for each in MESH.operations if each.key == key]
    assert operation.manifests is not None
    return list(operation.manifests(WORLD))


def test_operations_are_the_originals() -> None:
    assert {each.key: each.text for each in MESH.operations} == TEXTS


def test_nothing_can_be_installed() -> None:
    assert MESH.status.state == "ended"
    assert not MESH.status.has_installer
    assert MESH.charts == ()


def test_destination_rules_define_subsets_and_route_nothing() -> None:
    rules = made("bookInfoDefaultDestinationRules")
    assert {each["kind"] for each in rules} == {"DestinationRule"}
    subsets = {
        each["metadata"]["name"]: [subset["name"] for subset in each["spec"]["subsets"]]
        for each in rules
    }
    assert subsets == {
        "productpage": ["v1"],
        "reviews": ["v1", "v2", "v3"],
        "ratings": ["v1", "v2"],
        "details": ["v1", "v2"],
    }


def test_jason_is_routed_and_the_others_are_not() -> None:
    (service,) = [
        each
        for each in made("bookInfoRouteToReviewsV2ForJason")
        if each["kind"] == "VirtualService"
    ]
    first, last = service["spec"]["http"]
    assert first["match"] == [{"headers": {"end-user": {"exact": "jason"}}}]
    assert first["route"][0]["destination"]["subset"] == "v2"
    assert "match" not in last
    assert last["route"][0]["destination"]["subset"] == "v1"


def test_faults_are_for_jason_alone() -> None:
    for key, word in (
        ("bookInfoInjectDelayForRatingsForJason", "delay"),
        ("bookInfoInjectHTTPAbortToRatingsForJason", "abort"),
    ):
        (service,) = [each for each in made(key) if each["kind"] == "VirtualService"]
        faults = [rule.get("fault") for rule in service["spec"]["http"]]
        assert word in (faults[0] or {})
        assert not faults[-1]


def test_one_connection_and_out_after_one_error() -> None:
    for key, host in (("cb1", "httpbin"), ("bookInfoProductPageCircuitBreaking", "productpage")):
        (rule,) = [each for each in made(key) if each["kind"] == "DestinationRule"]
        assert rule["metadata"]["name"] == host
        policy = rule["spec"]["trafficPolicy"]
        assert policy["connectionPool"] == {
            "tcp": {"maxConnections": 1},
            "http": {"http1MaxPendingRequests": 1, "maxRequestsPerConnection": 1},
        }
        assert policy["outlierDetection"]["maxEjectionPercent"] == 100


NATIVE = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: api, namespace: shop}
spec:
  hosts: [api]
  http:
    - route: [{destination: {host: api}}]
      timeout: 3s
---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: filter, namespace: shop}
---
apiVersion: citrix.com/v1beta1
kind: ratelimit
metadata: {name: limit, namespace: shop}
"""


def test_istios_objects_stay_and_netscalers_do_not() -> None:
    documents, lost = MESH.migrations[0].read(list(yaml.safe_load_all(NATIVE)))
    assert documents == ()
    assert list(lost) == [
        "EnvoyFilter shop/filter: patches a proxy, which is another one afterwards",
        "ratelimit shop/limit: is NetScaler's own, which no other mesh reads",
    ]


def test_a_way_further_than_istio_reads_istios_objects() -> None:
    ways = {each.to: each for each in MESH.migrations}
    assert next(iter(ways)) == "istio"
    documents, lost = ways["linkerd"].read(list(yaml.safe_load_all(NATIVE)))
    found = [parse_behaviour(dict(each)) for each in documents]
    assert [(each.kind, each.target.service) for each in found] == [("timeout", "api")]
    assert lost[-1] == "ratelimit shop/limit: is NetScaler's own, which no other mesh reads"


def test_configurations_are_what_istios_kinds_take() -> None:
    schemas = {(each.api_version, each.kind): each.schema for each in MESH.kinds}
    for operation in MESH.operations:
        for native in operation.manifests(WORLD) if operation.manifests else ():
            schema = schemas[native["apiVersion"], native["kind"]]
            assert list(Draft7Validator(schema).iter_errors(native)) == []


def test_what_is_said_to_envoy_alone_is_not_written() -> None:
    def outcome(**params: Any) -> Outcome:
        document = {"name": "slow", "kind": "fault", "target": "api", "params": params}
        rendering = MESH.render([parse_behaviour(document)], WORLD)
        assert "EnvoyFilter" not in {each["kind"] for each in rendering.objects}
        return rendering.outcomes[0]

    narrow = {"bandwidth": {"kbps": 64}}
    assert outcome(**narrow).fidelity is Fidelity.UNSUPPORTED
    both = outcome(**narrow, abort={"status": 503})
    assert both.fidelity is Fidelity.APPROXIMATE
    assert any(note.startswith("bandwidth is left out") for note in both.notes)
