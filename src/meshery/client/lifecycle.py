"""The server of this home as a command starts, finds and stops it.

A started server has a session of its own, so that the Ctrl-C of a terminal does not reach it, and
writes to `logs/server.log` in its home.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from meshery.client.extras import demand_server
from meshery.client.home import ServerFile, running_pid, running_server
from meshery.client.http import ServerClient
from meshery.client.progress import Waiting
from meshery.core.errors import MesheryError, UnavailableError
from meshery.core.paths import private_dir
from meshery.core.settings import Settings

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0
_POLL_S = 0.05
_TOLD_LINES = 12
_LOG_BYTES = 16 * 1_048_576


def ensure_server(settings: Settings) -> tuple[ServerClient, bool]:
    """A client of this home's server, started when none runs; True when this call started it."""
    server, is_ours = start_server(settings)
    return connect(settings, server), is_ours


def connect(settings: Settings, server: ServerFile) -> ServerClient:
    """A client of a server of this home."""
    token = (settings.home_path / "token").read_text().strip()
    return ServerClient(server.url, token=token)


def start_server(
    settings: Settings, *, timeout_s: float = START_TIMEOUT_S
) -> tuple[ServerFile, bool]:
    """Start a server in the background and wait until it is ready; True when this call did.

    UnsupportedError when the installation lacks the server's parts; UnavailableError with the last
    lines of its log when it ends or does not get ready.
    """
    running = running_server(settings.home_path)
    if running:
        return running, False
    demand_server()
    log = server_log(settings)
    private_dir(log.parent)
    _rotate(log)
    told_from = log.stat().st_size if log.exists() else 0
    pid = _spawn(settings, log)
    try:
        return _until_ready(settings, pid, timeout_s, lambda: _tail(log, told_from))
    except BaseException:
        _end(pid)
        raise


def stop_server(settings: Settings, *, timeout_s: float = STOP_TIMEOUT_S) -> bool:
    """Stop this home's server and wait for its end; False when none ran.

    What does not end within `timeout_s` is killed; its supervisor then ends everything else.
    """
    home = settings.home_path
    pid = running_pid(home)
    if pid is None:
        return False
    with Waiting("stopping the server") as waiting:
        for number, patience_s in ((signal.SIGTERM, timeout_s), (signal.SIGKILL, 5.0)):
            # The lock was asked a moment ago, so the pid is the server's and nobody else's.
            _kill(pid, number)
            deadline = time.monotonic() + patience_s
            while time.monotonic() < deadline:
                if running_pid(home) != pid:
                    _reap(pid)
                    return True
                waiting.tick()
                time.sleep(_POLL_S)
    raise UnavailableError(
        f"the server (process {pid}) does not end",
        cause="it was told to, and killed after that; the kernel keeps it",
        remedy="look for a process in state D with `ps`, often a disk or network mount that hangs",
    )


def server_log(settings: Settings) -> Path:
    """The log of a server started in the background."""
    return settings.home_path / "logs" / "server.log"


def _rotate(log: Path) -> None:
    """Begin a new file once the log is large; the one before is kept as `server.log.1`."""
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        log.replace(log.with_name(f"{log.name}.1"))


def _spawn(settings: Settings, log: Path) -> int:
    """Start `meshery server` as the leader of a new session; returns its process id."""
    environment = {**os.environ, "MESHERY_HOME": str(settings.home_path)}
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    return os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", "meshery.cli.process", "server"],
        environment,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), append, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
        setsigdef=[signal.SIGINT, signal.SIGTERM, signal.SIGHUP],
    )


def _until_ready(
    settings: Settings, pid: int, timeout_s: float, tail: Callable[[], str]
) -> tuple[ServerFile, bool]:
    home = settings.home_path
    deadline = time.monotonic() + timeout_s
    has_ended = False
    with Waiting("starting the server") as waiting:
        while time.monotonic() < deadline:
            server = running_server(home)
            if server and _is_ready(server):
                return server, server.pid == pid
            has_ended = has_ended or _reap(pid)
            # Two commands may start a server at once: one loses the lock, and uses the other's.
            if has_ended and running_pid(home) is None:
                raise _died("the server ended while it started", tail())
            waiting.tick()
            time.sleep(_POLL_S)
    raise _died(f"the server was not ready after {timeout_s:.0f} s", tail())


def _is_ready(server: ServerFile) -> bool:
    try:
        with ServerClient(server.url, timeout_s=2.0) as client:
            client.get("/healthz/ready")
    except MesheryError:
        return False
    return True


def _died(what: str, tail: str) -> UnavailableError:
    return UnavailableError(
        what,
        cause=tail or "it wrote nothing to its log",
        remedy="`mesheryctl system check` looks for usual reasons; "
        "`mesheryctl system logs` shows the whole log",
        code="meshery.server_start",
    )


def _tail(log: Path, start: int) -> str:
    with log.open("rb") as file:
        file.seek(max(start, log.stat().st_size - 16_384))
        lines = file.read().decode(errors="replace").splitlines()
    return "\n    ".join(["", *lines[-_TOLD_LINES:]]) if lines else ""


def _end(pid: int) -> None:
    if _reap(pid):  # a pid that was waited for may be somebody else's by now
        return
    _kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 5.0
    while not _reap(pid):
        if time.monotonic() > deadline:
            _kill(pid, signal.SIGKILL)
        time.sleep(_POLL_S)


def _kill(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise MesheryError(
            f"may not stop process {pid}",
            cause="it belongs to another user",
            remedy="stop it as that user",
        ) from error


def _reap(pid: int) -> bool:
    """Whether a child of ours has ended; True as well for what is no child of ours."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True
