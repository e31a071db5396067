"""What a load generator streams: typed samples, from the first slot to the final account.

    Started    once, before the warm-up: who injects, with what rights, when slot 0 is
    Block      every `block_s`: corrected counts per arm, what the bootstrap draws from
    Second     every second: everything, split by arm, endpoint and status
    Final      once, last: totals, the slowest requests, and what the verdict needs

A request belongs to the second and block of its **slot**. One that is answered later comes in a
later sample with the same number, so samples of one number are added up; after Final nothing comes.
Warm-up requests are in none of them but `Final.warmup`. Counts are sparse HDR counters of
nanoseconds (`histogram.py`).
"""

from typing import Literal

import msgspec

SparseCounts = dict[int, int]
"""HDR index to count; nanoseconds, three significant digits."""


class Counters(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the planned requests.

    planned = sent + unsent; sent = completed + failed + timed_out + in flight (0 at the end unless
    the run was cancelled). `failed` holds refused connections, resets and answers that are no HTTP;
    an answer of any status is `completed`.
    """

    planned: int = 0
    sent: int = 0
    completed: int = 0
    failed: int = 0
    timed_out: int = 0
    unsent: int = 0


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """Answers of one endpoint with one status code.

    `corrected` counts from the slot to the last byte, `service` from the write to the last byte.
    """

    endpoint: str
    status: int
    corrected: SparseCounts
    service: SparseCounts


class ArmCounts(msgspec.Struct, frozen=True, kw_only=True):
    """One arm over some time.

    `connect`: start of the TCP connection to its last handshake byte (TLS included). `wait`: the
    time a due slot waited for a free connection, one per slot that waited. `own_delay`: how late
    the injector itself was, from the moment slot and connection were both there to the write, one
    per request sent. `failures` counts reasons.
    """

    counters: Counters
    cells: tuple[Cell, ...] = ()
    connect: SparseCounts = {}
    own_delay: SparseCounts = {}
    wait: SparseCounts = {}
    failures: dict[str, int] = {}


class Started(msgspec.Struct, frozen=True, kw_only=True, tag="started"):
    """The injector is ready.

    `slot_zero_ns` is the first measured slot on this host's CLOCK_MONOTONIC (`time.monotonic_ns`),
    so that whoever samples proxies can cut its series at the same blocks; `started_at` is the same
    moment in seconds since the epoch. `planned` counts measured slots per arm (0 in a closed loop).
    """

    generator: str
    version: str
    pid: int
    scheduling: str
    open_files: int
    slot_zero_ns: int
    started_at: float
    planned: dict[str, int]


class Block(msgspec.Struct, frozen=True, kw_only=True, tag="block"):
    """Corrected counts of each arm whose slots lie in block `block` (0 = first after warm-up)."""

    block: int
    corrected: dict[str, SparseCounts]


class Second(msgspec.Struct, frozen=True, kw_only=True, tag="second"):
    """One second (0 = first after warm-up); `arms` by name. `planned` and `unsent` are 0 here."""

    second: int
    arms: dict[str, ArmCounts]


class Slow(msgspec.Struct, frozen=True, kw_only=True):
    """One of the slowest answers; `at_s` is its slot, counted from slot 0."""

    arm: str
    endpoint: str
    status: int
    at_s: float
    corrected_ns: int
    service_ns: int


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How the injector itself did over the measured part; the verdict is drawn from this.

    Shares are 0..1 of the wall time: `cpu_share` of one core, `run_queue_share` runnable but not
    running (/proc/self/schedstat), `steal_share` and `busy_share` of all cores (/proc/stat). -1 =
    this host does not tell. `mean_in_flight` is the time average of requests in flight (N of
    Little's law), `throughput_rps` completed per second (X), `mean_service_s` its R.
    `connections_peak` counts open connections of all arms at most. `overdue_s` is how long after
    the last slot the last answer came.
    """

    wall_s: float
    cpu_share: float
    run_queue_share: float = -1.0
    steal_share: float = -1.0
    busy_share: float = -1.0
    mean_in_flight: float = 0.0
    throughput_rps: float = 0.0
    mean_service_s: float = 0.0
    first_slot_lag_ns: int = 0
    connections_opened: int = 0
    connections_peak: int = 0
    overdue_s: float = 0.0

    @property
    def little_error(self) -> float:
        """|N - X R| / N; 0 when nothing was in flight."""
        if not self.mean_in_flight:
            return 0.0
        expected = self.throughput_rps * self.mean_service_s
        return abs(self.mean_in_flight - expected) / self.mean_in_flight


class Final(msgspec.Struct, frozen=True, kw_only=True, tag="final"):
    """The account of the run.

    `arms` are the sums of every Second; `ended` says whether the schedule was gone through or
    somebody cancelled.
    """

    arms: dict[str, ArmCounts]
    warmup: dict[str, Counters]
    health: Health
    slowest: tuple[Slow, ...] = ()
    ended: Literal["complete", "cancelled"] = "complete"
    scheduling: str = ""
    connections: dict[str, int] = {}


Sample = Started | Block | Second | Final
