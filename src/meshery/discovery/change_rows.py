"""Stored changes, read from the oldest end: what a feed gives."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, select

from meshery.core.database import Database
from meshery.core.errors import InvalidInputError, NotFoundError
from meshery.discovery.change import ALL_CHANGES, ChangeFilter, ObjectChange
from meshery.discovery.ingest.tables import kube_change

PAGE = 500


class ChangeRows:
    """The rows of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def after(
        self, place: int, *, upto: int = 0, only: ChangeFilter = ALL_CHANGES
    ) -> Sequence[ObjectChange]:
        """At most PAGE changes after a place, and up to another one."""
        seq = kube_change.c.id
        query = select(kube_change).where(seq > place).where(*only.conditions())
        if upto:
            query = query.where(seq <= upto)
        rows = await self._database.fetch(query.order_by(seq).limit(PAGE))
        return [_change(row) for row in rows]

    async def ends(self) -> tuple[int, int]:
        """The places of the oldest and the newest change that are kept."""
        place = kube_change.c.id
        # Each by itself: of both at once SQLite reads the whole table.
        ends = {"oldest": func.min(place), "newest": func.max(place)}
        query = select(*(select(end).scalar_subquery().label(name) for name, end in ends.items()))
        row = (await self._database.fetch(query))[0]
        return row.oldest or 0, row.newest or 0


def check_place(after: int, oldest: int, newest: int) -> None:
    """InvalidInputError for a place that never was, NotFoundError for one that is not kept."""
    if not 0 <= after <= newest:
        raise InvalidInputError(
            f"there is no change {after}",
            cause=f"the newest one is {newest}",
            remedy="begin without a place, or at the one that discoveryChanges calls next",
            code="meshery.discovery.cursor",
        )
    if 0 < after < oldest - 1:
        raise NotFoundError(
            f"changes after {after} are not kept any more",
            cause=f"the oldest one is {oldest}; older ones went after retention.changes",
            remedy="list the resources as they are now, then follow from the newest change",
            code="meshery.discovery.gone",
        )


def _change(row: Row[Any]) -> ObjectChange:
    return ObjectChange(
        seq=row.id,
        at=row.at,
        event=row.event,
        id=row.object_id,
        cluster_id=row.cluster_id,
        api_version=row.api_version,
        kind=row.kind,
        namespace=row.namespace,
        name=row.name,
        resource_version=row.resource_version,
        raw=row.document,
    )
