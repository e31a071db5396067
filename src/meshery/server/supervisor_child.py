"""The supervisor as the server's child: started with a pipe that ends with us, and watched.

It must be started on the thread that lives as long as the server (its main one), since the kernel
tells it of that thread's end.
"""

import asyncio
import contextlib
import os
import sys
from pathlib import Path

import msgspec

from meshery.core.errors import UnavailableError
from meshery.core.paths import private_dir
from meshery.processes.child import opened_log
from meshery.processes.supervisor_process import LOCK_PATIENCE_S, Ready

_READY_S = LOCK_PATIENCE_S + 10.0
_END_S = 10.0


class SupervisorChild:
    """A supervisor that is ready; `socket_path` is where it answers."""

    def __init__(self, process: asyncio.subprocess.Process, ready: Ready) -> None:
        self._process = process
        self.pid = process.pid
        self.socket_path = Path(ready.socket)

    @classmethod
    async def start(cls, home: Path, *, is_restoring: bool) -> "SupervisorChild":
        """Start one; `is_restoring` brings back what a killed one before was to keep running.

        UnavailableError with its last words when it ends before it is ready.
        """
        log = private_dir(home / "logs") / "supervisor.log"
        words = [sys.executable, "-P", "-m", "meshery.cli.process", "supervisor"]
        words += ["--home", str(home), "--parent", str(os.getpid())]
        words += ["--restore"] if is_restoring else []
        with opened_log(str(log)) as descriptor:
            process = await asyncio.create_subprocess_exec(
                *words,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=descriptor,
                start_new_session=True,
            )
        try:
            return cls(process, await _ready(process, log))
        except BaseException:
            await _kill(process)
            raise

    async def wait(self) -> int:
        """Wait for its end; its return code, negative for a signal."""
        return await self._process.wait()

    async def end(self) -> None:
        """Close its input, upon which it ends all its children and itself; kill it if it hangs."""
        assert self._process.stdin is not None  # noqa: S101 - a pipe was asked for
        self._process.stdin.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), _END_S)
        await _kill(self._process)


async def _ready(process: asyncio.subprocess.Process, log: Path) -> Ready:
    assert process.stdout is not None  # noqa: S101 - a pipe was asked for
    try:
        line = await asyncio.wait_for(process.stdout.readline(), _READY_S)
        return msgspec.json.decode(line, type=Ready)
    except (TimeoutError, msgspec.DecodeError) as error:
        raise UnavailableError(
            "the supervisor did not start",
            cause=_last_words(log) or f"it said nothing for {_READY_S:g} s",
            remedy=f"see {log}",
        ) from error


async def _kill(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _last_words(log: Path) -> str:
    lines = log.read_bytes()[-4096:].decode(errors="replace").splitlines()
    return "; ".join(line.strip() for line in lines[-3:])
