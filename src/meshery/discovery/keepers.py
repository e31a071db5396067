"""What goes on in the background: clusters are watched, what is seen is stored, old changes go.

Who watches a cluster holds its lease, by database time; when that server is gone another takes
over, and tells everything anew. One writer stores what all of them see.
"""

import asyncio
from contextlib import suppress

from sqlalchemy import delete, func, select

from meshery.connections.model import Connection, ConnectionState
from meshery.connections.service import ConnectionService
from meshery.core import leases
from meshery.core.database import later
from meshery.core.durations import parse_duration
from meshery.core.errors import MesheryError
from meshery.core.telemetry import get_logger
from meshery.discovery.following import follow_broker
from meshery.discovery.ingest.feeds import Broker, Feeds
from meshery.discovery.ingest.forget import forget_cluster, known_clusters
from meshery.discovery.ingest.tables import kube_change
from meshery.discovery.ingest.writer import Writer
from meshery.discovery.leaf_keeping import keep_leaves
from meshery.discovery.leaf_way import is_met_here
from meshery.discovery.service import SUBJECT_RESYNC, DiscoveryService, lease_of
from meshery.discovery.watch.cluster import ClusterWatch
from meshery.discovery.watch.publisher import Publisher
from meshery.operations.keepers import Keeper
from meshery.operations.owners import new_owner
from meshery.operations.platform import Platform

LOOK_S = 2.0
"""How often connections are looked at."""
RETENTION_S = 60.0
_AGAIN_S = 5.0

_log = get_logger("discovery.keepers")


async def keep_watching(platform: Platform) -> None:
    """Watch every connected cluster that nobody else watches."""
    owner = new_owner(platform.host)
    running: dict[str, asyncio.Task[None]] = {}
    try:
        while True:
            wanted = await _connected(platform)
            for cluster_id in running.keys() - wanted.keys():
                await _stop(running.pop(cluster_id))
            for cluster_id, connection in wanted.items():
                if cluster_id not in running or running[cluster_id].done():
                    work = _watch_alone(platform, connection, owner)
                    running[cluster_id] = asyncio.create_task(work, name=f"watch-{cluster_id}")
            await asyncio.sleep(LOOK_S)
    finally:
        for task in running.values():
            await _stop(task)


async def keep_storing(platform: Platform) -> None:
    """Store what all watches see."""

    async def lost() -> None:
        await DiscoveryService(platform).resync()

    await Writer(platform.database, platform.bus, lost=lost).run()


async def keep_tidy(platform: Platform) -> None:
    """Delete changes older than `retention.changes`, and clusters that are disconnected."""
    while True:
        await tidy(platform)
        await asyncio.sleep(RETENTION_S)


async def tidy(platform: Platform) -> None:
    """One round."""
    kept_s = parse_duration(platform.settings.retention.changes)
    if kept_s:
        async with platform.database.write() as connection:
            # The newest one stays: its number must not be given again to whoever follows by it.
            newest = select(func.max(kube_change.c.id)).scalar_subquery()
            old = (kube_change.c.at < later(-kept_s)) & (kube_change.c.id < newest)
            await connection.execute(delete(kube_change).where(old))
    connected = set(await DiscoveryService(platform).cluster_names())
    for cluster_id in await known_clusters(platform.database) - connected:
        await forget_cluster(platform.database, cluster_id)


async def _connected(platform: Platform) -> dict[str, Connection]:
    """By cluster the connection to go through: one that answers, else the first."""
    found: dict[str, Connection] = {}
    for connection in await ConnectionService(platform).all():
        before = found.get(connection.cluster_id)
        is_better = before is None or (
            before.state is not ConnectionState.REACHABLE
            and connection.state is ConnectionState.REACHABLE
        )
        if connection.cluster_id and is_better:
            found[connection.cluster_id] = connection
    return found


async def _watch_alone(platform: Platform, connection: Connection, owner: str) -> None:
    """Watch while this process holds the cluster's lease; return when it does not get it."""
    ttl_s = parse_duration(platform.settings.worker.lease)
    database, name = platform.database, lease_of(connection.cluster_id)
    loop = asyncio.get_running_loop()
    try:
        broker = await _broker(platform, connection)
        if broker and broker.leaf and not is_met_here(platform.settings):
            return  # who meets it follows it
        renewed_s = loop.time()
        fence = await leases.acquire(database, name, owner=owner, ttl_s=ttl_s)
        if fence is None:
            return
        work = _follow(platform, connection, broker) if broker else _watch(platform, connection)
        task = asyncio.create_task(work, name="watch-cluster")
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=min(LOOK_S, ttl_s / 3))
                if loop.time() - renewed_s >= ttl_s / 3:
                    renewed_s = loop.time()
                    if not await leases.renew(
                        database, name, owner=owner, fence=fence, ttl_s=ttl_s
                    ):
                        return
                if not await _is_current(platform, connection):
                    return
                if await _broker(platform, connection) != broker:
                    return
            task.result()
        finally:
            await _stop(task)
            await leases.release(database, name, owner=owner, fence=fence)
    except MesheryError as error:
        _log.warning("discovery.not_watched", cluster=connection.name, what=error.what)
        await asyncio.sleep(_AGAIN_S)


async def _is_current(platform: Platform, connection: Connection) -> bool:
    """Whether it still goes through this connection; one that ceased to answer is replaced."""
    now = (await _connected(platform)).get(connection.cluster_id)
    return now is not None and now.id == connection.id


async def _broker(platform: Platform, connection: Connection) -> Broker | None:
    """Where the cluster is followed; None: it is watched from here."""
    feed = await Feeds(platform.database).get(connection.cluster_id)
    return feed.broker if feed else None


async def _follow(platform: Platform, connection: Connection, broker: Broker) -> None:
    again = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        work = follow_broker(platform, connection, broker, again=again)
        group.create_task(work, name="follow")
        group.create_task(_hear(platform, connection.cluster_id, again), name="hear")


async def _watch(platform: Platform, connection: Connection) -> None:
    async with ConnectionService(platform).client(connection.id) as client:
        publisher = Publisher(platform.bus)
        watch = ClusterWatch(client, connection.cluster_id, publisher)
        again = asyncio.Event()
        publisher.lost = again.set
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(watch.run(), name="watch")
                group.create_task(_hear(platform, connection.cluster_id, again), name="hear")
                group.create_task(_resync(watch, again), name="resync")
        finally:
            await publisher.close()


async def _hear(platform: Platform, cluster_id: str, again: asyncio.Event) -> None:
    async with platform.bus.listen(SUBJECT_RESYNC) as messages:
        async for message in messages:
            if message.data.decode(errors="replace") == cluster_id:
                again.set()


async def _resync(watch: ClusterWatch, again: asyncio.Event) -> None:
    while True:
        await again.wait()
        again.clear()
        await watch.resync()


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})
    with suppress(asyncio.CancelledError):
        if task.exception() is not None:
            _log.error("discovery.watch_broke", cause=repr(task.exception()))


KEEPERS = (
    Keeper("discovery.watch", keep_watching, singleton=False),
    Keeper("discovery.leaves", keep_leaves, singleton=False),
    Keeper("discovery.ingest", keep_storing),
    Keeper("discovery.retention", keep_tidy),
)
