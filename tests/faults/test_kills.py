"""kill -9 of every part at a random point of an operation: nothing is lost, stuck, or untrue."""

import os
import random
import sys
import time

import pytest

from faults.chaos import VICTIMS, draw, perform
from faults.house import House, wait_for
from faults.journeys import BASE, LOAD, OVERHEAD, Journey, check_steps, settled

SEED = int(os.environ.get("MESHERY_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
SOAK_ROUNDS = int(os.environ.get("MESHERY_SOAK_ROUNDS", "100"))
ROUND_S = 60


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_part_killed_at_a_random_point_loses_nothing(lived_in: House, victim: str) -> None:
    drawn = draw(random.Random(f"{SEED} {victim}"), victim=victim)
    say(f"MESHERY_TEST_SEED={SEED}: {drawn}")
    perform(lived_in, drawn)


@pytest.mark.parametrize("journey", [LOAD, OVERHEAD], ids=str)
def test_a_run_whose_injector_died_is_interrupted(lived_in: House, journey: Journey) -> None:
    operation = journey.start(lived_in)
    wait_for(lambda: bool(lived_in.role("injector")), timeout_s=10, what="the injector")
    time.sleep(0.5)
    lived_in.kill("injector")
    ended = lived_in.wait_ended(operation["id"])
    assert ended["state"] == "interrupted", ended
    check_steps(ended)
    journey.check(lived_in, ended)
    settled(lived_in, BASE)


@pytest.mark.soak
@pytest.mark.timeout(ROUND_S * SOAK_ROUNDS)
def test_a_hundred_kills_lose_nothing(lived_in: House) -> None:
    rng = random.Random(SEED)
    for number in range(1, SOAK_ROUNDS + 1):
        drawn = draw(rng)
        say(f"MESHERY_TEST_SEED={SEED} round {number} of {SOAK_ROUNDS}: {drawn}")
        say(f"    {perform(lived_in, drawn)['state']}")


def say(words: str) -> None:
    """Shown when the test fails, and with `pytest -s` at once."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()
