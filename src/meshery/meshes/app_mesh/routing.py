"""What a VirtualRouter says: shares, routes, retries and time limits."""

import math
import re
from typing import Any

from meshery.adapters.draft import Draft, native
from meshery.behaviours.match import Match, PathMatch, ValueMatch
from meshery.behaviours.resilience import GRPC_CONDITIONS, Backoff, Retry, Timeout
from meshery.behaviours.traffic import Backend, HeaderOps, Route, Split
from meshery.meshes.app_mesh.objects import (
    API_VERSION,
    DEFAULT_ROUTE,
    duration,
    listener,
    node_name,
    nodes_of,
    port_of,
    put_node,
    put_router,
)
from meshery.meshes.scope import not_narrowed, one_service

_ROUTES = {"http": "httpRoute", "http2": "http2Route", "grpc": "grpcRoute"}
_EVERY_CALLER = "a VirtualRouter holds for every caller"
_MOST_WEIGHT, _MOST_TARGETS = 100, 10
_TRY_MS = 15_000.0
_EVENTS = {
    "5xx": "server-error",
    "gateway-error": "gateway-error",
    "refused-stream": "stream-error",
    "reset": "stream-error",
}


def route_field(draft: Draft) -> str:
    """The field of a route for what is spoken at the target's port."""
    return _ROUTES.get(port_of(draft).protocol, "tcpRoute")


def split(draft: Draft) -> None:
    """Weighted targets of the route that takes what no other takes, or of one with a match."""
    params = draft.params(Split)
    if not one_service(draft):
        return
    name = DEFAULT_ROUTE if params.match.takes_all else draft.behaviour.name
    if not _put_route(draft, name, params.match, params.backends):
        return
    if params.steps:
        draft.note("steps are no part of it: each step is rendered with its own weights")
    if params.rollback:
        draft.note("rollback is no part of it: going back is rendering the split before")


def route(draft: Draft) -> None:
    """A route of its own, before the ones that are less specific."""
    params = draft.params(Route)
    if not one_service(draft):
        return
    if params.redirect is not None:
        draft.unsupported(
            "redirect has no place: a route leads to nodes",
            "redirect in the application, or rewrite at the gateway (GatewayRoute)",
        )
        return
    backends = params.backends or (Backend(service=draft.service.name),)
    if not _put_route(draft, draft.behaviour.name, params.match, backends):
        return
    if params.rewrite is not None:
        draft.dropped("rewrite", "only a GatewayRoute rewrites")
    if params.header_ops != HeaderOps():
        draft.dropped("headerOps", "App Mesh changes no headers")


def retry(draft: Draft) -> None:
    """A policy of every route of the router."""
    params = draft.params(Retry)
    if not _has_http(draft):
        return
    policy: dict[str, Any] = {"maxRetries": params.attempts}
    if params.per_try_timeout_ms is None:
        draft.nearly("perTryTimeout is 15s: a retry policy has to say one")
    policy["perRetryTimeout"] = duration(params.per_try_timeout_ms or _TRY_MS)
    policy.update(_events(draft, params))
    if params.backoff != Backoff():
        draft.dropped("backoff.base and backoff.max", "App Mesh chooses the waits")
    if params.budget is not None:
        draft.dropped("budget", "App Mesh counts tries, not a share of requests")
    if params.idempotent_only:
        draft.dropped("idempotentOnly", "App Mesh retries whatever the method")
    not_narrowed(draft, subset="a router holds for all nodes of it", source=_EVERY_CALLER)
    put_router(draft, every={route_field(draft): {"retryPolicy": policy}})


def timeout(draft: Draft) -> None:
    """Limits of every route, and of the listener of the node, whose own would cut in before."""
    params = draft.params(Timeout)
    if not one_service(draft):
        return
    field = route_field(draft)
    limits = _limits(params, field)
    if not limits:
        draft.unsupported(
            "App Mesh limits requests (not of tcp) and silence: perTry, connect, responseHeaders "
            "and request have no place here",
            "give request or idle",
        )
        return
    reasons = {
        "request_ms": "what is tcp has no requests" if field == "tcpRoute" else "",
        "per_try_ms": "it is said with retries (perTryTimeout)",
        "connect_ms": "App Mesh does not limit connecting",
        "response_headers_ms": "App Mesh limits whole requests",
    }
    for parameter, why in reasons.items():
        if why and getattr(params, parameter) is not None:
            draft.dropped(parameter, why)
    not_narrowed(draft, subset="a router holds for all nodes of it", source=_EVERY_CALLER)
    _put_listener_limits(draft, {field.removesuffix("Route"): limits})
    put_router(draft, every={field: {"timeout": limits}})


def _limits(params: Timeout, field: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if params.request_ms is not None and field != "tcpRoute":
        found["perRequest"] = duration(params.request_ms)
    if params.idle_ms is not None:
        found["idle"] = duration(params.idle_ms)
    return found


def _put_listener_limits(draft: Draft, limits: dict[str, Any]) -> None:
    """The same limits for the nodes that stand: a listener's own would cut in before."""
    standing = nodes_of(draft)
    for each in standing:
        whole = {"listeners": listener(port_of(draft), timeout=limits)}
        draft.put(native(API_VERSION, "VirtualNode", each, draft.namespace, whole))
    if not standing:
        draft.nearly("the listeners of its nodes have a limit of their own: 15s unless it is set")


def lead_to_node(draft: Draft) -> None:
    """A route to the node of the target, where nothing leads to it yet."""
    name = put_node(draft, draft.service)
    field = route_field(draft)
    match = {} if field in ("tcpRoute", "grpcRoute") else {"prefix": "/"}
    target = {"virtualNodeRef": {"name": name}, "weight": 1}
    said = {"match": match, "action": {"weightedTargets": (target,)}}
    put_router(draft, routes={DEFAULT_ROUTE: {"order": Match().specificity, field: said}})


def _put_route(draft: Draft, name: str, match: Match, backends: tuple[Backend, ...]) -> bool:
    field = route_field(draft)
    unsaid = _not_sayable(match, field)
    if unsaid:
        draft.unsupported(
            f"App Mesh has no words for {' and '.join(unsaid)}",
            "leave it out of match, or move to Istio, whose VirtualService has it",
        )
        return False
    if len(backends) > _MOST_TARGETS:
        told = f"backends are {len(backends)}, a route takes {_MOST_TARGETS}"
        draft.unsupported(told, "split in two steps: a service of its own for some")
        return False
    not_narrowed(draft, subset="backends name subsets", source=_EVERY_CALLER)
    targets = _targets(draft, backends)
    said: dict[str, Any] = {} if field == "tcpRoute" else {"match": _match(match, field)}
    if field == "tcpRoute":
        said["match"] = {}
    port = draft.behaviour.target.port
    if port is not None:
        said["match"]["port"] = port
    said["action"] = {"weightedTargets": targets}
    put_router(draft, routes={name: {"order": match.specificity, field: said}})
    return True


def _targets(draft: Draft, backends: tuple[Backend, ...]) -> tuple[dict[str, Any], ...]:
    """The weighted targets; a tuple, for it is replaced as a whole where two behaviours differ."""
    weights = _weights(draft, [each.weight for each in backends])
    found = []
    for backend, weight in zip(backends, weights, strict=True):
        home = "" if "." in (backend.service or "") else draft.namespace
        service = draft.world.service(backend.service or draft.service.name, home)
        put_node(draft, service, backend.subset)
        reference = {"name": node_name(draft.world, service, backend.subset)}
        if service.namespace != draft.namespace:
            reference["namespace"] = service.namespace
        found.append({"virtualNodeRef": reference, "weight": weight})
    return tuple(found)


def _weights(draft: Draft, weights: list[int]) -> list[int]:
    """Weights from 0 to 100; larger ones are scaled, and told where that is not exact."""
    if max(weights) <= _MOST_WEIGHT:
        return weights
    common = math.gcd(*weights)
    weights = [weight // common for weight in weights]
    if max(weights) <= _MOST_WEIGHT:
        return weights
    scaled = [weight * _MOST_WEIGHT / max(weights) for weight in weights]
    rounded = [max(1, round(each)) if each else 0 for each in scaled]
    if rounded != scaled:
        told = ":".join(str(each) for each in rounded)
        draft.nearly(f"weight goes up to 100 here, so the shares are {told}")
    return rounded


def _match(match: Match, field: str) -> dict[str, Any]:
    if field == "grpcRoute":
        metadata = [_header(header) for header in match.headers]
        return {"metadata": metadata} if metadata else {}
    found: dict[str, Any] = _path(match.path)
    if match.method is not None:
        found["method"] = match.method
    if match.headers:
        found["headers"] = [_header(header) for header in match.headers]
    if match.query:
        found["queryParameters"] = [
            {"name": each.name, "match": {"exact": each.exact}} for each in match.query
        ]
    return found


def _path(path: PathMatch | None) -> dict[str, Any]:
    """A prefix means whole elements, which App Mesh's own prefix does not: a regex says it."""
    if path is None or path.prefix == "/":
        return {"prefix": "/"}
    if path.exact is not None:
        return {"path": {"exact": path.exact}}
    if path.prefix is not None:
        return {"path": {"regex": f"{re.escape(path.prefix.rstrip('/'))}(/.*)?"}}
    return {"path": {"regex": path.regex}}


def _header(header: ValueMatch) -> dict[str, Any]:
    found: dict[str, Any] = {"name": header.name}
    if header.invert or header.present is False:
        found["invert"] = True
    if header.contains is not None:
        found["match"] = {"regex": f".*{re.escape(header.contains)}.*"}
    for word in ("exact", "prefix", "suffix", "regex"):
        value = getattr(header, word)
        if value is not None:
            found["match"] = {word: value}
    return found


def _not_sayable(match: Match, field: str) -> list[str]:
    """The parts of a match that this kind of route has no words for."""
    if field == "tcpRoute":
        return [] if match.takes_all else ["match (what is tcp has no requests)"]
    found = []
    if field == "grpcRoute":
        found += [f"match.{each}" for each in ("path", "method", "query") if getattr(match, each)]
    for position, each in enumerate(match.query):
        if each.exact is None or each.invert:
            found.append(f"match.query[{position}] other than exact")
    return list(dict.fromkeys(found))


def _events(draft: Draft, params: Retry) -> dict[str, list[str]]:
    """The events on which is retried, by whose they are."""
    http, tcp, grpc = [], [], []
    is_grpc = route_field(draft) == "grpcRoute"
    for position, condition in enumerate(params.on):
        if condition == "connect-failure":
            tcp.append("connection-error")
        elif condition in GRPC_CONDITIONS:
            if is_grpc:
                grpc.append(condition)
            else:
                draft.dropped(f"on[{position}]", f"{condition} is an answer of gRPC")
        elif condition.isdecimal():
            http += _status(draft, condition, position)
        else:
            http.append(_EVENTS[condition])
    events = {"httpRetryEvents": http, "tcpRetryEvents": tcp, "grpcRetryEvents": grpc}
    return {name: list(dict.fromkeys(found)) for name, found in events.items() if found}


def _status(draft: Draft, condition: str, position: int) -> list[str]:
    if condition == "409":
        return ["client-error"]
    if condition.startswith("5"):
        event = "gateway-error" if condition in ("502", "503", "504") else "server-error"
        draft.nearly(f"on[{position}] {condition} becomes {event}, which takes others too")
        return [event]
    draft.dropped(f"on[{position}]", "of the 400s App Mesh retries 409 alone")
    return []


def _has_http(draft: Draft) -> bool:
    if not one_service(draft):
        return False
    if route_field(draft) == "tcpRoute":
        draft.unsupported("what is tcp is not retried", "name the port's protocol: http, grpc")
        return False
    return True
