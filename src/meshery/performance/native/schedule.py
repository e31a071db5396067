"""When each request is due: absolute slots, counted from slot 0, whatever the answers do.

Slots come in rounds, one per arm, in an order drawn from the seed; within a round they are spread
evenly, so the union of all arms is one even stream. Every kind knows its number of rounds before
it starts: `poisson` is the Poisson process given its count (exponential gaps, conditioned on the
number of arrivals), so equal plans send equally many requests.
"""

from collections.abc import Callable, Iterator
from itertools import accumulate, pairwise, permutations
from math import sqrt
from random import Random

from meshery.performance.native.plan import Plan

Slot = tuple[int, int]
"""Nanoseconds after slot 0 (negative = warm-up) and the arm's number."""

_NS = 1_000_000_000
_MOST_ARMS_PERMUTED = 5
_ROUNDING = 1e-6


def rounds_of(plan: Plan) -> int:
    """Measured slots of each arm; a closed loop has none."""
    if plan.mode == "closed":
        return 0
    if plan.schedule == "ramp":
        return _whole((plan.rate_rps + plan.ramp_to_rps) / 2 * plan.duration_s)
    if plan.schedule == "steps":
        return _whole(sum(step.rate_rps * step.duration_s for step in plan.steps))
    return _whole(plan.rate_rps * plan.duration_s)


def warmup_rounds_of(plan: Plan) -> int:
    """Slots of each arm before slot 0."""
    return 0 if plan.mode == "closed" else int(_first_rate(plan) * plan.warmup_s + _ROUNDING)


def slots(plan: Plan) -> Iterator[Slot]:
    """All slots in order of time: those of the warm-up, then the measured ones."""
    dice = Random(plan.seed)  # noqa: S311  a schedule is no secret
    yield from _warmup(plan, dice)
    if plan.schedule == "poisson":
        yield from _poisson(plan, rounds_of(plan), plan.duration_s, dice)
    else:
        yield from _paced(plan, _pace(plan), rounds_of(plan), dice)


def _first_rate(plan: Plan) -> float:
    return plan.steps[0].rate_rps if plan.schedule == "steps" else plan.rate_rps


def _warmup(plan: Plan, dice: Random) -> Iterator[Slot]:
    rate = _first_rate(plan)
    rounds = warmup_rounds_of(plan)
    early = round(plan.warmup_s * _NS)
    if plan.schedule == "poisson":
        made = _poisson(plan, rounds, plan.warmup_s, dice)
    else:
        made = _paced(plan, lambda number: number / rate, rounds, dice)
    for offset_ns, arm in made:
        yield offset_ns - early, arm


def _paced(plan: Plan, pace: Callable[[int], float], rounds: int, dice: Random) -> Iterator[Slot]:
    arms = len(plan.arms)
    orders = _orders(arms, dice)
    for begin, end in pairwise(pace(number) * _NS for number in range(rounds + 1)):
        share = (end - begin) / arms
        for place, arm in enumerate(next(orders)):
            yield round(begin + place * share), arm


def _poisson(plan: Plan, rounds: int, length_s: float, dice: Random) -> Iterator[Slot]:
    orders = _orders(len(plan.arms), dice)
    left = rounds * len(plan.arms)
    at = 0.0
    for _ in range(rounds):
        for arm in next(orders):
            at += (length_s - at) * (1.0 - dice.random() ** (1.0 / left))
            left -= 1
            yield round(at * _NS), arm


def _pace(plan: Plan) -> Callable[[int], float]:
    if plan.schedule == "ramp":
        return _ramp(plan.rate_rps, plan.ramp_to_rps, plan.duration_s)
    if plan.schedule == "steps":
        return _stairs(plan)
    rate = plan.rate_rps
    return lambda number: number / rate


def _ramp(start: float, end: float, length_s: float) -> Callable[[int], float]:
    """The time at which start*t + (end-start)*t^2/(2*length) reaches a number."""
    bend = 2.0 * (end - start) / length_s
    return lambda number: 2.0 * number / (start + sqrt(max(0.0, start * start + bend * number)))


def _stairs(plan: Plan) -> Callable[[int], float]:
    begins = [0.0, *accumulate(step.duration_s for step in plan.steps)]
    counts = [0.0, *accumulate(step.rate_rps * step.duration_s for step in plan.steps)]
    last = len(plan.steps) - 1

    def at(number: int) -> float:
        place = next((i for i in range(last) if number < counts[i + 1]), last)
        return begins[place] + (number - counts[place]) / plan.steps[place].rate_rps

    return at


def _orders(arms: int, dice: Random) -> Iterator[tuple[int, ...]]:
    if arms <= _MOST_ARMS_PERMUTED:
        every = list(permutations(range(arms)))
        while True:
            yield dice.choice(every)
    while True:
        yield tuple(dice.sample(range(arms), arms))


def _whole(count: float) -> int:
    return max(1, int(count + _ROUNDING)) if count > 0 else 0
