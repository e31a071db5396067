"""A whole Meshery whose processes are killed: all comes back, or all is gone, and it is told."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.house import CHILDREN, House, assert_gone, house, wait_for


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One house for all tests of this module; the last ones end it."""
    with house(tmp_path_factory.mktemp("tree") / "home") as running:
        yield running


def told(built: House, name: str) -> bool:
    return any(
        event["subject"]["name"] == name and "back" in event["text"] for event in built.events()
    )


@pytest.mark.parametrize("role", CHILDREN)
def test_a_killed_child_of_the_server_is_back_and_told_of(built: House, role: str) -> None:
    before = built.children()
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
    wait_for(lambda: told(built, role), timeout_s=20, what=f"the event of {role}")


def test_server_and_supervisor_killed_at_once_leave_no_process(built: House) -> None:
    assert built.server is not None
    for pid in (built.children()["supervisor"], built.server.pid):
        os.kill(pid, signal.SIGKILL)
    built.server.wait()
    assert_gone(built, within_s=5)
    built.start()


def test_a_killed_server_leaves_no_process_and_starts_again(built: House) -> None:
    built.kill_server()
    built.start()
    assert len(built.role("nats")) == 1


def test_a_server_told_to_stop_leaves_nothing(built: House) -> None:
    built.stop()
    assert_gone(built, within_s=1)
    assert not (built.home / "server.json").exists()
    assert not (built.home / "processes.json").exists()


def test_a_server_killed_while_it_starts_leaves_no_process(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for delay_s in (0.5, 1.2, 1.9):
        built = House(home)
        built.spawn()
        time.sleep(delay_s)
        assert built.server is not None
        built.server.kill()
        built.server.wait()
        assert_gone(built, within_s=5)
