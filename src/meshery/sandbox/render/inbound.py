"""The inbound routes of a service: everything goes to the application, perhaps faulted or limited.

Faults stand on the side of the service that suffers them, so that callers' retries, timeouts and
ejection meet them as they would meet real ones. For each caller that a behaviour names, the routes
are repeated with its identity; the most specific fault wins.
"""

import msgspec

from meshery.behaviours.match import Match
from meshery.behaviours.model import Behaviour, Kind
from meshery.behaviours.pressure import Abort, Bandwidth, FaultInjection, RateLimit
from meshery.sandbox.model import Instance, World
from meshery.sandbox.render.effect import in_effect, params_of, strongest
from meshery.sandbox.render.matching import caller_header, route_match
from meshery.sandbox.render.names import (
    APP_CLUSTER,
    FAULT_FILTER,
    FAULT_TYPE,
    GRPC_CLUSTER,
    RATELIMIT_FILTER,
    RATELIMIT_TYPE,
    ROUTES_TYPE,
    Json,
    discovery_file,
    fraction,
    seconds,
)

_PERIODS_S = {"second": 1, "minute": 60, "hour": 3600}
_MAX_KEYS = 10_000
_ALWAYS = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}


def render_inbound(world: World, instance: Instance) -> Json:
    """The route file of an instance's inbound listener."""
    routes = [
        route
        for source in (*_sources(world, instance), None)
        for route in _routes_of(world, instance, source)
    ]
    host = {"name": instance.service, "domains": ["*"], "routes": routes}
    return discovery_file(ROUTES_TYPE, [{"name": "inbound", "virtual_hosts": [host]}])


def suffered(world: World, kind: Kind, instance: Instance) -> list[Behaviour]:
    """The behaviours of a kind that this instance carries, weakest first."""
    return [
        behaviour
        for behaviour in in_effect(world, kind, instance.service)
        if behaviour.target.subset in {None, instance.version}
    ]


def filters(faults: list[Behaviour], limits: list[Behaviour], *, divisor: int) -> Json:
    """`typed_per_filter_config` of a route: its faults merged, its strongest rate limit."""
    rendered: Json = {}
    fault = _merged_faults(faults)
    if fault:
        rendered[FAULT_FILTER] = {"@type": FAULT_TYPE, **fault}
    limit = strongest(limits, RateLimit)
    if limit is not None:
        rendered[RATELIMIT_FILTER] = _rate_limit(limit, divisor=divisor)
    return rendered


def replicas(world: World, instance: Instance) -> int:
    """How many instances share a global limit."""
    return max(1, len(world.instances_of(instance.service)))


def _sources(world: World, instance: Instance) -> list[str]:
    behaviours = [
        *suffered(world, Kind.FAULT, instance),
        *suffered(world, Kind.RATELIMIT, instance),
    ]
    return sorted({each.source for each in behaviours if each.source is not None})


def _routes_of(world: World, instance: Instance, source: str | None) -> list[Json]:
    """The routes for one caller, or for all that are not named."""
    faults = _of_source(suffered(world, Kind.FAULT, instance), source)
    limits = _of_source(suffered(world, Kind.RATELIMIT, instance), source)
    matches: dict[Match, list[Behaviour]] = {}
    for behaviour in faults:
        if isinstance(behaviour.params, FaultInjection):
            matches.setdefault(behaviour.params.match, []).append(behaviour)
    matches.setdefault(Match(), [])
    latest_first = list(matches)[::-1]
    routes = []
    for match in sorted(latest_first, key=lambda each: each.specificity):
        rendered = route_match(match)
        if source is not None:
            who = caller_header(identity_of(world, source))
            rendered["headers"] = [*rendered.get("headers", []), who]
        route: Json = {"match": rendered, "route": {"cluster": APP_CLUSTER, "timeout": "0s"}}
        config = filters(matches[match], limits, divisor=replicas(world, instance))
        if config:
            route["typed_per_filter_config"] = config
        routes += _by_protocol(instance, route)
    return routes


def _by_protocol(instance: Instance, route: Json) -> list[Json]:
    """The route, before it one for gRPC where the application has a port for it."""
    if "grpc" not in instance.echo_ports:
        return [route]
    match, action = {**route["match"], "grpc": {}}, {**route["route"], "cluster": GRPC_CLUSTER}
    return [{**route, "match": match, "route": action}, route]


def identity_of(world: World, source: str) -> str:
    """The identity of a calling service; a name that is no service is an account."""
    for service in world.services:
        if service.name == source:
            return world.identity(service.account)
    return world.identity(source)


def _of_source(behaviours: list[Behaviour], source: str | None) -> list[Behaviour]:
    return [each for each in behaviours if each.source in {None, source}]


def _merged_faults(behaviours: list[Behaviour]) -> Json:
    found = FaultInjection()
    for params in params_of(behaviours, FaultInjection):
        found = msgspec.structs.replace(
            found,
            delay=params.delay or found.delay,
            abort=params.abort or found.abort,
            bandwidth=params.bandwidth or found.bandwidth,
        )
    rendered: Json = {}
    if found.delay is not None:
        wait = seconds(found.delay.duration_ms)
        rendered["delay"] = {"fixed_delay": wait, "percentage": fraction(found.delay.percent)}
    if found.abort is not None:
        rendered["abort"] = _abort(found.abort)
    if found.bandwidth is not None:
        rendered["response_rate_limit"] = _bandwidth(found.bandwidth)
    return rendered


def _abort(abort: Abort) -> Json:
    kind = {"http_status": abort.status}
    if abort.grpc_status is not None:
        kind = {"grpc_status": abort.grpc_status}
    return {**kind, "percentage": fraction(abort.percent)}


def kibibytes_per_second(bandwidth: Bandwidth) -> int:
    """Envoy's unit of bandwidth, at least 1."""
    return max(1, round(bandwidth.kbps * 1000 / 8 / 1024))


def _bandwidth(bandwidth: Bandwidth) -> Json:
    return {
        "fixed_limit": {"limit_kbps": kibibytes_per_second(bandwidth)},
        "percentage": fraction(bandwidth.percent),
    }


def _rate_limit(limit: RateLimit, *, divisor: int) -> Json:
    share = divisor if limit.scope == "global" else 1
    bucket = {
        "max_tokens": max(1, (limit.requests + limit.burst) // share),
        "tokens_per_fill": max(1, limit.requests // share),
        "fill_interval": f"{_PERIODS_S[limit.per]}s",
    }
    rendered: Json = {
        "@type": RATELIMIT_TYPE,
        "stat_prefix": "ratelimit",
        "token_bucket": bucket,
        "status": {"code": limit.status},
        "filter_enabled": _ALWAYS,
        "filter_enforced": _ALWAYS,
    }
    if limit.key_by:
        keys = [_key(key) for key in limit.key_by]
        entries = [{"key": action["request_headers"]["descriptor_key"]} for action in keys]
        # An empty value stands for every value: each gets a bucket of its own.
        rendered["descriptors"] = [{"entries": entries, "token_bucket": bucket}]
        rendered["rate_limits"] = [{"actions": keys}]
        rendered["max_dynamic_descriptors"] = _MAX_KEYS
        rendered["always_consume_default_token_bucket"] = False
    return rendered


def _key(key: str) -> Json:
    header = {"source": "x-forwarded-client-cert", "path": ":path"}.get(key)
    name = header or key.removeprefix("header:")
    return {"request_headers": {"header_name": name, "descriptor_key": key}}
