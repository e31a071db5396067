"""Linkerd's objects read back: what was rendered comes back, what no behaviour says is named."""

from typing import Any

import pytest
import yaml

from meshery.behaviours.document import behaviour_document, parse_behaviour
from meshery.meshes.linkerd.mesh import MESH
from meshery.meshes.linkerd.migrate import read
from meshes import parameters
from meshes.linkerd.place import EDGE, rendered

Document = dict[str, Any]
WEB = {"identity": "spiffe://cluster.local/ns/front/sa/web-runner"}
JASON = {"headers": [{"name": "x-user", "exact": "jason"}]}
SAME: list[tuple[str, Document]] = [
    ("retry", {"attempts": 3, "on": ["5xx", "429", "unavailable"], "perTryTimeout": "400ms"}),
    ("retry", {"attempts": 3, "on": ["5xx"], "idempotentOnly": True}),
    ("timeout", {"request": "2s", "perTry": "1s", "idle": "1m"}),
    ("ejection", {"consecutiveErrors": 4, "baseEjection": "2m", "maxPercent": 100}),
    ("trip", {"errorRatio": 40, "openFor": "5s"}),
    ("split", {"backends": [{"service": "api-v1", "weight": 9}, {"service": "api-v2"}]}),
    ("split", {"match": JASON, "backends": [{"service": "api-v1"}, {"service": "cart"}]}),
    (
        "route",
        {
            "match": {"path": {"prefix": "/a"}, "method": "GET", **JASON},
            "headerOps": {"request": {"set": {"x-a": "1"}}, "response": {"remove": ["x-b"]}},
            "backends": [{"service": "web.front"}],
        },
    ),
    (
        "route",
        {"match": {"path": {"exact": "/a"}}, "redirect": {"host": "b.test", "status": 301}},
    ),
    ("access", {"action": "allow", "from": [WEB, {"namespace": "bank"}]}),
    ("access", {"action": "allow", "from": [{"identity": "*", "cidr": "10.0.0.0/8"}]}),
    ("access", {"action": "allow", "to": [{"methods": ["GET"], "paths": ["/a"]}]}),
    ("access", {"action": "allow", "from": [{"cidr": "10.0.0.0/8"}], "to": [{"paths": ["/a/*"]}]}),
    ("access", {"action": "deny"}),
    ("locality", {}),
    ("ingress", {"hosts": ["a.test"], "tls": True, "gatewayClass": "envoy", "routes": [{}]}),
    ("egress", {"hosts": ["*.example.com", "b.test"], "ports": [443]}),
]


@pytest.mark.parametrize(("kind", "params"), SAME)
def test_what_was_rendered_comes_back(kind: str, params: Document) -> None:
    target = {"service": "*"} if kind == "egress" else {"service": "api"}
    given = {"name": "it", "kind": kind, "target": target, "params": params}
    documents, _ = read(rendered(given).objects)
    assert [plain(dict(each)) for each in documents] == [plain(given)]


def test_identities_and_rates_come_back() -> None:
    documents, _ = read(
        rendered(
            {"name": "tls", "kind": "mtls", "target": "cart", "params": {"mode": "strict"}},
            {"name": "all", "kind": "ratelimit", "target": "api", "params": {"requests": 9}},
            {
                "name": "each",
                "kind": "ratelimit",
                "target": "api",
                "source": "web.front",
                "params": {"requests": 3},
            },
        ).objects
    )
    assert [(each["kind"], each.get("source"), each["params"]) for each in documents] == [
        ("mtls", None, {"mode": "strict", "scope": "port"}),
        ("mtls", None, {"mode": "permissive", "scope": "port"}),
        ("ratelimit", None, {"requests": 9, "per": "second"}),
        ("ratelimit", "web-runner.front", {"requests": 3, "per": "second"}),
    ]


def test_the_frozen_release_comes_back() -> None:
    budget = {"ratio": 20, "minPerSecond": 5, "ttl": "10s"}
    objects = rendered(
        {"name": "a", "kind": "retry", "target": "api", "params": {"budget": budget}},
        {"name": "b", "kind": "timeout", "target": "api", "params": {"request": "1s"}},
        version="stable-2.14.10",
    ).objects
    documents, _ = read(objects)
    assert [each["params"] for each in documents] == [
        {"request": "1s"},
        {"on": ["5xx"], "budget": budget},
    ]


WRITTEN = """\
apiVersion: v1
kind: Service
metadata:
  {name: api, namespace: shop, annotations: {retry.linkerd.io/http: "500-504,5xx"}}
spec:
  selector: {app: api}
  ports: [{name: http, port: 80, targetPort: web}, {name: admin, port: 81}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: mixed, namespace: shop}
spec:
  parentRefs: [{group: core, kind: Service, name: api, port: 80}]
  rules:
    - matches: [{path: {value: /a}}, {path: {value: /b}}]
      timeouts: {request: 1s}
      backendRefs: [{name: api, port: 80}]
      filters:
        - {type: RequestMirror, requestMirror: {backendRef: {name: shadow, port: 80}, percent: 5}}
        - {type: ExtensionRef, extensionRef: {group: a.test, kind: A, name: a}}
    - backendRefs: [{name: api, port: 80}]
---
apiVersion: policy.linkerd.io/v1beta3
kind: Server
metadata: {name: web, namespace: shop}
spec: {podSelector: {matchLabels: {app: api}}, port: http}
---
apiVersion: policy.linkerd.io/v1alpha1
kind: AuthorizationPolicy
metadata: {name: some, namespace: shop}
spec:
  targetRef: {group: policy.linkerd.io, kind: Server, name: web}
  requiredAuthenticationRefs: [{group: policy.linkerd.io, kind: MeshTLSAuthentication, name: odd}]
---
apiVersion: policy.linkerd.io/v1alpha1
kind: MeshTLSAuthentication
metadata: {name: odd, namespace: shop}
spec: {identities: ["spiffe://other/thing"]}
---
apiVersion: policy.linkerd.io/v1alpha1
kind: AuthorizationPolicy
metadata: {name: whole, namespace: shop}
spec: {targetRef: {kind: Namespace, name: shop}, requiredAuthenticationRefs: []}
---
apiVersion: multicluster.linkerd.io/v1alpha3
kind: Link
metadata: {name: east, namespace: linkerd-multicluster}
spec: {}
"""


def test_what_no_behaviour_says_is_named_and_nothing_opens() -> None:
    documents, lines = read(list(yaml.safe_load_all(WRITTEN)))
    for each in documents:
        parse_behaviour(dict(each))
    assert [(each["name"], each["kind"], each["params"]) for each in documents] == [
        ("api-retry", "retry", {"attempts": 1, "on": ["5xx"]}),
        ("mixed-mirror", "mirror", {"to": {"service": "shadow"}, "percent": 5}),
        ("mixed-route", "route", {"match": {"path": {"prefix": "/a"}}}),
        ("mixed-route-2", "route", {"match": {"path": {"prefix": "/b"}}}),
        ("web-deny", "access", {"action": "deny"}),
    ]
    assert documents[-1]["target"] == {"service": "api", "namespace": "shop", "port": 80}
    assert list(lines) == [
        "Service shop/api: a retry on 500-504 is no condition of a behaviour",
        "HTTPRoute shop/mixed: filter ExtensionRef is no behaviour",
        "HTTPRoute shop/mixed: a copy of some requests is read as one of all",
        "HTTPRoute shop/mixed: rules have timeouts of their own; a timeout holds for a service",
        (
            "MeshTLSAuthentication shop/odd: the identity spiffe://other/thing is no account's "
            "and no namespace's"
        ),
        (
            "AuthorizationPolicy shop/whole: it is for a namespace, or for what is not among "
            "the objects"
        ),
        "Link linkerd-multicluster/east: clusters are linked anew by the other mesh's own means",
    ]


@pytest.mark.parametrize("version", [EDGE, "stable-2.14.10"])
def test_whatever_is_rendered_can_be_read(version: str) -> None:
    for kind, _, changed, _ in parameters.changes():
        made = MESH.render([parse_behaviour(changed)], parameters.world_of(version)).objects
        documents, lines = read(made)
        again = [parse_behaviour(dict(each)) for each in documents]
        assert again or lines or not made, changed
        assert all(MESH.render(again, parameters.world_of(version)).outcomes), kind


def test_ways_out_are_said() -> None:
    assert {each.to for each in MESH.migrations} == {"istio", "kuma"}
    assert MESH.migrations[0].read(rendered(version=EDGE).objects) == ((), ())


def plain(document: Document) -> Document:
    """A document without its name, with defaults left out and the one port of a target."""
    made = behaviour_document(parse_behaviour({**document, "name": "one"}))
    target = made["target"]
    target.pop("port", None)
    if target["service"] != "*":
        target["namespace"] = "shop"
    for each in made["params"].get("routes", ()):
        each.setdefault("service", "api")
    return dict(made)
