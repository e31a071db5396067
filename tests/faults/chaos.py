"""One round of chaos: a journey begins, something is killed meanwhile, and the truth is checked."""

import random
import time
from dataclasses import dataclass

from faults.house import ENDED, House, wait_for
from faults.journeys import (
    BASE,
    DEMO,
    LOAD,
    OVERHEAD,
    QUICK,
    Document,
    Journey,
    check_steps,
    settled,
)

VICTIMS = ("server", "worker", "supervisor", "nats", "proxy", "app", "injector")

_INJECTOR_S = 10.0
_BACK_S = 20.0
_DEMOS = 0.1


@dataclass(frozen=True)
class Round:
    """What is asked for, who is killed, and when: `delay_s` after the answer."""

    journey: Journey
    victim: str
    delay_s: float
    index: int = 0

    def __str__(self) -> str:
        return f"{self.journey.name}, {self.victim} {self.index} killed after {self.delay_s:.2f} s"


def draw(rng: random.Random, *, victim: str = "") -> Round:
    """A round by lot, every tenth a demo; with a victim given, a quick one."""
    is_demo = not victim and rng.random() < _DEMOS
    victim = victim or rng.choice(VICTIMS)
    journey = rng.choice((LOAD, OVERHEAD) if victim == "injector" else QUICK)
    journey = DEMO if is_demo else journey
    return Round(journey, victim, rng.uniform(0, journey.lasts_s), rng.randrange(8))


def perform(built: House, drawn: Round) -> Document:
    """Do a round; the operation at its end. AssertionError for what is lost, stuck or untrue."""
    operation = drawn.journey.start(built)
    time.sleep(drawn.delay_s)
    was_hit = _strike(built, drawn, operation)
    ended = built.wait_ended(operation["id"], timeout_s=150)
    check_steps(ended)
    allowed = drawn.journey.states if was_hit else {"succeeded"}
    assert ended["state"] in allowed, ended
    drawn.journey.check(built, ended)
    drawn.journey.tidy(built)
    settled(built, BASE)
    return ended


def _strike(built: House, drawn: Round, operation: Document) -> bool:
    """Kill the victim; False when the operation ended before there was one."""
    if drawn.victim == "server":
        built.kill_server()
        built.start()
        return True
    hit: list[int] = []

    def is_over() -> bool:
        hit.extend(built.struck(drawn.victim, index=drawn.index))
        return bool(hit) or (drawn.victim == "injector" and _has_ended(built, operation))

    # What died a moment ago may have to wait for its next life; an injector lives but for a run.
    within_s = _INJECTOR_S if drawn.victim == "injector" else _BACK_S
    wait_for(is_over, timeout_s=within_s, what=f"{drawn.victim} to kill")
    return bool(hit)


def _has_ended(built: House, operation: Document) -> bool:
    return built.operation(operation["id"])["state"] in ENDED
