"""What every route of a VirtualRouter says: retries and time limits."""

from typing import Any

from meshery.adapters.draft import Draft, native
from meshery.behaviours.resilience import GRPC_CONDITIONS, Backoff, Retry, Timeout
from meshery.meshes.app_mesh.objects import (
    API_VERSION,
    duration,
    listener,
    nodes_of,
    port_of,
    put_router,
    route_field,
)
from meshery.meshes.app_mesh.routing import EVERY_CALLER
from meshery.meshes.scope import not_narrowed, one_service

_TRY_MS = 15_000.0
_EVENTS = {
    "5xx": "server-error",
    "gateway-error": "gateway-error",
    "refused-stream": "stream-error",
    "reset": "stream-error",
}


def retry(draft: Draft) -> None:
    """A policy of every route of the router."""
    params = draft.params(Retry)
    if not _has_http(draft):
        return
    policy: dict[str, Any] = {"maxRetries": params.attempts}
    if params.per_try_timeout_ms is None:
        draft.nearly("perTryTimeout is 15s: a retry policy has to say one")
    policy["perRetryTimeout"] = duration(params.per_try_timeout_ms or _TRY_MS)
    events = _events(draft, params)
    if not events:
        draft.unsupported(
            "on names nothing that App Mesh retries",
            "retry on 5xx, gateway-error, connect-failure, reset or 409",
        )
        return
    policy.update(events)
    if params.backoff != Backoff():
        draft.dropped("backoff.base and backoff.max", "App Mesh chooses the waits")
    if params.budget is not None:
        draft.dropped("budget", "App Mesh counts tries, not a share of requests")
    if params.idempotent_only:
        draft.dropped("idempotentOnly", "App Mesh retries whatever the method")
    not_narrowed(draft, subset="a router holds for all nodes of it", source=EVERY_CALLER)
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
    not_narrowed(draft, subset="a router holds for all nodes of it", source=EVERY_CALLER)
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
