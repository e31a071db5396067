"""Consul's config entries read back: what was rendered comes back, what is left over is named."""

from typing import Any

import pytest
import yaml

from meshery.behaviours.document import behaviour_document, parse_behaviour
from meshery.meshes.consul.mesh import MESH
from meshery.meshes.consul.migrate import read
from meshes import parameters
from meshes.consul.place import CALLERS, ENTERPRISE, VERSION, rendered

Document = dict[str, Any]
JASON = {"headers": [{"name": "x-user", "exact": "jason", "invert": True}]}
SAME: list[tuple[str, Document]] = [
    ("retry", {"attempts": 3, "on": ["5xx", "unavailable", "429"]}),
    ("retry", {"attempts": 3, "on": ["reset"], "idempotentOnly": True}),
    ("timeout", {"request": "2s", "idle": "0s"}),
    ("timeout", {"connect": "500ms"}),
    ("split", {"backends": [{"subset": "v1", "weight": 90}, {"subset": "v2", "weight": 10}]}),
    (
        "split",
        {
            "match": JASON,
            "backends": [{"service": "cart", "weight": 50}, {"subset": "v2", "weight": 50}],
        },
    ),
    (
        "route",
        {
            "match": {"path": {"prefix": "/a"}, "method": "GET", **JASON},
            "rewrite": {"path": {"prefix": "/b"}},
            "headerOps": {"request": {"set": {"x-a": "1"}}, "response": {"remove": ["x-b"]}},
            "backends": [{"subset": "v2"}],
        },
    ),
    (
        "route",
        {"match": {"path": {"exact": "/a"}}, "rewrite": {"path": {"full": "/b"}}},
    ),
    ("route", {"match": {"path": {"regex": "/v[0-9]"}}, "backends": [{"service": "cart"}]}),
    ("ratelimit", {"requests": 90, "per": "minute", "burst": 10}),
    ("mtls", {"mode": "permissive"}),
    ("access", {"action": "allow", "from": [{"identity": "web"}, {"identity": "cart"}]}),
    ("access", {"action": "allow", "to": [{"methods": ["GET"], "paths": ["/a*"]}]}),
    ("access", {"action": "allow", "from": [{"identity": "web"}], "to": [{"paths": ["/a"]}]}),
    ("access", {"action": "deny", "from": [{"identity": "web"}], "to": [{"paths": ["*b"]}]}),
    ("access", {"action": "deny"}),
    (
        "egress",
        {"hosts": ["a.test"], "cidrs": ["192.0.2.1/32"], "ports": [443], "viaGateway": True},
    ),
    ("ingress", {"hosts": ["a.test"], "tls": True, "routes": [{"path": "/a"}]}),
]
ONLY_ENTERPRISE: list[tuple[str, Document]] = [
    ("fault", {"abort": {"status": 503, "percent": 5}, "delay": {"duration": "300ms"}}),
    ("ratelimit", {"requests": 9, "burst": 3}),
    ("locality", {}),
    ("access", {"action": "allow", "from": [{"namespace": "bank"}]}),
]
CASES = [(VERSION, *each) for each in SAME] + [(ENTERPRISE, *each) for each in ONLY_ENTERPRISE]


@pytest.mark.parametrize(("version", "kind", "params"), CASES)
def test_what_was_rendered_comes_back(version: str, kind: str, params: Document) -> None:
    given = {"name": "it", "kind": kind, "target": {"service": "api"}, "params": params}
    documents, _ = read(rendered(given, version=version).objects)
    assert [plain(dict(each)) for each in documents] == [plain(given)]


def test_settings_of_callers_come_back_with_their_callers() -> None:
    limits = {"maxConnections": 5, "maxPending": 6, "maxRequests": 7}
    ejection = {"consecutiveErrors": 4, "baseEjection": "2m", "interval": "5s", "maxPercent": 20}
    documents, _ = read(
        rendered(
            {"name": "a", "kind": "limits", "target": "api", "params": limits},
            {"name": "b", "kind": "ejection", "target": "api", "params": ejection},
            callers=CALLERS,
        ).objects
    )
    assert [(each["kind"], each["source"], each["params"]) for each in documents] == [
        (kind, source, params)
        for source in ("web", "cart")
        for kind, params in (("limits", limits), ("ejection", ejection))
    ]
    assert {each["target"]["service"] for each in documents} == {"api"}


def test_rounded_shares_come_back_as_hundredths() -> None:
    backends = [{"subset": "v1"}, {"subset": "v2"}, {"service": "cart"}]
    params = {"backends": backends}
    given = {"name": "it", "kind": "split", "target": "api", "params": params}
    (document,), _ = read(rendered(given).objects)
    assert sorted(each["weight"] for each in document["params"]["backends"]) == [3333, 3333, 3334]


WRITTEN = """\
apiVersion: consul.hashicorp.com/v1alpha1
kind: ServiceRouter
metadata: {name: api, namespace: shop}
spec:
  routes:
    - match: {http: {pathPrefix: /v2}}
      destination: {service: next, requestTimeout: 1s, numRetries: 3, retryOn: [5xx]}
    - match: {http: {pathExact: /A, caseInsensitive: true}}
      destination: {service: odd}
---
apiVersion: consul.hashicorp.com/v1alpha1
kind: ServiceResolver
metadata: {name: api, namespace: shop}
spec:
  subsets: {v2: {filter: Service.Meta.version == 2}}
  failover: {"*": {service: other}}
---
apiVersion: consul.hashicorp.com/v1alpha1
kind: ServiceDefaults
metadata: {name: api, namespace: shop}
spec:
  protocol: http
  maxInboundConnections: 9
  externalSNI: a.test
  envoyExtensions: [{name: builtin/lua, arguments: {}}]
---
apiVersion: consul.hashicorp.com/v1alpha1
kind: ServiceIntentions
metadata: {name: api, namespace: shop}
spec:
  destination: {name: api}
  sources:
    - {name: "*", action: allow}
    - name: web
      permissions: [{action: allow, http: {pathPrefix: /a}}]
---
apiVersion: consul.hashicorp.com/v1alpha1
kind: ServiceIntentions
metadata: {name: all, namespace: shop}
spec:
  destination: {name: "*"}
  sources: [{name: "*", action: deny}]
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec: {}
---
apiVersion: consul.hashicorp.com/v1alpha1
kind: JWTProvider
metadata: {name: okta, namespace: shop}
spec: {}
"""


def test_what_no_behaviour_says_is_named_and_nothing_opens() -> None:
    documents, lines = read(list(yaml.safe_load_all(WRITTEN)))
    for each in documents:
        parse_behaviour(dict(each))
    assert [(each["name"], each["params"]) for each in documents] == [
        ("api-route", {"match": {"path": {"prefix": "/v2"}}, "backends": [{"service": "next"}]}),
        ("api-limits", {"maxConnections": 9}),
        ("api-allow", {"action": "allow"}),
        ("api-deny", {"action": "deny", "from": [{"identity": "web"}]}),
        ("cart-deny", {"action": "deny"}),
    ]
    router, intentions = "ServiceRouter shop/api", "ServiceIntentions shop"
    assert list(lines) == [
        f"{router}: prefix /v2 is read as whole elements",
        f"{router}: a condition without regard to case is left out with its route",
        f"{router}: routes have timeouts of their own; a timeout holds for a service",
        f"{router}: routes have retries of their own; a retry holds for a service",
        "ServiceResolver shop/api: subset v2 is what Service.Meta.version == 2 takes",
        (
            "ServiceResolver shop/api: failover: where it fails over to is said by hand: a "
            "fallback, or localities"
        ),
        (
            "ServiceDefaults shop/api: builtin/lua speaks to Envoy itself; say what it does, or "
            "leave it"
        ),
        "ServiceDefaults shop/api: externalSNI is no behaviour",
        f"{intentions}/api: web may send less than *, which no rules say together; it is refused",
        (
            f"{intentions}/all: services that are not among the objects are refused by it; deny "
            "them too"
        ),
        "JWTProvider shop/okta: whose tokens are believed is said by claims of an access",
    ]


@pytest.mark.parametrize("version", [VERSION, ENTERPRISE, "1.15.4"])
def test_whatever_is_rendered_can_be_read(version: str) -> None:
    for kind, _, changed, _ in parameters.changes():
        made = MESH.render([parse_behaviour(changed)], parameters.world_of(version)).objects
        documents, lines = read(made)
        again = [parse_behaviour(dict(each)) for each in documents]
        assert again or lines or not made, changed
        assert all(MESH.render(again, parameters.world_of(version)).outcomes), kind


def test_ways_out_are_said() -> None:
    assert {each.to for each in MESH.migrations} == {"istio", "kuma"}


def plain(document: Document) -> Document:
    """A document without its name, with defaults left out and the mesh's own namespace."""
    made = behaviour_document(parse_behaviour({**document, "name": "one"}))
    made["target"]["namespace"] = "shop"
    for each in made["params"].get("routes", ()):
        each.setdefault("service", "api")
    return dict(made)
