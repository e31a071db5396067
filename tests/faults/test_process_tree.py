"""A whole Meshery whose processes are killed: all comes back, or all is gone, and it is told."""

import os
import signal
import time
from pathlib import Path

import pytest

from faults.house import House, assert_gone, house, wait_for
from meshery.core.errors import MesheryError

CHILDREN = ("supervisor", "nats", "worker")


def pids(built: House) -> dict[str, int]:
    found = {role: built.role(role) for role in CHILDREN}
    return {role: processes[0].pid for role, processes in found.items() if processes}


def is_ready(built: House) -> bool:
    try:
        with built.client() as client:
            client.get("/healthz/ready")
            client.get("/api/operations")
    except MesheryError:
        return False
    return True


def told(built: House, name: str) -> bool:
    try:
        with built.client() as client:
            events = client.get("/api/events")["items"]
    except MesheryError:
        return False
    return any(event["subject"]["name"] == name and "back" in event["text"] for event in events)


@pytest.mark.parametrize("role", CHILDREN)
def test_a_killed_child_of_the_server_is_back_and_told_of(tmp_path: Path, role: str) -> None:
    with house(tmp_path / "home") as built:
        wait_for(lambda: len(pids(built)) == len(CHILDREN), timeout_s=20, what="all children")
        before = pids(built)
        killed = built.kill(role)
        began = time.monotonic()
        wait_for(
            lambda: pids(built).get(role) not in {None, killed}, timeout_s=5, what=f"another {role}"
        )
        took_s = time.monotonic() - began
        assert took_s < 2
        wait_for(lambda: len(pids(built)) == len(CHILDREN), timeout_s=20, what="all children")
        untouched = set() if role == "supervisor" else set(CHILDREN) - {role}
        after = pids(built)
        assert {child: after[child] for child in untouched} == {
            child: before[child] for child in untouched
        }
        wait_for(lambda: is_ready(built), timeout_s=20, what="the server to be ready again")
        wait_for(lambda: told(built, role), timeout_s=20, what=f"the event of {role}")


def test_a_killed_server_leaves_no_process(tmp_path: Path) -> None:
    with house(tmp_path / "home") as built:
        wait_for(lambda: len(pids(built)) == len(CHILDREN), timeout_s=20, what="all children")
        built.kill("server")
        assert_gone(built, within_s=5)


def test_server_and_supervisor_killed_at_once_leave_no_process(tmp_path: Path) -> None:
    with house(tmp_path / "home") as built:
        wait_for(lambda: len(pids(built)) == len(CHILDREN), timeout_s=20, what="all children")
        assert built.server is not None
        for pid in (pids(built)["supervisor"], built.server.pid):
            os.kill(pid, signal.SIGKILL)
        assert_gone(built, within_s=5)


def test_a_server_killed_while_it_starts_leaves_no_process(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for delay_s in (0.3, 0.8, 1.3, 1.8, 2.3):
        built = House(home)
        built.spawn()
        time.sleep(delay_s)
        assert built.server is not None
        built.server.kill()
        built.server.wait()
        assert_gone(built, within_s=5)


def test_a_server_starts_again_where_one_was_killed(tmp_path: Path) -> None:
    with house(tmp_path / "home") as built:
        built.kill("server")
        assert built.server is not None
        built.server.wait()
        built.start()
        assert is_ready(built)
        assert len(built.role("nats")) == 1


def test_a_server_told_to_stop_leaves_nothing(tmp_path: Path) -> None:
    with house(tmp_path / "home") as built:
        built.stop()
        assert_gone(built, within_s=1)
        assert not (built.home / "server.json").exists()
        assert not (built.home / "processes.json").exists()
