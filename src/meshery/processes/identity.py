"""Telling a process from a later one that got the same pid: the pid, its start, and the boot."""

import os
import subprocess
import sys
import time
from pathlib import Path

_START = 19  # field 22 of proc_pid_stat(5), counted from the state that follows the command
_SESSION = 3  # field 6


def start_ticks(pid: int) -> int:
    """When a process started: clock ticks since boot on Linux, else seconds since 1970.

    0 when it is gone, if only as a zombie that nobody reaped yet. Only fit for comparing with an
    earlier answer for the same pid.
    """
    if sys.platform == "linux":
        fields = _stat(pid)
        return int(fields[_START]) if _is_living(fields) else 0
    else:  # noqa: RET505 - the other branch is not there for the type checker
        return _start_by_ps(pid)


def boot_id() -> str:
    """The name of this boot of the machine; empty where the system does not tell."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def sessions() -> dict[int, list[int]]:
    """Living processes by the session they are of (Linux; empty elsewhere)."""
    found: dict[int, list[int]] = {}
    if sys.platform == "linux":
        for entry in os.scandir("/proc"):
            fields = _stat(int(entry.name)) if entry.name.isdecimal() else []
            if _is_living(fields):
                found.setdefault(int(fields[_SESSION]), []).append(int(entry.name))
    return found


def environment_of(pid: int) -> dict[str, str]:
    """The environment a process was started with; empty when it may not be read (Linux)."""
    try:
        raw = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return {}
    pairs = (os.fsdecode(item).partition("=") for item in raw.split(b"\0"))
    return {name: value for name, sign, value in pairs if sign}


def _is_living(fields: list[str]) -> bool:
    return bool(fields) and fields[0] not in {"Z", "X"}


def _stat(pid: int) -> list[str]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (OSError, UnicodeDecodeError):
        return []
    return text.rpartition(")")[2].split()


def _start_by_ps(pid: int) -> int:
    """`ps` prints local time to the second: `Thu Jan  2 03:04:05 2025`."""
    shown = subprocess.run(  # noqa: S603 - a number and fixed words
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C"},
    )
    try:
        return int(time.mktime(time.strptime(shown.stdout.strip())))
    except ValueError:
        return 0
