"""Which requests prove which behaviour, in the world it is in.

Requests go out by the sidecar of a service that may call the target, as its callers' do, and match
what the behaviour matches. UnsupportedError says why a behaviour cannot be proven so.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from meshery.behaviours.match import Match
from meshery.behaviours.model import Behaviour, Kind
from meshery.behaviours.pressure import FaultInjection
from meshery.behaviours.resilience import Retry, Timeout
from meshery.behaviours.security import Access, Caller, Mtls
from meshery.behaviours.traffic import Backend, Route, Split
from meshery.core.errors import UnsupportedError
from meshery.sandbox.model import World
from meshery.sandbox.probe import Answer, Ask
from meshery.sandbox.proof import (
    Proof,
    prove_fault,
    prove_served_by,
    prove_shares,
    prove_statuses,
)
from meshery.sandbox.ways import first_instance, is_gateway, way_to

_UNFLAWED = "/version"
"""A path that no version delays or fails by itself."""

_FAIL_PERCENT = 50.0


async def prove(world: World, behaviour: Behaviour, *, samples: int) -> Proof:
    """Send requests and judge the answers. UnsupportedError when this kind has no such proof."""
    if behaviour.kind not in _PROOFS:
        raise _no_proof(behaviour, f"there is none for {behaviour.kind} yet")
    if behaviour.target.service == "*":
        raise _no_proof(behaviour, "it aims at every service; name one")
    return await _PROOFS[behaviour.kind](world, behaviour, behaviour.params, samples)


async def _split(world: World, behaviour: Behaviour, params: Split, samples: int) -> Proof:
    whole = sum(backend.weight for backend in params.backends)
    shares = {
        _word(behaviour, backend): 100 * backend.weight / whole for backend in params.backends
    }

    def label(answer: Answer) -> str:
        served_by = answer.headers.get("x-served-by", "")
        for instance in world.instances:
            if instance.name == served_by:
                one = _word(behaviour, Backend(service=instance.service, subset=instance.version))
                return one if one in shares else instance.service
        return f"status {answer.status}"

    return await prove_shares(
        _request(world, behaviour, params.match),
        shares,
        label,
        kind=behaviour.kind.value,
        name=behaviour.name,
        samples=samples,
    )


async def _fault(world: World, behaviour: Behaviour, params: FaultInjection, samples: int) -> Proof:
    if behaviour.target.subset is not None:
        raise _no_proof(behaviour, "it concerns one version, whose share of requests is not known")
    if params.bandwidth is not None or (params.abort and params.abort.grpc_status is not None):
        raise _no_proof(behaviour, "only delays and aborts with an HTTP status are counted")
    return await prove_fault(
        _request(world, behaviour, params.match),
        name=behaviour.name,
        delay_ms=params.delay.duration_ms if params.delay else 0.0,
        delay_percent=params.delay.percent if params.delay else 0.0,
        abort_status=(params.abort.status or 0) if params.abort else 0,
        abort_percent=params.abort.percent if params.abort else 0.0,
        samples=samples,
    )


async def _retry(world: World, behaviour: Behaviour, params: Retry, samples: int) -> Proof:
    """Of requests that fail by half, those fail in the end whose every try failed."""
    if "5xx" not in params.on or params.idempotent_only:
        raise _no_proof(behaviour, "it does not retry every answer of status 500")
    _demand_perfect(world, behaviour)
    failed = 100 * (_FAIL_PERCENT / 100) ** (params.attempts + 1)
    request = _request(world, behaviour, Match(), path=f"/fail?rate={_FAIL_PERCENT:g}")
    return await prove_shares(
        request,
        {"answered": 100 - failed, "failed": failed},
        lambda answer: "answered" if answer.status == 200 else "failed",
        kind=behaviour.kind.value,
        name=behaviour.name,
        samples=samples,
        connections=32,
    )


async def _timeout(world: World, behaviour: Behaviour, params: Timeout, samples: int) -> Proof:
    limit_ms = params.request_ms
    if not limit_ms or limit_ms > 2_000:
        raise _no_proof(behaviour, "it sets no time of up to 2 s for the whole request")
    slow = _request(world, behaviour, Match(), path=f"/delay?ms={2 * limit_ms + 100:g}")
    quick = _request(world, behaviour, Match())
    return await prove_statuses(
        {"quick": quick, "slow": slow},
        {"quick": 200, "slow": 504},
        kind=behaviour.kind.value,
        name=behaviour.name,
        samples=min(samples, 20),
    )


async def _mtls(world: World, behaviour: Behaviour, params: Mtls, samples: int) -> Proof:
    """Plain text at the sidecar's own port is refused (0) or answered; the mesh is answered."""
    instance = first_instance(world, behaviour.target.service)
    plain = Ask(instance.host, instance.inbound_port, behaviour.target.service, _UNFLAWED)
    return await prove_statuses(
        {"by the mesh": _request(world, behaviour, Match()), "plain text": plain},
        {"by the mesh": 200, "plain text": 0 if params.mode == "strict" else 200},
        kind=behaviour.kind.value,
        name=behaviour.name,
        samples=min(samples, 100),
    )


async def _access(world: World, behaviour: Behaviour, params: Access, samples: int) -> Proof:
    """Every service asks; those the rule speaks of are let in or refused, the others not."""
    target = behaviour.target.service
    others = [each for each in world.behaviours if each.kind is Kind.ACCESS and each != behaviour]
    if params.to or params.claims or params.action == "audit" or others:
        raise _no_proof(behaviour, "only one rule by callers alone, allow or deny, can be proven")
    requests, expected = {}, {}
    for service in world.services:
        if service.name == target or not world.instances_of(service.name):
            continue
        speaks_of = _speaks_of(world, behaviour, params, service.name)
        way = way_to(world, target, source=service.name)
        requests[service.name] = Ask(way.host, way.port, target, _UNFLAWED)
        expected[service.name] = 200 if speaks_of is (params.action == "allow") else 403
    return await prove_statuses(
        requests,
        expected,
        kind=behaviour.kind.value,
        name=behaviour.name,
        samples=min(samples, 100),
    )


async def _route(world: World, behaviour: Behaviour, params: Route, samples: int) -> Proof:
    matching = {"matching": _request(world, behaviour, params.match)}
    count = min(samples, 100)
    kind, name = behaviour.kind.value, behaviour.name
    if params.redirect is not None:
        wanted = {"matching": int(params.redirect.status)}
        return await prove_statuses(matching, wanted, kind=kind, name=name, samples=count)
    if len(params.backends) != 1 or params.backends[0].subset is None:
        raise _no_proof(behaviour, "only redirects and routes to one version can be proven")
    version = {"matching": params.backends[0].subset}
    return await prove_served_by(matching, version, kind=kind, name=name, samples=count)


_PROOFS: dict[Kind, Callable[[World, Behaviour, Any, int], Awaitable[Proof]]] = {
    Kind.SPLIT: _split,
    Kind.FAULT: _fault,
    Kind.RETRY: _retry,
    Kind.TIMEOUT: _timeout,
    Kind.MTLS: _mtls,
    Kind.ACCESS: _access,
    Kind.ROUTE: _route,
}


def _request(world: World, behaviour: Behaviour, match: Match, *, path: str = _UNFLAWED) -> Ask:
    """A request for the target that matches, from its source or a caller of it."""
    target = behaviour.target.service
    way = way_to(world, target, source=behaviour.source or "")
    if match.path is not None:
        if match.path.regex is not None:
            raise _no_proof(behaviour, "it matches paths by a regular expression")
        path = match.path.exact or match.path.prefix or path
    query = "&".join(f"{each.name}={_value(behaviour, each)}" for each in match.query)
    return Ask(
        way.host,
        way.port,
        target,
        f"{path}?{query}" if query else path,
        match.method or "GET",
        tuple((each.name, _value(behaviour, each)) for each in match.headers),
    )


def _value(behaviour: Behaviour, match: Any) -> str:
    """A value of a header or query parameter that matches."""
    if match.invert or match.regex is not None or match.present is False:
        raise _no_proof(behaviour, f"no value of {match.name} is sure to match")
    return match.exact or match.prefix or match.suffix or match.contains or "any"


def _word(behaviour: Behaviour, backend: Backend) -> str:
    """A backend in a word: its version, with its service where that is another one."""
    service = backend.service or behaviour.target.service
    if service == behaviour.target.service:
        return backend.subset or service
    return f"{service}/{backend.subset}" if backend.subset else service


def _speaks_of(world: World, behaviour: Behaviour, params: Access, service: str) -> bool:
    """Whether an access rule speaks of a calling service."""
    if behaviour.source not in {None, service}:
        return False
    identity = world.identity(world.service(service).account)

    def is_meant(caller: Caller) -> bool:
        if caller.cidr is not None:
            raise _no_proof(behaviour, "every caller's address is 127.0.0.1 here")
        in_namespace = caller.namespace in {None, world.space}
        return in_namespace and caller.identity in {None, "*", service, identity}

    return not params.from_ or any(is_meant(caller) for caller in params.from_)


def _demand_perfect(world: World, behaviour: Behaviour) -> None:
    service = world.service(behaviour.target.service)
    if is_gateway(world, service.name) or any(each.error_rate for each in service.versions):
        raise _no_proof(behaviour, "the service fails by itself already")


def _no_proof(behaviour: Behaviour, why: str) -> UnsupportedError:
    return UnsupportedError(
        f"{behaviour.name} cannot be proven by requests",
        cause=why,
        remedy="send some yourself: mesheryctl sandbox request",
        code="meshery.sandbox.no_proof",
    )


def proof_document(proof: Proof) -> dict[str, Any]:
    """A proof as plain data."""
    document: dict[str, Any] = msgspec.to_builtins(proof)
    return document
