"""An adapter that is started for a while, and ended with everything it started."""

import asyncio
import contextlib
import os
import shlex
import signal
from collections.abc import AsyncIterator

import msgspec

from meshery.core.errors import InvalidInputError, UnavailableError

START_TIMEOUT_S = 60.0
END_TIMEOUT_S = 10.0


class _Line(msgspec.Struct):
    address: str


@contextlib.asynccontextmanager
async def started(command: str) -> AsyncIterator[str]:
    """Start an adapter; its address, from the first line it writes.

    InvalidInputError for a command that cannot be started, UnavailableError when no address comes.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *shlex.split(command), stdout=asyncio.subprocess.PIPE, start_new_session=True
        )
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"cannot start {command}", cause=str(error)) from error
    try:
        yield await _address(process, command)
    finally:
        await _end(process)


async def _address(process: asyncio.subprocess.Process, command: str) -> str:
    line = b""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(START_TIMEOUT_S):
            if process.stdout is not None:
                line = await process.stdout.readline()
    try:
        return msgspec.json.decode(line, type=_Line).address
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise UnavailableError(
            f"{command} did not say its address",
            cause=f"its first line was {line.decode('utf-8', 'replace').strip()!r}",
            remedy='it writes a line such as {"address": "127.0.0.1:10100"} when it answers',
        ) from error


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask it to end, then end it with whatever it started and left."""
    _signal(process, signal.SIGTERM)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(END_TIMEOUT_S):
            await process.wait()
    _signal(process, signal.SIGKILL)
    await process.wait()


def _signal(process: asyncio.subprocess.Process, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
