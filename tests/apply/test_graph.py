"""The order of steps, by its properties: for any steps, in whatever order they are given."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshery.apply.graph import Graph, graph_of, in_order, inverted
from meshery.apply.tiers import Tier
from meshery.core.errors import InvalidInputError


@dataclass(frozen=True)
class Step:
    key: str
    tier: Tier
    needs: tuple[str, ...] = ()


@st.composite
def steps(draw: st.DrawFn) -> list[Step]:
    """Steps of any tier; each needs some of those that were drawn before it, and a stranger."""
    tiers = draw(st.lists(st.sampled_from(list(Tier)), max_size=12))
    found: list[Step] = []
    for number, tier in enumerate(tiers):
        earlier = [step.key for step in found]
        needs = draw(st.lists(st.sampled_from([*earlier, "stranger"]), max_size=3))
        found.append(Step(f"k{draw(st.integers(0, 3))}{number}", tier, tuple(needs)))
    return found


def all_before(graph: Graph, order: list[str]) -> Mapping[str, set[str]]:
    """All steps that come before each step, whatever lies between."""
    found: dict[str, set[str]] = {}
    for key in order:
        todo, seen = [*graph[key]], set()
        while todo:
            point = todo.pop()
            if point not in seen:
                seen.add(point)
                todo += graph[point]
        found[key] = {point for point in seen if isinstance(point, str)}
    return found


@settings(max_examples=60, deadline=None)
@given(steps(), st.randoms(use_true_random=False))
def test_every_step_once_and_after_what_it_needs(found: list[Step], random: Random) -> None:
    graph = graph_of(found)
    order = in_order(graph)
    assert sorted(order) == sorted(step.key for step in found)
    place = {key: position for position, key in enumerate(order)}
    for step in found:
        assert all(place[need] < place[step.key] for need in step.needs if need in place)
    shuffled = [*found]
    random.shuffle(shuffled)
    assert in_order(graph_of(shuffled)) == order


@settings(max_examples=60, deadline=None)
@given(steps())
def test_a_tier_comes_before_the_next_unless_people_say_otherwise(found: list[Step]) -> None:
    graph = graph_of(found)
    before = all_before(graph, in_order(graph))
    asked = {step.key: step for step in found}
    for low in found:
        for high in found:
            if low.tier < high.tier and low.key not in before[high.key]:
                # Then something of an earlier tier needs the higher one.
                needing = [key for key in before if high.key in _needed(asked, key)]
                assert min(asked[key].tier for key in needing) <= low.tier


def _needed(asked: Mapping[str, Step], key: str) -> set[str]:
    found: set[str] = set()
    todo = [key]
    while todo:
        for need in asked[todo.pop()].needs:
            if need in asked and need not in found:
                found.add(need)
                todo.append(need)
    return found


@settings(max_examples=60, deadline=None)
@given(steps())
def test_inverted_everything_comes_after_what_it_came_before(found: list[Step]) -> None:
    graph = graph_of(found)
    turned = inverted(graph)
    order = in_order(graph)
    forth, back = all_before(graph, order), all_before(turned, order)
    assert {(a, b) for a in forth for b in forth[a]} == {(b, a) for a in back for b in back[a]}
    assert inverted(turned) == graph


def test_a_circle_is_named_in_the_direction_of_need() -> None:
    found = [
        Step("c", Tier.GROUND, ("a",)),
        Step("a", Tier.GROUND, ("b",)),
        Step("b", Tier.GROUND, ("c",)),
        Step("x", Tier.GROUND, ("a",)),
    ]
    with pytest.raises(InvalidInputError) as caught:
        graph_of(found)
    assert caught.value.cause == "a -> b -> c -> a"


def test_what_people_say_wins_over_what_is_usual() -> None:
    found = [
        Step("certificate", Tier.CUSTOM),
        Step("plane", Tier.WORKLOAD, ("certificate",)),
        Step("webhook", Tier.ADMISSION),
        Step("policy", Tier.CUSTOM),
    ]
    assert in_order(graph_of(found)) == ["certificate", "plane", "webhook", "policy"]


def test_the_graph_grows_with_the_steps_and_not_with_their_square() -> None:
    graph = graph_of(Step(f"k{n}", Tier(n % 7)) for n in range(700))
    assert sum(len(before) for before in graph.values()) < 1500
