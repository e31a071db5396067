"""No parameter is dropped in silence: it changes what is rendered, or a note speaks of it."""

import copy
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from meshery.behaviours.model import Fidelity, Kind, Rendered
from meshery.sandbox.model import World
from meshery.sandbox.render.behaviour import render_behaviour
from meshery.sandbox.render.world import render_world
from sandbox.harness import behaviour

EXACT, APPROXIMATE, UNSUPPORTED = Fidelity

FULL: dict[Kind, dict[str, Any]] = {
    Kind.RETRY: {
        "attempts": 4,
        "perTryTimeout": "1s",
        "on": ["503"],
        "backoff": {"base": "5ms", "max": "50ms"},
        "budget": {"ratio": 30, "minPerSecond": 3, "ttl": "20s"},
        "idempotentOnly": True,
    },
    Kind.TIMEOUT: {
        "request": "1s",
        "perTry": "2s",
        "idle": "3s",
        "connect": "4s",
        "responseHeaders": "5s",
    },
    Kind.LIMITS: {
        "maxConnections": 1,
        "maxPending": 2,
        "maxRequests": 3,
        "maxRetries": 4,
        "perConnectionRequests": 5,
        "scope": "subset",
    },
    Kind.EJECTION: {
        "consecutiveErrors": 3,
        "gatewayErrorsOnly": True,
        "interval": "1s",
        "baseEjection": "2s",
        "maxPercent": 33.3,
        "minHealthyPercent": 10,
    },
    Kind.TRIP: {"count": 3, "openFor": "2s", "fallback": "data"},
    Kind.SPLIT: {
        "backends": [{"subset": "v1", "weight": 9}, {"subset": "v2", "weight": 3}],
        "match": {"method": "GET"},
        "steps": [{"weight": 50, "pause": "1s"}],
        "rollback": "errors > 1",
    },
    Kind.MIRROR: {"to": {"subset": "v2"}, "percent": 5},
    Kind.FAULT: {
        "delay": {"duration": "1s", "percent": 5},
        "abort": {"status": 418, "percent": 6},
        "bandwidth": {"kbps": 100, "percent": 7},
        "match": {"path": {"prefix": "/a"}},
    },
    Kind.RATELIMIT: {
        "requests": 7,
        "scope": "global",
        "per": "hour",
        "burst": 6,
        "keyBy": ["path"],
        "status": 503,
        "service": "limiter",
        "failOpen": True,
    },
    Kind.MTLS: {"mode": "permissive", "scope": "mesh"},
    Kind.ACCESS: {
        "action": "deny",
        "from": [{"identity": "web", "namespace": "test", "cidr": "127.0.0.0/8"}],
        "to": [{"methods": ["GET"], "paths": ["/a*"], "ports": [443]}],
    },
    Kind.ROUTE: {
        "match": {
            "path": {"prefix": "/a"},
            "method": "GET",
            "headers": [{"name": "x", "exact": "1", "invert": True}],
            "query": [{"name": "q", "regex": "a.*"}],
        },
        "rewrite": {"path": {"prefix": "/b"}, "host": "h"},
        "headerOps": {
            "request": {"set": {"a": "1"}, "add": {"b": "2"}, "remove": ["c"]},
            "response": {"set": {"a": "1"}, "add": {"b": "2"}, "remove": ["c"]},
        },
        "backends": [{"service": "data"}],
    },
    Kind.EGRESS: {
        "hosts": ["a.test"],
        "cidrs": ["10.0.0.1/32", "10.0.0.0/8"],
        "ports": [443],
        "viaGateway": True,
        "defaultDeny": False,
    },
    Kind.INGRESS: {
        "hosts": ["a.test"],
        "tls": True,
        "gatewayClass": "big",
        "routes": [{"path": "/x", "service": "data"}],
    },
    Kind.LOCALITY: {"mode": "strict", "failover": [{"from": "a", "to": "b"}]},
}

# A note speaks of the whole that they are part of.
TOLD = {
    ("retry", "budget.ttl"),
    ("split", "steps.0.pause"),
    ("split", "steps"),
    ("split", "steps.0"),
    ("split", "rollback"),
}


def leaves(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of everything that can be left out."""
    items = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in items:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from leaves(value, (*path, key))


def without(document: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    copied = copy.deepcopy(document)
    place: Any = copied
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    return copied


def shown(world: World, kind: Kind, params: dict[str, Any]) -> Rendered | None:
    """What is rendered; None when the parameters cannot stand without what was left out."""
    try:
        return render_behaviour(world, behaviour(kind, "api", params))
    except Exception:  # noqa: BLE001 - refused by the parser, which has tests of its own
        return None


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.LOCALITY])
def test_each_parameter_counts(world: World, kind: Kind) -> None:
    full = shown(world, kind, FULL[kind])
    assert full is not None
    assert full.fidelity is not UNSUPPORTED, full.notes
    assert full.objects
    for path in leaves(FULL[kind]):
        less = shown(world, kind, without(FULL[kind], path))
        name = ".".join(str(key) for key in path)
        if less is not None and (kind, name) not in TOLD:
            assert less != full, f"{kind}: {name} is dropped in silence"


@pytest.mark.parametrize(
    ("kind", "params", "fidelity", "said"),
    [
        ("retry", {}, EXACT, ""),
        ("retry", {"budget": {}}, APPROXIMATE, "budget"),
        ("timeout", {"request": "1s", "perTry": "1s", "idle": "1s", "connect": "1s"}, EXACT, ""),
        ("timeout", {"responseHeaders": "1s"}, APPROXIMATE, "responseHeaders"),
        ("limits", {"maxRequests": 1}, EXACT, ""),
        ("limits", {"maxConnections": 1}, APPROXIMATE, "maxRequests"),
        ("ejection", {}, EXACT, ""),
        ("ejection", {"maxPercent": 49}, EXACT, "less than one"),
        ("trip", {"count": 2}, APPROXIMATE, "ejected"),
        ("trip", {"errorRatio": 20}, APPROXIMATE, "each second"),
        ("trip", {"latency": "1s"}, UNSUPPORTED, "nearest: a timeout"),
        ("split", {"backends": [{"subset": "v2"}]}, EXACT, ""),
        ("split", {"backends": [{"subset": "v3"}]}, UNSUPPORTED, "no version v3"),
        ("split", {"backends": [{"service": "gone"}]}, UNSUPPORTED, "no service gone"),
        ("split", {"backends": [{"service": "gateway"}]}, UNSUPPORTED, "cannot be a backend"),
        ("mirror", {"to": {"service": "data"}}, EXACT, ""),
        ("fault", {"abort": {"grpcStatus": 14}}, EXACT, ""),
        ("fault", {"bandwidth": {"kbps": 1}}, APPROXIMATE, "1 KiB/s"),
        ("ratelimit", {"requests": 1}, EXACT, ""),
        ("ratelimit", {"requests": 9, "scope": "global"}, APPROXIMATE, "each of 2 instances"),
        ("mtls", {"mode": "strict"}, EXACT, ""),
        ("access", {"action": "allow", "claims": {"sub": "a"}}, UNSUPPORTED, "claims"),
        ("access", {"action": "allow", "from": [{"identity": "web"}]}, EXACT, ""),
        ("route", {"match": {"query": [{"name": "q", "present": False}]}}, UNSUPPORTED, "no q"),
        ("egress", {"hosts": ["a.test"]}, EXACT, ""),
        ("egress", {"cidrs": ["10.0.0.0/8"]}, UNSUPPORTED, "10.0.0.0/8"),
        ("ingress", {}, EXACT, ""),
        ("ingress", {"routes": [{"service": "gone"}]}, UNSUPPORTED, "no service gone"),
        ("locality", {}, UNSUPPORTED, "nearest: an ejection"),
    ],
)
def test_fidelity(
    world: World, kind: str, params: dict[str, Any], fidelity: Fidelity, said: str
) -> None:
    rendered = render_behaviour(world, behaviour(kind, "api", params))
    assert rendered.fidelity is fidelity, rendered.notes
    assert any(said in note for note in rendered.notes) if said else not rendered.notes
    assert bool(rendered.objects) is (fidelity is not UNSUPPORTED) or kind in {"ingress", "mtls"}


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("gone", "there is no service gone"),
        ("api/v9", "api has no version v9"),
        ("gateway", "called by nobody"),
        ({"service": "api", "port": 8080}, "one port, 80"),
        ({"service": "api", "namespace": "other"}, "one namespace, test"),
    ],
)
def test_a_target_that_is_not_there(world: World, target: Any, said: str) -> None:
    made = behaviour("retry", "api")
    if isinstance(target, str):
        made = behaviour("retry", target)
    else:
        made = msgspec.structs.replace(made, target=msgspec.convert(target, type(made.target)))
    rendered = render_behaviour(world, made)
    assert (rendered.fidelity, rendered.objects) == (UNSUPPORTED, ())
    assert said in rendered.notes[0]


def test_sources(world: World) -> None:
    abort = {"abort": {"status": 503}}
    strange = render_behaviour(world, behaviour("retry", "api", source="stranger"))
    assert strange.fidelity is UNSUPPORTED
    account = render_behaviour(world, behaviour("fault", "api", abort, source="stranger"))
    assert (account.fidelity, "account" in account.notes[0]) == (EXACT, True)
    off = msgspec.structs.replace(world, mtls="permissive")
    blurred = render_behaviour(off, behaviour("fault", "api", abort, source="web"))
    assert blurred.fidelity is APPROXIMATE
    edge = render_behaviour(world, behaviour("fault", "gateway", abort, source="web"))
    assert edge.fidelity is UNSUPPORTED


def test_unsupported_behaviours_are_not_in_the_world(world: World) -> None:
    refused = behaviour("access", "api", {"action": "allow", "claims": {"sub": "a"}})
    with_it = msgspec.structs.replace(world, behaviours=(refused,))
    assert render_world(with_it) == render_world(world)


def test_what_a_later_one_overrides_says_so(world: World) -> None:
    first = behaviour("retry", "api", name="first")
    second = behaviour("retry", "api", {"attempts": 9}, name="second")
    both = msgspec.structs.replace(world, behaviours=(first, second))
    assert "second came later" in render_behaviour(both, first).notes[0]
    assert not render_behaviour(both, second).notes


def test_objects_are_what_changes_and_where(world: World) -> None:
    rendered = render_behaviour(world, behaviour("fault", "api/v2", {"abort": {"status": 503}}))
    (changed,) = rendered.objects
    assert (changed["sidecar"], changed["file"]) == ("api-v2-0", "inbound.json")
    applied = behaviour("fault", "api/v2", {"abort": {"status": 503}})
    there = msgspec.structs.replace(world, behaviours=(applied,))
    assert render_behaviour(there, applied) == rendered
