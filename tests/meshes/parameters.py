"""Every parameter that is set changes an object or is named: what holds for every mesh.

A test of a mesh is `check(MESH, VERSIONS)`. Each change is made alone to a plain behaviour of its
kind, and then says so in the objects, or by its name in documents in a note that was not there.
"""

import copy
from collections.abc import Iterable, Iterator
from typing import Any

from meshery.adapters.mesh import Mesh
from meshery.behaviours.document import parse_behaviour
from meshery.behaviours.model import Fidelity, Kind
from meshery.behaviours.rendering import Rendering, Service, ServicePort, World

Document = dict[str, Any]

SERVICES = (
    Service(
        "api",
        "shop",
        ports=(ServicePort(80, "http"), ServicePort(9090, "grpc", "grpc")),
        labels={"app": "api"},
        subsets={"v1": {"version": "v1"}, "v2": {"version": "v2"}},
        account="api",
    ),
    Service("web", "shop", labels={"app": "web"}, account="web"),
    Service("pay", "shop", labels={"app": "pay"}, account="pay"),
)
CALLERS = {"shop/api": ("shop/web", "shop/pay")}

PLAIN: dict[str, Document] = {
    "retry": {"attempts": 3},
    "timeout": {"request": "2s"},
    "limits": {"maxConnections": 10},
    "ejection": {},
    "trip": {"count": 5},
    "split": {"backends": [{"subset": "v1", "weight": 90}, {"subset": "v2", "weight": 10}]},
    "mirror": {"to": {"subset": "v2"}},
    "fault": {"abort": {"status": 503}},
    "ratelimit": {"requests": 10},
    "mtls": {"mode": "strict"},
    "access": {"action": "allow", "from": [{"identity": "web"}]},
    "route": {"match": {"path": {"prefix": "/a"}}, "backends": [{"subset": "v2"}]},
    "egress": {"hosts": ["example.com"]},
    "ingress": {"hosts": ["shop.test"]},
    "locality": {},
}
"""A plain behaviour of each kind, which every change is made to."""

MATCHES: tuple[Document, ...] = (
    {"match": {"path": {"exact": "/b"}}},
    {"match": {"path": {"prefix": "/b"}}},
    {"match": {"path": {"regex": "/b[0-9]+"}}},
    {"match": {"method": "GET"}},
    *({"match": {"headers": [{"name": "x-a", kind: "jason"}]}} for kind in ("exact", "prefix")),
    *({"match": {"headers": [{"name": "x-a", kind: "son"}]}} for kind in ("suffix", "contains")),
    {"match": {"headers": [{"name": "x-a", "regex": "j.*"}]}},
    {"match": {"headers": [{"name": "x-a", "present": True}]}},
    {"match": {"headers": [{"name": "x-a", "exact": "jason", "invert": True}]}},
    {"match": {"query": [{"name": "q", "exact": "1"}]}},
    {"match": {"query": [{"name": "q", "exact": "1", "invert": True}]}},
)

CHANGES: dict[str, tuple[Document, ...]] = {
    "retry": (
        {"attempts": 4},
        {"perTryTimeout": "250ms"},
        {"on": ["gateway-error"]},
        {"on": [502]},
        {"on": ["unavailable"]},
        {"backoff": {"base": "50ms", "max": "250ms"}},
        {"backoff": {"max": "1s"}},
        {"budget": {"ratio": 10}},
        {"budget": {"minPerSecond": 20}},
        {"budget": {"ttl": "5s"}},
        {"idempotentOnly": True},
    ),
    "timeout": (
        {"request": "3s"},
        {"perTry": "1s"},
        {"idle": "30s"},
        {"connect": "1s"},
        {"responseHeaders": "1s"},
    ),
    "limits": (
        {"maxConnections": 20},
        {"maxPending": 5},
        {"maxPending": 0},
        {"maxRequests": 5},
        {"maxRetries": 5},
        {"perConnectionRequests": 5},
        {"scope": "subset"},
        {"scope": "port"},
    ),
    "ejection": (
        {"consecutiveErrors": 9},
        {"gatewayErrorsOnly": True},
        {"interval": "5s"},
        {"baseEjection": "5s"},
        {"maxPercent": 20},
        {"minHealthyPercent": 20},
    ),
    "trip": (
        {"count": None, "errorRatio": 40},
        {"count": None, "latency": "1s"},
        {"count": 9},
        {"openFor": "5s"},
        {"fallback": "pay"},
    ),
    "split": (
        {"backends": [{"subset": "v1", "weight": 80}, {"subset": "v2", "weight": 20}]},
        {"backends": [{"service": "pay", "weight": 80}, {"subset": "v2", "weight": 20}]},
        {"steps": [{"weight": 50, "pause": "1m"}]},
        {"rollback": "errors > 1"},
        *MATCHES,
    ),
    "mirror": (
        {"to": {"subset": "v1"}},
        {"to": {"service": "pay"}},
        {"to": {"subset": "v2", "weight": 5}},
        {"percent": 10},
    ),
    "fault": (
        {"abort": {"status": 500}},
        {"abort": {"grpcStatus": 14}},
        {"abort": {"status": 503, "percent": 10}},
        {"delay": {"duration": "1s"}},
        {"delay": {"duration": "1s", "percent": 10}},
        {"bandwidth": {"kbps": 8192}},
        {"bandwidth": {"kbps": 8192, "percent": 10}},
        *MATCHES,
    ),
    "ratelimit": (
        {"requests": 20},
        {"scope": "global"},
        {"scope": "global", "service": "pay"},
        {"scope": "global", "failOpen": False},
        {"per": "minute"},
        {"burst": 5},
        {"keyBy": ["source"]},
        {"keyBy": ["path"]},
        {"keyBy": ["header:x-user"]},
        {"status": 503},
        {"service": "pay"},
        {"failOpen": True},
    ),
    "mtls": (
        {"mode": "permissive"},
        {"mode": "off"},
        {"scope": "mesh"},
        {"scope": "namespace"},
        {"scope": "port"},
    ),
    "access": (
        {"action": "deny"},
        {"action": "audit"},
        {"from": [{"identity": "pay"}]},
        {"from": [{"identity": "*"}]},
        {"from": [{"identity": "spiffe://other/ns/a/sa/b"}]},
        {"from": [{"namespace": "bank"}]},
        {"from": [{"cidr": "10.0.0.0/8"}]},
        {"to": [{"methods": ["GET"]}]},
        {"to": [{"paths": ["/a*"]}]},
        {"to": [{"paths": ["*.html"]}]},
        {"to": [{"ports": [9090]}]},
        {"claims": {"iss": "https://issuer.test"}},
        {"claims": {"group": "admin"}},
    ),
    "route": (
        {"rewrite": {"path": {"full": "/c"}}},
        {"rewrite": {"path": {"prefix": "/c"}}},
        {"rewrite": {"host": "other.test"}},
        *(
            {"backends": [], "redirect": each}
            for each in (
                {"scheme": "https"},
                {"host": "other.test"},
                {"port": 8443},
                {"path": {"full": "/c"}},
                {"path": {"prefix": "/c"}},
                {"status": 301},
            )
        ),
        *(
            {"headerOps": {side: change}}
            for side in ("request", "response")
            for change in ({"set": {"x-a": "1"}}, {"add": {"x-a": "1"}}, {"remove": ["x-a"]})
        ),
        {"backends": []},
        {"backends": [{"service": "pay"}]},
        *MATCHES,
    ),
    "egress": (
        {"hosts": ["other.test"]},
        {"hosts": ["*.example.com"]},
        {"cidrs": ["192.0.2.0/24"]},
        {"ports": [8443]},
        {"viaGateway": True},
        {"defaultDeny": False},
    ),
    "ingress": (
        {"hosts": []},
        {"hosts": ["*.shop.test"]},
        {"tls": True},
        {"gatewayClass": "a-class"},
        {"routes": [{"path": "/a"}]},
        {"routes": [{"service": "pay"}]},
        {"routes": [{"subset": "v2"}]},
    ),
    "locality": (
        {"mode": "strict"},
        {"mode": "weighted"},
        {"failover": [{"from": "east", "to": "west"}]},
        {"mode": "strict", "failover": [{"from": "east", "to": "west"}]},
    ),
}
"""For each kind changes of its parameters; None takes one away."""

TARGETS: tuple[Document, ...] = ({"port": 9090}, {"subset": "v2"}, {"namespace": "bank"})
NO_SOURCE = {Kind.MTLS, Kind.EGRESS}
NO_WHOLE_MESH = {Kind.SPLIT, Kind.ROUTE, Kind.INGRESS}


def check(mesh: Mesh, worlds: Iterable[World]) -> None:
    """No parameter, no part of the target and no source goes missing in silence."""
    assert set(PLAIN) == set(CHANGES) == set(Kind)
    for world in worlds:
        for kind, before, after, names in changes():
            _check_one(mesh, world, before, after, names, kind)


def world_of(version: str, **given: Any) -> World:
    """The place that changes are rendered for."""
    return World(version=version, namespace="shop", services=SERVICES, callers=CALLERS, **given)


def changes() -> Iterator[tuple[str, Document, Document, list[str]]]:
    """Kind, document before, document after, and the names that a note may say."""
    for kind, given in PLAIN.items():
        plain = {"name": "one", "kind": kind, "target": {"service": "api"}, "params": given}
        for change in CHANGES[kind]:
            params = {**given, **change}
            params = {key: value for key, value in params.items() if value is not None}
            yield kind, plain, {**plain, "params": params}, list(_names(change))
        for part in TARGETS:
            target = {"service": "api", **part}
            yield kind, plain, {**plain, "target": target}, [f"target.{each}" for each in part]
        if kind not in NO_SOURCE:
            yield kind, plain, {**plain, "source": "pay"}, ["source"]
        if kind not in NO_WHOLE_MESH:
            yield kind, plain, {**plain, "target": {"service": "*"}}, ["target", "service"]


def _check_one(
    mesh: Mesh, world: World, before: Document, after: Document, names: list[str], kind: str
) -> None:
    one = mesh.render([parse_behaviour(copy.deepcopy(before))], world)
    other = mesh.render([parse_behaviour(copy.deepcopy(after))], world)
    told = f"{kind} {after} for {world.version} {world.data_plane}"
    assert one.objects != other.objects or _says(one, other, names), told
    for rendering in (one, other):
        for outcome in rendering.outcomes:
            is_how_it_is = outcome.fidelity is Fidelity.EXACT and outcome.notes
            if outcome.objects or not is_how_it_is:  # else the mesh is so already, and says so
                assert bool(outcome.objects) != (outcome.fidelity is Fidelity.UNSUPPORTED), told


def _says(one: Rendering, other: Rendering, names: list[str]) -> bool:
    before, after = one.outcomes[0], other.outcomes[0]
    if before.fidelity is after.fidelity is Fidelity.UNSUPPORTED:
        return True  # of what a mesh lacks altogether nothing need be said
    new = set(after.notes) - set(before.notes)
    return any(name.rpartition(".")[2] in note for name in names for note in new)


def _names(change: Any) -> Iterator[str]:
    if isinstance(change, dict):
        for key, value in change.items():
            yield str(key)
            yield from _names(value)
    elif isinstance(change, list):
        for each in change:
            yield from _names(each)
