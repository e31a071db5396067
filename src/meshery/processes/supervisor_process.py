"""The process `meshery supervisor`: owns everything else that runs on this host for one home.

It is small on purpose: one thread, the standard library and msgspec. It ends with its server, told
by the end of its standard input (a pipe) or by SIGTERM, and takes all its children along. When it
is killed instead, its children die by the kernel's hand (Linux), and the next one reads its record.
"""

import argparse
import asyncio
import contextlib
import ctypes
import fcntl
import os
import signal
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from meshery.core.errors import ConflictError
from meshery.core.paths import default_home, private_dir, runtime_dir
from meshery.processes.listener import listening
from meshery.processes.model import ProcessEvent
from meshery.processes.protocol import SOCKET_NAME
from meshery.processes.record import end_leftovers, read_record
from meshery.processes.supervisor import Supervisor

LOCK_PATIENCE_S = 10.0
"""How long the supervisor before may take to end its children."""

_LOCK_FILE = "supervisor.lock"
_PR_SET_PDEATHSIG = 1


class Ready(msgspec.Struct, frozen=True):
    """The one line on standard output, when the socket answers."""

    pid: int
    epoch: str
    socket: str


def run(arguments: Sequence[str]) -> int:
    """Run until told to end. ConflictError when another supervisor of this home does not end."""
    parser = argparse.ArgumentParser(prog="meshery supervisor", description=__doc__)
    parser.add_argument("--home", type=Path, default=None, help="Meshery's home")
    parser.add_argument(
        "--restore", action="store_true", help="bring back what the one before was to keep running"
    )
    parser.add_argument(
        "--parent", type=int, default=0, help="end at once unless this process is the parent"
    )
    options = parser.parse_args(arguments)
    if options.parent and not _is_bound_to(options.parent):
        return 1
    os.umask(0o077)
    home = private_dir((options.home or _own_home()).expanduser().resolve())
    os.chdir(home)  # children start here: nothing of where the server was started reaches them
    with _lock(home):
        asyncio.run(_supervise(home, is_restoring=options.restore))
    return 0


def _own_home() -> Path:
    named = os.environ.get("MESHERY_HOME")
    return Path(named) if named else default_home()


def _is_bound_to(parent: int) -> bool:
    """Have SIGTERM sent when the parent ends (Linux); False when it has already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    return os.getppid() == parent


@contextmanager
def _lock(home: Path) -> Iterator[None]:
    """One supervisor a home. The one before may still be ending its children: wait for that."""
    descriptor = os.open(home / _LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + LOCK_PATIENCE_S
    try:
        while not _is_locked(descriptor):
            if time.monotonic() > deadline:
                raise ConflictError(
                    f"another supervisor of {home} is running",
                    cause=f"it holds {home / _LOCK_FILE}",
                    remedy="stop its server: `mesheryctl system stop`",
                )
            time.sleep(0.02)
        yield
    finally:
        os.close(descriptor)


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def _supervise(home: Path, *, is_restoring: bool) -> None:
    end = asyncio.Event()
    _listen_for_the_end(end)
    record = read_record(home)
    if record is not None:
        for pid in end_leftovers(home, record):
            _say("leftover killed", pid=pid)
    supervisor = Supervisor(home, tell=_tell)
    socket = private_dir(runtime_dir(home)) / SOCKET_NAME
    async with listening(supervisor, socket):
        supervisor.begin(record if is_restoring else None)
        _announce(Ready(os.getpid(), supervisor.epoch, str(socket)))
        await end.wait()
        _say("ending")
        await supervisor.end()
    with contextlib.suppress(OSError):  # others may keep sockets there
        socket.parent.rmdir()
    _say("ended")


def _listen_for_the_end(end: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.set)
    mode = os.fstat(0).st_mode
    # Only a pipe or socket has somebody at its other end: /dev/null would end us at once.
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        loop.add_reader(0, _on_input, end)


def _on_input(end: asyncio.Event) -> None:
    if not os.read(0, 1024):
        asyncio.get_running_loop().remove_reader(0)
        end.set()


def _announce(ready: Ready) -> None:
    """Tell whoever started us; nobody reads on after that, and children inherit nothing of it."""
    with contextlib.suppress(OSError):
        os.write(1, msgspec.json.encode(ready) + b"\n")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def _tell(event: ProcessEvent) -> None:
    _say(
        event.what,
        name=event.name,
        pid=event.pid,
        exit_code=event.exit_code,
        signal=event.signal,
        wanted=event.wanted,
        reason=event.reason,
    )


def _say(event: str, **facts: object) -> None:
    """Write one log line of JSON, alike to those of the other processes."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    line = {"process": "supervisor", "timestamp": at, "event": event, **facts}
    with contextlib.suppress(OSError):
        os.write(2, msgspec.json.encode(line) + b"\n")


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
