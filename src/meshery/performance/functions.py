"""What each function of the mesh costs: twin sidecar pairs, one plain, one with it, in one run.

Both pairs stand in front of the same application and get equal rates in rounds of random order;
half-way they change places, so that the function moves to the other processes. Their difference is
then the function's: of latency, and of the proxies' processor time per request. The plain twin of
mutual TLS speaks plaintext; every other twin speaks mutual TLS on both sides.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace

import msgspec

from meshery.performance.attempts import less_would_help
from meshery.performance.bench import Bench
from meshery.performance.blocks import delta_intervals, ratio_delta_interval
from meshery.performance.cost import ProxyMeter
from meshery.performance.crossover import crossed, half_of
from meshery.performance.measure import Measured, environment_of, histograms_of, measure
from meshery.performance.model import FunctionsRequest, Validity
from meshery.performance.native.plan import ArmPlan, EndpointPlan, Plan
from meshery.performance.result import FunctionCost, Interval, Result
from meshery.performance.store import Histograms
from meshery.performance.summary import injector_account
from meshery.performance.validity import worst_of
from meshery.performance.words import functions_sentence

PLAIN, WITH = "plain", "with"
TITLES = {
    "mtls": "mutual TLS",
    "access": "access rule",
    "route": "header route",
    "retries": "retries",
    "ratelimit": "rate limit",
}


@dataclass(frozen=True)
class Way:
    """The way through one pair, and its proxies (name to pid)."""

    endpoint: EndpointPlan
    proxies: Mapping[str, int]


@dataclass(frozen=True)
class Twins:
    """A plain pair and one with a function, in front of one application.

    `swap` makes the plain one the other; it is done when their proxies have acknowledged it.
    """

    plain: Way
    with_function: Way
    swap: Callable[[], Awaitable[None]]
    notes: tuple[str, ...] = ()

    @property
    def swapped(self) -> "Twins":
        """The same pairs after `swap`."""
        return replace(self, plain=self.with_function, with_function=self.plain)


OpenTwins = Callable[[str], AbstractAsyncContextManager[Twins]]


@dataclass(frozen=True)
class _Row:
    cost: FunctionCost
    measured: Measured


async def run_functions(
    request: FunctionsRequest,
    open_twins: OpenTwins,
    *,
    bench: Bench,
    facts: Mapping[str, str | dict[str, str]],
) -> tuple[Result, Histograms]:
    """Measure one function after the other. Raises what `measure` does."""
    rows: list[_Row] = []
    rate_rps = request.rate_rps
    for name in request.functions:
        async with open_twins(name) as twins:
            row, rate_rps = await _measure(name, twins, request, rate_rps=rate_rps, bench=bench)
        rows.append(row)
    return await asyncio.to_thread(_account, request, rows, bench, facts)


async def _measure(
    name: str, twins: Twins, request: FunctionsRequest, *, rate_rps: float, bench: Bench
) -> tuple[_Row, float]:
    """One row; when this host cannot keep up, once more at half the rate, kept for later rows."""
    measured = await _crossover(name, twins, request, rate_rps=rate_rps, bench=bench)
    verdict = measured.verdict
    if verdict.validity is Validity.INVALID and less_would_help(verdict):
        rate_rps /= 2
        again = twins.swapped
        measured = await _crossover(name, again, request, rate_rps=rate_rps, bench=bench)
    cost = await asyncio.to_thread(function_cost, name, measured, notes=twins.notes)
    return _Row(cost, measured), rate_rps


async def _crossover(
    name: str, twins: Twins, request: FunctionsRequest, *, rate_rps: float, bench: Bench
) -> Measured:
    """Both halves; the pairs have changed places when this returns."""
    first = await _half(0, name, twins, request, rate_rps=rate_rps, bench=bench)
    await twins.swap()
    second = await _half(1, name, twins.swapped, request, rate_rps=rate_rps, bench=bench)
    return await asyncio.to_thread(crossed, first, second)


async def _half(
    number: int,
    name: str,
    twins: Twins,
    request: FunctionsRequest,
    *,
    rate_rps: float,
    bench: Bench,
) -> Measured:
    whole = Plan(
        arms=(
            ArmPlan(name=PLAIN, endpoints=(twins.plain.endpoint,)),
            ArmPlan(name=WITH, endpoints=(twins.with_function.endpoint,)),
        ),
        rate_rps=rate_rps,
        duration_s=request.duration_s,
        warmup_s=request.warmup_s,
        seed=request.seed,
        connections=request.connections,
        scheduling="fifo",
    )
    plan = half_of(whole, number)
    meters = {
        PLAIN: ProxyMeter(twins.plain.proxies),
        WITH: ProxyMeter(twins.with_function.proxies),
    }
    listener = bench.listener(
        plan,
        phase="functions",
        label=name,
        after_s=number * plan.duration_s,
        of_s=whole.duration_s,
    )
    return await measure(bench.generator, plan, meters=meters, on_second=listener)


def function_cost(name: str, measured: Measured, *, notes: tuple[str, ...] = ()) -> FunctionCost:
    """One row of the table, from a measurement of the arms `plain` and `with`."""
    table = measured.table()
    deltas = delta_intervals(table, base=PLAIN, other=WITH, seed=measured.seed)
    median = deltas.get("p50", Interval(0.0, 0.0, 0.0))
    arms = measured.arms(table)
    return FunctionCost(
        name=name,
        title=TITLES.get(name, name),
        delta_us=deltas,
        cpu_us_per_request=_cpu_delta(measured),
        distinguishable=not median.holds_zero,
        validity=measured.verdict.validity,
        reasons=measured.verdict.reasons,
        rate_rps=measured.recording.plan.rate_rps,
        requests=sum(arm.requests for arm in arms.values()),
        arms=arms,
        notes=notes,
    )


def _cpu_delta(measured: Measured) -> Interval:
    pairs = [(measured.proxies[arm].cpu_us, measured.answered_blocks(arm)) for arm in (WITH, PLAIN)]
    return ratio_delta_interval(*pairs, seed=measured.seed)


def _account(
    request: FunctionsRequest,
    rows: list[_Row],
    bench: Bench,
    facts: Mapping[str, str | dict[str, str]],
) -> tuple[Result, Histograms]:
    costs = tuple(row.cost for row in rows)
    first = rows[0].measured
    reasons = (f"{cost.title}: {reason}" for cost in costs for reason in cost.reasons)
    result = Result(
        id=bench.result_id,
        name=request.name or f"{request.sandbox}: functions of the mesh",
        kind="functions",
        operation_id=bench.operation_id,
        started_at=first.started_at,
        duration_s=request.duration_s,
        warmup_s=request.warmup_s,
        rate_rps=min(cost.rate_rps for cost in costs),
        path=f"{request.source}->{request.destination}",
        hops=1,
        sentence=functions_sentence(costs),
        validity=worst_of(cost.validity for cost in costs),
        reasons=tuple(reasons),
        functions=costs,
        injector=injector_account(first.recording),
        request=msgspec.to_builtins(request),
        environment=environment_of(bench.host, first, **facts),
    )
    return result, _histograms(rows)


def _histograms(rows: list[_Row]) -> Histograms:
    """Arms are named FUNCTION/plain and FUNCTION/with."""
    encoded, blocks = {}, {}
    for row in rows:
        one = histograms_of(row.measured.recording)
        for (arm, measure_name), blob in one.encoded.items():
            encoded[f"{row.cost.name}/{arm}", measure_name] = blob
        for arm, counts in one.blocks.items():
            blocks[f"{row.cost.name}/{arm}"] = counts
    return Histograms(encoded=encoded, blocks=blocks)
