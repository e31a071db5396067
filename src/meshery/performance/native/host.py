"""What the injector asks of its host and reads from it: limits, priority, its own CPU and delays.

Shares come from the kernel's own accounts, so a starved injector shows without guessing:
/proc/self/schedstat tells how long it was runnable but not running, /proc/stat what a hypervisor
took away.
"""

import contextlib
import os
import resource
import time
from pathlib import Path
from typing import NamedTuple

from meshery.performance.native.plan import Scheduling

_NS = 1_000_000_000
_NICE = -10
_STEAL = 7
_IDLE = (3, 4)
_FIELDS = 8  # guest time is already in user time


def raise_file_limit() -> int:
    """Allow as many open files as the host lets us; the number we got."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    return soft


def prioritise(wish: Scheduling) -> str:
    """Ask for precedence over other processes; what was granted, in words."""
    if wish == "fifo" and hasattr(os, "SCHED_FIFO"):
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
            return "SCHED_FIFO 1"
    if wish != "normal":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, _NICE)
    return f"nice {os.getpriority(os.PRIO_PROCESS, 0)}"


def step_back(granted: str) -> str:
    """Leave the real-time class, so that a busy injector does not starve its target.

    What holds now, in words; unchanged when it was not in that class.
    """
    if not granted.startswith("SCHED_FIFO"):
        return granted
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    return f"{granted}, later {prioritise('nice')}"


class Accounts(NamedTuple):
    """One reading. Nanoseconds of ours, clock ticks of the host; None = not told here."""

    at_ns: int
    cpu_ns: int
    run_queue_ns: int | None
    ticks: tuple[int, ...] | None


class Shares(NamedTuple):
    """What became of the time between two readings, 0..1; -1 = not told here."""

    wall_s: float
    cpu: float
    run_queue: float
    steal: float
    busy: float


def read_accounts() -> Accounts:
    """Read now."""
    return Accounts(time.monotonic_ns(), time.process_time_ns(), _run_queue_ns(), _ticks())


def shares_between(before: Accounts, after: Accounts) -> Shares:
    """The shares of the time between two readings."""
    wall_ns = max(1, after.at_ns - before.at_ns)
    run_queue = -1.0
    if before.run_queue_ns is not None and after.run_queue_ns is not None:
        run_queue = (after.run_queue_ns - before.run_queue_ns) / wall_ns
    steal, busy = _host_shares(before.ticks, after.ticks)
    return Shares(wall_ns / _NS, (after.cpu_ns - before.cpu_ns) / wall_ns, run_queue, steal, busy)


def _host_shares(
    before: tuple[int, ...] | None, after: tuple[int, ...] | None
) -> tuple[float, float]:
    if before is None or after is None:
        return -1.0, -1.0
    spent = [late - early for early, late in zip(before, after, strict=True)]
    total = sum(spent) or 1
    return spent[_STEAL] / total, 1.0 - sum(spent[place] for place in _IDLE) / total


def _run_queue_ns() -> int | None:
    try:
        return int(Path("/proc/self/schedstat").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return None


def _ticks() -> tuple[int, ...] | None:
    try:
        with Path("/proc/stat").open() as file:
            return tuple(int(word) for word in file.readline().split()[1 : 1 + _FIELDS])
    except (OSError, ValueError):
        return None
