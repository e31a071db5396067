"""A whole Meshery on this machine for fault tests: start it, find its processes, kill them."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from meshery.client.http import ServerClient
from meshery.core.errors import MesheryError, UnavailableError
from meshery.core.paths import runtime_dir

ENDED = frozenset({"succeeded", "partial", "failed", "cancelled", "interrupted"})
CHILDREN = ("supervisor", "nats", "worker")
IMPATIENT = {"MESHERY_WORKER_LEASE": "3s", "MESHERY_WORKER_BEAT": "1s", "MESHERY_SERVER_PORT": "0"}
"""Short leases, so that a lost owner is found soon; any free port."""

_MODULES = {"app": "meshery.sandbox.app", "injector": "meshery.performance.native.process"}
_POLL_S = 0.05
_AWAY_S = 30.0

Words = str | Callable[[], str]


class House:
    """One home directory and what runs for it."""

    def __init__(
        self,
        home: Path,
        *,
        environment: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (sys.executable,),
    ) -> None:
        self.home = home
        self.log = home / "server.log"
        self.server: subprocess.Popen[bytes] | None = None
        self._client: ServerClient | None = None
        self._environment = {**os.environ, **IMPATIENT, **(environment or {})}
        self._prefix = tuple(prefix)
        self._built_at = time.time() - 1

    def start(self) -> None:
        """Start the server and wait until it, its bus and its worker are ready."""
        self.spawn()
        wait_for(self.is_ready, timeout_s=60, what="the server to be ready")
        wait_for(lambda: len(self.children()) == len(CHILDREN), timeout_s=20, what="all children")

    def spawn(self) -> None:
        """Start the server and wait for nothing."""
        argv = [*self._prefix, "-m", "meshery.cli.process", "server", "--home", str(self.home)]
        with self.log.open("ab") as log:
            self.server = subprocess.Popen(
                argv,
                env=self._environment,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def is_ready(self) -> bool:
        """Whether the server answers; AssertionError with its log when it ended."""
        assert self.server is not None
        if self.server.poll() is not None:
            raise AssertionError(self.log.read_text()[-4000:])
        try:
            if self._facts()["pid"] != self.server.pid:
                return False
            with self.client() as client:
                client.get("/healthz/ready")
                client.get("/api/operations")
        except (OSError, ValueError, KeyError, MesheryError):
            return False
        return True

    def client(self) -> ServerClient:
        """A client with the local token."""
        return ServerClient(self._facts()["url"], token=(self.home / "token").read_text().strip())

    def call(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        """One request, tried again for a while when the server or its bus is away.

        A POST has an idempotency key, so that it is done once however often it is sent.
        """
        key = {"Idempotency-Key": str(uuid.uuid4())} if method == "POST" else {}
        deadline = time.monotonic() + _AWAY_S
        while True:
            try:
                return self._shared().request(method, path, body=body, params=params, headers=key)
            except (UnavailableError, OSError, ValueError, KeyError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(_POLL_S)

    def get(self, path: str, **params: Any) -> Any:
        """GET a document."""
        return self.call("GET", path, **params)

    def post(self, path: str, body: Any = None) -> Any:
        """POST a document."""
        return self.call("POST", path, body)

    def delete(self, path: str) -> Any:
        """DELETE."""
        return self.call("DELETE", path)

    def events(self, **only: Any) -> list[dict[str, Any]]:
        """The newest events."""
        items: list[dict[str, Any]] = self.get("/api/events", page_size=100, **only)["items"]
        return items

    def processes(self) -> list[psutil.Process]:
        """Every living process of this home, found by its command line or environment."""
        marks = (str(self.home), str(runtime_dir(self.home)))
        return [
            process
            for process in psutil.process_iter()
            if process.create_time() > self._built_at and _mentions(process, marks)
        ]

    def role(self, role: str) -> list[psutil.Process]:
        """The processes of one role: server, supervisor, worker, nats, proxy, app or injector."""
        return [process for process in self.processes() if _is_role(process, role)]

    def children(self) -> dict[str, int]:
        """The pids of supervisor, NATS and worker, those that are there."""
        found = {role: self.role(role) for role in CHILDREN}
        return {role: processes[0].pid for role, processes in found.items() if processes}

    def kill(self, role: str, *, index: int = 0) -> int:
        """SIGKILL one process of a role; its pid. AssertionError when there is none."""
        struck = self.struck(role, index=index)
        assert struck, f"no {role} runs"
        return struck[0]

    def struck(self, role: str, *, index: int = 0) -> list[int]:
        """SIGKILL one process of a role if there is any; the pids that were hit, one or none."""
        found = self.role(role)
        process = found[index % len(found)] if found else None
        if process is None:
            return []
        try:
            process.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            return []
        return [int(process.pid)]

    def kill_server(self) -> None:
        """SIGKILL the server; nothing of it is left soon after."""
        assert self.server is not None
        self.server.kill()
        self.server.wait()
        assert_gone(self, within_s=5)

    def stop(self) -> None:
        """Stop the server as a person would, and reap it."""
        if self._client is not None:
            self._client.close()
            self._client = None
        if self.server is not None and self.server.poll() is None:
            self.server.send_signal(signal.SIGTERM)
            try:
                self.server.wait(30)
            except subprocess.TimeoutExpired:
                self.server.kill()
                self.server.wait()

    def operation(self, operation_id: str) -> dict[str, Any]:
        """The operation as it is."""
        document: dict[str, Any] = self.get(f"/api/operations/{operation_id}")
        return document

    def wait_ended(self, operation_id: str, *, timeout_s: float = 60) -> dict[str, Any]:
        """The operation at its end, through restarts of the server."""
        seen: dict[str, Any] = {}

        def ended() -> bool:
            seen.update(self.operation(operation_id))
            return seen["state"] in ENDED

        wait_for(ended, timeout_s=timeout_s, what=lambda: f"the end of {seen}")
        return seen

    def done(self, operation: Mapping[str, Any], *, timeout_s: float = 60) -> dict[str, Any]:
        """An operation that is to succeed, at its end."""
        ended = self.wait_ended(operation["id"], timeout_s=timeout_s)
        assert ended["state"] == "succeeded", ended
        return ended

    def _shared(self) -> ServerClient:
        """A client that is kept: making one takes longer than most requests."""
        url = self._facts()["url"]
        if self._client is None or self._client.url != url:
            if self._client is not None:
                self._client.close()
            self._client = self.client()
        return self._client

    def _facts(self) -> Any:
        return json.loads((self.home / "server.json").read_text())


def command(home: Path, *words: str) -> "subprocess.Popen[str]":
    """`mesheryctl` for a home, the leader of a process group of its own as on a terminal."""
    return subprocess.Popen(
        [sys.executable, "-m", "meshery.cli.main", *words],
        env={**os.environ, **IMPATIENT, "MESHERY_HOME": str(home), "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def run(home: Path, *words: str, within_s: float = 60) -> "subprocess.CompletedProcess[str]":
    """A command to its end."""
    with command(home, *words) as running:
        out, err = running.communicate(timeout=within_s)
        return subprocess.CompletedProcess(words, running.returncode, out, err)


@contextmanager
def house(home: Path, **more: Any) -> Iterator[House]:
    """A running house; afterwards nothing of it is left, or the test fails."""
    home.mkdir(parents=True, exist_ok=True)
    built = House(home, **more)
    try:
        built.start()
        yield built
    finally:
        built.stop()
    assert_gone(built)
    shutil.rmtree(runtime_dir(home), ignore_errors=True)


def assert_gone(built: House, *, within_s: float = 10.0) -> None:
    """No process of the house is left."""
    wait_for(
        lambda: not built.processes(),
        timeout_s=within_s,
        what=lambda: f"processes to end: {[_line(process) for process in built.processes()]}",
    )


def wait_for(
    condition: Callable[[], bool], *, timeout_s: float, what: Words, poll_s: float = _POLL_S
) -> None:
    """Wait until a condition holds; AssertionError naming it otherwise."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_s:g} s for {what() if callable(what) else what}")
        time.sleep(poll_s)


def _line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


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
    words = _line(process).split()
    program = Path(words[0]).name if words else ""
    if role == "nats":
        return program.startswith("nats-server")
    if role == "proxy":
        return program.startswith("envoy")
    if role in _MODULES:
        return _MODULES[role] in words
    return role in words and any("meshery" in word for word in words)
