"""Istio's objects read back: what was rendered comes back, what no behaviour says is named."""

from typing import Any

import pytest
import yaml

from meshery.behaviours.document import behaviour_document, parse_behaviour
from meshery.meshes.istio.mesh import MESH
from meshery.meshes.istio.migrate import read
from meshes.parameters import PLAIN, world_of

WORLD = world_of("1.31.0")
MORE: dict[str, list[dict[str, Any]]] = {
    "split": [{"backends": [{"subset": "v1"}, {"service": "pay", "weight": 3}]}],
    "fault": [
        {"match": {"path": {"prefix": "/a"}, "method": "GET"}, "delay": {"duration": "250ms"}},
        {"abort": {"grpcStatus": 14, "percent": 10}},
    ],
    "route": [
        {"match": {"path": {"exact": "/a"}}, "rewrite": {"path": {"full": "/b"}, "host": "b.test"}},
        {
            "match": {
                "headers": [{"name": "x-a", "prefix": "j"}],
                "query": [{"name": "q", "exact": "1"}],
            },
            "headerOps": {"request": {"set": {"x-b": "1"}}, "response": {"remove": ["x-c"]}},
        },
        {"match": {"path": {"prefix": "/a"}}, "rewrite": {"path": {"prefix": "/b"}}},
        {"match": {"path": {"prefix": "/a"}}, "redirect": {"scheme": "https", "status": 308}},
    ],
    "limits": [{"maxPending": 5, "maxRequests": 6, "maxRetries": 7, "perConnectionRequests": 8}],
    "ejection": [{"gatewayErrorsOnly": True, "consecutiveErrors": 9, "minHealthyPercent": 20}],
    "locality": [{"failover": [{"from": "east", "to": "west"}]}],
    "access": [
        {
            "action": "deny",
            "from": [{"identity": "*", "namespace": "bank"}, {"cidr": "10.0.0.0/8"}],
            "to": [{"methods": ["GET"], "paths": ["/a*"]}, {"ports": [80]}],
            "claims": {"group": "admin"},
        }
    ],
    "egress": [{"hosts": ["*.example.com"], "ports": [443]}, {"cidrs": ["192.0.2.0/24"]}],
    "ingress": [{"hosts": ["a.test"], "tls": True, "routes": [{"path": "/b"}, {"path": "/"}]}],
    "mtls": [{"mode": "permissive"}],
    "ratelimit": [{"requests": 5, "per": "hour", "burst": 3, "status": 503}],
}
CASES = [
    (kind, params)
    for kind, plain in PLAIN.items()
    if kind != "trip"
    for params in [plain, *MORE.get(kind, [])]
]


def plain(document: dict[str, Any]) -> dict[str, Any]:
    """A document with defaults left out, without its name, and with names said in one way."""
    made = behaviour_document(parse_behaviour({**document, "name": "one"}))
    target = made["target"]
    target["namespace"] = target.get("namespace", "shop")
    params = made["params"]
    if made["kind"] == "egress":
        params.setdefault("ports", [80, 443])
    for each in params.get("routes", [{}] if made["kind"] == "ingress" else []):
        each.setdefault("service", "api")
    for each in params.get("from", []):
        if each.get("identity") == "web":
            each["identity"] = "spiffe://cluster.local/ns/shop/sa/web"
    if made["kind"] == "ingress":
        params.setdefault("routes", [{"service": "api"}])
        for each in params["routes"]:
            if each.get("path") == "/":
                del each["path"]
    return made


@pytest.mark.parametrize(("kind", "params"), CASES)
def test_what_was_rendered_comes_back(kind: str, params: dict[str, Any]) -> None:
    document = {"kind": kind, "target": {"service": "api"}, "params": params}
    rendering = MESH.render([parse_behaviour({**document, "name": "one"})], WORLD)
    documents, _ = read(rendering.objects)
    found = [plain(dict(each)) for each in documents]
    if kind == "locality":
        found = [each for each in found if each["kind"] == "locality"]  # and ejection, as it needs
    assert found == [plain(document)]


def test_subsets_ports_and_scopes_come_back() -> None:
    given = [
        {
            "kind": "limits",
            "target": {"service": "api", "subset": "v2"},
            "params": {"maxRequests": 5},
        },
        {"kind": "mtls", "target": {"service": "*"}, "params": {"mode": "strict", "scope": "mesh"}},
        {
            "kind": "mtls",
            "target": {"service": "api", "port": 80},
            "params": {"mode": "off", "scope": "port"},
        },
    ]
    behaviours = [
        parse_behaviour({**each, "name": f"n{place}"}) for place, each in enumerate(given)
    ]
    documents, _ = read(MESH.render(behaviours, WORLD).objects)
    assert [each["kind"] for each in documents] == ["limits", "mtls", "mtls"]
    assert documents[0]["target"] == {"service": "api", "namespace": "shop", "subset": "v2"}
    assert documents[1]["target"] == {"service": "*"}
    assert documents[2]["target"] == {"service": "api", "namespace": "shop", "port": 80}


REVIEWS = "VirtualService shop/reviews"
SUBSETS = "DestinationRule shop/reviews"
WRITTEN = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec:
  hosts: [reviews]
  http:
    - name: jason
      match: [{sourceLabels: {app: web}}]
      route: [{destination: {host: reviews, subset: v2}}]
    - match: [{uri: {prefix: /api}}, {uri: {regex: "/v[0-9]"}}]
      corsPolicy: {allowOrigins: [{exact: "*"}]}
      route: [{destination: {host: reviews, subset: v1}}]
      timeout: 1s
    - route: [{destination: {host: reviews}}]
      timeout: 2s
      retries: {attempts: 3, retryOn: "5xx,503"}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews, namespace: shop}
spec:
  host: reviews
  trafficPolicy: {tls: {mode: SIMPLE}, loadBalancer: {simple: RANDOM}}
  subsets: [{name: v1, labels: {track: stable}}]
---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: lua, namespace: shop}
spec: {}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: ext, namespace: shop}
spec: {action: CUSTOM, provider: {name: opa}, rules: [{}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: nobody, namespace: shop}
spec: {}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: some, namespace: shop}
spec: {rules: [{when: [{key: destination.ip, values: [10.1.2.3]}]}]}
"""


def test_what_no_behaviour_says_is_named() -> None:
    documents, lines = read(list(yaml.safe_load_all(WRITTEN)))
    for each in documents:
        parse_behaviour(each)
    assert [(each["name"], each["kind"]) for each in documents] == [
        ("reviews-route", "route"),
        ("reviews-route-2", "route"),
        ("reviews-timeout", "timeout"),
        ("reviews-retry", "retry"),
        ("nobody", "access"),
    ]
    assert documents[2]["params"] == {"request": "2s"}
    assert documents[4]["params"] == {"action": "deny"}
    assert [tuple(each.split(": ", 1)) for each in lines] == [
        (REVIEWS, "jason: its match asks for callers, ports or more than a match says"),
        (REVIEWS, "prefix /api is read as whole elements"),
        (REVIEWS, "a rule: corsPolicy is no behaviour"),
        (REVIEWS, "timeout differs between rules; the last one's is read for all"),
        (REVIEWS, "retries differs between rules; the last one's is read for all"),
        (SUBSETS, "loadBalancer.simple is no behaviour"),
        (SUBSETS, "tls is no behaviour"),
        (SUBSETS, "subset v1 is the pods labelled {'track': 'stable'}"),
        ("AuthorizationPolicy shop/ext", "CUSTOM asks a service of your own"),
        (
            "AuthorizationPolicy shop/some",
            "a rule asks for what no behaviour says; it is left out whole",
        ),
        (
            "EnvoyFilter shop/lua",
            "a patch speaks to Envoy itself; say what it does by a behaviour",
        ),
    ]
