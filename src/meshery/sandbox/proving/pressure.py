"""Proofs of pressure and of shields against it: fault, ratelimit."""

import asyncio
import math
import uuid
from collections.abc import Sequence

import msgspec

from meshery.behaviours.model import Behaviour
from meshery.behaviours.pressure import FaultInjection, RateLimit
from meshery.sandbox.model import Instance, World
from meshery.sandbox.probe import Answer, Ask, sample
from meshery.sandbox.proof import MIN_SAMPLES, Proof, one_or_counts, prove_fault
from meshery.sandbox.proving.requests import (
    INTERFERING,
    UNFLAWED,
    answered_by,
    demand_alone,
    no_proof,
    request_for,
)

_PERIODS_S = {"second": 1, "minute": 60, "hour": 3600}
_LONGEST_REFILL_S = 10.0
_MOST_SAMPLES = 20_000


async def fault(world: World, behaviour: Behaviour, params: FaultInjection, samples: int) -> Proof:
    """Shares of the requests are delayed or aborted."""
    if behaviour.target.subset is not None:
        raise no_proof(behaviour, "it concerns one version, whose share of requests is not known")
    if params.bandwidth is not None or (params.abort and params.abort.grpc_status is not None):
        raise no_proof(behaviour, "only delays and aborts with an HTTP status are counted")
    return await prove_fault(
        request_for(world, behaviour, params.match),
        name=behaviour.name,
        delay_ms=params.delay.duration_ms if params.delay else 0.0,
        delay_percent=params.delay.percent if params.delay else 0.0,
        abort_status=(params.abort.status or 0) if params.abort else 0,
        abort_percent=params.abort.percent if params.abort else 0.0,
        samples=samples,
    )


async def ratelimit(world: World, behaviour: Behaviour, params: RateLimit, samples: int) -> Proof:
    """Of many more requests than are allowed, so many are answered and all others refused.

    Every instance counts for itself; a limit over all of them is shared out evenly. What comes anew
    while the requests are sent is allowed too.
    """
    demand_alone(world, behaviour, INTERFERING)
    target = behaviour.target
    limited = world.instances_of(target.service, target.subset)
    if not limited:
        raise no_proof(behaviour, f"{target.service} has no instance that could count")
    sharing = len(limited) if params.scope == "global" else 1
    each = max(1, (params.requests + params.burst) // sharing)
    # Far more than each allows, since their turns need not be even.
    total = max(MIN_SAMPLES, samples, 4 * each * len(world.instances_of(target.service)))
    if total > _MOST_SAMPLES:
        raise no_proof(behaviour, f"it allows so much that more than {_MOST_SAMPLES} were needed")
    request, is_full = await _fresh_request(world, behaviour, params)
    loop = asyncio.get_running_loop()
    began = loop.time()
    answers = await sample(request, samples=total)
    per_s = params.requests / _PERIODS_S[params.per] * len(limited) / sharing
    fresh = math.floor(per_s * (loop.time() - began))
    allowed = each * len(limited)
    answered, refusals = _told(world, answers, limited)
    if not refusals and answered <= allowed + fresh:
        raise no_proof(behaviour, "requests cannot be sent here as fast as it allows them")
    return Proof(
        kind=behaviour.kind.value,
        name=behaviour.name,
        expected={"answered": allowed, "refused with": params.status},
        observed={"answered": answered, "refused with": one_or_counts(refusals)},
        samples=total,
        passed=set(refusals) == {params.status} and allowed <= answered <= allowed + fresh,
        accepted={"answered": (allowed, allowed + fresh)},
        notes=() if is_full else (f"requests of the same {params.per} before it count too",),
    )


def _told(
    world: World, answers: Sequence[Answer], limited: Sequence[Instance]
) -> tuple[int, list[int]]:
    """How many answers limited applications gave, and the statuses that sidecars gave instead.

    Behind a limited gateway every application is limited.
    """
    by = [answered_by(world, answer) for answer in answers]
    is_edge = any(instance.role == "gateway" for instance in limited)
    answered = sum(each is not None and (is_edge or each in limited) for each in by)
    refusals = [answer.status for answer, each in zip(answers, by, strict=True) if each is None]
    return answered, refusals


async def _fresh_request(world: World, behaviour: Behaviour, params: RateLimit) -> tuple[Ask, bool]:
    """A request whose allowance is whole, and whether it surely is.

    A value that nobody sent before has an allowance of its own; else a short one is waited for.
    """
    value = uuid.uuid4().hex
    path = f"{UNFLAWED}?proof={value}" if "path" in params.key_by else UNFLAWED
    request = request_for(world, behaviour, path=path)
    names = [key.removeprefix("header:") for key in params.key_by if key.startswith("header:")]
    request = msgspec.structs.replace(request, headers=tuple((name, value) for name in names))
    if names or "path" in params.key_by:
        return request, True
    refill_s = (params.requests + params.burst) * _PERIODS_S[params.per] / params.requests
    if refill_s > _LONGEST_REFILL_S:
        return request, False
    await asyncio.sleep(refill_s)
    return request, True
