"""Retries of named callers, and what an UpstreamTrafficSetting limits."""

from meshery.adapters.draft import Draft, native
from meshery.behaviours.pressure import RateLimit
from meshery.behaviours.rendering import Service
from meshery.behaviours.resilience import Limits, Retry, Timeout
from meshery.core.durations import format_duration
from meshery.meshes.osm.objects import POLICY, account, mesh_config, upstream
from meshery.meshes.scope import not_narrowed, one_service

# Envoy's words for the neutral conditions; gRPC's are the same words.
_CONDITIONS = {
    "5xx": "5xx",
    "gateway-error": "gateway-error",
    "connect-failure": "connect-failure",
    "refused-stream": "refused-stream",
    "reset": "reset",
}
_EVERY_PORT = "an UpstreamTrafficSetting holds for every port of its host"
_WHOLE_HOST = "an UpstreamTrafficSetting is told of a whole host"
_EVERY_CALLER = "an UpstreamTrafficSetting holds for every caller"
_NO_TRY_LIMIT_MS = 60_000.0


def retry(draft: Draft) -> None:
    """A Retry for each caller: OSM says retries by source and destination."""
    if not one_service(draft):
        return
    callers = _callers(draft)
    if not callers:
        draft.unsupported(
            f"a Retry names its source, and nobody is known to call {draft.service.name}",
            "say source, or tell who calls the service",
        )
        return
    not_narrowed(
        draft,
        port="a Retry holds for every port of its destination",
        subset="a Retry is told of a whole service",
    )
    policy = _policy(draft)
    if not policy["retryOn"]:
        draft.unsupported(
            "a Retry lists no status codes, and on holds nothing else",
            "retry on 5xx, gateway-error, connect-failure or reset",
        )
        return
    draft.put(mesh_config(draft.world, {"featureFlags": {"enableRetryPolicy": True}}))
    for caller in callers:
        spec = {
            "source": account(caller),
            "destinations": [
                {
                    "kind": "Service",
                    "name": draft.service.name,
                    "namespace": draft.service.namespace,
                }
            ],
            "retryPolicy": policy,
        }
        name = f"{caller.name}-to-{draft.service.name}"
        draft.put(native(POLICY, "Retry", name, caller.namespace, spec))
    if draft.behaviour.source is None:
        names = ", ".join(sorted(caller.name for caller in callers))
        draft.nearly(f"holds for the callers that are known ({names}), not for every caller")


def timeout(draft: Draft) -> None:
    """The limit of connecting; OSM has no other."""
    params = draft.params(Timeout)
    if params.connect_ms is None:
        draft.unsupported(
            "OSM limits only connecting: request, perTry, idle and responseHeaders have no place",
            "limit requests in the application, or move to Istio (VirtualService timeout)",
        )
        return
    if not one_service(draft):
        return
    not_narrowed(draft, port=_EVERY_PORT, subset=_WHOLE_HOST, source=_EVERY_CALLER)
    limit = format_duration(params.connect_ms / 1000)
    draft.put(upstream(draft, {"connectionSettings": {"tcp": {"connectTimeout": limit}}}))
    for field in ("request_ms", "per_try_ms", "idle_ms", "response_headers_ms"):
        if getattr(params, field) is not None:
            draft.dropped(field, "OSM limits only connecting")


def limits(draft: Draft) -> None:
    """The pools of each caller towards the target."""
    params = draft.params(Limits)
    if not one_service(draft):
        return
    not_narrowed(draft, port=_EVERY_PORT, subset=_WHOLE_HOST, source=_EVERY_CALLER)
    http = {
        "maxRequests": params.max_requests,
        "maxRequestsPerConnection": params.per_connection_requests,
        "maxPendingRequests": params.max_pending,
        "maxRetries": params.max_retries,
    }
    known = {name: value for name, value in http.items() if value is not None}
    settings: dict[str, object] = {"http": known} if known else {}
    if params.max_connections is not None:
        settings["tcp"] = {"maxConnections": params.max_connections}
    draft.put(upstream(draft, {"connectionSettings": settings}))
    if params.scope != "target":
        draft.dropped("scope", "OSM keeps one pool for a host, not one for each subset or port")


def rate_limit(draft: Draft) -> None:
    """A limit within each instance of the target."""
    params = draft.params(RateLimit)
    if params.scope == "global":
        draft.unsupported(
            "scope global needs descriptors and a rate limit service, which OSM 1.2 does not take",
            "scope local limits each instance; or limit at the ingress",
        )
        return
    if not one_service(draft):
        return
    not_narrowed(draft, port=_EVERY_PORT, subset=_WHOLE_HOST, source=_EVERY_CALLER)
    http = {"requests": params.requests, "unit": params.per, "burst": params.burst}
    http["responseStatusCode"] = params.status
    draft.put(upstream(draft, {"rateLimit": {"local": {"http": http}}}))
    if params.key_by:
        draft.dropped("keyBy", "OSM counts all requests of an instance together")
    if params.service is not None:
        draft.dropped("service", "a local limit asks no rate limit service")
    if params.fail_open is not None:
        draft.dropped("failOpen", "a local limit asks nobody who could fail")


def _policy(draft: Draft) -> dict[str, object]:
    params = draft.params(Retry)
    limit_ms = params.per_try_timeout_ms
    if limit_ms is None:
        limit_ms = _NO_TRY_LIMIT_MS
        draft.nearly("perTryTimeout is 1m: a Retry has to say one")
    if params.backoff.max_ms != 10 * params.backoff.base_ms:
        draft.dropped("backoff.max", "OSM waits up to ten times backoff.base")
    if params.budget is not None:
        draft.dropped("budget", "OSM counts tries, not a share of requests")
    if params.idempotent_only:
        draft.dropped("idempotentOnly", "OSM retries whatever the method")
    return {
        "retryOn": ",".join(_conditions(draft, params)),
        "perTryTimeout": format_duration(limit_ms / 1000),
        "numRetries": params.attempts,
        "retryBackoffBaseInterval": format_duration(params.backoff.base_ms / 1000),
    }


def _conditions(draft: Draft, params: Retry) -> list[str]:
    """Envoy's words, each once; single status codes have none."""
    found = []
    for position, condition in enumerate(params.on):
        if not condition.isdecimal():
            found.append(_CONDITIONS.get(condition, condition))
            continue
        wider = {"4": "retriable-4xx" if condition == "409" else ""}.get(condition[0], "5xx")
        found.append(wider)
        told = f"becomes {wider}" if wider else "is left out"
        draft.nearly(f"on[{position}] {condition} {told}: a Retry lists no status codes")
    return [each for each in dict.fromkeys(found) if each]


def _callers(draft: Draft) -> tuple[Service, ...]:
    if draft.behaviour.source is not None:
        return (draft.world.service(draft.behaviour.source, draft.namespace),)
    return draft.world.callers_of(draft.service)
