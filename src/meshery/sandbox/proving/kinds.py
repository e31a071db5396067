"""The proof of each kind of behaviour.

Requests go out by the sidecar of a service that may call the target, as its callers' do, and match
what the behaviour matches. UnsupportedError says why a behaviour cannot be proven so.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from meshery.behaviours.model import Behaviour, Fidelity, Kind
from meshery.sandbox.model import World
from meshery.sandbox.proof import Proof
from meshery.sandbox.proving import edge, pressure, resilience, security, traffic
from meshery.sandbox.proving.requests import no_proof
from meshery.sandbox.render.fidelity import judge

_PROOFS: dict[Kind, Callable[[World, Behaviour, Any, int], Awaitable[Proof]]] = {
    Kind.RETRY: resilience.retry,
    Kind.TIMEOUT: resilience.timeout,
    Kind.LIMITS: resilience.limits,
    Kind.EJECTION: resilience.ejection,
    Kind.TRIP: resilience.trip,
    Kind.SPLIT: traffic.split,
    Kind.MIRROR: traffic.mirror,
    Kind.ROUTE: traffic.route,
    Kind.FAULT: pressure.fault,
    Kind.RATELIMIT: pressure.ratelimit,
    Kind.MTLS: security.mtls,
    Kind.ACCESS: security.access,
    Kind.EGRESS: edge.egress,
    Kind.INGRESS: edge.ingress,
}


async def prove(world: World, behaviour: Behaviour, *, samples: int) -> Proof:
    """Send requests and judge the answers. UnsupportedError when that can prove nothing.

    Where chance decides at least 1,000 requests are sent, also when `samples` are fewer; where it
    does not, as many as are needed.
    """
    fidelity, notes = judge(world, behaviour)
    if fidelity is Fidelity.UNSUPPORTED:
        raise no_proof(behaviour, f"it is not in effect: {'; '.join(notes)}")
    if behaviour.target.service == "*":
        raise no_proof(behaviour, "it aims at every service; name one")
    return await _PROOFS[behaviour.kind](world, behaviour, behaviour.params, samples)
