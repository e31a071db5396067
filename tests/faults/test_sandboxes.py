"""Sandboxes whose parts, worker or server die: back within a second, restored, and told of."""

import signal
import time

import pytest

from faults.house import House, wait_for
from faults.journeys import BASE, EXTRA, LOAD, SIDECARS, UP, check_steps, serves, settled

WORDS = {"proxy": "sidecar", "app": "application"}


def pids(built: House, role: str) -> set[int]:
    return {process.pid for process in built.role(role)}


@pytest.mark.parametrize("role", ["proxy", "app"])
def test_a_killed_part_is_back_within_a_second_and_told_of(lived_in: House, role: str) -> None:
    known = {event["id"] for event in lived_in.events()}
    before = pids(lived_in, role)
    killed = lived_in.kill(role)
    began = time.monotonic()
    wait_for(
        lambda: len(pids(lived_in, role) - {killed}) == len(before),
        timeout_s=5,
        what=f"another {role}",
    )
    assert time.monotonic() - began < 1
    wait_for(lambda: serves(lived_in, BASE), timeout_s=10, what="it to serve again")
    assert pids(lived_in, role) > before - {killed}

    def told() -> list[str]:
        texts = [event["text"] for event in lived_in.events() if event["id"] not in known]
        return [text for text in texts if WORDS[role] in text]

    wait_for(lambda: len(told()) == 2, timeout_s=10, what=lambda: f"both events, not {told()}")
    back, died = told()
    assert "killed by signal 9" in died
    assert "is back after" in back


def test_sandboxes_side_by_side_are_restored_after_the_server_was_killed(lived_in: House) -> None:
    lived_in.done(UP.start(lived_in))
    settled(lived_in, BASE, EXTRA)
    lived_in.kill_server()
    lived_in.start()
    settled(lived_in, BASE, EXTRA)
    assert len(lived_in.role("proxy")) == SIDECARS[BASE] + SIDECARS[EXTRA]
    texts = [event["text"] for event in lived_in.events()]
    for name in (BASE, EXTRA):
        assert any(f"Sandbox {name} is restored" in text for text in texts), texts
    UP.tidy(lived_in)
    settled(lived_in, BASE)


def test_a_start_cut_off_by_the_servers_death_starts_all_processes_again(lived_in: House) -> None:
    operation = UP.start(lived_in)

    def are_started() -> bool:
        steps = lived_in.operation(operation["id"])["steps"]
        return "ready" in {step["name"] for step in steps}

    wait_for(are_started, timeout_s=20, what="the last step", poll_s=0.0)
    lived_in.kill_server()
    lived_in.start()
    UP.check(lived_in, lived_in.done(operation))
    UP.tidy(lived_in)


def test_a_worker_frozen_beyond_its_lease_writes_one_outcome(lived_in: House) -> None:
    operation = LOAD.start(lived_in)
    wait_for(lambda: bool(lived_in.role("injector")), timeout_s=10, what="the injector")
    (worker,) = lived_in.role("worker")
    worker.send_signal(signal.SIGSTOP)
    try:
        time.sleep(4.5)  # the lease is 3 s
    finally:
        worker.send_signal(signal.SIGCONT)
    ended = lived_in.wait_ended(operation["id"])
    check_steps(ended)
    assert ended["state"] in LOAD.states
    LOAD.check(lived_in, ended)
    settled(lived_in, BASE)
    events = lived_in.events(operation_id=operation["id"])
    outcomes = [event["text"] for event in events if event["severity"] != "debug"]
    assert sum(text.startswith("Measurement: ") for text in outcomes) == 1, outcomes
