"""What an object says of others, and others of it, from stored rows."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import Row, and_, select

from meshery.core.database import Database
from meshery.discovery.fingerprints.fields import selects
from meshery.discovery.ingest.tables import kube_label, kube_object, kube_relation
from meshery.discovery.selectors import label_conditions, label_selector
from meshery.discovery.view import Related

MOST = 500
"""Objects told of one selector, or that name one object."""


async def related_to(database: Database, found: Row[Any]) -> list[Related]:
    """Both directions, what it names first."""
    named = [each async for each in _named_by(database, found)]
    return [*named, *await _naming(database, found)]


async def _named_by(database: Database, found: Row[Any]) -> AsyncIterator[Related]:
    table = kube_relation.c
    query = (
        select(kube_relation, kube_object.c.id.label("its_id"))
        .select_from(
            kube_relation.outerjoin(
                kube_object,
                and_(
                    kube_object.c.cluster_id == table.cluster_id,
                    kube_object.c.api_group == table.to_group,
                    kube_object.c.kind == table.to_kind,
                    kube_object.c.namespace == table.to_namespace,
                    kube_object.c.name == table.to_name,
                ),
            )
        )
        .where(table.object_id == found.id)
        .order_by(table.position)
    )
    for row in await database.fetch(query):
        if row.selector is None:
            yield Related(
                row.type,
                "to",
                row.its_id or "",
                row.to_kind,
                row.to_group,
                row.to_namespace,
                row.to_name,
            )
            continue
        for chosen in await _selected(database, row):
            yield _related(row.type, chosen)


async def _selected(database: Database, row: Row[Any]) -> Sequence[Row[Any]]:
    query = (
        select(kube_object)
        .where(kube_object.c.cluster_id == row.cluster_id)
        .where(kube_object.c.kind == row.to_kind)
        .where(kube_object.c.namespace == row.to_namespace)
        .where(*label_conditions(row.selector))
        .limit(MOST)
    )
    return await database.fetch(query.order_by(kube_object.c.name))


async def _naming(database: Database, found: Row[Any]) -> list[Related]:
    table = kube_relation.c
    query = (
        select(kube_object, table.type, table.selector)
        .select_from(kube_relation.join(kube_object, kube_object.c.id == table.object_id))
        .where(table.cluster_id == found.cluster_id)
        .where(table.to_kind == found.kind)
        .where(table.to_group == found.api_group)
        .where(table.to_namespace == found.namespace)
        .where(table.to_name.in_(["", found.name]))
        .order_by(kube_object.c.kind, kube_object.c.name)
    )
    labels = await labels_of(database, [found.id])
    mine = labels.get(found.id, {})
    rows = await database.fetch(query)
    return [_related(row.type, row, "from") for row in _fitting(rows, mine)][:MOST]


def _fitting(rows: Sequence[Row[Any]], labels: Mapping[str, str]) -> Iterator[Row[Any]]:
    for row in rows:
        if row.selector is None or selects(label_selector(row.selector), labels):
            yield row


async def labels_of(database: Database, ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """Labels by object."""
    found: dict[str, dict[str, str]] = {}
    if ids:
        query = select(kube_label).where(kube_label.c.object_id.in_(ids))
        for row in await database.fetch(query.order_by(kube_label.c.key)):
            found.setdefault(row.object_id, {})[row.key] = row.value
    return found


def _related(kind: str, row: Row[Any], direction: Literal["to", "from"] = "to") -> Related:
    return Related(kind, direction, row.id, row.kind, row.api_group, row.namespace, row.name)
