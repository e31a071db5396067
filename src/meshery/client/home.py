"""What a home says of the server that runs in it: the lock it holds, and `server.json`.

The lock is the proof: the kernel frees it when its holder dies, so a pid read from it is never a
stranger's. `server.json` alone proves nothing, since a killed server leaves it behind.
"""

import fcntl
import os
import time
from pathlib import Path

import msgspec

from meshery.core.errors import ConflictError
from meshery.core.paths import private_dir, write_private

LOCK_FILE = "server.lock"
SERVER_FILE = "server.json"
TOKEN_FILE = "token"  # noqa: S105 - a file's name
_LOCK_PATIENCE_S = 1.0


class ServerFile(msgspec.Struct, frozen=True):
    """`server.json`: the server of this home. `started_at` is in seconds since 1970."""

    pid: int
    url: str
    started_at: float


class HomeLock:
    """The right to be the server of a home, held until `release` or the end of the process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def acquire(cls, home: Path) -> "HomeLock":
        """Take the lock; ConflictError names the server that has it."""
        private_dir(home)
        descriptor = os.open(home / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + _LOCK_PATIENCE_S
        # Somebody who only asks `running_pid` holds the lock for a moment too.
        while not _try_lock(descriptor, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                os.close(descriptor)
                raise _taken(home)
            time.sleep(0.05)
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        return cls(descriptor)

    def release(self) -> None:
        """Give the lock back."""
        os.close(self._descriptor)


def running_pid(home: Path) -> int | None:
    """The process id of the server that holds this home's lock; None when there is none."""
    try:
        descriptor = os.open(home / LOCK_FILE, os.O_RDWR)
    except OSError:
        return None
    try:
        if _try_lock(descriptor, fcntl.LOCK_SH):
            return None
        text = os.pread(descriptor, 20, 0).decode()
        return int(text) if text.isdecimal() else None
    finally:
        os.close(descriptor)


def read_server_file(home: Path) -> ServerFile | None:
    """What the server of this home last said of itself; None when it said nothing."""
    try:
        return msgspec.json.decode((home / SERVER_FILE).read_bytes(), type=ServerFile)
    except (OSError, msgspec.MsgspecError):
        return None


def running_server(home: Path) -> ServerFile | None:
    """The server that runs in this home and answers requests; None when there is none."""
    said = read_server_file(home)
    return said if said is not None and said.pid == running_pid(home) else None


def write_server_file(home: Path, said: ServerFile) -> None:
    """Announce the server of this home."""
    write_private(home / SERVER_FILE, msgspec.json.encode(said))


def remove_server_file(home: Path) -> None:
    """Take the announcement back."""
    (home / SERVER_FILE).unlink(missing_ok=True)


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _taken(home: Path) -> ConflictError:
    pid, said = running_pid(home), read_server_file(home)
    return ConflictError(
        f"another Meshery server runs in {home}",
        cause=f"process {pid} holds its lock" + (f" and serves {said.url}" if said else ""),
        remedy="use that one, stop it with `mesheryctl system stop`, "
        "or give this one its own home with MESHERY_HOME and MESHERY_SERVER_PORT",
        code="meshery.home_taken",
    )
