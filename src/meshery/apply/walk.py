"""Goes through a graph of steps: each when all before it are done, several at once.

What comes after a step that failed is withheld and says for whom. Steps that may start at the same
time start in the order of their names.
"""

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Iterable, Mapping
from graphlib import TopologicalSorter

from meshery.apply.graph import Graph, Point
from meshery.apply.outcome import BAD, FINISHED, Outcome
from meshery.apply.tiers import Tier

Tell = Callable[[Outcome], Awaitable[None]]
"""Told of every change of an outcome, one after another; an error of it ends the whole run."""
Work = Callable[[str], Awaitable[Outcome]]
"""Does a step; a failure is an outcome, an error ends the whole run."""


async def to_nobody(_outcome: Outcome) -> None:
    """Tells nobody."""


def in_turn(tell: Tell) -> Tell:
    """The same, but never told of two outcomes at once: what is stored last is the latest."""
    lock = asyncio.Lock()

    async def told(outcome: Outcome) -> None:
        async with lock:
            await tell(outcome)

    return told


async def walk(
    graph: Graph,
    steps: Mapping[str, Outcome],
    work: Work,
    *,
    tell: Tell,
    concurrency: int,
) -> dict[str, Outcome]:
    """Do all steps that are not finished yet; the outcome of each.

    An error of `work` or `tell` cancels the steps that run, and is raised as it came.
    """
    walker = _Walker(graph, steps, work, tell=tell, concurrency=concurrency)
    try:
        async with asyncio.TaskGroup() as tasks:
            await walker.run(tasks)
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from group
    return walker.outcomes


class _Walker:
    def __init__(
        self,
        graph: Graph,
        steps: Mapping[str, Outcome],
        work: Work,
        *,
        tell: Tell,
        concurrency: int,
    ) -> None:
        self.outcomes = dict(steps)
        self._graph = graph
        self._work = work
        self._tell = tell
        self._concurrency = concurrency
        self._ended: asyncio.Queue[str] = asyncio.Queue()
        self._culprits: dict[Point, frozenset[str]] = {}

    async def run(self, tasks: asyncio.TaskGroup) -> None:
        sorter: TopologicalSorter[Point] = TopologicalSorter(self._graph)
        sorter.prepare()
        ready: list[str] = []
        running = 0
        while sorter.is_active():
            for point in sorter.get_ready():
                if await self._is_passed(point):
                    sorter.done(point)
                else:
                    heapq.heappush(ready, str(point))
            while ready and running < self._concurrency:
                key = heapq.heappop(ready)
                tasks.create_task(self._do(key), name=f"apply {key}")
                running += 1
            if running:
                sorter.done(await self._ended.get())
                running -= 1

    async def _is_passed(self, point: Point) -> bool:
        """Whether there is nothing to do at a point: a tier, something finished, or withheld."""
        culprits = self._before(self._graph[point])
        if isinstance(point, Tier):
            self._culprits[point] = culprits
            return True
        if self.outcomes[point].state in FINISHED:
            self._culprits[point] = frozenset()
            return True
        self._culprits[point] = culprits
        if culprits:
            await self._settle(withheld(self.outcomes[point], culprits))
        return bool(culprits)

    def _before(self, points: Iterable[Point]) -> frozenset[str]:
        """The steps whose failure holds up what comes after `points`."""
        return frozenset().union(*(self._culprits[each] for each in points))

    async def _do(self, key: str) -> None:
        outcome = await self._work(key)
        if outcome.state in BAD:
            self._culprits[key] = frozenset({key})
        await self._settle(outcome)
        self._ended.put_nowait(key)

    async def _settle(self, outcome: Outcome) -> None:
        self.outcomes[outcome.key] = outcome
        await self._tell(outcome)


def withheld(outcome: Outcome, culprits: Iterable[str]) -> Outcome:
    """The outcome of a step that was not tried, for these failed."""
    names = sorted(culprits)
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return Outcome(
        outcome.key,
        outcome.ref,
        "withheld",
        digest=outcome.digest,
        reason=f"not tried: {', '.join(names[:3])}{more} failed",
        code="meshery.apply.withheld",
        entry=outcome.entry,
    )
