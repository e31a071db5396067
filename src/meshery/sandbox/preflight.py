"""What must be true of this machine before a sandbox starts; each refusal is one clear error.

Checked first and computed, not tried: an Envoy that runs out of inotify instances, or whose port is
taken, starts all the same and then serves nothing.
"""

import importlib.util
import os
import platform
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from meshery.core.errors import ConflictError, LimitError, UnsupportedError
from meshery.sandbox.ports import taken_ports

_INOTIFY_LIMIT = Path("/proc/sys/fs/inotify/max_user_instances")
_LONGEST_SOCKET = 103


def envoy_path(package: str = "envoy") -> Path:
    """The Envoy binary of the `sandbox` extra. UnsupportedError names platform and remedy.

    `package` is the Python package that brings it.
    """
    found = importlib.util.find_spec(package)
    folder = Path(found.origin).parent / "_bin" if found and found.origin else Path()
    binary = folder / ("envoy.dll" if sys.platform == "win32" else "envoy")
    if not binary.is_file():
        machine = f"{platform.system()} {platform.machine()}"
        raise UnsupportedError(
            f"the sandbox needs Envoy, which is not installed here ({machine})",
            cause="Envoy comes with the `sandbox` extra, for Linux with glibc (x86_64, aarch64) "
            "and macOS (arm64)",
            remedy="pip install 'meshery[server,sandbox]' on one of these platforms",
            code="meshery.sandbox.no_envoy",
        )
    return binary


def check_grpc() -> None:
    """UnsupportedError when sample applications could not serve gRPC: the library is missing."""
    if importlib.util.find_spec("grpc") is None:
        raise UnsupportedError(
            "a service that echoes gRPC needs grpcio, which is not installed here",
            cause="it comes with the `sandbox` extra",
            remedy="pip install 'meshery[server,sandbox]', or leave grpc out of the specification",
            code="meshery.sandbox.no_grpc",
        )


def check_room(*, running: int, wanted: int, limit: int) -> None:
    """LimitError when all sandboxes together would have more sidecars than the settings allow."""
    if running + wanted > limit:
        raise LimitError(
            f"{wanted} more sidecars are too many",
            cause=f"{running} run already, and sandbox.max_sidecars is {limit}",
            remedy="stop another sandbox, or raise the setting sandbox.max_sidecars",
            code="meshery.sandbox.max_sidecars",
        )


def check_watches(*, wanted: int) -> None:
    """UnsupportedError when `wanted` more inotify instances pass this user's limit (Linux only)."""
    if not _INOTIFY_LIMIT.exists():
        return
    limit = int(_INOTIFY_LIMIT.read_text(encoding="ascii"))
    used = sum(1 for _ in _watchers(os.getuid()))
    if used + wanted > limit:
        raise UnsupportedError(
            f"the sandbox needs {wanted} more inotify instances than this user has left",
            cause=f"{used} of {limit} are in use; each file an Envoy watches takes one",
            remedy=f"as root: sysctl fs.inotify.max_user_instances={max(1024, 2 * limit)}; "
            "or stop another sandbox",
            code="meshery.sandbox.inotify",
        )


def check_ports(ports: Iterable[int], *, host: str = "127.0.0.1") -> None:
    """ConflictError when somebody listens on one of `ports` already."""
    taken = taken_ports(ports, host=host)
    if taken:
        numbers = ", ".join(str(port) for port in taken)
        raise ConflictError(
            f"port {numbers} is taken" if len(taken) == 1 else f"ports {numbers} are taken",
            cause="another process listens there",
            remedy="stop it, or leave the port out so that a free one is chosen",
            code="meshery.sandbox.port_taken",
        )


def check_socket_paths(paths: Iterable[str]) -> None:
    """UnsupportedError when a Unix socket's path would be cut off."""
    longest = max(paths, key=len, default="")
    if len(longest) > _LONGEST_SOCKET:
        raise UnsupportedError(
            f"the path of a socket is too long: {longest}",
            cause=f"a Unix socket's path has at most {_LONGEST_SOCKET} bytes",
            remedy="set XDG_RUNTIME_DIR or TMPDIR to a shorter directory",
            code="meshery.sandbox.socket_path",
        )


def _watchers(user: int) -> Iterator[Path]:
    """The inotify descriptors of all processes of `user` that may be looked at."""
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal():
            continue
        try:
            if process.stat().st_uid != user:
                continue
            descriptors = list((process / "fd").iterdir())
        except OSError:
            continue  # it ended, or is not ours to look at
        for descriptor in descriptors:
            if _is_watcher(descriptor):
                yield descriptor


def _is_watcher(descriptor: Path) -> bool:
    try:
        return descriptor.readlink().name == "anon_inode:inotify"
    except OSError:
        return False
