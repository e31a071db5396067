"""What speed benchmarks share: contenders in turn, medians, the CPU of strangers, one claim a line.

A round runs every contender once, in random order, so that what else happens on the machine hits
all alike. Rows for the reader go to standard error, claims (see `report.py`) to standard output.
"""

import contextlib
import json
import os
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

Taken = TypeVar("Taken")

MOST_FOREIGN = 0.1
_NICE = -10
_QUIET_S = 0.3
_QUIET_SHARE = 0.15


def in_turn(
    contenders: Mapping[str, Callable[[], Taken]], *, rounds: int, patience_s: float = 120.0
) -> dict[str, list[Taken]]:
    """What each contender gave in each round.

    Each run waits until the machine is quiet, but `patience_s` in all: where it never is, the share
    of strangers says so.
    """
    taken: dict[str, list[Taken]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name in random.sample(list(contenders), len(contenders)):
            patience_s -= _wait_for_quiet(patience_s)
            taken[name].append(contenders[name]())
    return taken


def take_precedence() -> None:
    """Run before strangers, target and contenders alike (children inherit it), where allowed."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, _NICE)


def medians(taken: Mapping[str, Iterable[float]]) -> dict[str, float]:
    """The median of each contender's rounds."""
    return {name: statistics.median(values) for name, values in taken.items()}


class Strangers:
    """The share of the machine's CPU that went to none of ours.

    Ours are this process, its children that ended, and `pids` that still run.
    """

    def __init__(self, *pids: int) -> None:
        self._pids = pids
        self._began = time.perf_counter()
        self._busy, self._own = _busy_s(), self._own_s()

    def share(self) -> float:
        """0..1 of all cores since the beginning; 0 where the host does not tell."""
        elapsed = (time.perf_counter() - self._began) * (os.cpu_count() or 1)
        foreign = (_busy_s() - self._busy) - (self._own_s() - self._own)
        return max(0.0, foreign) / elapsed

    def _own_s(self) -> float:
        kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        used = [resource.getrusage(kind) for kind in kinds]
        return sum(use.ru_utime + use.ru_stime for use in used) + sum(map(cpu_s, self._pids))


def cpu_s(pid: int) -> float:
    """CPU seconds of a process that still runs (Linux); 0 for one that is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def show(line: str) -> None:
    """A row for the reader."""
    print(line, file=sys.stderr, flush=True)


def claim(name: str, *, ratio: float, target: str, met: bool, detail: str, foreign: float) -> None:
    """One line for the report; a machine that was not ours alone is said so."""
    disturbed = f", foreign CPU {foreign:.0%}" + (" (too much!)" if foreign > MOST_FOREIGN else "")
    document = {
        "claim": name,
        "ratio": float(f"{ratio:.3g}"),
        "target": target,
        "met": met,
        "detail": detail + disturbed,
    }
    print(json.dumps(document), flush=True)


def missing(name: str, *, target: str, reason: str) -> None:
    """A claim whose peer is not here is not met."""
    document = {"claim": name, "ratio": "-", "target": target, "met": False, "detail": reason}
    print(json.dumps(document), flush=True)


def _wait_for_quiet(patience_s: float) -> float:
    """Sleep until the cores were idle for a moment; the seconds it took."""
    began = time.perf_counter()
    while (waited := time.perf_counter() - began) < patience_s:
        busy = _busy_s()
        time.sleep(_QUIET_S)
        if _busy_s() - busy < _QUIET_SHARE * _QUIET_S * (os.cpu_count() or 1):
            break
    return waited


def _busy_s() -> float:
    stat = Path("/proc/stat")
    if not stat.exists():
        return 0.0
    ticks = [int(field) for field in stat.read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")
