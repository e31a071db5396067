"""A command that is told to end, in whichever way, ends what it started."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fixtures.loopback import LoopbackServer, loopback
from fixtures.server import home_environment

__all__ = ["loopback"]

OPERATION = {"id": "op1", "kind": "sandbox.up", "state": "running"}
WATCH = ["operation", "watch", "op1"]


@contextmanager
def watching(
    server: LoopbackServer, home: Path, terminal: int
) -> Iterator["subprocess.Popen[bytes]"]:
    """`mesheryctl operation watch` of an operation that runs until it is cancelled."""

    def events(_headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        state = "cancelled" if cancels(server) else "running"
        time.sleep(0.05)
        text = f"data: {json.dumps({**OPERATION, 'state': state})}\n\n"
        return 200, {"content-type": "text/event-stream"}, text.encode()

    server.says("/api/operations/op1", 200, json.dumps(OPERATION))
    server.says("/api/operations/op1/cancel", 202, json.dumps(OPERATION))
    server.answers["/api/operations/op1/events"] = events
    argv = [sys.executable, "-m", "meshery.cli.main", *WATCH, "--server", server.url]
    with subprocess.Popen(
        argv, env=home_environment(home), stdin=terminal, stdout=terminal, stderr=terminal
    ) as command:
        deadline = time.monotonic() + 15
        while not [path for _, path, _, _ in server.seen if path.endswith("/events")]:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield command


def cancels(server: LoopbackServer) -> list[str]:
    return [path for _, path, _, _ in server.seen if path.endswith("/cancel")]


def test_a_told_end_asks_nothing(loopback: LoopbackServer, tmp_path: Path) -> None:
    controller, terminal = pty.openpty()
    try:
        with watching(loopback, tmp_path, terminal) as command:
            command.send_signal(signal.SIGTERM)
            assert command.wait(15) == 130
    finally:
        os.close(terminal)
        os.close(controller)
    assert cancels(loopback)


def test_a_closed_terminal_cancels(loopback: LoopbackServer, tmp_path: Path) -> None:
    controller, terminal = pty.openpty()
    with watching(loopback, tmp_path, terminal) as command:
        os.close(terminal)
        os.close(controller)
        command.send_signal(signal.SIGHUP)
        assert command.wait(15) == 130
    assert cancels(loopback)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_command_without_a_terminal_cancels(
    loopback: LoopbackServer, tmp_path: Path, number: signal.Signals
) -> None:
    with (
        Path(os.devnull).open("r+b") as nothing,
        watching(loopback, tmp_path, nothing.fileno()) as command,
    ):
        command.send_signal(number)
        assert command.wait(15) == 130
    assert cancels(loopback)
