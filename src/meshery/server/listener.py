"""The socket the server listens on, taken first, so that a wrong setting fails before all else."""

import errno
import ipaddress
import socket
import sys
from contextlib import suppress
from pathlib import Path

from meshery.core.endpoints import host_port
from meshery.core.errors import ConflictError, InvalidInputError, UnsupportedError
from meshery.core.settings import ServerSettings

_BACKLOG = 1024
_LISTEN_STATE = "0A"


def demand_loopback(settings: ServerSettings) -> None:
    """UnsupportedError for an address that others could reach: that needs a provider with login."""
    if not is_loopback(settings.host):
        raise UnsupportedError(
            f"Meshery does not listen on {settings.host}",
            cause="others could reach it there, which demands a provider with login; "
            "this version has the local provider only",
            remedy="leave server.host at 127.0.0.1 and reach it from elsewhere through "
            f"`ssh -L {settings.port}:localhost:{settings.port} HOST`",
            code="meshery.unsupported.address",
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listen(settings: ServerSettings) -> socket.socket:
    """Bind and listen; ConflictError when the port is taken, naming who has it where known."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise _cannot_listen(settings, error) from error
    listener.listen(_BACKLOG)
    return listener


def url_of(listener: socket.socket) -> str:
    """The address for people: localhost where that leads here."""
    host, port = listener.getsockname()[:2]
    named = "localhost" if host == "127.0.0.1" else host
    return f"http://{host_port(named, port)}"


def _cannot_listen(settings: ServerSettings, error: OSError) -> Exception:
    place = f"{settings.host}:{settings.port}"
    if error.errno == errno.EADDRINUSE:
        owner = who_listens(settings.port)
        return ConflictError(
            f"port {settings.port} is taken",
            cause=f"{owner or 'another program'} listens on it",
            remedy="stop that program, or choose another port with MESHERY_SERVER_PORT "
            "or server.port in settings.yaml (0 takes a free one)",
            code="meshery.port_taken",
        )
    return InvalidInputError(
        f"cannot listen on {place}",
        cause=str(error.strerror),
        remedy="correct server.host and server.port; ports below 1024 need privileges",
        code="meshery.server_address",
    )


def who_listens(port: int) -> str:
    """`NAME (process PID)` of who listens on a port, as far as /proc shows it; else empty."""
    if not sys.platform.startswith("linux"):
        return ""
    inodes = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for process in Path("/proc").glob("[0-9]*"):
        if _held_by(process) & inodes:
            with suppress(OSError):
                return f"{(process / 'comm').read_text().strip()} (process {process.name})"
    return ""


def _held_by(process: Path) -> set[str]:
    """What a process has open; nothing when it is another user's, or gone by now."""
    held = set()
    with suppress(OSError):
        for link in (process / "fd").iterdir():
            with suppress(OSError):
                held.add(str(link.readlink()))
    return held


def _listening_inodes(port: int) -> set[str]:
    inodes = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        if not table.exists():
            continue
        for line in table.read_text().splitlines()[1:]:
            fields = line.split()
            local_port = int(fields[1].rpartition(":")[2], 16)
            if local_port == port and fields[3] == _LISTEN_STATE:
                inodes.add(fields[9])
    return inodes
