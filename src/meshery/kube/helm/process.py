"""One child for one call: started, heard, limited in time, and never left behind.

The child gets its order through a pipe that stays open: should this process die, the pipe ends and
the child with it. Its environment is an allow-list, since Helm obeys a dozen variables that could
lead it to another cluster; home and temporary files are a folder of this call's own.
"""

import asyncio
import contextlib
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from tempfile import TemporaryDirectory

import msgspec

from meshery.core.errors import (
    DeadlineError,
    LimitError,
    MesheryError,
    OperationFailedError,
    UnavailableError,
)
from meshery.kube.helm.calls import FOLDER, Answer, Fault, Limits, Line, Order, Progress

GRACE_S = 5.0
"""From SIGTERM to SIGKILL: Helm marks its revision as failed in a fraction of that."""

KILLED = "meshery.helm.killed"
"""The code of a child that ended by a signal, or without a word."""

_INHERITED = re.compile(
    "PATH|LANG|LC_[A-Z]+|TZ|SSL_CERT_[A-Z]+|VIRTUAL_ENV|PYTHON[A-Z]+|(?i:https?_proxy|no_proxy)"
)
_ENDING_BYTES = 4_096


async def exchange(
    order: Order, *, heard: Callable[[str], None], time_s: float, python: str = sys.executable
) -> bytes:
    """Have a child do the order; the answer as JSON.

    Raises what the child told; LimitError when it took too much memory, processor time or words;
    DeadlineError after `time_s`; UnavailableError when it was killed by somebody else. However this
    ends, cancellation included, the child is gone.
    """
    with TemporaryDirectory(prefix=FOLDER) as folder:
        process = await _started(folder, order.limits, python)
        try:
            async with asyncio.timeout(time_s), asyncio.TaskGroup() as group:
                ending = group.create_task(_ending(process))
                group.create_task(_give(process, msgspec.json.encode(order) + b"\n"))
                line = await _listen(process, heard)
                _hang_up(process)
                await process.wait()
        except TimeoutError as error:
            raise _too_late(time_s) from error
        finally:
            await _end(process)
    if isinstance(line, Answer):
        return bytes(line.value)
    if isinstance(line, Fault):
        raise line.raised()
    raise _ended(process.returncode or 0, ending.result(), order.limits)


async def _started(folder: str, limits: Limits, python: str) -> Process:
    try:
        return await asyncio.create_subprocess_exec(
            python,
            "-P",
            "-m",
            "meshery.kube.helm.child",
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            cwd=folder,
            env=_environment(folder, limits),
            start_new_session=True,
            limit=limits.answer_bytes + 1024,
        )
    except OSError as error:
        raise UnavailableError(
            "Helm's process cannot be started",
            cause=f"{error.filename or python}: {error.strerror}",
            remedy="free memory, processes (`ulimit -u`) or open files (`ulimit -n`)",
        ) from error


def _environment(folder: str, limits: Limits) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if _INHERITED.fullmatch(name)}
    return {
        **kept,
        "HOME": folder,
        "TMPDIR": folder,
        # Go collects harder before it is refused memory.
        "GOMEMLIMIT": str(limits.memory_bytes * 3 // 4),
        # Each of its threads has a stack that counts as memory, and it makes one for a processor.
        "GOMAXPROCS": str(min(4, os.cpu_count() or 1)),
    }


async def _give(process: Process, order: bytes) -> None:
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    with contextlib.suppress(ConnectionError):  # it ended before it read all: its ending tells why
        process.stdin.write(order)
        await process.stdin.drain()


async def _listen(process: Process, heard: Callable[[str], None]) -> Line | None:
    """The last line, which is an answer or a fault; None when there was none."""
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    try:
        while raw := await process.stdout.readline():
            line: Line = msgspec.json.decode(raw, type=Line)
            if not isinstance(line, Progress):
                return line
            heard(line.message)
    except ValueError:  # no line of ours: cut short, or longer than may be
        return None
    return None


def _hang_up(process: Process) -> None:
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    process.stdin.close()


async def _ending(process: Process) -> str:
    """The first of what it complained of; the rest is read and dropped."""
    assert process.stderr is not None  # noqa: S101 - it is a pipe
    kept = bytearray()
    while chunk := await process.stderr.read(65_536):
        kept += chunk[: max(0, _ENDING_BYTES - len(kept))]
    return kept.decode("utf-8", "replace")


async def _end(process: Process) -> None:
    """End it: in good order if it can, with all that it started if not."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(asyncio.shield(process.wait()), GRACE_S)
    except TimeoutError:
        pass
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def _too_late(time_s: float) -> DeadlineError:
    return DeadlineError(
        f"Helm did not end within {time_s:g} s",
        cause="its process was ended",
        remedy="allow more time; a template that never ends is a fault of the chart",
        code="meshery.helm.deadline",
    )


def _ended(code: int, said: str, limits: Limits) -> MesheryError:
    """The error of a child that ended without an answer."""
    if code == -signal.SIGXCPU:
        return LimitError(
            "the chart takes too much processor time",
            cause=f"more than {limits.cpu_s} s",
            remedy="check its templates for loops that do not end",
            code="meshery.helm.cpu",
        )
    if "out of memory" in said or "MemoryError" in said or "cannot allocate memory" in said:
        return LimitError(
            "the chart needs too much memory",
            cause=f"more than {limits.memory_bytes // 1024**2} MiB",
            remedy="check its templates for texts and lists that grow without end",
            code="meshery.helm.memory",
        )
    if code == -signal.SIGKILL or code == 128 + signal.SIGTERM:
        return UnavailableError(
            "Helm's process was killed",
            cause=f"it ended by {signal.Signals(-code).name if code < 0 else 'SIGTERM'}",
            remedy="read the release's state, and repair it before the next change",
            code=KILLED,
        )
    first = said.strip().splitlines()[:1]
    return OperationFailedError(
        "Helm's process ended without an answer",
        cause=f"it ended with {code}: {first[0] if first else 'without a word'}",
        remedy="read the release's state, and repair it before the next change",
        code=KILLED,
    )
