"""Clusters that nobody is connected to any more: what was stored of them goes, history too."""

from sqlalchemy import delete, func, select, update

from meshery.core.database import Database
from meshery.discovery.ingest.tables import (
    kube_change,
    kube_cluster,
    kube_feed,
    kube_label,
    kube_object,
    kube_relation,
    kube_watch,
)


async def known_clusters(database: Database) -> set[str]:
    """Clusters of which there is anything."""
    found: set[str] = set()
    for table in (kube_object, kube_cluster):
        rows = await database.fetch(select(table.c.cluster_id).distinct())
        found |= {row.cluster_id for row in rows}
    return found


async def forget_cluster(database: Database, cluster_id: str) -> None:
    """Delete all that is stored of a cluster.

    The newest of all changes stays without its document, should it be of this cluster: its number
    must not be given again to whoever follows by it.
    """
    ours = select(kube_object.c.id).where(kube_object.c.cluster_id == cluster_id)
    newest = select(func.max(kube_change.c.id)).scalar_subquery()
    changes = kube_change.c.cluster_id == cluster_id
    async with database.write() as connection:
        await connection.execute(delete(kube_label).where(kube_label.c.object_id.in_(ours)))
        await connection.execute(delete(kube_change).where(changes & (kube_change.c.id < newest)))
        await connection.execute(update(kube_change).where(changes).values(document=None))
        for table in (kube_relation, kube_object, kube_watch, kube_cluster, kube_feed):
            await connection.execute(delete(table).where(table.c.cluster_id == cluster_id))
