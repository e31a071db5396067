"""Retries, timeouts and failure accrual: annotations of a Service, or of a route (2.16 and later).

Before 2.16 a ServiceProfile says which requests may be tried again and how long one may take.
"""

from typing import Any

from meshery.adapters.draft import Draft, native
from meshery.behaviours.rendering import Service
from meshery.behaviours.resilience import (
    GRPC_CONDITIONS,
    Backoff,
    Ejection,
    Retry,
    Timeout,
    Trip,
)
from meshery.meshes.linkerd.parts import (
    all_callers,
    annotated,
    duration,
    line_of,
    nothing_known,
    plain,
    sentence,
    targets,
    whole_service,
)
from meshery.meshes.linkerd.routes import SAFE_METHODS, backend_ref, put_route

ANNOTATIONS_LINE = 16
UNIFIED_LINE = 20
_ACCRUAL = "balancer.linkerd.io/failure-accrual"
_RATE = "balancer.alpha.linkerd.io/failure-accrual-success-rate"
_EJECTION_DEFAULTS = Ejection()
_MINUTE_MS = 60_000.0


def retry(draft: Draft) -> None:
    """Which answers are tried again, how often, and how long one try may take."""
    params = draft.params(Retry)
    services = _services(draft)
    if line_of(draft) < ANNOTATIONS_LINE:
        for service in services:
            _profiled_retry(draft, service, params)
        return
    said = _retry_annotations(draft, params)
    if draft.fidelity == "unsupported":
        return
    for service in services:
        if params.idempotent_only:
            rules = [
                {
                    "matches": [{"method": method} for method in SAFE_METHODS],
                    "backendRefs": [backend_ref(draft, service, service)],
                }
            ]
            put_route(draft, service, rules, annotations=said)
        else:
            draft.put(annotated(service, said))
    if services and not params.idempotent_only:
        whole_service(draft)
        all_callers(draft)
    draft.note("a request whose body is larger than 64 KiB is not tried again")


def timeout(draft: Draft) -> None:
    """How long a request, its response, and silence may last."""
    params = draft.params(Timeout)
    old = line_of(draft) < ANNOTATIONS_LINE
    said = _time_annotations(draft, params, old=old)
    if not said:
        draft.unsupported(
            "nothing of this timeout has a place at a Service",
            "a request timeout, or config.linkerd.io/proxy-outbound-connect-timeout on the callers",
        )
        return
    for service in _services(draft):
        if old:
            limit = said["timeout.linkerd.io/request"]
            draft.put(_profile(service, {"timeout": limit}))
        else:
            draft.put(annotated(service, said))
    all_callers(draft)
    whole_service(draft)


def _time_annotations(draft: Draft, params: Timeout, *, old: bool) -> dict[str, str]:
    said = {}
    if params.connect_ms is not None:
        draft.dropped(
            "connect_ms",
            "it is set at the caller's pods: config.linkerd.io/proxy-outbound-connect-timeout",
        )
    if params.response_headers_ms is not None:
        draft.dropped("response_headers_ms", "Linkerd measures whole responses")
    if params.request_ms is not None:
        said["timeout.linkerd.io/request"] = duration(draft, params.request_ms, "request")
    if params.per_try_ms is not None and old:
        draft.dropped("per_try_ms", "a ServiceProfile limits whole requests")
    elif params.per_try_ms is not None:
        said["timeout.linkerd.io/response"] = duration(draft, params.per_try_ms, "perTry")
        draft.nearly("perTry limits a response; one that takes longer is not tried again")
    if params.idle_ms is not None and old:
        draft.dropped("idle_ms", "a ServiceProfile knows no silence")
    elif params.idle_ms is not None:
        said["timeout.linkerd.io/idle"] = duration(draft, params.idle_ms, "idle")
    return said


def ejection(draft: Draft) -> None:
    """Failure accrual: an instance that fails in a row rests, then is probed with one request."""
    params = draft.params(Ejection)
    if params.gateway_errors_only:
        draft.dropped("gateway_errors_only", "every 5xx counts, and gRPC's server errors")
    if params.interval_ms != _EJECTION_DEFAULTS.interval_ms:
        draft.dropped("interval_ms", "failures are counted as they come, there are no sweeps")
    draft.dropped(
        "max_percent", f"{params.max_percent:g} percent; Linkerd may take every instance out"
    )
    if params.min_healthy_percent:
        draft.dropped("min_healthy_percent", "Linkerd ejects however few are healthy")
    said = {_ACCRUAL: "consecutive"}
    said[f"{_ACCRUAL}-consecutive-max-failures"] = str(params.consecutive_errors)
    said |= _penalties(draft, params.base_ejection_ms, "baseEjection")
    _accrue(draft, said)


def trip(draft: Draft) -> None:
    """A breaker at each instance: after so many failures, or below a success rate (2.20)."""
    params = draft.params(Trip)
    if params.fallback is not None:
        draft.dropped("fallback", "a route with no weight for a backend never falls back to it")
    if params.latency_ms is not None:
        draft.unsupported(
            "latency opens no breaker in Linkerd",
            "a timeout makes slow answers failures, which an ejection then counts",
        )
        return
    if params.count is not None:
        said = {_ACCRUAL: "consecutive"}
        said[f"{_ACCRUAL}-consecutive-max-failures"] = str(params.count)
    elif line_of(draft) < UNIFIED_LINE:
        draft.unsupported(
            "errorRatio needs the unified failure accrual of Linkerd 2.20",
            "an ejection after so many errors in a row, or an upgrade to 2.20",
        )
        return
    else:
        threshold = 1 - (params.error_ratio or 0) / 100
        said = {
            _ACCRUAL: "unified",
            f"{_RATE}-threshold": plain(threshold),
            f"{_ACCRUAL}-consecutive-max-failures": "0",
        }
        draft.note("errorRatio uses alpha annotations of 2.20, over a window of 10s")
    draft.nearly("each instance has a breaker of its own; the Service as a whole has none")
    said |= _penalties(draft, params.open_for_ms, "openFor")
    _accrue(draft, said)


def _services(draft: Draft) -> tuple[Service, ...]:
    services = targets(draft)
    if not services:
        nothing_known(draft)
    return services


def _retry_annotations(draft: Draft, params: Retry) -> dict[str, str]:
    said = {}
    grpc = [each for each in params.on if each in GRPC_CONDITIONS]
    http = [each for each in params.on if each in {"5xx", "gateway-error"} or each.isdecimal()]
    left = [each for each in params.on if each not in grpc and each not in http]
    if left:
        draft.dropped(
            "on", f"{sentence(left)}: Linkerd retries answers; it connects elsewhere by itself"
        )
    if not http and not grpc:
        draft.unsupported(
            "on names nothing that Linkerd retries",
            "retry on 5xx, gateway-error, status codes or gRPC codes",
        )
        return {}
    if http:
        said["retry.linkerd.io/http"] = ",".join(http)
    if grpc:
        said["retry.linkerd.io/grpc"] = ",".join(grpc)
    said["retry.linkerd.io/limit"] = str(params.attempts)
    if params.per_try_timeout_ms is not None:
        said["retry.linkerd.io/timeout"] = duration(
            draft, params.per_try_timeout_ms, "perTryTimeout"
        )
    if params.backoff != Backoff():
        draft.dropped("backoff", "Linkerd waits as it sees fit")
    if params.budget is not None:
        draft.dropped("budget", "annotations count tries; a ServiceProfile has a budget")
    return said


def _profiled_retry(draft: Draft, service: Service, params: Retry) -> None:
    """A ServiceProfile: whether requests may be tried again, and a budget for all of them."""
    draft.dropped("attempts", f"{params.attempts}; before Linkerd 2.16 a budget limits retries")
    draft.dropped("on", f"{sentence(params.on)}; before Linkerd 2.16 every 5xx is tried again")
    if params.per_try_timeout_ms is not None:
        draft.dropped("per_try_timeout_ms", "before Linkerd 2.16 only whole requests have a limit")
    if params.backoff != Backoff():
        draft.dropped("backoff", "Linkerd waits as it sees fit")
    all_callers(draft)
    whole_service(draft)
    route: dict[str, Any] = {"isRetryable": True}
    budget = None
    if params.idempotent_only:
        route["condition"] = {"any": [{"method": method} for method in SAFE_METHODS]}
    if params.budget is not None:
        budget = {
            "retryRatio": round(params.budget.ratio / 100, 4),
            "minRetriesPerSecond": params.budget.min_per_second,
            "ttl": duration(draft, params.budget.ttl_ms, "budget.ttl"),
        }
    draft.put(_profile(service, route, budget))
    draft.note(f"a ServiceProfile takes the place of HTTPRoutes of {service.name}")


def _profile(
    service: Service, route: dict[str, Any], budget: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The ServiceProfile of a service; `all` is its one route until it is finished."""
    name = f"{service.name}.{service.namespace}.svc.cluster.local"
    spec: dict[str, Any] = {"all": route}
    if budget is not None:
        spec["retryBudget"] = budget
    return native("linkerd.io/v1alpha2", "ServiceProfile", name, service.namespace, spec)


def finished_profile(made: dict[str, Any]) -> dict[str, Any]:
    """A ServiceProfile with its route as a list."""
    spec = made["spec"]
    route = spec.pop("all")
    condition = route.pop("condition", {"pathRegex": ".*"})
    spec["routes"] = [{"name": "all", "condition": condition, **route}]
    return made


def _penalties(draft: Draft, shortest_ms: float, parameter: str) -> dict[str, str]:
    """How long an instance rests: the longest rest has to be longer than the first."""
    said = {f"{_ACCRUAL}-consecutive-min-penalty": duration(draft, shortest_ms, parameter)}
    if shortest_ms >= _MINUTE_MS:
        longest = duration(draft, 2 * shortest_ms, parameter)
        said[f"{_ACCRUAL}-consecutive-max-penalty"] = longest
    return said


def _accrue(draft: Draft, said: dict[str, str]) -> None:
    if line_of(draft) < 13:
        draft.unsupported("failure accrual came with Linkerd 2.13", "upgrade to 2.13 or later")
        return
    all_callers(draft)
    whole_service(draft)
    for service in _services(draft):
        draft.put(annotated(service, said))
