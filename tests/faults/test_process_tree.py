"""A whole Meshery whose processes are killed: all comes back, or all is gone, and it is told."""

import os
import signal
import time
from pathlib import Path

import pytest

from faults.house import CHILDREN, House, assert_gone, wait_for
from faults.journeys import BASE, settled


def told(built: House, name: str, *, known: set[str]) -> bool:
    return any(
        event["subject"]["name"] == name and "back" in event["text"]
        for event in built.events()
        if event["id"] not in known
    )


@pytest.mark.parametrize("role", CHILDREN)
def test_a_killed_child_of_the_server_is_back_and_told_of(lived_in: House, role: str) -> None:
    built = lived_in
    before, known = built.children(), {event["id"] for event in built.events()}
    killed = built.kill(role)
    began = time.monotonic()
    wait_for(
        lambda: built.children().get(role) not in {None, killed}, timeout_s=5, what=f"a new {role}"
    )
    assert time.monotonic() - began < 2
    wait_for(lambda: len(built.children()) == len(CHILDREN), timeout_s=20, what="all children")
    untouched = set() if role == "supervisor" else set(CHILDREN) - {role}
    after = built.children()
    assert {child: after[child] for child in untouched} == {
        child: before[child] for child in untouched
    }
    wait_for(built.is_ready, timeout_s=20, what="the server to be ready again")
    wait_for(lambda: told(built, role, known=known), timeout_s=20, what=f"the event of {role}")


def test_server_and_supervisor_killed_at_once_leave_no_process(lived_in: House) -> None:
    built = lived_in
    assert built.server is not None
    for pid in (built.children()["supervisor"], built.server.pid):
        os.kill(pid, signal.SIGKILL)
    built.server.wait()
    assert_gone(built, within_s=5)
    built.start()


def test_a_killed_server_leaves_no_process_and_starts_again(lived_in: House) -> None:
    lived_in.kill_server()
    lived_in.start()
    assert len(lived_in.role("nats")) == 1
    settled(lived_in, BASE)


def test_a_server_told_to_stop_leaves_nothing(lived_in: House) -> None:
    lived_in.stop()
    assert_gone(lived_in, within_s=1)
    assert not (lived_in.home / "server.json").exists()
    assert not (lived_in.home / "processes.json").exists()
    lived_in.start()
    settled(lived_in, BASE)


def test_a_server_killed_while_it_starts_leaves_no_process(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for delay_s in (0.6, 1.6):
        built = House(home)
        built.spawn()
        time.sleep(delay_s)
        assert built.server is not None
        built.server.kill()
        built.server.wait()
        assert_gone(built, within_s=5)
