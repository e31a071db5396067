"""What a sidecar's log says when it refuses a configuration or cannot start."""

import asyncio
import re
from pathlib import Path

from meshery.core.errors import ConflictError, MesheryError, OperationFailedError, UnsupportedError

_REJECTED = re.compile(
    r"(?:Filesystem config update (?:rejected|failure)|Unable to load).*?: ?(.*)"
)
_ADDRESS_IN_USE = re.compile(r"cannot bind '([^']+)': Address already in use")
_CRITICAL = re.compile(r" (?:critical|error) \w+: (.*)")
_PATIENCE_S, _POLL_S = 0.5, 0.005
_MOST_BYTES = 65_536


async def rejection_reason(log_file: Path, *, start: int) -> str:
    """Envoy's reason for the newest refusal written after byte `start`.

    The counters rise a moment before the line is flushed, so it is waited for, half a second.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _PATIENCE_S
    while True:
        found = _REJECTED.findall(read_log(log_file, start=start))
        if found or loop.time() > deadline:
            return found[-1].strip() if found else f"not told; see {log_file}"
        await asyncio.sleep(_POLL_S)


def startup_failure(text: str, *, name: str) -> MesheryError | None:
    """Why a sidecar could not start, from its log; None when the log has no reason."""
    taken = _ADDRESS_IN_USE.search(text)
    if taken:
        return ConflictError(
            f"{name} cannot listen on {taken[1]}: the port is taken",
            cause="another process listens there",
            remedy="stop it, or leave the port out so that a free one is chosen",
            code="meshery.sandbox.port_taken",
        )
    if "inotify" in text:
        return UnsupportedError(
            f"{name} cannot watch its files: no inotify instances are left",
            cause="each file an Envoy watches takes one of the user's inotify instances",
            remedy="as root: sysctl fs.inotify.max_user_instances=1024; or stop another sandbox",
            code="meshery.sandbox.inotify",
        )
    reasons = _CRITICAL.findall(text)
    if not reasons:
        return None
    return OperationFailedError(
        f"{name} did not start",
        cause=reasons[-1].strip(),
        remedy="look at its log: `mesheryctl sandbox logs`",
        code="meshery.sandbox.start",
    )


def read_log(log_file: Path, *, start: int = 0) -> str:
    """A log from byte `start` on, at most its last 64 KiB; empty when there is none."""
    try:
        with log_file.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(start, size - _MOST_BYTES) if size >= start else 0)
            return file.read(_MOST_BYTES).decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
