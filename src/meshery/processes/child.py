"""Starting one child: a session of its own, its limits, its log, and the promise to die with us.

On Linux every child asks for SIGKILL when its parent ends (`PR_SET_PDEATHSIG`, prctl(2)). Two
traps are closed here. The signal follows the *thread* that forked, so children are started by the
main thread only. And the parent may die between fork and prctl: the child looks at its parent
afterwards. Elsewhere the next supervisor ends what a killed one left (`record`).
"""

import ctypes
import os
import re
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from meshery.core.errors import InvalidInputError, UnavailableError
from meshery.processes.model import ProcessSpec

LOG_LIMIT_BYTES = 10 * 1024 * 1024
"""A log larger than this is put aside (`NAME.1`) when its process starts again."""

_PR_SET_PDEATHSIG = 1
_INHERITED = re.compile(
    "PATH|HOME|USER|LOGNAME|LANG|LC_[A-Z]+|TZ|TMPDIR|XDG_RUNTIME_DIR|VIRTUAL_ENV|SSL_CERT_[A-Z]+"
    "|PYTHON[A-Z]+"
)

_prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None


def spawn(spec: ProcessSpec, *, extra: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start the process of a spec; `extra` goes under its own environment.

    InvalidInputError for what the spec asks in vain, UnavailableError when the machine is out of
    processes, memory or files. Call from the main thread only.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("children are started by the main thread only: see PR_SET_PDEATHSIG")
    prepare = _preparation(spec, os.getpid())
    try:
        with opened_log(spec.log_file) as log:
            return subprocess.Popen(  # noqa: S603 - the caller's program, no shell
                spec.argv,
                cwd=spec.directory or None,
                env=child_environment(spec, extra),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=prepare,  # noqa: PLW1509 - this process has one thread
            )
    except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
        raise InvalidInputError(
            f"{spec.name} cannot be started",
            cause=f"{error.filename or spec.argv[0]}: {error.strerror}",
            remedy="check that the program and its directory are there and may be used",
        ) from error
    except subprocess.SubprocessError as error:
        raise InvalidInputError(
            f"{spec.name} cannot be started",
            cause="its limits, processors, priority or user were refused",
            remedy="ask for no more than this user may have; only root may become another user",
        ) from error
    except OSError as error:
        raise UnavailableError(
            f"{spec.name} cannot be started",
            cause=str(error),
            remedy="free memory, processes (`ulimit -u`) or open files (`ulimit -n`)",
        ) from error


def child_environment(spec: ProcessSpec, extra: Mapping[str, str]) -> dict[str, str]:
    """What a child sees: an allow-list of ours, then `extra`, then its own."""
    kept = {name: value for name, value in os.environ.items() if _INHERITED.fullmatch(name)}
    return {**kept, **extra, **spec.environment}


def _preparation(spec: ProcessSpec, parent: int) -> Callable[[], None]:
    """What the child does between fork and exec; every fault there is one SubprocessError here."""

    def prepare() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if spec.open_files:
            _limit(resource.RLIMIT_NOFILE, spec.open_files)
        if spec.memory_bytes:
            _limit(resource.RLIMIT_DATA, spec.memory_bytes)
        if spec.nice:
            os.nice(spec.nice)
        if spec.cpus and sys.platform == "linux":
            os.sched_setaffinity(0, spec.cpus)
        if spec.user is not None and spec.user != os.getuid():
            _become(spec.user)
        # Last, since a change of user clears it.
        if _prctl is not None:
            _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return prepare


def _limit(which: int, soft: int) -> None:
    """Set a limit, not above what this user may have."""
    hard = resource.getrlimit(which)[1]
    value = soft if hard == resource.RLIM_INFINITY else min(soft, hard)
    resource.setrlimit(which, (value, hard))


def _become(user: int) -> None:
    import pwd

    try:
        group = pwd.getpwuid(user).pw_gid
    except KeyError:
        group = user
    os.setgroups([])
    os.setgid(group)
    os.setuid(user)


@contextmanager
def opened_log(name: str) -> Iterator[int]:
    """The log as a descriptor for appending (0600), turned over when large.

    /dev/null without a name.
    """
    path = Path(name or os.devnull)
    if name:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
            path.replace(path.with_name(f"{path.name}.1"))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
