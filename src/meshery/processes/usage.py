"""What a process uses: CPU in nanoseconds, time spent runnable but waiting, and memory.

On Linux CPU time is the process's own clock (clock_getcpuclockid(3): nanoseconds, threads that
ended included), run-queue delay the sum over `/proc/PID/task/*/schedstat`, memory from
`smaps_rollup`; `/proc/PID/stat` would count in ticks of 10 ms. Elsewhere nothing of this is known
and the answer is None: callers say so instead of showing zero.
"""

import sys
import time
from pathlib import Path

import msgspec

_CPUCLOCK_SCHED = 2


class CpuUsage(msgspec.Struct, frozen=True):
    """CPU time and run-queue delay since the start, in nanoseconds.

    Delay is told of threads that live: it may shrink when one ends.
    """

    cpu_ns: int
    run_queue_ns: int


class Usage(msgspec.Struct, frozen=True):
    """CPU time and run-queue delay since the start, in nanoseconds; memory in bytes.

    `private_bytes` is what only this process holds; `proportional_bytes` (PSS) also counts its
    share of pages held by several.
    """

    cpu_ns: int
    run_queue_ns: int
    resident_bytes: int
    proportional_bytes: int
    private_bytes: int


def read_cpu(pid: int) -> CpuUsage | None:
    """CPU of a process; None when it is gone or this system cannot tell."""
    if sys.platform != "linux":
        return None
    try:
        # The clock's id of a foreign process, as the C library makes it (clock_getcpuclockid(3)).
        cpu_ns = time.clock_gettime_ns((~pid << 3) | _CPUCLOCK_SCHED)
        return CpuUsage(cpu_ns, _run_queue_ns(pid))
    except OSError:
        return None


def read_usage(pid: int) -> Usage | None:
    """CPU and memory of a process; None when it is gone or this system cannot tell.

    Memory of another user's process can be read by root only: None then too.
    """
    cpu = read_cpu(pid)
    if cpu is None:
        return None
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return None
    sizes = {
        words[0].rstrip(":"): int(words[1]) * 1024
        for words in (line.split() for line in lines[1:])
        if len(words) == 3
    }
    return Usage(
        cpu_ns=cpu.cpu_ns,
        run_queue_ns=cpu.run_queue_ns,
        resident_bytes=sizes.get("Rss", 0),
        proportional_bytes=sizes.get("Pss", 0),
        private_bytes=sizes.get("Private_Clean", 0) + sizes.get("Private_Dirty", 0),
    )


def _run_queue_ns(pid: int) -> int:
    waited = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            waited += int((task / "schedstat").read_text().split()[1])
        except (OSError, IndexError):
            continue  # the thread ended meanwhile, or the kernel keeps no schedstat
    return waited
