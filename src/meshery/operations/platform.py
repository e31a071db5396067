"""What every process of the server side stands on: settings, rows, bus, keys, supervisor, host.

`open_platform` opens all of it and closes it in the reverse order. Domain services are built from
the platform: `SandboxService(platform)`.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from meshery.core.bus import Bus
from meshery.core.bus_address import read_address
from meshery.core.database import Database
from meshery.core.errors import UnsupportedError
from meshery.core.keys import Keys, key_file
from meshery.core.paths import runtime_dir
from meshery.core.settings import Settings
from meshery.operations.events import Events
from meshery.operations.kinds import load_kinds
from meshery.operations.model import WorkKind
from meshery.operations.service import Operations

if TYPE_CHECKING:
    from meshery.processes.client import SupervisorClient

Role = Literal["server", "worker"]


@dataclass(frozen=True)
class Platform:
    """The opened parts. `supervisor` is None where this process has no supervisor to talk to."""

    settings: Settings
    database: Database
    bus: Bus
    keys: Keys
    supervisor: "SupervisorClient | None"
    operations: Operations
    events: Events
    kinds: Mapping[str, WorkKind]
    host: str


@asynccontextmanager
async def open_platform(
    settings: Settings,
    *,
    role: Role,
    embedded: bool = True,
    kinds: Mapping[str, WorkKind] | None = None,
) -> AsyncIterator[Platform]:
    """Open everything; the tables are brought to the newest revision on the way.

    `embedded` is false for a worker that no server started: it demands PostgreSQL, an external
    bus and the server's key. `kinds` replaces the registered kinds of work. UnavailableError when
    a part does not answer, UnsupportedError when the settings do not allow this role.
    """
    if role == "worker" and not embedded:
        demand_shared_parts(settings)
    known = load_kinds() if kinds is None else kinds
    async with AsyncExitStack() as stack:
        database = await Database.open(settings)
        stack.push_async_callback(database.close)
        await database.migrate()
        address = read_address(settings)
        bus = await Bus.connect(settings, url=address.url, token=address.token)
        stack.push_async_callback(bus.close)
        supervisor = _supervisor(settings)
        if supervisor is not None:
            stack.push_async_callback(supervisor.close)
        events = Events(database, bus)
        yield Platform(
            settings=settings,
            database=database,
            bus=bus,
            keys=Keys.load(settings),
            supervisor=supervisor,
            operations=Operations(database, bus, events, settings=settings, kinds=known),
            events=events,
            kinds=known,
            host=settings.worker_host,
        )


def _supervisor(settings: Settings) -> "SupervisorClient | None":
    socket = runtime_dir(settings.home_path) / "supervisor.sock"
    if not socket.exists():
        return None
    from meshery.processes.client import SupervisorClient

    return SupervisorClient(socket)


def demand_shared_parts(settings: Settings) -> None:
    """UnsupportedError unless rows, bus and secrets can be shared by several hosts."""
    missing = []
    if settings.database_url.startswith("sqlite"):
        missing.append("database.url must name a PostgreSQL database (SQLite serves one server)")
    if not settings.bus.url:
        missing.append("bus.url must name an external NATS server")
    if not settings.key_file and not key_file(settings).exists():
        missing.append(
            "key_file must name a copy of the server's key: what one seals, all must open"
        )
    if missing:
        raise UnsupportedError(
            "a worker of its own needs PostgreSQL, an external NATS server and the server's key",
            cause="; ".join(missing),
            remedy="set them alike for the server and all workers, "
            "or let the server start its own worker (worker.embedded)",
            code="meshery.worker.alone",
        )
