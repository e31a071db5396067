"""How the watches of clusters stand, as rows."""

from datetime import datetime

from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from meshery.core.database import db_now
from meshery.discovery.ingest.tables import kube_cluster, kube_watch
from meshery.discovery.model import Report


async def store_report(connection: AsyncConnection, report: Report) -> None:
    """Replace what is known of a cluster's watch; kinds that are not watched any more go.

    It counts from now, by the database's time: the watcher's own clock may be wrong.
    """
    at = db_now()
    mine = kube_cluster.c.cluster_id == report.cluster_id
    values = {"version": report.version, "epoch": report.seq_epoch, "reported_at": at}
    done = await connection.execute(update(kube_cluster).where(mine).values(**values))
    if not done.rowcount:
        await connection.execute(
            insert(kube_cluster).values(cluster_id=report.cluster_id, **values)
        )
    table = kube_watch.c
    names = [status.resource for status in report.kinds]
    await connection.execute(
        delete(kube_watch)
        .where(table.cluster_id == report.cluster_id)
        .where(table.resource.not_in(names))
    )
    for position, status in enumerate(report.kinds):
        row = {
            "position": position,
            "api_version": status.api_version,
            "kind": status.kind,
            "state": status.state,
            "objects": status.objects,
            "lag_s": status.lag_s,
            "error": status.error,
            "synced_at": datetime.fromisoformat(status.synced_at) if status.synced_at else None,
            "reported_at": at,
        }
        one = (table.cluster_id == report.cluster_id) & (table.resource == status.resource)
        done = await connection.execute(update(kube_watch).where(one).values(**row))
        if not done.rowcount:
            await connection.execute(
                insert(kube_watch).values(
                    cluster_id=report.cluster_id, resource=status.resource, **row
                )
            )
