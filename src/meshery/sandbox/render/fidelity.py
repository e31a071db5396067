"""How well this mesh can do what a behaviour says, and in words what it does differently.

Every parameter is either rendered or named in a note, with the nearest thing that can be had.
"""

from collections.abc import Callable, Iterator
from typing import Any

from meshery.behaviours.edge import Egress, Ingress
from meshery.behaviours.match import Match
from meshery.behaviours.model import Behaviour, Fidelity, Kind
from meshery.behaviours.pressure import FaultInjection, RateLimit
from meshery.behaviours.resilience import Ejection, Limits, Retry, Timeout, Trip
from meshery.behaviours.security import Access, Mtls
from meshery.behaviours.traffic import Backend, Locality, Mirror, Route, Split
from meshery.sandbox.model import World
from meshery.sandbox.render.effect import aims_at, mtls_mode
from meshery.sandbox.render.inbound import kibibytes_per_second
from meshery.sandbox.render.outbound import single_address

Verdict = tuple[Fidelity, str]
Verdicts = Iterator[Verdict]

_EXACT, _APPROXIMATE, _UNSUPPORTED = Fidelity.EXACT, Fidelity.APPROXIMATE, Fidelity.UNSUPPORTED
_ORDER = (_EXACT, _APPROXIMATE, _UNSUPPORTED)
_SERVER_SIDE = (Kind.FAULT, Kind.RATELIMIT, Kind.ACCESS)
_EDGE = (*_SERVER_SIDE, Kind.INGRESS, Kind.EGRESS)
_WHOLE = (Kind.RETRY, Kind.EJECTION, Kind.TRIP, Kind.RATELIMIT, Kind.MTLS)


def judge(world: World, behaviour: Behaviour) -> tuple[Fidelity, tuple[str, ...]]:
    """The fidelity of a behaviour in a world, and the notes."""
    found = [*_addressing(world, behaviour)]
    if not any(fidelity is _UNSUPPORTED for fidelity, _ in found):
        found += _BY_KIND[behaviour.kind](world, behaviour, behaviour.params)
        found += _overridden(world, behaviour)
    worst = max((fidelity for fidelity, _ in found), key=_ORDER.index, default=_EXACT)
    return worst, tuple(dict.fromkeys(note for _, note in found))


def _addressing(world: World, behaviour: Behaviour) -> Verdicts:
    target, kind = behaviour.target, behaviour.kind
    services = {service.name: service for service in world.services}
    if target.namespace not in {"", world.space}:
        yield _UNSUPPORTED, f"this sandbox has one namespace, {world.space}"
    if target.service != "*":
        service = services.get(target.service)
        if service is None:
            known = ", ".join(sorted(services))
            yield _UNSUPPORTED, f"there is no service {target.service}; there are {known}"
            return
        if target.port not in {None, service.port}:
            yield _UNSUPPORTED, f"{service.name} has one port, {service.port}"
        if _is_edge(world, target.service) and kind not in _EDGE:
            yield _UNSUPPORTED, f"{target.service} is called by nobody within the mesh"
    if target.subset is not None:
        yield from _subset(world, target.service, target.subset)
    if behaviour.source is not None:
        yield from _source(world, behaviour, set(services))


def _source(world: World, behaviour: Behaviour, services: set[str]) -> Verdicts:
    kind, source = behaviour.kind, behaviour.source
    if kind not in _SERVER_SIDE and source not in services:
        yield _UNSUPPORTED, f"no service {source} calls within this sandbox"
    if kind in _SERVER_SIDE and source not in services:
        yield _EXACT, f"{source} is taken for an account, since no service has this name"
    if kind in _SERVER_SIDE and _is_edge(world, behaviour.target.service):
        yield _UNSUPPORTED, "callers from outside have no identity; leave the source out"
    elif kind in _SERVER_SIDE and mtls_mode(world, behaviour.target.service) != "strict":
        yield _APPROXIMATE, "callers without mutual TLS have no identity, so none is the source"


def _subset(world: World, service: str, subset: str) -> Verdicts:
    if service == "*":
        yield _UNSUPPORTED, "a subset needs one service"
        return
    versions = [version.name for version in world.service(service).versions]
    if subset not in versions:
        yield _UNSUPPORTED, f"{service} has no version {subset}; it has {', '.join(versions)}"


def _is_edge(world: World, service: str) -> bool:
    return any(
        instance.service == service and instance.role != "app" for instance in world.instances
    )


def _overridden(world: World, behaviour: Behaviour) -> Verdicts:
    """Of kinds that are taken whole, the last of one target and source counts."""
    if behaviour.kind not in _WHOLE or behaviour not in world.behaviours:
        return
    place = world.behaviours.index(behaviour)
    for other in world.behaviours[place + 1 :]:
        same = (other.kind, other.target, other.source)
        if same == (behaviour.kind, behaviour.target, behaviour.source):
            yield _EXACT, f"{other.name} came later and is in effect instead"


def _backends(world: World, behaviour: Behaviour, backends: tuple[Backend, ...]) -> Verdicts:
    services = {service.name for service in world.services}
    for backend in backends:
        name = backend.service or behaviour.target.service
        if name not in services:
            yield _UNSUPPORTED, f"there is no service {name}"
        elif _is_edge(world, name):
            yield _UNSUPPORTED, f"{name} cannot be a backend"
        elif backend.subset is not None:
            yield from _subset(world, name, backend.subset)


def _match(match: Match) -> Verdicts:
    for query in match.query:
        if query.invert or query.present is False:
            yield (
                _UNSUPPORTED,
                f"that the query has no {query.name} cannot be matched; match a header",
            )


def _shared_route(behaviour: Behaviour) -> Verdicts:
    if behaviour.target.subset is not None:
        yield (
            _APPROXIMATE,
            (
                f"it holds on every route that leads to {behaviour.target.subset}, also for other "
                "versions on that route"
            ),
        )


def _retry(_world: World, behaviour: Behaviour, params: Retry) -> Verdicts:
    yield from _shared_route(behaviour)
    if params.budget is not None:
        yield (
            _APPROXIMATE,
            (
                "the budget is a share of the requests in flight: minPerSecond counts retries at "
                "once, and ttl has no meaning"
            ),
        )


def _timeout(_world: World, behaviour: Behaviour, params: Timeout) -> Verdicts:
    if params.request_ms is not None or params.per_try_ms is not None or params.idle_ms is not None:
        yield from _shared_route(behaviour)
    if params.response_headers_ms is not None and params.per_try_ms is not None:
        yield _APPROXIMATE, "responseHeaders has no place of its own; perTry is the limit"
    elif params.response_headers_ms is not None:
        yield _APPROXIMATE, "responseHeaders limits the whole try, not its headers alone"


def _limits(_world: World, _behaviour: Behaviour, params: Limits) -> Verdicts:
    if params.max_connections is not None or params.max_pending is not None:
        yield (
            _APPROXIMATE,
            (
                "sidecars share one HTTP/2 connection for many requests, so maxConnections and "
                "maxPending seldom bind; maxRequests limits what runs at once"
            ),
        )


def _ejection(world: World, behaviour: Behaviour, params: Ejection) -> Verdicts:
    target = behaviour.target
    aimed = world.services if target.service == "*" else (world.service(target.service),)
    for service in aimed:
        count = len(world.instances_of(service.name, target.subset))
        if not _is_edge(world, service.name) and round(params.max_percent) * count < 100:
            share = f"maxPercent {params.max_percent:g}"
            yield _EXACT, f"{share} of {service.name}'s {count} is less than one: none is ejected"
    if not params.max_percent.is_integer():
        yield _APPROXIMATE, f"maxPercent is rounded to {round(params.max_percent)}"


def _trip(_world: World, _behaviour: Behaviour, params: Trip) -> Verdicts:
    if params.latency_ms is not None:
        yield (
            _UNSUPPORTED,
            (
                "Envoy opens on errors, not on latency; nearest: a timeout, which makes slow "
                "answers errors, with an ejection"
            ),
        )
        return
    yield (
        _APPROXIMATE,
        "each instance is judged alone and ejected for openFor; the breaker is open when all are",
    )
    if params.error_ratio is not None:
        yield _APPROXIMATE, "the ratio is taken each second, from 5 requests on"
    if params.fallback is not None:
        yield (
            _APPROXIMATE,
            (
                f"requests do not go to {params.fallback} when it is open: callers get 503; "
                "nearest: a split to it"
            ),
        )


def _split(world: World, behaviour: Behaviour, params: Split) -> Verdicts:
    yield from _backends(world, behaviour, params.backends)
    yield from _match(params.match)
    if params.steps or params.rollback is not None:
        yield (
            _APPROXIMATE,
            "steps and rollback are for whoever applies the split; only its weights are rendered",
        )


def _mirror(world: World, behaviour: Behaviour, params: Mirror) -> Verdicts:
    yield from _backends(world, behaviour, (params.to,))
    yield from _shared_route(behaviour)


def _fault(world: World, behaviour: Behaviour, params: FaultInjection) -> Verdicts:
    yield from _match(params.match)
    if not params.match.takes_all and _is_edge(world, behaviour.target.service):
        yield _UNSUPPORTED, "at the gateway a fault takes every request; aim it at the service"
    if params.bandwidth is not None:
        kib = kibibytes_per_second(params.bandwidth)
        yield _APPROXIMATE, f"Envoy limits in whole KiB/s: {kib} KiB/s, responses only"


def _ratelimit(world: World, behaviour: Behaviour, params: RateLimit) -> Verdicts:
    if params.scope == "global":
        count = len(world.instances_of(behaviour.target.service))
        yield (
            _APPROXIMATE,
            f"there is no common counter: each of {count} instances takes an equal share",
        )
    if params.service is not None:
        yield _APPROXIMATE, f"the service {params.service} is not asked; each sidecar counts itself"
    if params.fail_open is not None:
        yield _EXACT, "failOpen has no meaning: a sidecar's own counter never fails"
    if "path" in params.key_by:
        yield _APPROXIMATE, "a path counts with its query"
    if "source" in params.key_by and mtls_mode(world, behaviour.target.service) == "off":
        yield _APPROXIMATE, "without mutual TLS no source is known: all callers count as one"


def _mtls(world: World, behaviour: Behaviour, params: Mtls) -> Verdicts:
    if behaviour.target.subset is not None:
        yield _UNSUPPORTED, "callers do not know the version beforehand; aim it at the service"
    if params.scope in {"mesh", "namespace"} and behaviour.target.service != "*":
        yield _EXACT, f"the scope {params.scope} takes in every service, not only the target"
    if params.mode != "off":
        return
    aimed = [each.name for each in world.services if aims_at(world, behaviour.target, each.name)]
    rules = [
        each.name
        for each in world.behaviours
        if each.kind is Kind.ACCESS and any(aims_at(world, each.target, name) for name in aimed)
    ]
    if rules:
        names = ", ".join(rules)
        yield _EXACT, f"callers lose their identity, which access rules may ask for: {names}"


def _access(world: World, behaviour: Behaviour, params: Access) -> Verdicts:
    if params.claims:
        # Dropped, a condition would let more in, or shut more out, than was asked for.
        yield (
            _UNSUPPORTED,
            "claims of tokens are not read here; nearest: the caller's identity, or a header route",
        )
    if any(caller.cidr is not None for caller in params.from_):
        yield _EXACT, "on one machine every caller's address is 127.0.0.1"
    asks = behaviour.source is not None or any(
        caller.identity is not None or caller.namespace is not None for caller in params.from_
    )
    if asks and _is_edge(world, behaviour.target.service):
        yield _UNSUPPORTED, "callers from outside have no identity; aim it at the service"
    elif asks and mtls_mode(world, behaviour.target.service) != "strict":
        yield _APPROXIMATE, "callers without mutual TLS have no identity and match no rule"


def _route(world: World, behaviour: Behaviour, params: Route) -> Verdicts:
    yield from _backends(world, behaviour, params.backends)
    yield from _match(params.match)


def _egress(world: World, behaviour: Behaviour, params: Egress) -> Verdicts:
    wide = [cidr for cidr in params.cidrs if single_address(cidr) is None]
    if wide:
        hint = "list single addresses (/32) or hosts"
        lost = (
            "; nothing of it is opened"
            if not params.hosts and len(wide) == len(params.cidrs)
            else ""
        )
        fidelity = _UNSUPPORTED if lost and params.default_deny else _APPROXIMATE
        yield fidelity, f"networks ({', '.join(wide)}) are not opened: {hint}{lost}"
    if params.via_gateway:
        yield _APPROXIMATE, "requests leave from the caller's own sidecar, not through a gateway"
    if 443 in params.ports:
        yield _APPROXIMATE, "plain HTTP only: what an application encrypts itself does not pass"
    if world.instances and _is_edge(world, behaviour.target.service):
        yield _EXACT, "the gateway itself calls nothing outside"


def _ingress(world: World, behaviour: Behaviour, params: Ingress) -> Verdicts:
    if not any(instance.role == "gateway" for instance in world.instances):
        yield _UNSUPPORTED, "this sandbox has no gateway; name one in its spec"
    if params.gateway_class is not None:
        yield (
            _APPROXIMATE,
            f"there is one gateway; the class {params.gateway_class} chooses nothing",
        )
    if params.tls:
        yield _EXACT, "the gateway's certificate is signed by the sandbox's own authority"
    backends = tuple(
        Backend(service=route.service or behaviour.target.service, subset=route.subset)
        for route in params.routes
    )
    yield from _backends(world, behaviour, backends or (Backend(behaviour.target.service),))


def _locality(_world: World, _behaviour: Behaviour, params: Locality) -> Verdicts:
    yield (
        _UNSUPPORTED,
        (
            f"one machine is one locality, so {params.mode} has nothing to choose; nearest: an "
            "ejection keeps failing instances out, a split weighs versions"
        ),
    )


_BY_KIND: dict[Kind, Callable[[World, Behaviour, Any], Verdicts]] = {
    Kind.RETRY: _retry,
    Kind.TIMEOUT: _timeout,
    Kind.LIMITS: _limits,
    Kind.EJECTION: _ejection,
    Kind.TRIP: _trip,
    Kind.SPLIT: _split,
    Kind.MIRROR: _mirror,
    Kind.FAULT: _fault,
    Kind.RATELIMIT: _ratelimit,
    Kind.MTLS: _mtls,
    Kind.ACCESS: _access,
    Kind.ROUTE: _route,
    Kind.EGRESS: _egress,
    Kind.INGRESS: _ingress,
    Kind.LOCALITY: _locality,
}
