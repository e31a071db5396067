"""The row of changes of all objects, read from its newest end: what a feed shows.

    log = ChangeLog(database)
    newest = await log.read(ChangeFilter(kind="Pod"))
    more = await log.read(ChangeFilter(kind="Pod"), after=newest[0].seq)

A change's number is its place in the row, so whoever was away goes on where he stopped.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, case, func, select

from meshery.core.database import Database
from meshery.discovery.change import ChangeFilter
from meshery.discovery.ingest.tables import kube_change
from meshery.kube.fields import field_changes

PAGE = 50
_COMPARED_BYTES = 100_000
"""Larger documents are not compared: their fields are told on the page of the object."""
_FIELDS = 3


class LoggedChange(msgspec.Struct, frozen=True):
    """One change. `fields` are the paths of the first few fields that differ from before."""

    seq: int
    at: datetime
    event: str
    cluster_id: str
    object_id: str
    kind: str
    namespace: str
    name: str
    fields: tuple[str, ...] = ()
    more_fields: int = 0


class ChangeLog:
    """All changes of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(
        self, only: ChangeFilter, *, after: int = 0, before: int | None = None, limit: int = PAGE
    ) -> list[LoggedChange]:
        """The newest `limit` after one number and before another, the newest first."""
        table = kube_change.c
        columns = [each for each in table if each.name != "document"]
        query = select(*columns, _small(kube_change.c.document), _state_before()).where(
            table.id > after, *only.conditions()
        )
        if before is not None:
            query = query.where(table.id < before)
        rows = await self._database.fetch(query.order_by(table.id.desc()).limit(limit))
        return await asyncio.to_thread(_logged, rows)

    async def count(
        self, only: ChangeFilter, *, after: int, before: int | None = None, most: int = 1000
    ) -> int:
        """How many came after one number and before another; counts no further than `most`."""
        query = select(kube_change.c.id).where(kube_change.c.id > after, *only.conditions())
        if before is not None:
            query = query.where(kube_change.c.id < before)
        found = select(func.count().label("changes")).select_from(query.limit(most).subquery())
        count: int = (await self._database.fetch(found))[0].changes
        return count


def _small(column: ColumnElement[Any], name: str = "document") -> ColumnElement[Any]:
    return case((func.length(column) < _COMPARED_BYTES, column)).label(name)


def _state_before() -> ColumnElement[Any]:
    """The document of the object's change before, for those that changed it."""
    earlier = kube_change.alias()
    query = (
        select(_small(earlier.c.document))
        .where(earlier.c.object_id == kube_change.c.object_id, earlier.c.id < kube_change.c.id)
        .order_by(earlier.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return case((kube_change.c.event == "MODIFIED", query)).label("state_before")


def _logged(rows: Sequence[Row[Any]]) -> list[LoggedChange]:
    return [_one(row) for row in rows]


def _one(row: Row[Any]) -> LoggedChange:
    fields: list[str] = []
    if row.document and row.state_before:
        before, after = map(msgspec.json.decode, (row.state_before, row.document))
        fields = [each.path for each in field_changes(before, after)]
    return LoggedChange(
        seq=row.id,
        at=row.at,
        event=row.event,
        cluster_id=row.cluster_id,
        object_id=row.object_id,
        kind=row.kind,
        namespace=row.namespace,
        name=row.name,
        fields=tuple(fields[:_FIELDS]),
        more_fields=max(0, len(fields) - _FIELDS),
    )
