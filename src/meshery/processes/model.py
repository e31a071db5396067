"""What the supervisor speaks about: a process as asked for, as it stands, and what happened to it.

Names are like paths (`sandbox/shop/web-v1-0/proxy`), so that a group is a prefix: `sandbox/shop`
means itself and all below it, never `sandbox/shop2`.
"""

from enum import StrEnum
from typing import Literal

import msgspec

State = Literal["running", "backing-off", "gave-up", "stopping", "exited"]
What = Literal["started", "exited", "restarted", "gave_up", "missed"]


class Restart(StrEnum):
    """What the supervisor does when a process ends by itself."""

    NEVER = "never"
    ALWAYS = "always"


class ProcessSpec(msgspec.Struct, frozen=True):
    """A process as it is asked for. Two equal specs are one and the same process.

    `environment` is added to a short allow-list of the supervisor's own (PATH, HOME, language,
    temporary directories, PYTHON*) and `MESHERY_HOME`. An empty `directory` is Meshery's home. Both
    outputs are appended to `log_file`; empty means they are dropped. `memory_bytes` limits private
    writable memory (RLIMIT_DATA: an address-space limit would hit what V8 and Go merely reserve;
    without effect on macOS), 0 means no limit; so do 0 `open_files`. `cpus` pins to processors
    (Linux). `user` is the uid to become; only root may ask for another than its own.
    `stop_grace_s` is the time from SIGTERM to SIGKILL.
    """

    name: str
    argv: tuple[str, ...]
    environment: dict[str, str] = {}
    directory: str = ""
    restart: Restart = Restart.NEVER
    log_file: str = ""
    memory_bytes: int = 0
    open_files: int = 0
    nice: int = 0
    cpus: tuple[int, ...] = ()
    user: int | None = None
    stop_grace_s: float = 2.0


class ProcessStatus(msgspec.Struct, frozen=True):
    """A process as it stands. `pid` and `start_ticks` are of the latest life, 0 before the first.

    States: `running`; `backing-off` waits before its next restart; `gave-up` died so often and so
    quickly that it needs a person (it is tried on, seldom); `stopping` got its SIGTERM; `exited`
    ended and is not restarted. `started_at` is in seconds since 1970; `exit_code` and `signal` tell
    how the last life ended; `start_ticks` tells two lives with one pid apart.
    """

    name: str
    pid: int
    started_at: float
    start_ticks: int
    state: State
    exit_code: int | None
    signal: int | None
    restarts: int
    spec: ProcessSpec


class ProcessEvent(msgspec.Struct, frozen=True):
    """Something that happened to a process.

    `seq` counts within an `epoch`, the life of one supervisor. `wanted` is true for an end that was
    asked for. `missed` (of no process) tells a watcher that older events were overwritten before it
    read them: list anew. `at` is in seconds since 1970.
    """

    seq: int
    epoch: str
    name: str
    what: What
    pid: int = 0
    exit_code: int | None = None
    signal: int | None = None
    at: float = 0.0
    wanted: bool = False
    reason: str = ""


def is_within(name: str, prefix: str) -> bool:
    """Whether a name is the prefix or below it; the empty prefix holds every name."""
    group = prefix.rstrip("/")
    return not group or name == group or name.startswith(f"{group}/")
