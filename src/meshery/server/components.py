"""The parts of a running server, each with its state: asked now, not remembered."""

import asyncio
from collections.abc import Awaitable

import msgspec

from meshery.core.bus_errors import away
from meshery.core.errors import MesheryError, UnavailableError
from meshery.core.streams import EVENTS_STREAM
from meshery.operations.platform import Platform
from meshery.processes.client import SupervisorClient
from meshery.server.parts import Parts

_PATIENCE_S = 3.0


class Component(msgspec.Struct, frozen=True):
    """One part. `state` is ok, degraded or failed; `detail` says what it is or what is wrong."""

    name: str
    state: str
    detail: str
    remedy: str = ""


async def components(platform: Platform, parts: Parts) -> list[Component]:
    """Database, bus, supervisor and its long-lived processes, and parts that failed to load."""
    checks = [
        _checked("database", _database(platform)),
        _checked("bus", _bus(platform)),
        _checked("supervisor", _supervisor(platform.supervisor)),
    ]
    found = [component for group in await asyncio.gather(*checks) for component in group]
    found += [
        Component(
            f"{part.group}/{part.name}",
            "failed",
            part.reason,
            "mend or remove the plug-in, then restart the server",
        )
        for part in parts.failed
    ]
    return found


async def _checked(name: str, check: Awaitable[list[Component]]) -> list[Component]:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return await check
    except TimeoutError:
        return [Component(name, "failed", f"no answer within {_PATIENCE_S:.0f} s")]
    except MesheryError as error:
        detail = f"{error.what}: {error.cause}" if error.cause else error.what
        return [Component(name, "failed", detail, error.remedy)]


async def _database(platform: Platform) -> list[Component]:
    await platform.database.now()
    return [Component("database", "ok", platform.database.dialect)]


async def _bus(platform: Platform) -> list[Component]:
    if not platform.bus.connected:  # told at once, not after a request's patience
        raise away("answer")
    await platform.bus.last_sequence(EVENTS_STREAM)
    kind = "external NATS" if platform.settings.bus.url else "our own NATS"
    return [Component("bus", "ok", kind)]


async def _supervisor(supervisor: SupervisorClient | None) -> list[Component]:
    if supervisor is None:
        raise UnavailableError("there is no supervisor", remedy="restart the server")
    statuses = await supervisor.list()
    sandboxed = sum(status.name.startswith("sandbox/") for status in statuses)
    own = [
        Component(
            status.name,
            "ok" if status.state == "running" else "failed",
            f"{status.state}, pid {status.pid}, restarted {status.restarts} times",
        )
        for status in statuses
        if not status.name.startswith(("sandbox/", "load/"))
    ]
    return [Component("supervisor", "ok", f"{sandboxed} sandbox processes"), *own]
