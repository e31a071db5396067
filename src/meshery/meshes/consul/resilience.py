"""Retries and timeouts: settings of every route of a ServiceRouter, and of the resolver."""

from typing import Any

from meshery.adapters.draft import Draft
from meshery.behaviours.resilience import Backoff, Retry, Timeout
from meshery.meshes.consul.parts import (
    all_callers,
    duration,
    entry,
    limit,
    since,
    targets,
    whole_service,
)
from meshery.meshes.consul.traffic import put_common


def retry(draft: Draft) -> None:
    """Retries of each route: Envoy's conditions and status codes."""
    params = draft.params(Retry)
    settings: dict[str, Any] = {"numRetries": params.attempts}
    codes = [int(each) for each in params.on if each.isdecimal()]
    words = [each for each in params.on if not each.isdecimal()]
    if since(draft, "1.18") and words:
        settings["retryOn"] = words
    elif words:
        if "connect-failure" in words:
            settings["retryOnConnectFailure"] = True
        left = [each for each in words if each != "connect-failure"]
        if left:
            draft.dropped("on", f"{', '.join(left)}: its resource has retryOn from Consul 1.18 on")
    if codes:
        settings["retryOnStatusCodes"] = codes
    if params.per_try_timeout_ms is not None:
        draft.dropped("per_try_timeout_ms", "Consul limits whole requests only")
    if params.backoff != Backoff():
        draft.dropped("backoff", "it is Envoy's own, 25ms to 250ms")
    if params.budget is not None:
        draft.dropped("budget", "Consul counts tries")
    put_common(draft, settings, safe_only=params.idempotent_only)


def timeout(draft: Draft) -> None:
    """Limits of a request and of silence at the router, of connecting at the resolver."""
    params = draft.params(Timeout)
    settings = {}
    if params.request_ms is not None:
        settings["requestTimeout"] = limit(draft, params.request_ms, "request")
    if params.idle_ms is not None:
        settings["idleTimeout"] = limit(draft, params.idle_ms, "idle")
    if params.per_try_ms is not None:
        draft.dropped("per_try_ms", "Consul limits whole requests only")
    if params.response_headers_ms is not None:
        draft.dropped("response_headers_ms", "Consul limits whole requests only")
    if not settings and params.connect_ms is None:
        draft.unsupported("nothing of this timeout has a place in Consul", "a request timeout")
        return
    if settings:
        put_common(draft, settings)
    if params.connect_ms is None or draft.fidelity == "unsupported":
        return
    for service in targets(draft):
        spec = {"connectTimeout": duration(params.connect_ms)}
        draft.put(entry("ServiceResolver", service.name, service.namespace, spec))
    if not settings:
        whole_service(draft)
        all_callers(draft)
