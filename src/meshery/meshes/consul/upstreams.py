"""What is set at the caller: limits and ejection of upstreams, in its ServiceDefaults."""

from typing import Any

from meshery.adapters.draft import Draft
from meshery.behaviours.rendering import Service
from meshery.behaviours.resilience import Ejection, Limits, Trip
from meshery.meshes.consul.parts import (
    duration,
    enterprise,
    entry,
    mirrored,
    one_name,
    since,
    targets,
    whole,
    whole_service,
)

_UNKNOWN = (
    "who calls the target is not known: this is set at each caller's ServiceDefaults "
    "(upstreamConfig.overrides)"
)
_NAME_CALLERS = "say source: CALLER, or let discovery find who calls whom first"


def limits(draft: Draft) -> None:
    """Limits of each caller towards the target; without callers only connections at the target."""
    params = draft.params(Limits)
    made = {
        "maxConnections": params.max_connections,
        "maxPendingRequests": params.max_pending,
        "maxConcurrentRequests": params.max_requests,
    }
    own = {key: value for key, value in made.items() if value is not None}
    if params.max_retries is not None:
        draft.dropped("max_retries", "Consul limits no retries under way")
    if params.per_connection_requests is not None:
        draft.dropped("per_connection_requests", "Consul counts no requests of a connection")
    if params.scope != "target":
        draft.dropped("scope", "limits of an upstream hold for the whole service")
    whole_service(draft)
    if not own:
        draft.unsupported(
            "nothing of these limits has a place in Consul",
            "maxConnections, maxPending or maxRequests",
        )
        return
    _at_callers(draft, {"limits": own}, fallback=params.max_connections)


def ejection(draft: Draft) -> None:
    """Passive health checks of each caller: Envoy's outlier detection."""
    params = draft.params(Ejection)
    if params.gateway_errors_only:
        draft.dropped("gateway_errors_only", "every 5xx counts")
    if params.min_healthy_percent:
        draft.dropped("min_healthy_percent", "Consul ejects however few are healthy")
    whole_service(draft)
    check: dict[str, Any] = {
        "interval": duration(params.interval_ms),
        "maxFailures": params.consecutive_errors,
    }
    check |= _ejected(draft, params.base_ejection_ms, params.max_percent)
    _at_callers(draft, {"passiveHealthCheck": check})


def trip(draft: Draft) -> None:
    """A breaker is near to an ejection of every instance; a fallback is a failover."""
    params = draft.params(Trip)
    if params.count is None:
        word = "errorRatio" if params.error_ratio is not None else "latency"
        draft.unsupported(
            f"{word} opens no breaker in Consul: its health checks count failures in a row",
            "an ejection after so many errors, or a trip by count",
        )
        return
    draft.nearly(f"each instance is taken out by itself after {params.count} failures in a row")
    whole_service(draft)
    check: dict[str, Any] = {"interval": "1s", "maxFailures": params.count}
    check |= _ejected(draft, params.open_for_ms, 100)
    _at_callers(draft, {"passiveHealthCheck": check})
    if draft.objects and params.fallback is not None:
        _fall_back(draft, params.fallback)


def _fall_back(draft: Draft, fallback: str) -> None:
    service = draft.world.service(fallback, "" if "." in fallback else draft.namespace)
    goal = {"service": one_name(draft, service)}
    for each in targets(draft):
        if each.name != service.name:
            spec = {"failover": {"*": goal}}
            draft.put(entry("ServiceResolver", each.name, each.namespace, spec))
    draft.nearly("fallback takes over when no instance of the target is healthy")


def _ejected(draft: Draft, base_ms: float, percent: float) -> dict[str, Any]:
    made: dict[str, Any] = {"enforcingConsecutive5xx": 100}
    if since(draft, "1.16"):
        made["maxEjectionPercent"] = whole(draft, percent, "maxPercent")
        made["baseEjectionTime"] = duration(base_ms)
    else:
        draft.dropped("max_percent", f"{percent:g} percent; Consul has it from 1.16 on")
        draft.dropped(
            "base_ejection_ms", f"{duration(base_ms)}; Consul has it (openFor too) from 1.16 on"
        )
    return made


def _at_callers(draft: Draft, settings: dict[str, Any], *, fallback: int | None = None) -> None:
    """Put settings of an upstream at each caller; `fallback` limits connections at the target."""
    without = []
    for service in targets(draft):
        callers = _callers(draft, service)
        for caller in callers:
            spec = {"upstreamConfig": {"overrides": _override(draft, service, caller, settings)}}
            draft.put(entry("ServiceDefaults", caller.name, caller.namespace, spec))
        if not callers:
            without.append(service.name)
    if draft.objects or draft.fidelity == "unsupported":
        if without:
            draft.nearly(f"of target *, nobody is known to call {', '.join(without)}")
        return
    if fallback is None:
        draft.unsupported(_UNKNOWN, _NAME_CALLERS)
        return
    draft.nearly(f"{_UNKNOWN}; maxConnections is set at the target, for all callers together")
    for word in sorted(set(settings["limits"]) - {"maxConnections"}):
        parameter = {"maxPendingRequests": "max_pending"}.get(word, "max_requests")
        draft.dropped(parameter, "it is set at the callers, who are not known")
    inbound = {"maxInboundConnections": fallback}
    for service in targets(draft):
        draft.put(entry("ServiceDefaults", service.name, service.namespace, inbound))


def _override(
    draft: Draft, service: Service, caller: Service, settings: dict[str, Any]
) -> dict[str, Any]:
    """Settings of a service under a name of its own at a caller."""
    name = one_name(draft, service, beside=caller.namespace)
    if service.namespace == caller.namespace or not enterprise(draft):
        return {name: settings}
    namespace = mirrored(draft, service.namespace)
    return {f"{name}/{namespace}": {"name": name, "namespace": namespace, **settings}}


def _callers(draft: Draft, service: Service) -> tuple[Service, ...]:
    if draft.behaviour.source is not None:
        return (draft.world.service(draft.behaviour.source),)
    return draft.world.callers_of(service)
