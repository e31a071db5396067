"""retry, timeout, limits, ejection and trip: what callers do, on the side of the caller."""

from typing import Any

from meshery.adapters.draft import Draft
from meshery.behaviours.resilience import (
    GRPC_CONDITIONS,
    Ejection,
    Limits,
    Retry,
    Timeout,
    Trip,
)
from meshery.meshes.kuma import era, references
from meshery.meshes.kuma.policy import duration, outbound

_HTTP_CONDITIONS = {
    "5xx": "5xx",
    "gateway-error": "GatewayError",
    "connect-failure": "ConnectFailure",
    "refused-stream": "RefusedStream",
    "reset": "Reset",
}
_GRPC_CONDITIONS = {
    "cancelled": "Canceled",
    "deadline-exceeded": "DeadlineExceeded",
    "internal": "Internal",
    "resource-exhausted": "ResourceExhausted",
    "unavailable": "Unavailable",
}
_IDEMPOTENT = ("Get", "Head", "Options", "Trace", "Put", "Delete")
_RATIO_VOLUME = 5


def retry(draft: Draft) -> None:
    """MeshRetry: for HTTP and gRPC by conditions, for TCP only the connecting."""
    params = draft.params(Retry)
    spoken = references.protocol(draft)
    if params.budget is not None:
        draft.dropped("budget", "a MeshRetry counts tries; limits.maxRetries bounds those at once")
    if spoken in {"tcp", "tls"}:
        _retry_connecting(draft, params)
    elif spoken == "grpc":
        _retry_requests(draft, params, "grpc")
    else:
        _retry_requests(draft, params, "http")


def _retry_connecting(draft: Draft, params: Retry) -> None:
    told = ("per_try_timeout_ms", "on", "backoff", "idempotent_only")
    default = Retry()
    for parameter in told:
        if getattr(params, parameter) != getattr(default, parameter):
            draft.dropped(parameter, "for TCP there is only the count of tries to connect")
    draft.nearly("with TCP only connecting is tried again")
    outbound(draft, "MeshRetry", {"tcp": {"maxConnectAttempt": params.attempts + 1}})


def _retry_requests(draft: Draft, params: Retry, spoken: str) -> None:
    conf: dict[str, Any] = {"numRetries": params.attempts}
    if params.per_try_timeout_ms is not None:
        conf["perTryTimeout"] = duration(params.per_try_timeout_ms)
    conf["backOff"] = {
        "baseInterval": duration(params.backoff.base_ms),
        "maxInterval": duration(params.backoff.max_ms),
    }
    on = _http_on(draft, params) if spoken == "http" else _grpc_on(draft, params)
    if on:
        conf["retryOn"] = on
    outbound(draft, "MeshRetry", {spoken: conf})


def _http_on(draft: Draft, params: Retry) -> list[str]:
    for condition in params.on:
        if condition in GRPC_CONDITIONS:
            draft.dropped("on", f"{condition} is a status of gRPC, and HTTP is spoken here")
    on = [_HTTP_CONDITIONS.get(each, each) for each in params.on if each not in GRPC_CONDITIONS]
    methods = [f"HttpMethod{each}" for each in _IDEMPOTENT] if params.idempotent_only else []
    return on + methods


def _grpc_on(draft: Draft, params: Retry) -> list[str]:
    others = [each for each in params.on if each not in _GRPC_CONDITIONS]
    if others:
        told = ", ".join(others)
        draft.dropped("on", f"{told}: with gRPC only statuses of gRPC can be named")
    if params.idempotent_only:
        draft.dropped("idempotent_only", "every call of gRPC is a POST")
    on = [_GRPC_CONDITIONS[each] for each in params.on if each in _GRPC_CONDITIONS]
    if not on:
        draft.note("Kuma's own conditions for gRPC hold: cancelled, unavailable, reset and so on")
    return on


def timeout(draft: Draft) -> None:
    """MeshTimeout; a limit of one try is part of MeshRetry."""
    params = draft.params(Timeout)
    is_tcp = references.protocol(draft) in {"tcp", "tls"}
    default: dict[str, Any] = {}
    if params.connect_ms is not None:
        default["connectionTimeout"] = duration(params.connect_ms)
    http: dict[str, Any] = {}
    if params.request_ms is not None and is_tcp:
        draft.dropped("request_ms", "TCP has no requests")
    elif params.request_ms is not None:
        http["requestTimeout"] = duration(params.request_ms)
    if params.idle_ms is not None and is_tcp:
        default["idleTimeout"] = duration(params.idle_ms)
    elif params.idle_ms is not None:
        http["streamIdleTimeout"] = duration(params.idle_ms)
    if http:
        default["http"] = http
    if default:
        outbound(draft, "MeshTimeout", default)
    _limit_of_a_try(draft, params, is_tcp=is_tcp)


def _limit_of_a_try(draft: Draft, params: Timeout, *, is_tcp: bool) -> None:
    if params.response_headers_ms is not None:
        draft.dropped(
            "response_headers_ms",
            "MeshTimeout limits the whole request; perTry is what comes nearest",
        )
    if params.per_try_ms is None:
        pass
    elif is_tcp:
        draft.dropped("per_try_ms", "TCP has no tries of a request")
    else:
        spoken = "grpc" if references.protocol(draft) == "grpc" else "http"
        outbound(draft, "MeshRetry", {spoken: {"perTryTimeout": duration(params.per_try_ms)}})
    if not draft.objects:
        draft.unsupported(
            "none of these limits has a place in MeshTimeout", "give request, idle or connect"
        )


def limits(draft: Draft) -> None:
    """MeshCircuitBreaker's connectionLimits: the pool of each caller towards the target."""
    params = draft.params(Limits)
    found = {
        "maxConnections": params.max_connections,
        "maxPendingRequests": params.max_pending,
        "maxRequests": params.max_requests,
        "maxRetries": params.max_retries,
    }
    if params.per_connection_requests is not None:
        draft.dropped(
            "per_connection_requests",
            "MeshCircuitBreaker has no such limit; a MeshProxyPatch of the cluster would",
        )
    if params.scope == "subset" and draft.behaviour.target.subset is None:
        draft.dropped("scope", "no subset is named, so the limits hold for the service")
    if params.scope == "port" and draft.behaviour.target.port is None:
        draft.dropped("scope", "no port is named, so the limits hold for the service")
    given = {key: value for key, value in found.items() if value is not None}
    if not given:
        draft.unsupported(
            "MeshCircuitBreaker bounds connections, pending requests, requests and retries",
            "give one of maxConnections, maxPending, maxRequests, maxRetries",
        )
        return
    outbound(draft, "MeshCircuitBreaker", {"connectionLimits": given})


def ejection(draft: Draft) -> None:
    """MeshCircuitBreaker's outlierDetection."""
    params = draft.params(Ejection)
    detector = "gatewayFailures" if params.gateway_errors_only else "totalFailures"
    found: dict[str, Any] = {
        "interval": duration(params.interval_ms),
        "baseEjectionTime": duration(params.base_ejection_ms),
        "maxEjectionPercent": round(params.max_percent),
        "splitExternalAndLocalErrors": False,
        "detectors": {detector: {"consecutive": params.consecutive_errors}},
    }
    if not params.max_percent.is_integer():
        draft.nearly(f"maxPercent is rounded to {round(params.max_percent)}")
    _panic(draft, found, params.min_healthy_percent)
    outbound(draft, "MeshCircuitBreaker", {"outlierDetection": found})


def trip(draft: Draft) -> None:
    """No breaker of a whole service: each of its instances is ejected by itself."""
    params = draft.params(Trip)
    if params.latency_ms is not None:
        draft.unsupported(
            "latency opens nothing: MeshCircuitBreaker counts errors",
            "a timeout, which makes slow answers errors, with an ejection",
        )
        return
    found: dict[str, Any] = {
        "interval": duration(min(1000.0, params.open_for_ms)),
        "baseEjectionTime": duration(params.open_for_ms),
        "maxEjectionPercent": 100,
        "splitExternalAndLocalErrors": False,
        "detectors": _trip_detector(draft, params),
    }
    draft.nearly(
        "each instance is judged alone and ejected for openFor, longer each further time; the "
        "breaker is open when all are"
    )
    if params.fallback is not None:
        draft.dropped("fallback", "callers get 503 when it is open; a split would lead to another")
    _panic(draft, found, 0.0)
    outbound(draft, "MeshCircuitBreaker", {"outlierDetection": found})


def _trip_detector(draft: Draft, params: Trip) -> dict[str, Any]:
    if params.count is not None:
        return {"totalFailures": {"consecutive": params.count}}
    ratio = params.error_ratio or 0.0
    draft.nearly(f"the ratio is taken each second, from {_RATIO_VOLUME} requests on")
    if not ratio.is_integer():
        draft.nearly(f"errorRatio is rounded to {round(ratio)}")
    conf = {"minimumHosts": 1, "requestVolume": _RATIO_VOLUME, "threshold": round(ratio)}
    return {"failurePercentage": conf}


def _panic(draft: Draft, found: dict[str, Any], percent: float) -> None:
    """The share of healthy instances below which all are tried again."""
    if era.has(draft.world, "2.10"):
        found["healthyPanicThreshold"] = (
            int(percent) if percent.is_integer() else f"{percent:.10f}".rstrip("0")
        )
    elif percent:
        draft.dropped("min_healthy_percent", "it came with 2.10; Envoy's own is 50 percent")
    else:
        draft.nearly("below 50 percent of healthy instances all of them are tried again")
