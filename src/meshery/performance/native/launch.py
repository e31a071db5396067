"""Starting the injector's process: under the supervisor, or as a plain child of whoever asks."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Protocol

from meshery.core.errors import NotFoundError
from meshery.processes.client import SupervisorClient
from meshery.processes.model import ProcessSpec

_GRACE_S = 2.0


class Launched(Protocol):
    """A process that was started."""

    async def ending(self) -> str | None:
        """How it ended, in words; None while it runs."""
        ...

    async def stop(self) -> None:
        """End it if it still runs, and leave nothing of it; returns when it is gone."""
        ...


Launch = Callable[[str, str], Awaitable[Launched]]
"""From a run's name and the path of the parent's socket to the started process."""


def injector_argv(socket_path: str) -> tuple[str, ...]:
    """The command line of an injector."""
    module = "meshery.performance.native.process"
    return (sys.executable, "-m", module, "--socket", socket_path)


def under_supervisor(client: SupervisorClient, *, log_file: str = "") -> Launch:
    """Launch as the supervisor's child: it ends with the server, whatever happens to us."""

    async def launch(name: str, socket_path: str) -> Launched:
        spec = ProcessSpec(
            name=f"injector/{name}",
            argv=injector_argv(socket_path),
            log_file=log_file,
            stop_grace_s=_GRACE_S,
        )
        await client.start(spec)
        return _Supervised(client, spec.name)

    return launch


async def as_child(name: str, socket_path: str) -> Launched:
    """Launch as a child of this process; it ends when its socket closes."""
    del name
    argv = injector_argv(socket_path)
    return _Child(await asyncio.create_subprocess_exec(*argv, stdin=asyncio.subprocess.DEVNULL))


class _Supervised:
    def __init__(self, client: SupervisorClient, name: str) -> None:
        self._client = client
        self._name = name

    async def ending(self) -> str | None:
        status = next(
            (status for status in await self._client.list(self._name) if status.name == self._name),
            None,
        )
        if status is None:
            return "it is gone"
        if status.state == "running":
            return None
        return _words(status.exit_code, status.signal)

    async def stop(self) -> None:
        with contextlib.suppress(NotFoundError):
            await self._client.stop(self._name)


class _Child:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ending(self) -> str | None:
        code = self._process.returncode
        if code is None:
            return None
        return _words(code, None) if code >= 0 else _words(None, -code)

    async def stop(self) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._process.returncode is not None:
                return
            with contextlib.suppress(ProcessLookupError):
                # Not the process's own send_signal: that polls, and takes asyncio's exit code away.
                os.kill(self._process.pid, number)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GRACE_S):
                    await self._process.wait()
                return


def _words(exit_code: int | None, number: int | None) -> str:
    if number is not None:
        return f"it was ended by {signal.Signals(number).name}"
    return f"it exited with code {exit_code}" if exit_code is not None else "it ended"


def run_name() -> str:
    """A name that no other run of this host has."""
    return f"{os.getpid()}-{os.urandom(4).hex()}"
