"""Ctrl-C of long commands: no process of theirs is left, nothing half done, no half document."""

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from faults.house import House, assert_gone, command, wait_for
from faults.journeys import BASE, have_room, settled

EXTRA = """\
apiVersion: sandbox.meshery.io/v1
kind: Sandbox
metadata: {name: extra}
spec: {services: [{name: one, versions: [{name: v1, replicas: 4}]}]}
"""
PATIENCE_S = 30


def interrupted(
    running: "subprocess.Popen[str]", when: Callable[[], bool], *, delay_s: float = 0.0
) -> tuple[str, str]:
    """Press Ctrl-C once `when` holds; both outputs of the command, which was cancelled."""
    with running:
        wait_for(
            lambda: when() or running.poll() is not None, timeout_s=PATIENCE_S, what="the moment"
        )
        time.sleep(delay_s)
        assert running.poll() is None, running.communicate()
        os.killpg(running.pid, signal.SIGINT)
        out, err = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 130, (out, err)
    assert "Traceback" not in err
    return out, err


def newest(built: House) -> str:
    """The kind and state of the newest operation that somebody asked for."""
    items = built.get("/api/operations", order="-created_at", page_size=1)["items"]
    return f"{items[0]['kind']} {items[0]['state']}"


def test_an_interrupted_start_of_a_sandbox_leaves_none(lived_in: House, tmp_path: Path) -> None:
    file = tmp_path / "extra.yaml"
    file.write_text(EXTRA)
    have_room(5)
    running = command(lived_in.home, "sandbox", "up", "-f", str(file), "-o", "json")
    out, _ = interrupted(running, lambda: newest(lived_in) == "sandbox.up running", delay_s=0.1)
    assert out == ""
    assert newest(lived_in) == "sandbox.up cancelled"
    assert [item["name"] for item in lived_in.get("/api/sandboxes")["items"]] == [BASE]
    settled(lived_in, BASE)


def test_an_interrupted_measurement_ends_its_injector(lived_in: House) -> None:
    hop = ("--sandbox", BASE, "--from", "service-a", "--to", "service-b")
    running = command(
        lived_in.home, "perf", "run", *hop, "--rate", "50", "--duration", "20s", "-o", "json"
    )
    out, _ = interrupted(running, lambda: bool(lived_in.role("injector")), delay_s=0.5)
    assert out == ""
    assert newest(lived_in) == "performance.run cancelled"
    settled(lived_in, BASE)


def test_an_interrupted_start_of_a_server_leaves_none(tmp_path: Path) -> None:
    home = tmp_path / "home"
    built = House(home)
    running = command(home, "system", "start", "-o", "json")
    out, _ = interrupted(running, lambda: bool(built.role("server")), delay_s=random.random())
    assert out == ""
    assert_gone(built, within_s=5)


@pytest.mark.parametrize(("role", "sidecars"), [("server", 0), ("injector", 8)])
def test_an_interrupted_demo_ends_the_server_it_started(
    tmp_path: Path, role: str, sidecars: int
) -> None:
    home = tmp_path / "home"
    built = House(home)
    have_room(sidecars)
    running = command(home, "demo", "--rate", "50", "-o", "json")
    out, _ = interrupted(running, lambda: bool(built.role(role)), delay_s=random.random())
    assert out == ""
    assert_gone(built, within_s=5)


def test_an_interrupted_demo_leaves_a_server_that_ran_before(lived_in: House) -> None:
    have_room(6)
    running = command(lived_in.home, "demo", "--rate", "50", "-o", "json")
    out, _ = interrupted(running, lambda: len(lived_in.role("proxy")) > 5)
    assert out == ""
    assert lived_in.is_ready()
    settled(lived_in, BASE)


def test_a_command_that_ends_well_prints_one_document(lived_in: House) -> None:
    with command(lived_in.home, "sandbox", "list", "-o", "json") as running:
        out, _ = running.communicate(timeout=PATIENCE_S)
    assert json.loads(out)
