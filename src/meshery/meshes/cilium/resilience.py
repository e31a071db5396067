"""retry, timeout, limits, ejection and trip: by the Envoy of each node, for every caller on it."""

from collections.abc import Mapping
from typing import Any

from meshery.adapters.draft import Draft
from meshery.behaviours.resilience import (
    GRPC_CONDITIONS,
    RETRY_CONDITIONS,
    Ejection,
    Limits,
    Retry,
    Timeout,
    Trip,
)
from meshery.meshes.cilium.config import put
from meshery.meshes.cilium.places import Place, http_places, places, subset_cluster
from meshery.sandbox.render.matching import regex_header
from meshery.sandbox.render.names import seconds

Object = dict[str, Any]

_IDEMPOTENT = "GET|HEAD|OPTIONS|TRACE|PUT|DELETE"
_LONGEST_EJECTION_MS = 300_000.0
_RATIO_VOLUME = 5


def retry(draft: Draft) -> None:
    """The retry policy of each route; the budget is the cluster's."""
    params = draft.params(Retry)
    _everyone(draft)
    if params.budget is not None:
        draft.nearly("budget: counted over what is under way, so ttl is left out")
    for place in http_places(draft, "limits, or ejection of instances that fail"):
        if params.budget is not None:
            budget = {
                "budget_percent": {"value": params.budget.ratio},
                "min_retry_concurrency": params.budget.min_per_second,
            }
            _settings(draft, place, {"thresholds": {"retry_budget": budget}})
        _by_subset(draft, place, "retry", _policy(params))


def _policy(params: Retry) -> Object:
    statuses = [int(each) for each in params.on if each.isdecimal()]
    known = (*RETRY_CONDITIONS, *GRPC_CONDITIONS)
    conditions = [each for each in params.on if each in known]
    if statuses:
        conditions.append("retriable-status-codes")
    policy: Object = {"retry_on": ",".join(conditions), "num_retries": params.attempts}
    if params.per_try_timeout_ms is not None:
        policy["per_try_timeout"] = seconds(params.per_try_timeout_ms)
    if statuses:
        policy["retriable_status_codes"] = tuple(statuses)
    if params.idempotent_only:
        policy["retriable_request_headers"] = (regex_header(":method", _IDEMPOTENT),)
    policy["retry_back_off"] = {
        "base_interval": seconds(params.backoff.base_ms),
        "max_interval": seconds(params.backoff.max_ms),
    }
    return policy


def timeout(draft: Draft) -> None:
    """Limits of requests and tries in routes, of connecting in clusters."""
    params = draft.params(Timeout)
    _everyone(draft)
    if params.response_headers_ms is not None:
        draft.dropped("response_headers_ms", "perTry is what comes nearest")
    for place in places(draft):
        if place.is_tcp:
            _tcp_timeout(draft, place, params)
        else:
            _http_timeout(draft, place, params)
        if params.connect_ms is not None:
            _settings(draft, place, {"connect_timeout": seconds(params.connect_ms)})
    if not draft.objects and not draft.alternative:
        draft.unsupported("none of these limits has a place here", "give request, idle or connect")


def _http_timeout(draft: Draft, place: Place, params: Timeout) -> None:
    found = {
        "timeout": params.request_ms,
        "idle_timeout": params.idle_ms,
        "per_try_timeout": params.per_try_ms,
    }
    given = {key: seconds(value) for key, value in found.items() if value is not None}
    if given:
        _by_subset(draft, place, "timeouts", given)


def _tcp_timeout(draft: Draft, place: Place, params: Timeout) -> None:
    if params.request_ms is not None:
        draft.dropped("request_ms", f"at port {place.port.number}: TCP has no requests")
    if params.per_try_ms is not None:
        draft.dropped("per_try_ms", f"at port {place.port.number}: TCP has no tries")
    if params.idle_ms is not None:
        if draft.behaviour.target.subset is not None and not draft.is_whole_mesh:
            draft.dropped("subset", "idle holds for all connections of a port of TCP")
        put(draft, place, {"tcp": {"idle_timeout": seconds(params.idle_ms)}})


def limits(draft: Draft) -> None:
    """The cluster's circuit breakers: a pool in the proxy of each node."""
    params = draft.params(Limits)
    _everyone(draft)
    target = draft.behaviour.target
    if params.scope == "subset" and target.subset is None:
        draft.dropped("scope", "no subset is named, so the limits hold for the service")
    if params.scope == "port" and target.port is None:
        draft.dropped("scope", "no port is named, so each port has these limits")
    draft.nearly("the proxy of a node has one pool for all callers there, not one for each caller")
    found = {
        "max_connections": params.max_connections,
        "max_pending_requests": params.max_pending,
        "max_requests": params.max_requests,
        "max_retries": params.max_retries,
    }
    given = {key: value for key, value in found.items() if value is not None}
    for place in places(draft):
        said: Object = {"thresholds": given} if given else {}
        if params.per_connection_requests is not None and not place.is_tcp:
            said["max_requests_per_connection"] = params.per_connection_requests
        elif params.per_connection_requests is not None:
            draft.dropped("per_connection_requests", f"port {place.port.number} is of TCP")
        if said:
            _settings(draft, place, said)
    if not draft.objects and not draft.alternative:
        draft.unsupported(
            "for TCP connections alone are bounded", "give maxConnections, which bounds them"
        )


def ejection(draft: Draft) -> None:
    """The cluster's outlier detection."""
    params = draft.params(Ejection)
    _everyone(draft)
    if not params.max_percent.is_integer():
        draft.nearly(f"maxPercent is rounded to {round(params.max_percent)}")
    what = "consecutive_gateway_failure" if params.gateway_errors_only else "consecutive_5xx"
    longest = max(params.base_ejection_ms, _LONGEST_EJECTION_MS)
    detection = {
        what: params.consecutive_errors,
        f"enforcing_{what}": 100,
        "interval": seconds(params.interval_ms),
        "base_ejection_time": seconds(params.base_ejection_ms),
        "max_ejection_time": seconds(longest),
        "max_ejection_percent": round(params.max_percent),
    }
    _detect(draft, detection, params.min_healthy_percent)


def trip(draft: Draft) -> None:
    """No breaker of a whole service: each of its instances is ejected by itself."""
    params = draft.params(Trip)
    if params.latency_ms is not None:
        draft.unsupported(
            "latency opens nothing: outlier detection counts errors",
            "a timeout, which makes slow answers errors, with an ejection",
        )
        return
    _everyone(draft)
    draft.nearly("each instance is judged alone and ejected for openFor; open is when all are")
    if params.fallback is not None:
        draft.dropped("fallback", "callers get 503 when it is open; a split would lead to another")
    common = {
        "base_ejection_time": seconds(params.open_for_ms),
        "max_ejection_time": seconds(params.open_for_ms),
        "interval": seconds(min(1_000.0, params.open_for_ms)),
        "max_ejection_percent": 100,
    }
    _detect(draft, {**common, **_trip_detector(draft, params)}, 0.0)


def _trip_detector(draft: Draft, params: Trip) -> Object:
    if params.count is not None:
        return {"consecutive_5xx": params.count, "enforcing_consecutive_5xx": 100}
    ratio = params.error_ratio or 0.0
    draft.nearly(f"the ratio is taken each second, from {_RATIO_VOLUME} requests on")
    if not ratio.is_integer():
        draft.nearly(f"errorRatio is rounded to {round(ratio)}")
    return {
        "failure_percentage_threshold": round(ratio),
        "failure_percentage_minimum_hosts": 1,
        "failure_percentage_request_volume": _RATIO_VOLUME,
        "enforcing_failure_percentage": 100,
    }


def _detect(draft: Draft, detection: Mapping[str, Any], panic: float) -> None:
    base = {
        "enforcing_success_rate": 0,
        "enforcing_failure_percentage": 0,
        "enforcing_consecutive_gateway_failure": 0,
        "enforcing_consecutive_5xx": 0,
    }
    said = {
        "outlier_detection": {**base, **detection},
        "common_lb_config": {"healthy_panic_threshold": {"value": panic}},
    }
    draft.note("the proxy of each node judges by what it sees itself")
    for place in places(draft):
        _settings(draft, place, said)


def _everyone(draft: Draft) -> None:
    """A node's proxy does not tell callers apart."""
    if draft.behaviour.source is not None:
        draft.dropped("source", "a CiliumEnvoyConfig takes over a service for every caller")


def _settings(draft: Draft, place: Place, said: Mapping[str, Any]) -> None:
    """What is said of a cluster."""
    _by_subset(draft, place, "settings", said)


def _by_subset(draft: Draft, place: Place, part: str, said: Mapping[str, Any]) -> None:
    subset = draft.behaviour.target.subset
    if subset is None or draft.is_whole_mesh:
        put(draft, place, {part: {"": said}})
        return
    draft.nearly(f"subset: it holds for requests that a split or a route leads to {subset}")
    put(draft, place, {part: {subset: said}}, subset_cluster(draft, place, subset))
