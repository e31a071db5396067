"""What keeps callers well: retry, timeout, limits, ejection, trip.

Source: Istio's references of VirtualService and DestinationRule, 1.31, read on 2026-11-22.
"""

from collections.abc import Mapping
from typing import Any

from meshery.adapters.draft import Draft
from meshery.behaviours.resilience import (
    Backoff,
    Ejection,
    Limits,
    Retry,
    RetryBudget,
    Timeout,
    Trip,
)
from meshery.meshes.istio.condition import Condition, both
from meshery.meshes.istio.drafting import (
    condition,
    is_ambient,
    put_fields,
    put_layer,
    put_policy,
    put_rule,
    put_subset,
    services,
)
from meshery.meshes.istio.naming import has, seconds
from meshery.meshes.istio.rules import Layer

Native = dict[str, Any]

_IDEMPOTENT = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE")
_SHORTEST_MS = 1.0
_TEN_TIMES = 10


def retry(draft: Draft) -> None:
    """`retries` of every rule of the host; a budget is the DestinationRule's."""
    params = draft.params(Retry)
    retries: Native = {"attempts": params.attempts, "retryOn": ",".join(params.on)}
    if params.per_try_timeout_ms is not None:
        _put_duration(draft, retries, "perTryTimeout", params.per_try_timeout_ms, "perTryTimeout")
    if params.backoff != Backoff():
        _backoff(draft, retries, params.backoff)
    if params.idempotent_only:
        draft.note(
            "idempotentOnly asks for the methods; other requests keep Istio's own two retries of "
            "connections that failed"
        )
        _put_idempotent(draft, {"retries": retries})
    else:
        put_fields(draft, {"retries": retries})
    if params.budget is not None:
        _budget(draft, params.budget)


def timeout(draft: Draft) -> None:
    """`timeout` of every rule; connecting and idling are the DestinationRule's."""
    params = draft.params(Timeout)
    fields: Native = {}
    if params.request_ms == 0:
        draft.note("request 0 is no limit, which is what Istio does without a timeout")
    elif params.request_ms is not None:
        _put_duration(draft, fields, "timeout", params.request_ms, "request")
    if params.per_try_ms is not None:
        retries: Native = {}
        _put_duration(draft, retries, "perTryTimeout", params.per_try_ms, "perTry")
        draft.note("perTry needs retries: where nothing says how many, Istio's own two are written")
        fields["retries"] = retries
    if params.response_headers_ms is not None:
        draft.dropped("response_headers_ms", "Istio limits the whole response, by request")
    if fields:
        put_fields(draft, fields)
    _pool_timeouts(draft, params)


def limits(draft: Draft) -> None:
    """`connectionPool` of the DestinationRule, of the host, its subsets or its ports."""
    params = draft.params(Limits)
    if is_ambient(draft):
        draft.nearly("a waypoint counts all callers together, not each apart")
    http: Native = {}
    _put_count(draft, http, "http1MaxPendingRequests", params.max_pending, "maxPending")
    if params.max_requests is not None:
        http["http2MaxRequests"] = params.max_requests
    if params.per_connection_requests is not None:
        http["maxRequestsPerConnection"] = params.per_connection_requests
    _put_count(draft, http, "maxRetries", params.max_retries, "maxRetries")
    pool: Native = {"http": http} if http else {}
    if params.max_connections is not None:
        pool["tcp"] = {"maxConnections": params.max_connections}
    _put_scoped(draft, {"connectionPool": pool}, params)


def ejection(draft: Draft) -> None:
    """`outlierDetection` of the DestinationRule."""
    params = draft.params(Ejection)
    if params.gateway_errors_only:
        found = {"consecutiveGatewayErrors": params.consecutive_errors, "consecutive5xxErrors": 0}
    else:
        found = {"consecutive5xxErrors": params.consecutive_errors}
    outliers: Native = {**found}
    _put_duration(draft, outliers, "interval", params.interval_ms, "interval")
    _put_duration(draft, outliers, "baseEjectionTime", params.base_ejection_ms, "baseEjection")
    outliers["maxEjectionPercent"] = _whole(draft, params.max_percent, "maxPercent")
    if params.min_healthy_percent:
        healthy = _whole(draft, params.min_healthy_percent, "minHealthyPercent")
        outliers["minHealthPercent"] = healthy
    put_policy(draft, {"outlierDetection": outliers})


def trip(draft: Draft) -> None:
    """A count of errors as outlier detection that may eject every instance; nothing else."""
    params = draft.params(Trip)
    if params.count is None:
        reason = "errorRatio" if params.error_ratio is not None else "latency"
        draft.unsupported(
            f"Istio has no breaker that opens by {reason}",
            "use ejection for instances that fail and limits for those that are slow; a breaker "
            "by ratio of the whole service is a library's work in the caller",
        )
        return
    draft.nearly("count is of errors in a row at each instance; all may be ejected, which is open")
    if params.fallback is not None:
        draft.dropped("fallback", "what finds no instance is answered 503")
    outliers: Native = {"consecutive5xxErrors": params.count, "interval": seconds(1000)}
    _put_duration(draft, outliers, "baseEjectionTime", params.open_for_ms, "openFor")
    put_policy(draft, {"outlierDetection": {**outliers, "maxEjectionPercent": 100}})


def _backoff(draft: Draft, retries: Native, backoff: Backoff) -> None:
    if not has(draft.world, "retries.backoff"):
        draft.dropped("backoff", "retries.backoff came with Istio 1.26")
        return
    _put_duration(draft, retries, "backoff", backoff.base_ms, "backoff.base")
    if backoff.max_ms != _TEN_TIMES * backoff.base_ms:
        draft.dropped("backoff.max", "it is ten times the base")


def _budget(draft: Draft, budget: RetryBudget) -> None:
    if not has(draft.world, "retryBudget"):
        draft.dropped("budget", "retryBudget came with Istio 1.27")
        return
    if draft.behaviour.target.port is not None:
        draft.dropped("budget", "settings of a port have no retryBudget")
        return
    made: Native = {
        "percent": budget.ratio,
        "minRetryConcurrency": max(budget.min_per_second, 1),
    }
    draft.nearly(
        "budget.minPerSecond is said as minRetryConcurrency: retries under way at once, at least 1"
    )
    if has(draft.world, "retryBudget.budgetInterval"):
        made["budgetInterval"] = seconds(budget.ttl_ms)
    else:
        draft.dropped("budget.ttl", "only requests under way count before Istio 1.31")
    put_policy(draft, {"retryBudget": made})


def _put_idempotent(draft: Draft, fields: Mapping[str, Any]) -> None:
    asked = both(condition(draft), Condition(methods=_IDEMPOTENT))
    if asked is not None:
        layer = Layer(asked, fields=dict(fields), subset=draft.behaviour.target.subset or "")
        for service in services(draft):
            put_layer(draft, service, layer)


def _pool_timeouts(draft: Draft, params: Timeout) -> None:
    tcp: Native = {}
    pool: Native = {}
    if params.connect_ms is not None:
        _put_duration(draft, tcp, "connectTimeout", params.connect_ms, "connect")
    if params.idle_ms is not None:
        if draft.service.port.protocol in {"tcp", "tls"}:
            tcp["idleTimeout"] = seconds(params.idle_ms)
        elif params.idle_ms == 0:
            draft.dropped("idle", "connections without requests cannot be kept for ever")
        else:
            draft.nearly("idle is said of connections without requests, not of a silent request")
            http: Native = {}
            _put_duration(draft, http, "idleTimeout", params.idle_ms, "idle")
            pool["http"] = http
    if tcp:
        pool["tcp"] = tcp
    if pool:
        put_policy(draft, {"connectionPool": pool})


def _put_scoped(draft: Draft, policy: Native, params: Limits) -> None:
    """The policy of the target, or of each of its subsets or ports alone."""
    target, service = draft.behaviour.target, draft.service
    if params.scope == "subset" and target.subset is None and not draft.is_whole_mesh:
        if service.subsets:
            for subset in service.subsets:
                put_subset(draft, service, subset)
                put_rule(draft, service, {"subsets": {subset: {"trafficPolicy": policy}}})
            return
        draft.nearly("scope is that of the target: no subset of it is known")
    elif params.scope == "port" and target.port is None:
        ports = {each.number: policy for each in service.ports}
        put_policy(draft, {"portLevelSettings": ports})
        return
    elif params.scope != "target" and draft.is_whole_mesh:
        draft.nearly(f"scope {params.scope} is that of each host")
    put_policy(draft, policy)


def _put_count(draft: Draft, made: Native, field: str, count: int | None, name: str) -> None:
    """A limit for which Istio reads 0 as no limit at all."""
    if count == 0:
        draft.nearly(f"{name} is 1: Istio reads 0 as its default, which is no limit")
    if count is not None:
        made[field] = max(count, 1)


def _put_duration(draft: Draft, made: Native, field: str, duration_ms: float, name: str) -> None:
    """A duration; Istio takes none below a millisecond."""
    if duration_ms < _SHORTEST_MS:
        draft.nearly(f"{name} is 1ms, the shortest that Istio takes")
    made[field] = seconds(max(duration_ms, _SHORTEST_MS))


def _whole(draft: Draft, percent: float, name: str) -> int:
    """A percentage without a fraction, at least 1."""
    found = max(round(percent), 1)
    if found != percent:
        draft.nearly(f"{name} is {found}: Istio takes whole percentages")
    return found
