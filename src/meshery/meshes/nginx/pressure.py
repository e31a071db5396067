"""Circuit breakers and rate limits."""

import math

from meshery.adapters.draft import Draft, native
from meshery.behaviours.pressure import RateLimit
from meshery.behaviours.resilience import Ejection, Trip
from meshery.core.durations import format_duration
from meshery.meshes.nginx.objects import CIRCUIT_BREAKER, rate_limit_version, reference
from meshery.meshes.scope import not_narrowed, one_service

_EVERY_PORT = "a CircuitBreaker holds for every port of its destination"
_WHOLE = "a CircuitBreaker is told of a whole Service"
_EVERY_CALLER = "a CircuitBreaker holds for every caller"
_REFUSAL = 503
_PER_MINUTE = {"minute": 1, "hour": 60}


def trip(draft: Draft) -> None:
    """A count of errors as a CircuitBreaker: its window is as long as the breaker stays open."""
    params = draft.params(Trip)
    if params.count is None:
        draft.unsupported(
            "a CircuitBreaker counts errors: errorRatio and latency have no place",
            "trip on count",
        )
        return
    if not one_service(draft):
        return
    seconds = _seconds(draft, params.open_for_ms, "openFor")
    spec = {
        "destination": reference(draft.service),
        "errors": params.count,
        "timeoutSeconds": seconds,
    }
    draft.nearly(f"count is of errors within {seconds}s: one number is window and openFor")
    if params.fallback is not None:
        fallback = draft.world.service(params.fallback, draft.namespace)
        spec["fallback"] = {
            "service": f"{fallback.namespace}/{fallback.name}",
            "port": fallback.port.number,
        }
        if fallback.is_assumed:
            draft.note(f"fallback {params.fallback} is not known; its port is taken to be 80")
    _put(draft, spec)


def ejection(draft: Draft) -> None:
    """The same breaker, for instances that fail: NGINX counts errors of each upstream server."""
    params = draft.params(Ejection)
    if not one_service(draft):
        return
    seconds = _seconds(draft, params.base_ejection_ms, "baseEjection")
    spec = {
        "destination": reference(draft.service),
        "errors": params.consecutive_errors,
        "timeoutSeconds": seconds,
    }
    draft.nearly(
        f"consecutiveErrors are counted within {seconds}s, in a row or not, and not by an interval "
        f"of {format_duration(params.interval_ms / 1000)}: one number is window and baseEjection"
    )
    draft.dropped("maxPercent", f"not {params.max_percent:g} but all instances may be taken out")
    if params.gateway_errors_only:
        draft.dropped("gatewayErrorsOnly", "a CircuitBreaker does not choose errors")
    if params.min_healthy_percent:
        draft.dropped("minHealthyPercent", "a CircuitBreaker does not look at the others")
    _put(draft, spec)


def rate_limit(draft: Draft) -> None:
    """A RateLimit at each pod of the target; NGINX lets requests through evenly."""
    params = draft.params(RateLimit)
    if params.scope == "global":
        draft.unsupported(
            "scope global has no place: each pod of the target counts for itself",
            "scope local, with the limit of one pod",
        )
        return
    if not one_service(draft):
        return
    rate = _rate(params)
    if rate is None:
        draft.unsupported(
            f"{params.requests} per {params.per} is no whole number of requests per minute",
            "give a number that 60 divides, or a limit per minute",
        )
        return
    not_narrowed(
        draft,
        port="a RateLimit holds for every port of its destination",
        subset="a RateLimit is told of a whole Service",
    )
    spec = {
        "destination": reference(draft.service),
        "name": draft.behaviour.name,
        "rate": rate,
        "burst": params.requests - 1 + params.burst,
        "delay": "nodelay",
    }
    if draft.behaviour.source is not None:
        source = draft.world.service(draft.behaviour.source, draft.namespace)
        spec["sources"] = [reference(source)]
    if params.status == _REFUSAL:
        draft.note(f"status {_REFUSAL} is what NGINX answers")
    else:
        draft.dropped("status", f"refusals are {_REFUSAL}")
    if params.key_by:
        draft.dropped("keyBy", "all requests of a RateLimit are counted together")
    if params.service is not None:
        draft.dropped("service", "a RateLimit asks no rate limit service")
    if params.fail_open is not None:
        draft.dropped("failOpen", "a RateLimit asks nobody who could fail")
    name, version = draft.behaviour.name, rate_limit_version(draft.world)
    draft.put(native(version, "RateLimit", name, draft.namespace, spec))


def _rate(params: RateLimit) -> str | None:
    """The rate in NGINX's words; None where it is no whole number."""
    if params.per == "second":
        return f"{params.requests}r/s"
    whole, rest = divmod(params.requests, _PER_MINUTE[params.per])
    return None if rest or not whole else f"{whole}r/m"


def _put(draft: Draft, spec: dict[str, object]) -> None:
    not_narrowed(draft, port=_EVERY_PORT, subset=_WHOLE, source=_EVERY_CALLER)
    service = draft.service
    draft.put(native(CIRCUIT_BREAKER, "CircuitBreaker", service.name, service.namespace, spec))


def _seconds(draft: Draft, milliseconds: float, parameter: str) -> int:
    seconds = max(1, math.ceil(milliseconds / 1000))
    if seconds * 1000 != milliseconds:
        draft.nearly(f"{parameter} is {seconds}s: a CircuitBreaker takes whole seconds")
    return seconds
