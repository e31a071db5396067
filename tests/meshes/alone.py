"""Each parameter changed alone: it changes an object, or a note or the alternative names it.

`cases()` yields a plain behaviour, the same with one thing changed, and the name of that thing in
documents. `check(MESH, world)` renders both and compares.
"""

import copy
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from jsonschema import Draft7Validator

from meshery.adapters.mesh import Mesh, NativeKind
from meshery.adapters.ordering import is_at_least
from meshery.behaviours.document import parse_behaviour
from meshery.behaviours.rendering import World
from meshes.golden import well_formed

Document = dict[str, Any]

_MATCH = {"path": {"prefix": "/v2"}}
_TO = {"service": "shadow"}
_BACKENDS = [{"subset": "v1", "weight": 9}, {"subset": "v2", "weight": 1}]

# Of each kind: plain parameters, then what is changed alone (by name in documents).
_KINDS: dict[str, list[tuple[Document, list[tuple[str, Any]]]]] = {
    "retry": [
        (
            {},
            [
                ("attempts", 5),
                ("perTryTimeout", "700ms"),
                ("on", ["503"]),
                ("on", ["5xx", "unavailable"]),
                ("backoff", {"base": "10ms", "max": "20ms"}),
                ("budget", {"ratio": 10}),
                ("idempotentOnly", True),
            ],
        )
    ],
    "timeout": [
        (
            {"request": "3s"},
            [
                ("request", "4s"),
                ("request", "0s"),
                ("perTry", "1s"),
                ("idle", "9s"),
                ("connect", "2s"),
                ("responseHeaders", "1s"),
            ],
        ),
        ({"connect": "1s"}, [("responseHeaders", "1s")]),
    ],
    "limits": [
        (
            {"maxRequests": 10},
            [
                ("maxConnections", 3),
                ("maxPending", 0),
                ("maxRequests", 11),
                ("maxRetries", 1),
                ("perConnectionRequests", 7),
                ("scope", "subset"),
                ("scope", "port"),
            ],
        )
    ],
    "ejection": [
        (
            {},
            [
                ("consecutiveErrors", 2),
                ("gatewayErrorsOnly", True),
                ("interval", "3s"),
                ("baseEjection", "7s"),
                ("maxPercent", 33.3),
                ("minHealthyPercent", 20),
            ],
        )
    ],
    "trip": [
        ({"count": 3}, [("count", 4), ("openFor", "9s"), ("fallback", "spare")]),
        ({"errorRatio": 50}, [("errorRatio", 40), ("openFor", "9s")]),
        ({"latency": "1s"}, [("latency", "2s")]),
    ],
    "split": [
        (
            {"backends": _BACKENDS},
            [
                ("backends", [{"subset": "v1", "weight": 8}, {"subset": "v2", "weight": 2}]),
                ("backends", [{"service": "other"}, {"service": "api"}]),
                ("match", _MATCH),
                ("steps", [{"weight": 50, "pause": "1m"}]),
                ("rollback", "errors > 1"),
            ],
        )
    ],
    "mirror": [
        (
            {"to": _TO},
            [("to", {"subset": "v2"}), ("weight", None), ("percent", 5)],
        )
    ],
    "fault": [
        (
            {"abort": {"status": 500}},
            [
                ("abort", {"status": 503}),
                ("abort", {"grpcStatus": 14}),
                ("abort", {"status": 500, "percent": 2.5}),
                ("delay", {"duration": "1s"}),
                ("bandwidth", {"kbps": 64}),
                ("match", _MATCH),
            ],
        ),
        ({"delay": {"duration": "1s"}}, [("delay", {"duration": "2s"})]),
        ({"bandwidth": {"kbps": 10}}, [("bandwidth", {"kbps": 20})]),
    ],
    "ratelimit": [
        (
            {"requests": 5},
            [
                ("requests", 6),
                ("scope", "global"),
                ("per", "minute"),
                ("burst", 3),
                ("keyBy", ["source"]),
                ("keyBy", ["header:x-user"]),
                ("status", 503),
                ("service", "limiter"),
                ("failOpen", True),
            ],
        )
    ],
    "mtls": [
        ({"mode": "strict"}, [("mode", "permissive"), ("mode", "off")]),
        ({"mode": "strict"}, [("scope", "mesh"), ("scope", "namespace"), ("scope", "port")]),
    ],
    "access": [
        (
            {"action": "allow", "from": [{"identity": "web"}]},
            [
                ("action", "deny"),
                ("action", "audit"),
                ("from", [{"namespace": "web"}]),
                ("from", [{"identity": "*"}]),
                ("from", [{"identity": "web"}, {"cidr": "10.0.0.0/8"}]),
                ("to", [{"methods": ["GET"]}]),
                ("to", [{"paths": ["/x*"]}]),
                ("to", [{"ports": [8080]}]),
                ("claims", {"sub": "me"}),
            ],
        )
    ],
    "route": [
        (
            {"match": {"path": {"prefix": "/v1"}}},
            [
                ("match", _MATCH),
                ("match", {"path": {"exact": "/v1"}}),
                ("match", {"path": {"regex": "/v[12]"}}),
                ("match", {"path": {"prefix": "/v1"}, "method": "GET"}),
                ("match", {"path": {"prefix": "/v1"}, "headers": [{"name": "x", "exact": "y"}]}),
                ("match", {"path": {"prefix": "/v1"}, "query": [{"name": "x", "exact": "y"}]}),
                ("rewrite", {"path": {"prefix": "/"}}),
                ("rewrite", {"path": {"full": "/x"}}),
                ("rewrite", {"host": "other.test"}),
                ("redirect", {"host": "other.test"}),
                ("redirect", {"scheme": "https", "port": 8443, "status": 301}),
                ("headerOps", {"request": {"set": {"x": "1"}}}),
                ("headerOps", {"response": {"add": {"x": "1"}, "remove": ["y"]}}),
                ("backends", [{"service": "other"}]),
            ],
        )
    ],
    "egress": [
        (
            {"hosts": ["example.com"]},
            [
                ("hosts", ["example.com", "*.example.org"]),
                ("cidrs", ["10.1.0.0/16"]),
                ("ports", [8443]),
                ("viaGateway", True),
                ("defaultDeny", False),
            ],
        )
    ],
    "ingress": [
        ({}, [("tls", True), ("gatewayClass", "other")]),
        (
            {"gatewayClass": "other"},
            [
                ("hosts", ["shop.example.com"]),
                ("tls", True),
                ("gatewayClass", "another"),
                ("routes", [{"path": "/x"}]),
                ("routes", [{"path": "/", "service": "other"}]),
                ("routes", [{"path": "/", "subset": "v2"}]),
            ],
        ),
    ],
    "locality": [
        (
            {},
            [
                ("mode", "strict"),
                ("mode", "weighted"),
                ("failover", [{"from": "east", "to": "west"}]),
            ],
        )
    ],
}
_PLACES: tuple[Document, ...] = ({"port": 8080}, {"subset": "v2"}, {"namespace": "x"})


def cases() -> Iterator[tuple[Document, Document, str]]:
    """A plain behaviour, the same with one change, and what was changed."""
    for kind, groups in _KINDS.items():
        for plain, changes in groups:
            base = {"name": "it", "kind": kind, "target": {"service": "api"}, "params": plain}
            for name, value in changes:
                changed = copy.deepcopy(base)
                changed["params"] = _with(plain, kind, name, value)
                yield base, changed, name
            yield from _elsewhere(base, kind)


def check(mesh: Mesh, world: World) -> None:
    """Every change alone changes an object or is named; objects are as their kinds want them."""
    silent = []
    for plain, changed, name in cases():
        before = mesh.render([parse_behaviour(plain)], world)
        behaviour = parse_behaviour(changed)
        after = mesh.render([behaviour], world)
        well_formed(after, [behaviour])
        valid(mesh, world, after.objects)
        (outcome,) = after.outcomes
        told = " ".join((*outcome.notes, outcome.alternative))
        if outcome.fidelity == before.outcomes[0].fidelity == "unsupported":
            continue  # nothing is done, and that is told
        if before.objects == after.objects and name not in told:
            silent.append(f"{name} of {changed}: {outcome}")
    assert not silent, "\n".join(silent)


def valid(mesh: Mesh, world: World, objects: Sequence[Document]) -> None:
    """Each object is of a kind that the mesh has in this version, and fits its schema."""
    _MESHES[mesh.name] = mesh
    for each in objects:
        if each["apiVersion"] == "v1":
            continue
        kind, schema = _kinds(mesh.name)[each["apiVersion"], each["kind"]]
        assert not kind.since or is_at_least(world.version, kind.since), each
        assert not kind.until or not is_at_least(world.version, kind.until), each
        assert bool(each["metadata"].get("namespace")) == kind.is_namespaced, each
        schema.validate(each)


_MESHES: dict[str, Mesh] = {}


@cache
def _kinds(mesh: str) -> dict[tuple[str, str], tuple[NativeKind, Draft7Validator]]:
    return {
        (each.api_version, each.kind): (each, Draft7Validator(each.schema))
        for each in _MESHES[mesh].kinds
    }


def _elsewhere(base: Document, kind: str) -> Iterator[tuple[Document, Document, str]]:
    for more in _PLACES:
        yield base, {**base, "target": {**base["target"], **more}}, next(iter(more))
    if kind not in {"mtls", "egress"}:
        yield base, {**base, "source": "web" if kind != "access" else "cart"}, "source"
    if kind not in {"split", "route", "ingress"}:
        yield base, {**base, "target": {"service": "*"}}, "*"


def _with(plain: Document, kind: str, name: str, value: Any) -> Document:
    if kind == "mirror" and name == "weight":
        return {**plain, "to": {**plain["to"], "weight": 2}}
    changed = {**plain, name: value}
    if kind == "route" and name == "redirect":
        changed.pop("backends", None)
    return changed
