"""A whole Meshery on this machine for fault tests: start it, find its processes, kill them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from meshery.client.http import ServerClient
from meshery.core.errors import MesheryError
from meshery.core.paths import runtime_dir

ENDED = {"succeeded", "partial", "failed", "cancelled", "interrupted"}


class House:
    """One home directory and what runs for it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it is ready."""
        self.spawn()
        wait_for(self._is_ready, timeout_s=60, what="the server to be ready")

    def spawn(self) -> None:
        """Start the server and wait for nothing."""
        log = (self.home / "server.log").open("ab")
        with log:
            self.server = subprocess.Popen(
                [sys.executable, "-m", "meshery.cli.process", "server", "--home", str(self.home)],
                env=os.environ | {"MESHERY_SERVER_PORT": "0"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _is_ready(self) -> bool:
        assert self.server is not None
        if self.server.poll() is not None:
            raise AssertionError((self.home / "server.log").read_text()[-4000:])
        try:
            facts = json.loads((self.home / "server.json").read_text())
            if facts["pid"] != self.server.pid:
                return False
            with self.client() as client:
                client.get("/healthz/ready")
        except (OSError, ValueError, KeyError, MesheryError):
            return False
        return True

    def client(self) -> ServerClient:
        """A client with the local token."""
        facts = json.loads((self.home / "server.json").read_text())
        return ServerClient(facts["url"], token=(self.home / "token").read_text().strip())

    def processes(self) -> list[psutil.Process]:
        """Every living process of this home, found by its command line or working files."""
        marks = (str(self.home), str(runtime_dir(self.home)))
        return [
            process
            for process in psutil.process_iter()
            if process.pid != os.getpid() and _mentions(process, marks)
        ]

    def role(self, role: str) -> list[psutil.Process]:
        """The processes of one role: server, supervisor, worker, nats, proxy, app or injector."""
        return [process for process in self.processes() if _is_role(process, role)]

    def kill(self, role: str, *, index: int = 0) -> int:
        """SIGKILL one process of a role; its pid."""
        process = self.role(role)[index]
        process.send_signal(signal.SIGKILL)
        return int(process.pid)

    def stop(self) -> None:
        """Stop the server as a person would, and reap it."""
        if self.server is not None and self.server.poll() is None:
            self.server.send_signal(signal.SIGTERM)
            try:
                self.server.wait(30)
            except subprocess.TimeoutExpired:
                self.server.kill()
                self.server.wait()

    def wait_ended(self, operation_id: str, *, timeout_s: float = 90) -> dict[str, Any]:
        """The operation at its end, through restarts of the server."""
        seen: dict[str, Any] = {}

        def ended() -> bool:
            try:
                with self.client() as client:
                    seen.update(client.get(f"/api/operations/{operation_id}"))
            except (MesheryError, OSError, ValueError):
                return False
            return seen["state"] in ENDED

        wait_for(ended, timeout_s=timeout_s, what=lambda: f"the end of {seen}")
        return seen


@contextmanager
def house(home: Path) -> Iterator[House]:
    """A running house; afterwards nothing of it is left, or the test fails."""
    home.mkdir(parents=True, exist_ok=True)
    built = House(home)
    try:
        built.start()
        yield built
    finally:
        built.stop()
    assert_gone(built)


def assert_gone(built: House, *, within_s: float = 10.0) -> None:
    """No process of the house is left."""
    wait_for(
        lambda: not built.processes(),
        timeout_s=within_s,
        what=lambda: f"processes to end: {[p.cmdline() for p in built.processes()]}",
    )


def wait_for(
    condition: Callable[[], bool], *, timeout_s: float, what: str | Callable[[], str]
) -> None:
    """Wait until a condition holds; AssertionError naming it otherwise."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"waited {timeout_s:g} s for {what() if callable(what) else what}")


def _mentions(process: psutil.Process, marks: tuple[str, ...]) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        line = " ".join(process.cmdline())
        home = process.environ().get("MESHERY_HOME", "")
    except psutil.Error:
        return False
    return any(mark in line or mark == home for mark in marks)


def _is_role(process: psutil.Process, role: str) -> bool:
    try:
        words = process.cmdline()
    except psutil.Error:
        return False
    program = Path(words[0]).name if words else ""
    if role == "nats":
        return program.startswith("nats-server")
    if role == "proxy":
        return program.startswith("envoy")
    if role == "app":
        return any(word.startswith("meshery.sandbox.app") for word in words)
    return role in words and any("meshery" in word for word in words)
