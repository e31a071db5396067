"""Proofs of trust: mtls, access."""

from meshery.behaviours.model import Behaviour, Kind
from meshery.behaviours.security import Access, Caller, Mtls
from meshery.sandbox.model import World
from meshery.sandbox.probe import Ask
from meshery.sandbox.proof import Proof, prove_always, status_of
from meshery.sandbox.proving.requests import UNFLAWED, no_proof, request_for
from meshery.sandbox.ways import first_instance, way_to


async def mtls(world: World, behaviour: Behaviour, params: Mtls, samples: int) -> Proof:
    """Plain text at the sidecar's own port is refused (0) or answered; the mesh is answered."""
    instance = first_instance(world, behaviour.target.service)
    plain = Ask(instance.host, instance.inbound_port, behaviour.target.service, UNFLAWED)
    return await prove_always(
        {"by the mesh": request_for(world, behaviour), "plain text": plain},
        {"by the mesh": 200, "plain text": 0 if params.mode == "strict" else 200},
        status_of,
        kind=behaviour.kind.value,
        name=behaviour.name,
        samples=min(samples, 100),
    )


async def access(world: World, behaviour: Behaviour, params: Access, samples: int) -> Proof:
    """Every service asks; those the rule speaks of are let in or refused, the others not."""
    target = behaviour.target.service
    others = [each for each in world.behaviours if each.kind is Kind.ACCESS and each != behaviour]
    if params.to or params.claims or params.action == "audit" or others:
        raise no_proof(behaviour, "only one rule by callers alone, allow or deny, can be proven")
    requests, expected = {}, {}
    for service in world.services:
        if service.name == target or not world.instances_of(service.name):
            continue
        speaks_of = _speaks_of(world, behaviour, params, service.name)
        way = way_to(world, target, source=service.name)
        requests[service.name] = Ask(way.host, way.port, target, UNFLAWED)
        expected[service.name] = 200 if speaks_of is (params.action == "allow") else 403
    if not requests:
        raise no_proof(behaviour, "no other service is there to ask")
    return await prove_always(
        requests,
        expected,
        status_of,
        kind=behaviour.kind.value,
        name=behaviour.name,
        samples=min(samples, 100),
    )


def _speaks_of(world: World, behaviour: Behaviour, params: Access, service: str) -> bool:
    """Whether an access rule speaks of a calling service."""
    if behaviour.source not in {None, service}:
        return False
    identity = world.identity(world.service(service).account)

    def is_meant(caller: Caller) -> bool:
        if caller.cidr is not None:
            raise no_proof(behaviour, "every caller's address is 127.0.0.1 here")
        in_namespace = caller.namespace in {None, world.space}
        return in_namespace and caller.identity in {None, "*", service, identity}

    return not params.from_ or any(is_meant(caller) for caller in params.from_)
