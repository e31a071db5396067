"""Verbs of discovery: what is stored of the clusters, how their watches stand, tell all again.

service = DiscoveryService(platform)
await service.resources(PageQuery(order="name"), only=ResourceFilter(kind="Pod"))
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import yaml
from sqlalchemy import Row, func, select

from meshery.connections.service import ConnectionService
from meshery.core import leases
from meshery.core.database import later
from meshery.core.errors import NotFoundError
from meshery.core.listing import fetch_page
from meshery.core.page import Page, PageQuery
from meshery.discovery.filter import ResourceFilter
from meshery.discovery.ingest.tables import kube_change, kube_cluster, kube_object, kube_watch
from meshery.discovery.omitted import fetched, is_omitted
from meshery.discovery.related import labels_of, related_to
from meshery.discovery.view import (
    Change,
    Changes,
    ClusterView,
    KindView,
    ResourceRow,
    ResourceView,
    WatchState,
)
from meshery.operations.platform import Platform

RESOURCE_ORDER = ("name", "kind", "namespace", "created_at", "seen_at", "cluster_id")
SUBJECT_RESYNC = "meshery.v1.resync"
STALE_S = 90.0
"""A watch that has said nothing for so long is not believed any more."""
HISTORY = 50
CHANGES = 200

_BY_NAME = PageQuery(order="name")
_ALL = ResourceFilter()


def lease_of(cluster_id: str) -> str:
    """The lease that decides who watches a cluster."""
    return f"discovery.watch.{cluster_id}"


class DiscoveryService:
    """What is known of all connected clusters."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._database = platform.database

    async def resources(
        self, query: PageQuery = _BY_NAME, *, only: ResourceFilter = _ALL
    ) -> Page[ResourceRow]:
        """One page of objects; `order` is one of RESOURCE_ORDER."""
        wanted = msgspec.structs.replace(only, search=only.search or query.search)
        statement = select(*(each for each in kube_object.c if each.name != "document"))
        columns = {name: kube_object.c[name] for name in RESOURCE_ORDER}
        async with self._database.read() as connection:
            rows, total = await fetch_page(
                connection,
                statement.where(*wanted.conditions()),
                page=query,
                columns=columns,
                key=kube_object.c.id,
            )
        labels = await labels_of(self._database, [row.id for row in rows])
        names = await self.cluster_names()
        items = [_row(row, names, labels.get(row.id, {})) for row in rows]
        return Page.of(items, query, total=total)

    async def resource(self, identity: str) -> ResourceView:
        """One object with its relations and its history. NotFoundError when it is not stored."""
        query = select(kube_object).where(kube_object.c.id == identity)
        found = next(iter(await self._database.fetch(query)), None)
        if found is None:
            raise NotFoundError(
                f"no object {identity!r:.60} is known",
                cause="it never was seen, or it is gone",
                remedy="list what is there: mesheryctl discovery resources",
                code="meshery.discovery.object",
            )
        document: dict[str, Any] = msgspec.json.decode(found.document)
        if is_omitted(document):
            document = await fetched(self._platform, document, cluster_id=found.cluster_id)
        names = await self.cluster_names()
        return ResourceView(
            id=found.id,
            meshsync_id=found.meshsync_id,
            uid=found.uid,
            cluster_id=found.cluster_id,
            cluster=names.get(found.cluster_id, ""),
            api_version=found.api_version,
            kind=found.kind,
            namespace=found.namespace,
            name=found.name,
            resource_version=found.resource_version,
            created_at=found.created_at,
            seen_at=found.seen_at,
            document=document,
            yaml=yaml.safe_dump(document, sort_keys=False, allow_unicode=True),
            relations=await related_to(self._database, found),
            history=await self.history(identity),
        )

    async def history(self, identity: str) -> list[Change]:
        """The newest states of an object, the newest first; also of one that is gone."""
        table = kube_change.c
        query = select(kube_change).where(table.object_id == identity)
        rows = await self._database.fetch(query.order_by(table.id.desc()).limit(HISTORY))
        return [_change(row) for row in rows]

    async def changes(self, *, after: int | None, kind: str = "", namespace: str = "") -> Changes:
        """Changes of all objects after `after`, at most CHANGES; None begins with the next one."""
        table = kube_change.c
        last = await self._database.fetch(select(func.max(table.id).label("seq")))
        newest: int = last[0].seq or 0
        if after is None:
            return Changes([], newest)
        query = select(kube_change).where(table.id > after)
        if kind:
            query = query.where(table.kind == kind)
        if namespace:
            query = query.where(table.namespace == namespace)
        rows = await self._database.fetch(query.order_by(table.id).limit(CHANGES))
        found = [_change(row) for row in rows]
        if len(found) == CHANGES:
            return Changes(found, found[-1].seq)
        return Changes(found, max([newest, after, *(each.seq for each in found)]))

    async def status(self) -> list[ClusterView]:
        """Every connected cluster, and those that are still known, by name."""
        names = await self.cluster_names()
        # By the database's time alone: clocks of servers differ.
        is_stale = (kube_cluster.c.reported_at < later(-STALE_S)).label("is_stale")
        reported = await self._database.fetch(select(kube_cluster, is_stale))
        reports = {row.cluster_id: row for row in reported}
        query = select(kube_watch).order_by(kube_watch.c.cluster_id, kube_watch.c.position)
        kinds: dict[str, list[KindView]] = {}
        for row in await self._database.fetch(query):
            kinds.setdefault(row.cluster_id, []).append(_kind(row))
        counts = await self._counts()
        known = dict.fromkeys([*names, *reports])
        holders = await leases.holders(self._database, map(lease_of, known))
        found = [
            _cluster(
                cluster_id,
                names.get(cluster_id, ""),
                watcher=holders.get(lease_of(cluster_id), ("", 0))[0].rpartition(":")[0],
                report=reports.get(cluster_id),
                kinds=kinds.get(cluster_id, []),
                objects=counts.get(cluster_id, 0),
            )
            for cluster_id in known
        ]
        return sorted(found, key=lambda each: (each.cluster, each.cluster_id))

    async def resync(self, cluster_ids: Iterable[str] = ()) -> list[str]:
        """Ask the watchers of these clusters, all by default, to tell everything again.

        NotFoundError for a cluster that is not connected. Returns the clusters that were asked.
        """
        names = await self.cluster_names()
        wanted = list(cluster_ids) or list(names)
        for cluster_id in wanted:
            if cluster_id not in names:
                raise NotFoundError(
                    f"no cluster {cluster_id!r:.60} is connected",
                    remedy="list what is: mesheryctl kubernetes list",
                    code="meshery.discovery.cluster",
                )
        for cluster_id in wanted:
            await self._platform.bus.notify(SUBJECT_RESYNC, cluster_id.encode())
        return wanted

    async def cluster_names(self) -> dict[str, str]:
        """What people call each connected cluster: the first of its contexts' names."""
        found: dict[str, str] = {}
        for connection in await ConnectionService(self._platform).all():
            if connection.cluster_id:
                found.setdefault(connection.cluster_id, connection.name)
        return found

    async def _counts(self) -> dict[str, int]:
        column = kube_object.c.cluster_id
        rows = await self._database.fetch(
            select(column, func.count().label("objects")).group_by(column)
        )
        return {row.cluster_id: row.objects for row in rows}


def _row(row: Row[Any], names: Mapping[str, str], labels: dict[str, str]) -> ResourceRow:
    return ResourceRow(
        id=row.id,
        cluster_id=row.cluster_id,
        cluster=names.get(row.cluster_id, ""),
        api_version=row.api_version,
        kind=row.kind,
        namespace=row.namespace,
        name=row.name,
        labels=labels,
        created_at=row.created_at,
        seen_at=row.seen_at,
    )


def _change(row: Row[Any]) -> Change:
    return Change(
        seq=row.id,
        at=row.at,
        event=row.event,
        kind=row.kind,
        namespace=row.namespace,
        name=row.name,
        resource_version=row.resource_version,
        document=msgspec.json.decode(row.document) if row.document else None,
        object_id=row.object_id,
        cluster_id=row.cluster_id,
    )


def _kind(row: Row[Any]) -> KindView:
    return KindView(
        resource=row.resource,
        api_version=row.api_version,
        kind=row.kind,
        state=row.state,
        objects=row.objects,
        lag_s=row.lag_s,
        error=row.error,
        synced_at=row.synced_at,
    )


def _cluster(
    cluster_id: str,
    name: str,
    *,
    watcher: str,
    report: Row[Any] | None,
    kinds: list[KindView],
    objects: int,
) -> ClusterView:
    return ClusterView(
        cluster_id=cluster_id,
        cluster=name,
        state=_state(report, kinds),
        watcher=watcher,
        version=report.version if report is not None else "",
        reported_at=report.reported_at if report is not None else None,
        objects=objects,
        kinds=kinds,
    )


def _state(report: Row[Any] | None, kinds: list[KindView]) -> WatchState:
    if report is None:
        return "none"
    if report.is_stale:
        return "stale"
    states = {kind.state for kind in kinds}
    if states & {"forbidden", "failing"}:
        return "degraded"
    return "listing" if "listing" in states or not kinds else "watching"
