"""Proofs of what steers requests: split, mirror, route."""

import asyncio
import uuid
from collections.abc import Sequence

import msgspec

from meshery.behaviours.match import Match
from meshery.behaviours.model import Behaviour
from meshery.behaviours.traffic import Backend, Mirror, Route, Split
from meshery.core.errors import UnavailableError
from meshery.sandbox.app.ledger import KEPT
from meshery.sandbox.model import Instance, World
from meshery.sandbox.probe import Answer, Ask, ask, sample
from meshery.sandbox.proof import (
    MIN_SAMPLES,
    Proof,
    judge_shares,
    percent,
    prove_shares,
    prove_traits,
)
from meshery.sandbox.proving.changes import prove_changes, prove_redirect
from meshery.sandbox.proving.requests import (
    answered_by,
    demand_perfect,
    no_proof,
    request_for,
    server_of,
    word,
)

_BATCH = KEPT // 4
"""Marked requests at a time: the receivers keep the newest `KEPT` only, originals among them."""
_ROUND_S = 0.05
_QUIET_ROUNDS = 4


async def split(world: World, behaviour: Behaviour, params: Split, samples: int) -> Proof:
    """Answers come from the backends by their weights."""
    return await _by_weight(world, behaviour, params.match, params.backends, samples)


async def mirror(world: World, behaviour: Behaviour, params: Mirror, samples: int) -> Proof:
    """The applications that get the copies are asked, off the mesh, how many came.

    Requests carry a mark that no other request has. Originals that such an application answered
    itself are not counted as copies.
    """
    service = params.to.service or behaviour.target.service
    receivers = [each for each in world.instances_of(service, params.to.subset) if each.app_port]
    if not receivers:
        raise no_proof(behaviour, f"no application of {service} runs that could count copies")
    demand_perfect(world, behaviour, service)
    request = request_for(world, behaviour, path="/echo")
    total, copied, broken = max(samples, MIN_SAMPLES), 0, 0
    for start in range(0, total, _BATCH):
        mark = f"proof-{uuid.uuid4().hex}"
        marked = msgspec.structs.replace(request, headers=(("ServiceName", mark),))
        answers = await sample(marked, samples=min(_BATCH, total - start))
        originals = sum(answered_by(world, answer) in receivers for answer in answers)
        copied += await _received(world, receivers, mark) - originals
        broken += sum(answer.status == 0 for answer in answers)
    shares = {"copied": params.percent}
    accepted, within = judge_shares({"copied": copied}, shares, total)
    return Proof(
        kind=behaviour.kind.value,
        name=behaviour.name,
        expected=shares,
        observed={"copied": percent(copied, total)},
        samples=total,
        passed=within and not broken,
        accepted=accepted,
        notes=(f"{broken} connections broke",) if broken else (),
    )


async def route(world: World, behaviour: Behaviour, params: Route, samples: int) -> Proof:
    """Requests that match are redirected, or changed, or answered by the backends."""
    few = min(samples, 100)
    if params.redirect is not None:
        return await prove_redirect(world, behaviour, params, params.redirect, few)
    changes = params.rewrite is not None or params.header_ops != type(params.header_ops)()
    if changes:
        return await prove_changes(world, behaviour, params, few)
    if len(params.backends) > 1:
        return await _by_weight(world, behaviour, params.match, params.backends, samples)
    if not params.backends:
        raise no_proof(behaviour, "it changes nothing that could be seen")
    (backend,) = params.backends

    def traits(answer: Answer) -> dict[str, str]:
        return {"served by": server_of(world, behaviour, backend, answer)}

    return await prove_traits(
        request_for(world, behaviour, params.match),
        {"served by": word(behaviour, backend)},
        traits,
        kind=behaviour.kind.value,
        name=behaviour.name,
        samples=few,
    )


async def _by_weight(
    world: World, behaviour: Behaviour, match: Match, backends: Sequence[Backend], samples: int
) -> Proof:
    whole = sum(backend.weight for backend in backends)
    shares = {word(behaviour, backend): 100 * backend.weight / whole for backend in backends}

    def label(answer: Answer) -> str:
        instance = answered_by(world, answer)
        if instance is None:
            return f"status {answer.status}"
        one = word(behaviour, Backend(service=instance.service, subset=instance.version))
        return one if one in shares else instance.service

    return await prove_shares(
        request_for(world, behaviour, match),
        shares,
        label,
        kind=behaviour.kind.value,
        name=behaviour.name,
        samples=samples,
    )


async def _received(world: World, receivers: Sequence[Instance], mark: str) -> int:
    """How many marked requests came to applications, once no more of them come."""
    slowest_ms = max(version.latency_ms for version in world.service(receivers[0].service).versions)
    seen, quiet = -1, 0
    while quiet < _QUIET_ROUNDS:
        await asyncio.sleep(_ROUND_S + slowest_ms / 1000)
        now = sum([await _marked(each, mark) for each in receivers])
        quiet = quiet + 1 if now == seen else 0
        seen = now
    return seen


async def _marked(instance: Instance, mark: str) -> int:
    answer = await ask(Ask(instance.app_host, instance.app_port, instance.service, "/metrics"))
    if answer.status != 200:
        raise UnavailableError(
            f"{instance.name} does not tell what came to it",
            cause=f"its answer was {answer.status or 'none'}",
            remedy="see whether it runs: mesheryctl sandbox status",
        )
    received: list[str] = msgspec.json.decode(answer.body)["ReqReceived"]
    return received.count(mark)
