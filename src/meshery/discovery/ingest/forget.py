"""Clusters that nobody is connected to any more: what was stored of them goes, history too."""

from sqlalchemy import delete, select

from meshery.core.database import Database
from meshery.discovery.ingest.tables import (
    kube_change,
    kube_cluster,
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
    """Delete all that is stored of a cluster."""
    ours = select(kube_object.c.id).where(kube_object.c.cluster_id == cluster_id)
    async with database.write() as connection:
        await connection.execute(delete(kube_label).where(kube_label.c.object_id.in_(ours)))
        for table in (kube_relation, kube_object, kube_change, kube_watch, kube_cluster):
            await connection.execute(delete(table).where(table.c.cluster_id == cluster_id))
