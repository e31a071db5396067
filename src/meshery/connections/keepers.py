"""Asks every connected cluster, again and again, whether it answers; changes become events."""

import asyncio

from meshery.connections.service import AT_ONCE, ConnectionService
from meshery.core.durations import parse_duration
from meshery.core.errors import MesheryError, NotFoundError
from meshery.core.telemetry import get_logger
from meshery.operations.keepers import Keeper
from meshery.operations.platform import Platform

_LEAST_S = 1.0

_log = get_logger("connections.keepers")


async def keep_asking(platform: Platform) -> None:
    """A round, then a pause of `kubernetes.check_every`."""
    pause_s = max(_LEAST_S, parse_duration(platform.settings.kubernetes.check_every))
    while True:
        await ask_all(platform)
        await asyncio.sleep(pause_s)


async def ask_all(platform: Platform) -> None:
    """One round: several at once, so that those that do not answer keep nobody waiting."""
    service = ConnectionService(platform)
    free = asyncio.Semaphore(AT_ONCE)

    async def ask(connection_id: str) -> None:
        async with free:
            try:
                await service.ping(connection_id)
            except NotFoundError:
                return  # disconnected meanwhile
            except MesheryError as error:
                _log.warning("connections.not_asked", connection=connection_id, what=error.what)

    async with asyncio.TaskGroup() as group:
        for each in await service.all():
            group.create_task(ask(each.id), name=f"ask {each.id}")


KEEPERS = (Keeper("connections.ask", keep_asking),)
