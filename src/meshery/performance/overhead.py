"""What one hop of the mesh costs: three arms in one run, their order drawn anew each round.

    off    injector -> application
    on     injector -> its own client sidecar -> mutual TLS -> server sidecar -> same application
    null   off once more: what it differs from off by is the instrument's own error

All arms get equal rates, so that each request is a round's neighbour of two others and the host's
moods strike them alike. Deltas are differences of percentiles with intervals by block bootstrap.
"""

import asyncio
from dataclasses import dataclass

import msgspec

from meshery.performance.attempts import AttemptKind, Settled, settle
from meshery.performance.bench import Bench
from meshery.performance.blocks import BlockTable, delta_intervals
from meshery.performance.cost import ProxyMeter, proxy_use
from meshery.performance.measure import Measured, environment_of, histograms_of, measure
from meshery.performance.model import OverheadRequest
from meshery.performance.native.plan import ArmPlan, EndpointPlan, Plan
from meshery.performance.result import Interval, Result
from meshery.performance.store import Histograms
from meshery.performance.summary import injector_account, series, slowest
from meshery.performance.words import overhead_sentence

OFF, ON, NULL = "off", "on", "null"
PILOT_S, PILOT_WARMUP_S = 1.5, 0.3


@dataclass(frozen=True)
class Hop:
    """The two ways to one application, and the proxies on the longer one (name to pid)."""

    off: EndpointPlan
    on: EndpointPlan
    proxies: dict[str, int]
    facts: dict[str, str | dict[str, str]]


async def run_overhead(
    request: OverheadRequest, hop: Hop, *, bench: Bench
) -> tuple[Result, Histograms]:
    """Measure a hop, at a lower rate where this host cannot keep up. Raises what `measure` does."""

    async def attempt(kind: AttemptKind, rate_rps: float) -> Measured:
        plan = overhead_plan(request, hop, kind=kind, rate_rps=rate_rps)
        meters = {ON: ProxyMeter(hop.proxies)}
        phase = "pilot" if kind == "pilot" else "measuring"
        return await measure(
            bench.generator, plan, meters=meters, on_second=bench.listener(plan, phase=phase)
        )

    settled = await settle(attempt, rate_rps=request.rate_rps, lower=request.lower_rate)
    result = await asyncio.to_thread(_account, request, hop, settled, bench)
    return result, await asyncio.to_thread(histograms_of, settled.measured.recording)


def overhead_plan(
    request: OverheadRequest, hop: Hop, *, kind: AttemptKind, rate_rps: float
) -> Plan:
    """Three arms at one rate; pilots are short."""
    is_pilot = kind == "pilot"
    return Plan(
        arms=(
            ArmPlan(name=OFF, endpoints=(hop.off,)),
            ArmPlan(name=ON, endpoints=(hop.on,)),
            ArmPlan(name=NULL, endpoints=(hop.off,)),
        ),
        rate_rps=rate_rps,
        duration_s=min(PILOT_S, request.duration_s) if is_pilot else request.duration_s,
        warmup_s=min(PILOT_WARMUP_S, request.warmup_s) if is_pilot else request.warmup_s,
        seed=request.seed,
        connections=request.connections,
        scheduling="fifo",
    )


def _account(
    request: OverheadRequest, hop: Hop, settled: Settled[Measured], bench: Bench
) -> Result:
    measured = settled.measured
    table = measured.table()
    deltas = _deltas(table, ON, seed=measured.seed)
    nulls = _deltas(table, NULL, seed=measured.seed)
    plan = measured.recording.plan
    return Result(
        id=bench.result_id,
        name=request.name or f"{request.sandbox}: {request.source} to {request.destination}",
        kind="overhead",
        operation_id=bench.operation_id,
        started_at=measured.started_at,
        duration_s=plan.length_s,
        warmup_s=plan.warmup_s,
        mode=plan.mode,
        schedule=plan.schedule,
        rate_rps=settled.rate_rps,
        path=f"{request.source}->{request.destination}",
        hops=1,
        sentence=overhead_sentence(settled.rate_rps, deltas, nulls, measured.verdict),
        validity=measured.verdict.validity,
        reasons=measured.verdict.reasons,
        checks=measured.verdict.checks,
        arms=measured.arms(table),
        delta_us=deltas,
        null_delta_us=nulls,
        proxy=proxy_use(
            measured.proxies[ON],
            measured.answered_blocks(ON),
            block_s=plan.block_s,
            seed=measured.seed,
        ),
        series=series(measured.recording),
        slowest=slowest(measured.recording),
        attempts=settled.attempts,
        injector=injector_account(measured.recording),
        request=msgspec.to_builtins(request),
        environment=environment_of(bench.host, measured, **hop.facts),
    )


def _deltas(table: BlockTable, arm: str, *, seed: int) -> dict[str, Interval]:
    return delta_intervals(table, base=OFF, other=arm, seed=seed)
