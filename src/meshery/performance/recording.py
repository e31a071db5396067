"""One run of a load generator, listened to until its final account.

Samples of one number are added up, since an answer may come long after its slot. A generator that
ends before its final account, or was stopped by somebody else before the end of its plan, raises
GeneratorLostError: nothing of such a run is a result.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TypeVar

from meshery.performance.generator import GeneratorLostError, LoadGenerator
from meshery.performance.histogram import add_into
from meshery.performance.native.plan import Plan
from meshery.performance.sample import (
    ArmCounts,
    Block,
    Cell,
    Counters,
    Final,
    Sample,
    Second,
    SparseCounts,
    Started,
)

Key = TypeVar("Key", str, int)
SecondListener = Callable[[Second], Awaitable[None]]


@dataclass(frozen=True)
class Recording:
    """All that a run said. `blocks`: per arm, one sparse count per block; `seconds`: in order."""

    plan: Plan
    started: Started
    blocks: dict[str, list[SparseCounts]]
    seconds: list[Second]
    final: Final


@dataclass
class _Gathered:
    started: Started | None = None
    final: Final | None = None
    blocks: dict[int, dict[str, SparseCounts]] = field(default_factory=dict)
    seconds: dict[int, dict[str, ArmCounts]] = field(default_factory=dict)


async def record(
    generator: LoadGenerator, plan: Plan, *, on_second: SecondListener | None = None
) -> Recording:
    """Run the plan to its end. `on_second` hears each second once, as it comes.

    InvalidInputError, GeneratorFailedError and GeneratorLostError are the generator's own.
    """
    gathered = _Gathered()
    async with aclosing(generator.run(plan)) as samples:
        await _gather(samples, gathered, on_second)
    if gathered.started is None or gathered.final is None:
        raise GeneratorLostError(
            "the load generator ended before its final account",
            cause="its stream of samples stopped",
            remedy="run it again; its log says more",
        )
    if gathered.final.ended == "cancelled":
        raise GeneratorLostError(
            "the load generator was stopped before the end of its plan",
            cause="it was told to end, as the processes of a server are that goes down",
            remedy="run it again",
        )
    return Recording(
        plan=plan,
        started=gathered.started,
        blocks=_blocks(plan, gathered.blocks),
        seconds=[Second(second=n, arms=arms) for n, arms in sorted(gathered.seconds.items())],
        final=gathered.final,
    )


async def _gather(
    samples: AsyncIterator[Sample], into: _Gathered, on_second: SecondListener | None
) -> None:
    async for sample in samples:
        if isinstance(sample, Second):
            is_new = sample.second not in into.seconds
            _add_second(into.seconds.setdefault(sample.second, {}), sample)
            if is_new and on_second is not None:
                await on_second(sample)
        elif isinstance(sample, Block):
            arms = into.blocks.setdefault(sample.block, {})
            for name, counts in sample.corrected.items():
                add_into(arms.setdefault(name, {}), counts)
        elif isinstance(sample, Started):
            into.started = sample
        else:
            into.final = sample


def _blocks(plan: Plan, found: dict[int, dict[str, SparseCounts]]) -> dict[str, list[SparseCounts]]:
    """Whole blocks only: the last one of a length that 0.5 s does not divide is left out."""
    count = int(plan.length_s / plan.block_s + 1e-9) or 1
    return {
        arm.name: [dict(found.get(number, {}).get(arm.name, {})) for number in range(count)]
        for arm in plan.arms
    }


def _add_second(arms: dict[str, ArmCounts], sample: Second) -> None:
    for name, counts in sample.arms.items():
        arms[name] = added(arms[name], counts) if name in arms else counts


def added(one: ArmCounts, two: ArmCounts) -> ArmCounts:
    """The sum of two accounts of an arm."""
    cells: dict[tuple[str, int], Cell] = {}
    for cell in (*one.cells, *two.cells):
        key = (cell.endpoint, cell.status)
        earlier = cells.get(key)
        cells[key] = cell if earlier is None else _added_cell(earlier, cell)
    return ArmCounts(
        counters=added_counters(one.counters, two.counters),
        cells=tuple(cells.values()),
        connect=_sum(one.connect, two.connect),
        own_delay=_sum(one.own_delay, two.own_delay),
        wait=_sum(one.wait, two.wait),
        failures=_sum(one.failures, two.failures),
    )


def _added_cell(one: Cell, two: Cell) -> Cell:
    return Cell(
        endpoint=one.endpoint,
        status=one.status,
        corrected=_sum(one.corrected, two.corrected),
        service=_sum(one.service, two.service),
    )


def added_counters(one: Counters, two: Counters) -> Counters:
    """The sum of what became of the requests of two accounts."""
    names = Counters.__struct_fields__
    return Counters(**{name: getattr(one, name) + getattr(two, name) for name in names})


def _sum(one: dict[Key, int], two: dict[Key, int]) -> dict[Key, int]:
    total = dict(one)
    for key, count in two.items():
        total[key] = total.get(key, 0) + count
    return total
