"""The clusters of one caller: every service it sees, whole and by version.

The set follows from the services alone; behaviours change clusters (limits, ejection, TLS) but
never add or take one away, so routes can always name them.
"""

from collections.abc import Iterator

from meshery.behaviours.model import Behaviour, Kind
from meshery.behaviours.resilience import Ejection, Limits, Retry, Timeout, Trip
from meshery.sandbox.model import Instance, ServiceDef, World
from meshery.sandbox.render.bootstrap import NO_LIMIT, endpoint
from meshery.sandbox.render.effect import in_effect, merged, mtls_mode, strongest
from meshery.sandbox.render.names import HTTP_OPTIONS, TYPE, Json, cluster_name, seconds
from meshery.sandbox.render.tls import client_socket

_CONNECT_TIMEOUT_MS = 2_000.0
_LONGEST_EJECTION_MS = 300_000.0
_RATIO_INTERVAL_MS = 1_000.0
_RATIO_VOLUME = 5


def visible_services(world: World, caller: Instance) -> list[ServiceDef]:
    """The services that a caller's sidecar knows; the gateway is nobody's destination."""
    own = world.service(caller.service)
    outside = {instance.service for instance in world.instances if instance.role != "app"}
    return [
        service
        for service in world.services
        if service.name not in outside
        and (not service.visible_to or caller.service in service.visible_to)
        and (caller.role != "client" or service.name in own.calls)
    ]


def subsets_of(service: ServiceDef) -> list[str]:
    """The versions that have clusters of their own: all, where there is more than one."""
    return [version.name for version in service.versions] if len(service.versions) > 1 else []


def cluster_of(world: World, service: str, subset: str | None) -> str:
    """The cluster that serves a backend; the only version of a service is the service."""
    named = subset if subset in subsets_of(world.service(service)) else None
    return cluster_name(service, named)


def render_clusters(world: World, caller: Instance) -> list[Json]:
    """The clusters of a caller's sidecar."""
    return [
        _cluster(world, caller, service, subset)
        for service in visible_services(world, caller)
        for subset in (None, *subsets_of(service))
    ]


def _cluster(world: World, caller: Instance, service: ServiceDef, subset: str | None) -> Json:
    name = cluster_name(service.name, subset)
    timeout = merged(_for(world, Kind.TIMEOUT, service.name, caller, subset), Timeout)
    connect_ms = (timeout.connect_ms if timeout else None) or _CONNECT_TIMEOUT_MS
    instances = world.instances_of(service.name, subset)
    endpoints = [endpoint(each.host, each.inbound_port, name=each.name) for each in instances]
    limits = merged(list(_limits(world, caller, service.name, subset)), Limits)
    cluster: Json = {
        "name": name,
        "type": "STATIC",
        "lb_policy": "ROUND_ROBIN",
        "connect_timeout": seconds(connect_ms),
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
        "circuit_breakers": _breakers(world, caller, service.name, limits),
        "typed_extension_protocol_options": {HTTP_OPTIONS: _protocol(limits)},
    }
    outlier = _outlier(world, caller, service.name, subset)
    if outlier is not None:
        cluster.update(outlier)
    if mtls_mode(world, service.name) != "off":
        cluster["transport_socket"] = client_socket(
            caller.directory, peer=world.identity(service.account)
        )
    return cluster


def _for(
    world: World, kind: Kind, service: str, caller: Instance, subset: str | None
) -> list[Behaviour]:
    """Behaviours of this cluster: those of the whole service, and those of its version."""
    return [
        behaviour
        for behaviour in in_effect(world, kind, service, caller=caller.service)
        if behaviour.target.subset in {None, subset}
    ]


def _limits(
    world: World, caller: Instance, service: str, subset: str | None
) -> Iterator[Behaviour]:
    for behaviour in _for(world, Kind.LIMITS, service, caller, subset):
        params = behaviour.params
        if isinstance(params, Limits) and (params.scope != "subset" or subset is not None):
            yield behaviour


def _breakers(world: World, caller: Instance, service: str, limits: Limits | None) -> Json:
    given = limits or Limits()
    threshold: Json = {
        "max_connections": _or_none(given.max_connections),
        "max_pending_requests": _or_none(given.max_pending),
        "max_requests": _or_none(given.max_requests),
        "max_retries": _or_none(given.max_retries),
    }
    retry = strongest(in_effect(world, Kind.RETRY, service, caller=caller.service), Retry)
    if retry is not None and retry.budget is not None:
        threshold["retry_budget"] = {
            "budget_percent": {"value": retry.budget.ratio},
            "min_retry_concurrency": retry.budget.min_per_second,
        }
    return {"thresholds": [threshold]}


def _or_none(limit: int | None) -> int:
    return NO_LIMIT if limit is None else limit


def _protocol(limits: Limits | None) -> Json:
    options: Json = {
        "@type": TYPE + HTTP_OPTIONS,
        "explicit_http_config": {"http2_protocol_options": {"max_concurrent_streams": 1024}},
    }
    if limits is not None and limits.per_connection_requests is not None:
        each = limits.per_connection_requests
        options["common_http_protocol_options"] = {"max_requests_per_connection": each}
    return options


def _outlier(world: World, caller: Instance, service: str, subset: str | None) -> Json | None:
    """Ejection; a trip is approximated by ejecting every instance."""
    ejection = strongest(_for(world, Kind.EJECTION, service, caller, subset), Ejection)
    trip = strongest(_for(world, Kind.TRIP, service, caller, subset), Trip)
    if trip is not None and trip.latency_ms is None:
        return _detection(_trip(trip), panic_percent=0.0)
    if ejection is None:
        return None
    return _detection(_ejection(ejection), panic_percent=ejection.min_healthy_percent)


def _detection(detection: Json, *, panic_percent: float) -> Json:
    base = {
        "enforcing_success_rate": 0,
        "enforcing_failure_percentage": 0,
        "enforcing_consecutive_gateway_failure": 0,
        "enforcing_consecutive_5xx": 0,
    }
    return {
        "outlier_detection": {**base, **detection},
        "common_lb_config": {"healthy_panic_threshold": {"value": panic_percent}},
    }


def _ejection(ejection: Ejection) -> Json:
    what = "consecutive_gateway_failure" if ejection.gateway_errors_only else "consecutive_5xx"
    return {
        what: ejection.consecutive_errors,
        f"enforcing_{what}": 100,
        "interval": seconds(ejection.interval_ms),
        "base_ejection_time": seconds(ejection.base_ejection_ms),
        "max_ejection_time": seconds(max(ejection.base_ejection_ms, _LONGEST_EJECTION_MS)),
        "max_ejection_percent": round(ejection.max_percent),
    }


def _trip(trip: Trip) -> Json:
    common = {
        "base_ejection_time": seconds(trip.open_for_ms),
        "max_ejection_time": seconds(trip.open_for_ms),
        "interval": seconds(min(_RATIO_INTERVAL_MS, trip.open_for_ms)),
        "max_ejection_percent": 100,
    }
    if trip.count is not None:
        return {**common, "consecutive_5xx": trip.count, "enforcing_consecutive_5xx": 100}
    return {
        **common,
        "failure_percentage_threshold": round(trip.error_ratio or 0),
        "failure_percentage_minimum_hosts": 1,
        "failure_percentage_request_volume": _RATIO_VOLUME,
        "enforcing_failure_percentage": 100,
    }
