"""What is wrong in NGINX's objects, of which its admission webhook sees a part only."""

from collections.abc import Iterator, Sequence

from meshery.adapters.draft import Object
from meshery.core.errors import Problem
from meshery.meshes.look import at, dig, name_of, namespace_of, of_kind, told
from meshery.meshes.nginx.objects import GROUP
from meshery.meshes.smi import checks as smi


def rate_limits(objects: Sequence[Object]) -> Sequence[Problem]:
    """RateLimits of one destination that share a source; groups of another namespace."""
    return tuple(_rate_limits(objects))


def circuit_breakers(objects: Sequence[Object]) -> Sequence[Problem]:
    """Two breakers of one Service, and a fallback in another namespace."""
    return tuple(_circuit_breakers(objects))


def _rate_limits(objects: Sequence[Object]) -> Iterator[Problem]:
    groups = {(namespace_of(each), name_of(each)) for each in of_kind(objects, "HTTPRouteGroup")}
    seen: dict[tuple[str, str], Object] = {}
    for limit in of_kind(objects, "RateLimit", GROUP):
        destination = _place(limit, dig(limit, "spec.destination") or {})
        sources = [_place(limit, each) for each in dig(limit, "spec.sources") or []] or ["*"]
        for source in sources:
            before = seen.setdefault((destination, source), limit)
            if before is not limit:
                what = f"{destination} is limited for {source} by {told(before)} too"
                hint = "each source has one limit: the later one is not configured"
                yield Problem(at(limit, "spec.sources"), what, hint=hint)
        for position, rule in enumerate(dig(limit, "spec.rules") or []):
            if (namespace_of(limit), rule.get("name")) not in groups:
                what = f"there is no HTTPRouteGroup {namespace_of(limit)}/{rule.get('name')}"
                hint = "groups have to be in the namespace of the RateLimit"
                yield Problem(at(limit, f"spec.rules[{position}]"), what, hint=hint)


def _circuit_breakers(objects: Sequence[Object]) -> Iterator[Problem]:
    seen: dict[str, Object] = {}
    for breaker in of_kind(objects, "CircuitBreaker", GROUP):
        given = dig(breaker, "spec.destination") or {}
        destination = _place(breaker, given)
        before = seen.setdefault(destination, breaker)
        if before is not breaker:
            what = f"{destination} has {told(before)} already"
            yield Problem(at(breaker, "spec.destination"), what, hint="keep one of them")
        fallback = str(dig(breaker, "spec.fallback.service") or "")
        if fallback:
            home = fallback.partition("/")[0] if "/" in fallback else "default"
            own = str(given.get("namespace") or namespace_of(breaker))
            if home != own:
                what = f"{fallback} is in {home}, the destination in {own}"
                hint = "write NAMESPACE/NAME of the destination's namespace; default is taken else"
                yield Problem(at(breaker, "spec.fallback.service"), what, hint=hint)


def _place(found: Object, reference: Object) -> str:
    namespace = reference.get("namespace") or namespace_of(found)
    return f"{reference.get('kind')} {namespace}/{reference.get('name')}"


VALIDATORS = {
    "splits": smi.splits,
    "targets": smi.targets,
    "route-groups": smi.route_groups,
    "rate-limits": rate_limits,
    "circuit-breakers": circuit_breakers,
}
