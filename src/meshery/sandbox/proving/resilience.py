"""Proofs of what keeps callers well: retry, timeout, limits, ejection, trip."""

import asyncio

from meshery.behaviours.model import Behaviour
from meshery.behaviours.resilience import Ejection, Limits, Retry, Timeout, Trip
from meshery.sandbox.model import World
from meshery.sandbox.probe import Ask, sample
from meshery.sandbox.proof import Proof, prove_always, prove_shares, status_of
from meshery.sandbox.proving.requests import (
    INTERFERING,
    demand_alone,
    demand_perfect,
    no_proof,
    request_for,
)

_FAIL_PERCENT = 50.0
_LONGEST_TIMEOUT_MS = 2_000.0
_MOST_AT_ONCE = 200
_MORE_AT_ONCE = 20
_HELD_MS = 1_000
_OVERFLOW = "x-envoy-overloaded"
_RATIO_ERRORS = 5
_RATIO_S = 2.2
"""Ratios are taken each second: this holds one whole second, whenever it begins."""
_SHORTEST_MS = 1_000.0
_MOST_FAILURES = 20_000
_EJECTING_S = 3.0
_SPREADING_S = 0.1
"""An ejection is decided on Envoy's main thread and told to its workers."""


async def retry(world: World, behaviour: Behaviour, params: Retry, samples: int) -> Proof:
    """Of requests that fail by half, those fail in the end whose every try failed."""
    if "5xx" not in params.on or params.idempotent_only:
        raise no_proof(behaviour, "it does not retry every answer of status 500")
    demand_perfect(world, behaviour, behaviour.target.service)
    failed = 100 * (_FAIL_PERCENT / 100) ** (params.attempts + 1)
    return await prove_shares(
        request_for(world, behaviour, path=f"/fail?rate={_FAIL_PERCENT:g}"),
        {"answered": 100 - failed, "failed": failed},
        lambda answer: "answered" if answer.status == 200 else "failed",
        kind=behaviour.kind.value,
        name=behaviour.name,
        samples=samples,
        connections=32,
    )


async def timeout(world: World, behaviour: Behaviour, params: Timeout, samples: int) -> Proof:
    """A slow answer is cut off, a quick one is not."""
    limit_ms = params.request_ms
    if not limit_ms or limit_ms > _LONGEST_TIMEOUT_MS:
        raise no_proof(behaviour, "it sets no time of up to 2 s for the whole request")
    slow = request_for(world, behaviour, path=f"/delay?ms={2 * limit_ms + 100:g}")
    return await prove_always(
        {"quick": request_for(world, behaviour), "slow": slow},
        {"quick": 200, "slow": 504},
        status_of,
        kind=behaviour.kind.value,
        name=behaviour.name,
        samples=min(samples, 20),
    )


async def limits(world: World, behaviour: Behaviour, params: Limits, samples: int) -> Proof:
    """Of more requests at once than are allowed, exactly those above are refused."""
    del samples  # one round of requests at once tells it
    most = params.max_requests
    if most is None or most > _MOST_AT_ONCE:
        raise no_proof(behaviour, f"only maxRequests of up to {_MOST_AT_ONCE} is counted")
    if behaviour.target.subset is not None or params.scope == "subset":
        raise no_proof(behaviour, "it concerns one version, whose share of requests is not known")
    demand_perfect(world, behaviour, behaviour.target.service)
    demand_alone(world, behaviour, INTERFERING)
    at_once = most + max(most, _MORE_AT_ONCE)
    request = request_for(world, behaviour, path=f"/delay?ms={_HELD_MS}")
    answers = await sample(request, samples=at_once, connections=at_once)
    answered = sum(answer.status == 200 for answer in answers)
    refused = sum(answer.status == 503 and _OVERFLOW in answer.headers for answer in answers)
    return Proof(
        kind=behaviour.kind.value,
        name=behaviour.name,
        expected={"answered": most, "refused": at_once - most},
        observed={"answered": answered, "refused": refused},
        samples=at_once,
        passed=(answered, refused) == (most, at_once - most),
    )


async def ejection(world: World, behaviour: Behaviour, params: Ejection, samples: int) -> Proof:
    """Instances that fail in a row get no more requests, as many of them as may be ejected."""
    del samples  # it takes as many as make every instance fail
    count = len(world.instances_of(behaviour.target.service, behaviour.target.subset))
    out = int(params.max_percent * count // 100)
    if not out:
        raise no_proof(behaviour, f"maxPercent of {count} is less than one, so none is ejected")
    if 100 * (count - out) < params.min_healthy_percent * count:
        raise no_proof(behaviour, "so few would be left that minHealthyPercent lets all serve")
    errors = params.consecutive_errors
    return await _prove_kept_out(
        world, behaviour, out=out, errors=errors, for_ms=params.base_ejection_ms
    )


async def trip(world: World, behaviour: Behaviour, params: Trip, samples: int) -> Proof:
    """Once requests fail, no instance gets any: the breaker is open."""
    del samples
    return await _prove_kept_out(
        world,
        behaviour,
        out=len(world.instances_of(behaviour.target.service, behaviour.target.subset)),
        errors=params.count or _RATIO_ERRORS,
        for_ms=params.open_for_ms,
        failing_s=0.0 if params.count else _RATIO_S,
    )


async def _prove_kept_out(
    world: World,
    behaviour: Behaviour,
    *,
    out: int,
    errors: int,
    for_ms: float,
    failing_s: float = 0.0,
) -> Proof:
    """Every instance fails `errors` times in a row; then `out` of those aimed at serve no more.

    With `failing_s` all requests of so many seconds fail.
    """
    if not out:
        raise no_proof(behaviour, "it has no instance that could be kept out")
    service = behaviour.target.service
    aimed = {each.name for each in world.instances_of(service, behaviour.target.subset)}
    every = len(world.instances_of(service))
    failures = max(100, 10 * errors * every)
    if failures > _MOST_FAILURES or for_ms < _SHORTEST_MS + 1000 * failing_s:
        raise no_proof(behaviour, "it takes too many errors, or is over too soon, to be counted")
    demand_alone(world, behaviour, INTERFERING)
    look = _Look(request_for(world, behaviour), max(100, 20 * every), aimed)
    fail = _Look(request_for(world, behaviour, path="/fail?rate=100&code=503"), failures, aimed)
    met, serving = await look.servers(), aimed
    loop = asyncio.get_running_loop()
    deadline = loop.time() + failing_s + _EJECTING_S
    while len(serving) != len(aimed) - out and loop.time() < deadline:
        until = loop.time() + failing_s
        met |= await fail.servers()
        while loop.time() < until:
            met |= await fail.servers()
        await asyncio.sleep(_SPREADING_S)
        serving = await look.servers()
    if met < aimed:
        silent = ", ".join(sorted(aimed - met))
        raise no_proof(behaviour, f"{silent} answered nothing, kept out already perhaps")
    return Proof(
        kind=behaviour.kind.value,
        name=behaviour.name,
        expected={"kept out": out, "serving": len(aimed) - out},
        observed={"kept out": len(aimed - serving), "serving": len(serving)},
        samples=look.sent + fail.sent,
        passed=len(aimed - serving) == out,
        notes=(f"what was kept out by it stays so for {for_ms / 1000:g} s or more",),
    )


class _Look:
    """Sends a request many times, to see which of some instances answer it themselves."""

    def __init__(self, request: Ask, samples: int, of: set[str]) -> None:
        self._request = request
        self._samples = samples
        self._of = of
        self.sent = 0

    async def servers(self) -> set[str]:
        """Those that answered this time."""
        self.sent += self._samples
        answers = await sample(self._request, samples=self._samples, connections=4)
        return {answer.headers.get("x-served-by", "") for answer in answers} & self._of
