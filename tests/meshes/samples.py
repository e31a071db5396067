"""Behaviours that set every parameter, and a place to render them for.

They are written from what the neutral words mean, not from what some mesh can do: a mesh has to
do each of them or to say why not. `CHANGES` holds another value for every parameter, so that a
test can change one thing alone.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from itertools import pairwise
from typing import Any

import msgspec

from meshery.behaviours.document import parse_behaviour
from meshery.behaviours.model import Behaviour, Kind
from meshery.behaviours.rendering import Service, ServicePort, World
from meshery.core.errors import InvalidInputError

Document = dict[str, Any]

SHOP, BILLING = "matrix-shop", "matrix-billing"

SERVICES = (
    Service("web", SHOP, (ServicePort(80, "http"),), {"app": "web"}, account="web"),
    Service(
        "api",
        SHOP,
        (
            ServicePort(8080, "http"),
            ServicePort(9090, "grpc", "grpc"),
            ServicePort(8443, "tls", "tls"),
        ),
        {"app": "api"},
        {"v1": {"version": "v1"}, "v2": {"version": "v2"}, "v3": {"version": "v3", "track": "new"}},
        "api-runner",
    ),
    Service(
        "orders", SHOP, (ServicePort(9090, "grpc", "grpc"),), {"app": "orders"}, account="orders"
    ),
    Service("store", SHOP, (ServicePort(5432, "sql", "tcp"),), {"app": "store"}, account="store"),
    Service(
        "limits", SHOP, (ServicePort(8081, "grpc", "grpc"),), {"app": "limits"}, account="limits"
    ),
    Service("egress", SHOP, (ServicePort(443, "tls", "tls"),), {"app": "egress"}, account="egress"),
    Service(
        "ledger",
        BILLING,
        (ServicePort(8080, "http"),),
        {"app.kubernetes.io/name": "ledger"},
        {"v1": {"version": "v1"}, "v2": {"version": "v2"}},
        "ledger",
    ),
)
"""Services of two namespaces: HTTP, gRPC, TLS and TCP; one has three subsets."""

CALLERS = {
    f"{SHOP}/api": (f"{SHOP}/web", f"{BILLING}/ledger"),
    f"{SHOP}/orders": (f"{SHOP}/api",),
    f"{SHOP}/store": (f"{SHOP}/api", f"{SHOP}/orders"),
    f"{BILLING}/ledger": (f"{SHOP}/api",),
}


def full_world(version: str) -> World:
    """A place where everything is known."""
    return World(version=version, namespace=SHOP, services=SERVICES, callers=CALLERS)


def bare_world(version: str) -> World:
    """A place of which nobody told anything."""
    return World(version=version, namespace=SHOP)


def worlds(version: str) -> tuple[World, ...]:
    """The places of a version: known, unknown, and one whose proxies stand on the nodes."""
    full = full_world(version)
    return full, bare_world(version), msgspec.structs.replace(full, data_plane="ambient")


_API: Document = {"service": "api"}
_GRPC: Document = {"service": "api", "port": 9090}
_V2: Document = {"service": "api", "subset": "v2"}
_LEDGER: Document = {"service": "ledger", "namespace": BILLING}
_ALL: Document = {"service": "*"}

_MATCH: Document = {
    "path": {"prefix": "/v2"},
    "method": "GET",
    "headers": [
        {"name": "x-tester", "exact": "yes"},
        {"name": "x-beta"},
        {"name": "x-legacy", "present": True, "invert": True},
    ],
    "query": [{"name": "debug", "exact": "1"}],
}

PARAMS: Mapping[Kind, tuple[tuple[Document, Document], ...]] = {
    Kind.RETRY: (
        (_API, {"attempts": 3}),
        (
            _API,
            {
                "attempts": 4,
                "perTryTimeout": "250ms",
                "on": ["gateway-error", "connect-failure", "reset", "refused-stream"],
                "backoff": {"base": "50ms", "max": "1s"},
            },
        ),
        (_API, {"on": ["503", "429"], "idempotentOnly": True}),
        (_GRPC, {"attempts": 2, "on": ["unavailable", "resource-exhausted", "deadline-exceeded"]}),
        (_LEDGER, {"attempts": 1, "budget": {"ratio": 10, "minPerSecond": 5, "ttl": "20s"}}),
        (_V2, {"attempts": 2, "perTryTimeout": "1s"}),
        (_ALL, {"attempts": 2, "on": ["5xx"]}),
    ),
    Kind.TIMEOUT: (
        (_API, {"request": "3s"}),
        (_API, {"request": "10s", "perTry": "2500ms", "idle": "5m", "connect": "750ms"}),
        (_API, {"responseHeaders": "4s"}),
        (_GRPC, {"request": "1500ms"}),
        (_API, {"request": "0s", "idle": "0s"}),
        ({"service": "store"}, {"connect": "2s", "idle": "1h"}),
        (_LEDGER, {"request": "1s", "idle": "30s"}),
        (_ALL, {"request": "15s", "connect": "5s"}),
    ),
    Kind.LIMITS: (
        (_API, {"maxConnections": 100, "maxPending": 50}),
        (
            _API,
            {
                "maxConnections": 10,
                "maxPending": 5,
                "maxRequests": 20,
                "maxRetries": 3,
                "perConnectionRequests": 8,
            },
        ),
        (_V2, {"maxRequests": 7, "maxConnections": 4, "scope": "subset"}),
        ({"service": "api", "port": 8080}, {"maxPending": 2, "maxRequests": 6, "scope": "port"}),
        ({"service": "store"}, {"maxConnections": 32}),
        (_LEDGER, {"maxRequests": 64}),
        (_ALL, {"maxConnections": 1024}),
    ),
    Kind.EJECTION: (
        (_API, {"consecutiveErrors": 3}),
        (
            _API,
            {
                "consecutiveErrors": 7,
                "gatewayErrorsOnly": True,
                "interval": "5s",
                "baseEjection": "45s",
                "maxPercent": 25,
                "minHealthyPercent": 40,
            },
        ),
        (_V2, {"consecutiveErrors": 2, "interval": "2500ms"}),
        ({"service": "api", "port": 8080}, {"maxPercent": 100}),
        (_LEDGER, {"baseEjection": "2m"}),
        (_ALL, {"consecutiveErrors": 10}),
    ),
    Kind.TRIP: (
        (_API, {"errorRatio": 30}),
        (_API, {"count": 5, "openFor": "2m", "fallback": "web"}),
        (_API, {"latency": "800ms", "openFor": "10s"}),
        (_LEDGER, {"count": 3}),
        (_V2, {"errorRatio": 12.5, "openFor": "15s"}),
        (_ALL, {"errorRatio": 50}),
    ),
    Kind.SPLIT: (
        (
            _API,
            {"backends": [{"subset": "v1", "weight": 90}, {"subset": "v2", "weight": 10}]},
        ),
        (
            _API,
            {
                "backends": [{"subset": "v1", "weight": 2}, {"subset": "v2", "weight": 1}],
                "match": _MATCH,
                "steps": [
                    {"weight": 25, "pause": "5m", "gate": "success rate >= 99"},
                    {"weight": 100},
                ],
                "rollback": "success rate < 95",
            },
        ),
        (
            _API,
            {"backends": [{"service": "api", "weight": 3}, {"service": "web", "weight": 1}]},
        ),
        (
            _LEDGER,
            {"backends": [{"subset": "v1", "weight": 1}, {"subset": "v2", "weight": 0}]},
        ),
        (
            _GRPC,
            {"backends": [{"subset": "v1", "weight": 50}, {"subset": "v3", "weight": 50}]},
        ),
    ),
    Kind.MIRROR: (
        (_API, {"to": {"subset": "v2"}}),
        (_API, {"to": {"service": "web"}, "percent": 12.5}),
        (_LEDGER, {"to": {"service": "ledger", "subset": "v2"}, "percent": 50}),
        (_V2, {"to": {"subset": "v3"}, "percent": 1}),
        (_GRPC, {"to": {"service": "orders"}, "percent": 5}),
    ),
    Kind.FAULT: (
        (_API, {"delay": {"duration": "2s"}}),
        (_API, {"abort": {"status": 503, "percent": 10}}),
        (
            _API,
            {
                "delay": {"duration": "1500ms", "percent": 20},
                "abort": {"status": 500, "percent": 2.5},
                "match": _MATCH,
            },
        ),
        (_GRPC, {"abort": {"grpcStatus": 14, "percent": 30}}),
        (_API, {"bandwidth": {"kbps": 64, "percent": 40}}),
        (_V2, {"delay": {"duration": "300ms", "percent": 5}}),
        (_LEDGER, {"abort": {"status": 429}}),
        (_ALL, {"delay": {"duration": "100ms", "percent": 1}}),
    ),
    Kind.RATELIMIT: (
        (_API, {"requests": 10}),
        (_API, {"requests": 600, "per": "minute", "burst": 20, "status": 503}),
        (
            _API,
            {"requests": 5, "keyBy": ["source", "path", "header:x-tenant"], "per": "hour"},
        ),
        (
            _API,
            {
                "requests": 100,
                "scope": "global",
                "per": "minute",
                "service": "limits",
                "failOpen": False,
                "keyBy": ["header:x-tenant"],
            },
        ),
        ({"service": "api", "port": 8080}, {"requests": 20}),
        (_LEDGER, {"requests": 50, "burst": 5}),
        (_V2, {"requests": 15}),
        (_ALL, {"requests": 1000}),
    ),
    Kind.MTLS: (
        (_API, {"mode": "strict"}),
        (_API, {"mode": "permissive", "scope": "namespace"}),
        ({"service": "api", "port": 8080}, {"mode": "off", "scope": "port"}),
        (_LEDGER, {"mode": "strict", "scope": "workload"}),
        (_ALL, {"mode": "strict", "scope": "mesh"}),
        (_ALL, {"mode": "permissive", "scope": "mesh"}),
        (_ALL, {"mode": "off", "scope": "mesh"}),
    ),
    Kind.ACCESS: (
        (_API, {"action": "allow", "from": [{"identity": "web"}]}),
        (
            _API,
            {
                "action": "allow",
                "from": [
                    {"identity": "web", "namespace": SHOP},
                    {"identity": f"spiffe://cluster.local/ns/{BILLING}/sa/ledger"},
                    {"namespace": BILLING},
                    {"cidr": "10.1.0.0/16"},
                ],
                "to": [
                    {"methods": ["GET", "HEAD"], "paths": ["/items", "/items/*", "*.json"]},
                    {"methods": ["POST"], "ports": [8080]},
                ],
            },
        ),
        (
            _API,
            {"action": "deny", "from": [{"namespace": BILLING}], "to": [{"paths": ["/admin*"]}]},
        ),
        (_API, {"action": "deny", "to": [{"methods": ["DELETE"]}]}),
        (_API, {"action": "audit", "from": [{"identity": "*"}], "to": [{"paths": ["/login"]}]}),
        (
            _API,
            {
                "action": "allow",
                "from": [{"identity": "*"}],
                "claims": {"iss": "https://login.example.com", "groups": "buyers"},
            },
        ),
        ({"service": "store"}, {"action": "allow", "from": [{"identity": "api"}]}),
        ({"service": "api", "port": 9090}, {"action": "allow", "from": [{"identity": "web"}]}),
        (_LEDGER, {"action": "allow", "from": [{"identity": "api", "namespace": SHOP}]}),
        (_V2, {"action": "deny", "from": [{"identity": "orders"}]}),
        (_ALL, {"action": "deny", "from": [{"cidr": "192.0.2.0/24"}]}),
        (_ALL, {"action": "allow", "from": [{"namespace": SHOP}]}),
    ),
    Kind.ROUTE: (
        (_API, {"match": {"path": {"prefix": "/v2"}}, "backends": [{"subset": "v2"}]}),
        (
            _API,
            {
                "match": _MATCH,
                "rewrite": {"path": {"prefix": "/"}, "host": "api.internal"},
                "headerOps": {
                    "request": {"set": {"x-a": "1"}, "add": {"x-b": "2"}, "remove": ["x-c"]},
                    "response": {"set": {"x-d": "3"}, "add": {"x-e": "4"}, "remove": ["x-f"]},
                },
                "backends": [{"subset": "v1", "weight": 4}, {"service": "web", "weight": 1}],
            },
        ),
        (
            _API,
            {
                "match": {"path": {"exact": "/old"}},
                "redirect": {
                    "scheme": "https",
                    "host": "shop.example.com",
                    "port": 8443,
                    "path": {"full": "/new"},
                    "status": 301,
                },
            },
        ),
        (
            _API,
            {
                "match": {
                    "path": {"regex": "/items/[0-9]+"},
                    "headers": [
                        {"name": "x-a", "prefix": "a"},
                        {"name": "x-b", "suffix": "b"},
                        {"name": "x-c", "contains": "c"},
                        {"name": "x-d", "regex": "d+"},
                        {"name": "x-e", "exact": "e", "invert": True},
                    ],
                    "query": [
                        {"name": "p", "prefix": "a"},
                        {"name": "q", "regex": "[a-z]+"},
                        {"name": "r", "present": True},
                    ],
                },
            },
        ),
        (
            _API,
            {
                "match": {"path": {"prefix": "/shop"}},
                "redirect": {"path": {"prefix": "/store"}, "status": 308},
            },
        ),
        (_LEDGER, {"match": {"method": "POST"}, "rewrite": {"path": {"full": "/entry"}}}),
        (
            _GRPC,
            {"match": {"headers": [{"name": "x-v", "exact": "3"}]}, "backends": [{"subset": "v3"}]},
        ),
        (_V2, {"headerOps": {"response": {"set": {"x-served-by": "v2"}}}}),
    ),
    Kind.EGRESS: (
        (_API, {"hosts": ["payments.example.com"]}),
        (
            _API,
            {
                "hosts": ["payments.example.com", "*.example.org"],
                "cidrs": ["192.0.2.0/24"],
                "ports": [443, 8443],
                "viaGateway": True,
            },
        ),
        (_API, {"cidrs": ["198.51.100.7/32"], "ports": [5432]}),
        (_LEDGER, {"hosts": ["bank.example.net"], "ports": [80]}),
        (_ALL, {"hosts": ["updates.example.com"], "defaultDeny": False}),
        (_ALL, {"hosts": ["updates.example.com"], "ports": [443]}),
        (_ALL, {"defaultDeny": False}),
    ),
    Kind.INGRESS: (
        (_API, {"hosts": ["shop.example.com"]}),
        (
            _API,
            {
                "hosts": ["shop.example.com", "*.shop.example.com"],
                "tls": True,
                "gatewayClass": "edge",
                "routes": [
                    {"path": "/"},
                    {"path": "/web", "service": "web"},
                    {"path": "/v2", "subset": "v2"},
                ],
            },
        ),
        (_API, {"routes": [{"path": "/api"}]}),
        ({"service": "api", "port": 8080}, {"hosts": ["api.example.com"]}),
        (_LEDGER, {"hosts": ["ledger.example.com"], "tls": True}),
        (_V2, {"hosts": ["beta.example.com"]}),
    ),
    Kind.LOCALITY: (
        (_API, {}),
        (
            _API,
            {
                "mode": "weighted",
                "failover": [
                    {"from": "eu-west-1", "to": "eu-central-1"},
                    {"from": "us-east-1", "to": "us-west-2"},
                ],
            },
        ),
        (_API, {"mode": "strict"}),
        (_LEDGER, {"mode": "prefer", "failover": [{"from": "eu-west-1", "to": "us-east-1"}]}),
        (_V2, {"mode": "prefer"}),
        (_ALL, {"mode": "prefer"}),
    ),
}
"""Of each kind: targets and parameters."""

SOURCED = (Kind.MTLS, Kind.EGRESS)
"""Kinds for which a calling service has no meaning."""

_CONDITIONS = {
    "exact": "e",
    "prefix": "p",
    "suffix": "s",
    "contains": "c",
    "regex": "r+",
    "present": True,
}

CHANGES: Mapping[Kind, Mapping[str, Any]] = {
    Kind.RETRY: {
        "attempts": 9,
        "perTryTimeout": "1750ms",
        "on": ["connect-failure", "502"],
        "backoff.base": "75ms",
        "backoff.max": "5s",
        "budget.ratio": 35,
        "budget.minPerSecond": 17,
        "budget.ttl": "45s",
        "idempotentOnly": True,
    },
    Kind.TIMEOUT: {
        "request": "7s",
        "perTry": "1200ms",
        "idle": "9m",
        "connect": "350ms",
        "responseHeaders": "6s",
    },
    Kind.LIMITS: {
        "maxConnections": 77,
        "maxPending": 13,
        "maxRequests": 19,
        "maxRetries": 5,
        "perConnectionRequests": 21,
        "scope": "subset",
    },
    Kind.EJECTION: {
        "consecutiveErrors": 11,
        "gatewayErrorsOnly": True,
        "interval": "17s",
        "baseEjection": "71s",
        "maxPercent": 35,
        "minHealthyPercent": 15,
    },
    Kind.TRIP: {
        "errorRatio": 45,
        "count": 8,
        "latency": "1300ms",
        "openFor": "50s",
        "fallback": "orders",
    },
    Kind.SPLIT: {
        "backends.0.weight": 5,
        "backends.0.subset": "v3",
        "backends.1.service": "orders",
        "match.path": {"exact": "/other"},
        "match.method": "PUT",
        "match.headers": [{"name": "x-other", "exact": "1"}],
        "match.query": [{"name": "other", "exact": "1"}],
        "steps.0.weight": 33,
        "steps.0.pause": "90s",
        "steps.0.gate": "p99 < 200ms",
        "rollback": "p99 > 1s",
    },
    Kind.MIRROR: {
        "to.subset": "v1",
        "to.service": "store",
        "percent": 17,
    },
    Kind.FAULT: {
        "delay.duration": "850ms",
        "delay.percent": 63,
        "abort.status": 418,
        "abort.grpcStatus": 8,
        "abort.percent": 61,
        "bandwidth.kbps": 777,
        "bandwidth.percent": 59,
        "match.path": {"exact": "/other"},
        "match.method": "PUT",
        "match.headers": [{"name": "x-other", "exact": "1"}],
        "match.query": [{"name": "other", "exact": "1"}],
    },
    Kind.RATELIMIT: {
        "requests": 333,
        "scope": "global",
        "per": "hour",
        "burst": 41,
        "keyBy": ["header:x-other"],
        "status": 509,
        "service": "web",
        "failOpen": True,
    },
    Kind.MTLS: {"mode": "off", "scope": "namespace"},
    Kind.ACCESS: {
        "action": "audit",
        "from.0.identity": "orders",
        "from.0.namespace": "elsewhere",
        "from.0.cidr": "203.0.113.0/24",
        "to.0.methods": ["PATCH"],
        "to.0.paths": ["/other/*"],
        "to.0.ports": [9090],
        "claims.groups": "sellers",
    },
    Kind.ROUTE: {
        "match.path": {"prefix": "/other"},
        "match.method": "DELETE",
        "match.headers": [{"name": "x-other", "exact": "1"}],
        "match.query": [{"name": "other", "exact": "1"}],
        **{
            f"match.{where}.0#{condition}": {"name": "x-other", condition: value}
            for where in ("headers", "query")
            for condition, value in _CONDITIONS.items()
        },
        **{
            f"match.{where}.0#invert": {"name": "x-other", "exact": "e", "invert": True}
            for where in ("headers", "query")
        },
        "rewrite.path": {"full": "/rewritten"},
        "rewrite.host": "other.internal",
        "redirect.scheme": "http",
        "redirect.host": "other.example.com",
        "redirect.port": 9443,
        "redirect.path": {"full": "/other"},
        "redirect.status": 307,
        "headerOps.request.set": {"x-other": "1"},
        "headerOps.request.add": {"x-other": "2"},
        "headerOps.request.remove": ["x-other"],
        "headerOps.response.set": {"x-other": "3"},
        "headerOps.response.add": {"x-other": "4"},
        "headerOps.response.remove": ["x-more"],
        "backends": [{"service": "orders"}],
        "backends.0.subset": "v3",
        "backends.0.weight": 7,
    },
    Kind.EGRESS: {
        "hosts": ["other.example.net"],
        "cidrs": ["203.0.113.0/24"],
        "ports": [8081],
        "viaGateway": True,
        "defaultDeny": False,
    },
    Kind.INGRESS: {
        "hosts": ["other.example.net"],
        "tls": True,
        "gatewayClass": "other",
        "routes.0.path": "/other",
        "routes.0.service": "orders",
        "routes.0.subset": "v3",
    },
    Kind.LOCALITY: {
        "mode": "strict",
        "failover": [{"from": "ap-south-1", "to": "ap-east-1"}],
        "failover.0.from": "sa-east-1",
        "failover.0.to": "ca-central-1",
    },
}
"""Another value of each parameter, by its path in documents; `#NAME` says what of a whole item."""

PLACES: Mapping[str, Any] = {
    "target.service": "orders",
    "target.namespace": BILLING,
    "target.port": 9090,
    "target.subset": "v1",
    "source": "orders",
}
"""What is changed outside the parameters."""


def documents(kind: Kind) -> tuple[Document, ...]:
    """The documents of a kind, some for one caller only."""
    made = [
        {"name": f"{kind}-{number}", "kind": str(kind), "target": target, "params": params}
        for number, (target, params) in enumerate(PARAMS[kind])
    ]
    if kind not in SOURCED:
        made.append({**made[0], "name": f"{kind}-sourced", "source": "web"})
    return tuple(deepcopy(made))


def behaviours(kind: Kind) -> tuple[Behaviour, ...]:
    """The behaviours of a kind."""
    return tuple(parse_behaviour(document) for document in documents(kind))


def variations(document: Document) -> Iterator[tuple[str, Behaviour]]:
    """Each change of one thing that still makes a behaviour, with the path of what is changed."""
    kind = Kind(document["kind"])
    changes = {f"params.{path}": value for path, value in CHANGES[kind].items()}
    for path, value in (changes | dict(PLACES)).items():
        changed = deepcopy(document)
        if path in _without_meaning(document) or not _put(
            changed, path.partition("#")[0].split("."), value
        ):
            continue
        try:
            made = parse_behaviour(changed)
        except InvalidInputError:
            continue  # it is not possible together with the rest of this document
        if made != parse_behaviour(document):
            yield path.removeprefix("params."), made


def _without_meaning(document: Document) -> set[str]:
    """What may be said beside the rest of a document and says nothing there."""
    params, found = document["params"], set()
    if document["target"]["service"] == "*":
        found |= {"target.namespace", "target.port", "target.subset"}
    if document["kind"] == Kind.MTLS and params.get("scope") in {"mesh", "namespace"}:
        found |= {"target.service", "target.port", "target.subset"}
        found |= {"target.namespace"} if params["scope"] == "mesh" else set()
    if document["kind"] == Kind.MTLS and document["target"].get("namespace") == BILLING:
        found |= {"params.scope"}  # it stands alone in its namespace
    if not any(backend.get("weight") for backend in params.get("backends", ())[1:]):
        found |= {"params.backends.0.weight"}  # one of one is all
    if document["kind"] == Kind.EGRESS and not {"hosts", "cidrs"} & params.keys():
        found |= {"params.ports", "params.viaGateway"}
    return found


def _put(place: Any, path: list[str], value: Any) -> bool:
    """Set what lies at a path; False where the document has no such place."""
    last = path[-1]
    for step, ahead in pairwise(path):
        if isinstance(place, list):
            if int(step) >= len(place):
                return False
            place = place[int(step)]
        elif ahead.isdigit() and step not in place:
            return False
        else:
            place = place.setdefault(step, {})
    if isinstance(place, list):
        if not last.isdigit() or int(last) >= len(place):
            return False
        place[int(last)] = value
        return True
    place[last] = value
    return True
