"""Which meshes run in the connected clusters, from what is stored of them.

    inventory = MeshInventory(platform)
    await inventory.meshes(["prod"])

A cluster is read again when something was stored since it was read last, and then only so often
that it stays a small part of what the server does. Several askers wait for one reading, which is
work for a thread, not for the event loop.
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from time import monotonic
from weakref import WeakKeyDictionary

from meshery.connections.service import ConnectionService
from meshery.core.database import Database
from meshery.core.errors import NotFoundError
from meshery.discovery.fingerprints.load import bundled_fingerprints
from meshery.discovery.fingerprints.survey import survey
from meshery.discovery.fingerprints.table import Fingerprints
from meshery.discovery.meshes import (
    ClusterSurvey,
    LandscapeItem,
    MeshItem,
    landscape_items,
    mesh_items,
    the_mesh,
)
from meshery.discovery.service import DiscoveryService
from meshery.discovery.stored import Position, read_snapshot, stored_position
from meshery.operations.platform import Platform

FRESH_S = 1.0
"""A reading that is younger is told again even where something was stored since."""
REST = 5.0
"""So many times as long as it took holds a reading, where that is longer."""


@dataclass
class _Reading:
    """The last reading of a cluster; one at a time."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    position: Position | None = None
    until_s: float = 0.0
    survey: ClusterSurvey | None = None


_readings: WeakKeyDictionary[Database, dict[tuple[str, str], _Reading]] = WeakKeyDictionary()
"""By database, and by id and name of the cluster."""


class MeshInventory:
    """The meshes of all connected clusters."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._database = platform.database

    async def meshes(self, clusters: Collection[str] = ()) -> tuple[MeshItem, ...]:
        """Those of these clusters, all by default; a cluster by a context's name or its id.

        NotFoundError for a cluster that is not connected.
        """
        return await asyncio.to_thread(mesh_items, await self.surveys(clusters))

    async def mesh(self, name: str, clusters: Collection[str] = ()) -> MeshItem:
        """One by its id or name; see `the_mesh`."""
        return the_mesh(await self.meshes(clusters), name)

    async def landscape(self) -> tuple[LandscapeItem, ...]:
        """Every mesh there is or was, and what is found of it here."""
        return landscape_items(await self.surveys())

    async def surveys(self, clusters: Collection[str] = ()) -> list[ClusterSurvey]:
        """What fingerprints tell of each cluster."""
        names = await self._chosen(clusters)
        states = {each.cluster_id: each.state for each in await self._discovery.status()}
        found = []
        for cluster_id, name in names.items():
            one = await self._survey(cluster_id, name)
            found.append(one.watched(states.get(cluster_id, "none")))
        return found

    async def is_current(self) -> bool:
        """Whether all that is stored now was read; a reading holds for a while."""
        position = await stored_position(self._database)
        here = _readings.get(self._database, {})
        known = (here.get(key) for key in (await self._discovery.cluster_names()).items())
        return all(each is not None and each.position == position for each in known)

    @property
    def _discovery(self) -> DiscoveryService:
        return DiscoveryService(self._platform)

    async def _chosen(self, clusters: Collection[str]) -> Mapping[str, str]:
        """Ids and names of the clusters that are asked for."""
        names = await self._discovery.cluster_names()
        if not clusters:
            return names
        known = {cluster_id: cluster_id for cluster_id in names}
        for connection in await ConnectionService(self._platform).all():
            if connection.cluster_id:
                known.setdefault(connection.name, connection.cluster_id)
        for each in clusters:
            if each not in known:
                raise NotFoundError(
                    f"no cluster {each!r:.60} is connected",
                    remedy="list what is: mesheryctl kubernetes list",
                    code="meshery.discovery.cluster",
                )
        return {known[each]: names[known[each]] for each in clusters}

    async def _survey(self, cluster_id: str, name: str) -> ClusterSurvey:
        here = _readings.setdefault(self._database, {})
        reading = here.setdefault((cluster_id, name), _Reading())
        async with reading.lock:
            begun_s = monotonic()
            if reading.survey and begun_s < reading.until_s:
                return reading.survey
            position = await stored_position(self._database)
            if reading.survey is None or position != reading.position:
                reading.survey = await self._read(cluster_id, name)
                reading.position = position
            now_s = monotonic()
            reading.until_s = now_s + max(FRESH_S, REST * (now_s - begun_s))
            return reading.survey

    async def _read(self, cluster_id: str, name: str) -> ClusterSurvey:
        tables, read_at = _tables(), datetime.now(UTC)
        snapshot = await read_snapshot(
            self._database, tables, cluster_id=cluster_id, cluster_name=name
        )
        told = await asyncio.to_thread(survey, snapshot, tables)
        return ClusterSurvey(cluster_id, name, read_at, told)


@cache
def _tables() -> Fingerprints:
    return bundled_fingerprints()
