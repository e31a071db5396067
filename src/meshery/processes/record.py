"""What a supervisor wrote down about its children, for the one that comes after a SIGKILL.

The file tells the next supervisor two things: what may be left over (by pid and start time, so that
nobody else is hit), and what is to be brought back. It holds environments, so it is 0600.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec

from meshery.core.paths import write_private
from meshery.processes.identity import boot_id, environment_of, sessions, start_ticks
from meshery.processes.model import ProcessSpec

HOME_VARIABLE = "MESHERY_HOME"
"""Every child has it, so that it can be told from a stranger."""

_PATIENCE_S = 2.0


class Recorded(msgspec.Struct, frozen=True):
    """One process: what was asked for, and its latest life."""

    spec: ProcessSpec
    pid: int
    start_ticks: int
    restarts: int


class Record(msgspec.Struct, frozen=True):
    """All processes of one supervisor, in the order of their first starts."""

    boot_id: str
    epoch: str
    processes: list[Recorded]


def record_file(home: Path) -> Path:
    """Where the record of a home is."""
    return home / "processes.json"


def write_record(home: Path, epoch: str, processes: Iterable[Recorded]) -> None:
    """Replace the record."""
    record = Record(boot_id(), epoch, list(processes))
    write_private(record_file(home), msgspec.json.encode(record))


def read_record(home: Path) -> Record | None:
    """The record of the supervisor before; None without one, or when it cannot be read."""
    try:
        return msgspec.json.decode(record_file(home).read_bytes(), type=Record)
    except (OSError, msgspec.MsgspecError):
        return None


def end_leftovers(home: Path, record: Record) -> list[int]:
    """Kill what an earlier supervisor left behind, and wait for its end; the pids killed."""
    if record.boot_id != boot_id():
        return []
    members = sessions()
    left: dict[int, int] = {}
    for process in record.processes:
        for pid in _left_of(process, members.get(process.pid, []), home):
            left[pid] = start_ticks(pid)
    for pid in left:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline and any(
        ticks and start_ticks(pid) == ticks for pid, ticks in left.items()
    ):
        time.sleep(0.01)
    return [pid for pid, ticks in left.items() if ticks]


def _left_of(process: Recorded, members: list[int], home: Path) -> list[int]:
    """The leader if it is still itself, and what lives in its session."""
    ticks = start_ticks(process.pid)
    if ticks and ticks == process.start_ticks:
        return [process.pid, *(pid for pid in members if pid != process.pid)]
    if ticks:
        return []  # the pid is a stranger's now, and so is its session
    return [pid for pid in members if environment_of(pid).get(HOME_VARIABLE) == str(home)]
