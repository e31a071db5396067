"""The order of things that need each other: a graph of steps, and the same graph inverted.

What a step names in `needs` comes before it. Beyond that, every tier comes before the next one;
a step that one of an earlier tier needs is drawn into that tier, so that what people say of their
objects wins over what is usual. A tier stands in the graph as a point of its own between its steps
and those of the next: the graph grows with the steps, not with their square.
"""

import heapq
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Protocol

from meshery.apply.tiers import Tier
from meshery.core.errors import InvalidInputError

Point = str | Tier
Graph = dict[Point, set[Point]]
"""Each point with those that come before it."""


class Step(Protocol):
    """Something to be done after what it needs."""

    @property
    def key(self) -> str:
        """Its name among the steps."""
        ...

    @property
    def needs(self) -> tuple[str, ...]:
        """Keys of steps that come before it; those of no step are nothing to wait for."""
        ...

    @property
    def tier(self) -> Tier:
        """Where it stands by its kind."""
        ...


def graph_of(steps: Iterable[Step]) -> Graph:
    """The graph of steps. InvalidInputError names those that need each other in a circle."""
    by_key = {step.key: step for step in steps}
    needs = {
        key: {need for need in step.needs if need in by_key and need != key}
        for key, step in by_key.items()
    }
    tiers = _drawn_forward({key: step.tier for key, step in by_key.items()}, needs)
    graph: Graph = {key: set(found) for key, found in needs.items()}
    earlier: set[Point] = set()
    for tier in sorted(set(tiers.values())):
        members = {key for key, found in tiers.items() if found is tier}
        for key in members:
            graph[key] |= earlier
        graph[tier] = {*members, *earlier}
        earlier = {tier}
    return graph


def inverted(graph: Mapping[Point, Iterable[Point]]) -> Graph:
    """The graph in which what came last comes first."""
    turned: Graph = {point: set() for point in graph}
    for point, before in graph.items():
        for each in before:
            turned[each].add(point)
    return turned


def in_order(graph: Graph) -> list[str]:
    """The steps in an order that the graph allows: of those that may be next, the first by name."""
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    order: list[str] = []
    ready: list[str] = []
    while sorter.is_active():
        for point in sorter.get_ready():
            if isinstance(point, Tier):
                sorter.done(point)
            else:
                heapq.heappush(ready, point)
        if ready:
            key = heapq.heappop(ready)
            order.append(key)
            sorter.done(key)
    return order


def _drawn_forward(tiers: dict[str, Tier], needs: Mapping[str, set[str]]) -> dict[str, Tier]:
    """Each step's tier, or the earliest one of those that need it."""
    try:
        order = list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        raise _circle(error.args[1]) from error
    found = dict(tiers)
    for key in reversed(order):
        for need in needs[key]:
            found[need] = min(found[need], found[key])
    return found


def _circle(keys: list[str]) -> InvalidInputError:
    circle = keys[:0:-1]  # against the direction of need, and its first again as its last
    start = circle.index(min(circle))
    turned = [*circle[start:], *circle[: start + 1]]
    return InvalidInputError(
        "these objects need each other in a circle",
        cause=" -> ".join(turned),
        remedy="take one of these dependencies away; nothing was changed",
        code="meshery.apply.circle",
    )
