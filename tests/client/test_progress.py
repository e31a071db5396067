import json
import os
import pty
import select
import signal
import subprocess
import sys
import time

import pytest

from fixtures.loopback import LoopbackServer
from meshery.client.http import ServerClient
from meshery.client.progress import follow_operation
from meshery.core.errors import (
    CancelledByUserError,
    DeadlineError,
    MesheryError,
    OperationFailedError,
)

START = {"id": "op1", "kind": "sandbox.up", "state": "queued"}
EVENTS = "/api/operations/op1/events"
FOLLOW = """
import sys
from meshery.client.http import ServerClient
from meshery.client.progress import follow_operation
from meshery.core.errors import MesheryError
with ServerClient(sys.argv[1]) as client:
    try:
        follow_operation(client, {"id": "op1", "kind": "sandbox.up", "state": "queued"})
    except MesheryError as error:
        print(error.exit_code, error.specific_code)
"""


def stream(*states: dict[str, object]) -> str:
    documents = [json.dumps({**START, **state}) for state in states]
    return "".join(f"event: operation\ndata: {document}\n\n" for document in documents)


def tells(loopback: LoopbackServer, *states: dict[str, object]) -> None:
    loopback.says(EVENTS, 200, stream(*states), kind="text/event-stream")


def test_a_good_end_is_given_back(loopback: LoopbackServer) -> None:
    tells(loopback, {"state": "running"}, {"state": "succeeded", "result": {"n": 1}})
    with ServerClient(loopback.url) as client:
        assert follow_operation(client, START)["result"] == {"n": 1}


def test_without_waiting_nothing_is_asked(loopback: LoopbackServer) -> None:
    with ServerClient(loopback.url) as client:
        assert follow_operation(client, START, wait=False) == START
    assert loopback.seen == []


@pytest.mark.parametrize(
    ("state", "kind", "exit_code"),
    [
        ("failed", OperationFailedError, 1),
        ("partial", OperationFailedError, 1),
        ("interrupted", OperationFailedError, 1),
        ("cancelled", CancelledByUserError, 130),
    ],
)
def test_a_bad_end_is_an_error(
    loopback: LoopbackServer, state: str, kind: type[MesheryError], exit_code: int
) -> None:
    error = {"what": "no port", "cause": "taken", "remedy": "free it", "code": "meshery.limit"}
    tells(loopback, {"state": state, "error": error})
    with ServerClient(loopback.url) as client, pytest.raises(kind) as caught:
        follow_operation(client, START)
    assert caught.value.exit_code == exit_code
    if exit_code == 1:
        assert (caught.value.what, caught.value.remedy) == ("no port", "free it")


def test_out_of_time_the_operation_goes_on(loopback: LoopbackServer) -> None:
    tells(loopback, {"state": "running"})
    with ServerClient(loopback.url) as client, pytest.raises(DeadlineError) as caught:
        follow_operation(client, START, timeout_s=0.2)
    assert "mesheryctl operation watch op1" in caught.value.remedy
    assert not [path for _, path, _, _ in loopback.seen if "cancel" in path]


def test_a_server_that_restarts_meanwhile_is_waited_for(loopback: LoopbackServer) -> None:
    answers = iter(
        [
            (503, '{"code":"meshery.unavailable","detail":"starting"}', "application/json"),
            (200, stream({"state": "running"}), "text/event-stream"),
            (200, stream({"state": "succeeded"}), "text/event-stream"),
        ]
    )

    def answer(_headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        status, body, kind = next(answers)
        return status, {"content-type": kind}, body.encode()

    loopback.answers[EVENTS] = answer
    with ServerClient(loopback.url) as client:
        assert follow_operation(client, START)["state"] == "succeeded"


def test_in_a_pipe_steps_are_plain_lines(
    loopback: LoopbackServer, capsys: pytest.CaptureFixture[str]
) -> None:
    running: dict[str, object] = {
        "state": "running",
        "steps": [{"name": "wait for sidecars", "state": "running"}],
        "progress": {"done": 2, "total": 6, "message": "2 of 6 ready"},
    }
    ended: dict[str, object] = {"state": "succeeded"}
    states = iter([running, running, ended])

    def answer(_headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        time.sleep(0.6)  # what is over within a second needs no progress
        return 200, {"content-type": "text/event-stream"}, stream(next(states)).encode()

    loopback.answers[EVENTS] = answer
    with ServerClient(loopback.url) as client:
        follow_operation(client, START)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "sandbox.up: wait for sidecars: 2 of 6 ready" in shown.err
    assert "succeeded" in shown.err


def slow(loopback: LoopbackServer) -> None:
    """Running until it is told to cancel."""

    def answer(_headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        is_cancelled = any(path.endswith("/cancel") for _, path, _, _ in loopback.seen)
        time.sleep(0.05)
        text = stream({"state": "cancelled" if is_cancelled else "running"})
        return 200, {"content-type": "text/event-stream"}, text.encode()

    loopback.answers[EVENTS] = answer
    loopback.says("/api/operations/op1/cancel", 202, json.dumps(START))


def until_followed(loopback: LoopbackServer) -> None:
    deadline = time.monotonic() + 10
    while not loopback.seen:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_ctrl_c_without_a_terminal_cancels(loopback: LoopbackServer) -> None:
    slow(loopback)
    argv = [sys.executable, "-c", FOLLOW, loopback.url]
    with subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as command:
        until_followed(loopback)
        command.send_signal(signal.SIGINT)
        out, _ = command.communicate(timeout=10)
    assert out.split() == [b"130", b"meshery.cancelled"]
    assert ("POST", "/api/operations/op1/cancel") in [seen[:2] for seen in loopback.seen]


@pytest.mark.parametrize(
    ("keys", "code", "is_cancelled"),
    [
        (b"l\n", b"meshery.left_to_server", False),
        (b"c\n", b"meshery.cancelled", True),
        (b"x\n\n", b"meshery.cancelled", True),
    ],
)
def test_ctrl_c_on_a_terminal_asks(
    loopback: LoopbackServer, keys: bytes, code: bytes, *, is_cancelled: bool
) -> None:
    slow(loopback)
    controller, terminal = pty.openpty()
    argv = [sys.executable, "-c", FOLLOW, loopback.url]
    try:
        with subprocess.Popen(
            argv, stdin=terminal, stdout=subprocess.PIPE, stderr=terminal
        ) as command:
            until_followed(loopback)
            command.send_signal(signal.SIGINT)
            read_until(controller, b"[c/l]")
            os.write(controller, keys)
            assert command.stdout
            assert command.stdout.read().split() == [b"130", code]
            command.wait(10)
    finally:
        os.close(controller)
        os.close(terminal)
    cancels = [path for _, path, _, _ in loopback.seen if path.endswith("/cancel")]
    assert bool(cancels) is is_cancelled


def read_until(descriptor: int, text: bytes) -> None:
    shown = b""
    while text not in shown:
        assert select.select([descriptor], [], [], 10)[0], shown
        shown += os.read(descriptor, 4096)
