"""`Batch`: some messages in a row, applied to the tables within one transaction.

The present rows of the objects concerned are read once; what they become is worked out in memory;
then each table is written once. A state that is older than the stored one changes nothing, so
messages may come twice, and from two watches at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, Table, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from meshery.core.database import db_now
from meshery.discovery.ingest.rows import (
    Values,
    label_values,
    object_values,
    place_values,
    relation_values,
    version_number,
    written,
)
from meshery.discovery.ingest.tables import kube_change, kube_label, kube_object, kube_relation
from meshery.discovery.model import ChangeKind, Seen, Synced, object_id

_CHUNK = 500
"""Values in one IN: below what either database allows."""


class _Known(msgspec.Struct):
    """An object as it is stored, or as it will be."""

    resource_version: str
    version: int
    document: bytes
    key: Values


class Batch:
    """Changes of objects. Use once: `load`, `apply` all messages in their order, then `write`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._known: dict[str, _Known] = {}
        self._buried: dict[str, int] = {}
        self._upserts: dict[str, tuple[Seen, Mapping[str, Any]]] = {}
        self._deletes: set[str] = set()
        self._changes: list[Values] = []
        self._now: datetime

    async def load(self, seen: Iterable[Seen]) -> None:
        """Read what is stored of the objects concerned, and the database's time."""
        self._now = (await self._connection.execute(select(db_now()))).scalar_one()
        ids = sorted({object_id(each.cluster_id, each.key.uid) for each in seen})
        for chunk in _chunks(ids):
            rows = await self._connection.execute(
                select(kube_object).where(kube_object.c.id.in_(chunk))
            )
            self._known |= {row.id: _known(row) for row in rows}
        absent = [each for each in ids if each not in self._known]
        for chunk in _chunks(absent):
            ended = select(kube_change.c.object_id, kube_change.c.version)
            rows = await self._connection.execute(
                ended.where(kube_change.c.object_id.in_(chunk))
                .where(kube_change.c.event == "DELETED")
                .order_by(kube_change.c.id)
            )
            self._buried |= {row.object_id: row.version for row in rows}

    def apply(self, seen: Seen) -> None:
        """One change; nothing where a later state is stored."""
        identity = object_id(seen.cluster_id, seen.key.uid)
        if seen.event == "DELETED":
            self._bury(identity, seen)
            return
        version = version_number(seen.resource_version)
        known = self._known.get(identity)
        if known is not None and _is_old(seen.resource_version, version, known):
            return
        if version and version <= self._buried.get(identity, 0):
            return
        document: dict[str, Any] = msgspec.json.decode(seen.document)
        text = written(document)
        if known is None or text != written(msgspec.json.decode(known.document)):
            event: ChangeKind = "MODIFIED" if known else "ADDED"
            self._change(identity, seen, event, document=text)
        values = object_values(seen, document, self._now)
        self._known[identity] = _Known(
            seen.resource_version, version, values["document"], place_values(seen.key)
        )
        self._upserts[identity] = (seen, document)
        self._deletes.discard(identity)

    async def settle(self, synced: Synced) -> None:
        """A whole list: what is stored of its kind and not in it is gone.

        All changes applied before must be written.
        """
        table = kube_object.c
        query = (
            select(kube_object)
            .where(table.cluster_id == synced.cluster_id)
            .where(table.kind == synced.kind)
            .where(table.api_version == synced.api_version)
            .where(table.uid > synced.above)
        )
        if synced.upto:
            query = query.where(table.uid <= synced.upto)
        there = set(synced.uids)
        most = version_number(synced.resource_version)
        for row in (await self._connection.execute(query)).all():
            # What is newer than the list may have come after it.
            if row.uid not in there and not (most and row.version > most):
                self._known[row.id] = _known(row)
                self._forget(row.id, synced.cluster_id, self._known[row.id])

    async def write(self) -> None:
        """Write everything; afterwards the batch is empty and may go on."""
        changed = [*self._upserts, *self._deletes]
        for chunk in _chunks(changed):
            for table, column in (
                (kube_object, kube_object.c.id),
                (kube_label, kube_label.c.object_id),
                (kube_relation, kube_relation.c.object_id),
            ):
                await self._connection.execute(delete(table).where(column.in_(chunk)))
        objects: list[Values] = []
        labels: list[Values] = []
        relations: list[Values] = []
        for identity, (seen, document) in self._upserts.items():
            objects.append(object_values(seen, document, self._now))
            labels += label_values(identity, document)
            relations += relation_values(identity, seen.cluster_id, document)
        await self._insert(kube_object, objects)
        await self._insert(kube_label, labels)
        await self._insert(kube_relation, relations)
        await self._insert(kube_change, self._changes)
        self._upserts.clear()
        self._deletes.clear()
        self._changes.clear()

    async def _insert(self, table: Table, values: Sequence[Values]) -> None:
        if values:
            await self._connection.execute(insert(table), list(values))

    def _bury(self, identity: str, seen: Seen) -> None:
        known = self._known.get(identity)
        version = version_number(seen.resource_version)
        if known is None:
            return
        if version and version < known.version:
            return
        document = msgspec.json.decode(seen.document) if bytes(seen.document) else None
        self._forget(identity, seen.cluster_id, known, seen=seen, document=document)

    def _forget(
        self,
        identity: str,
        cluster_id: str,
        known: _Known,
        *,
        seen: Seen | None = None,
        document: Mapping[str, Any] | None = None,
    ) -> None:
        last = document or msgspec.json.decode(known.document)
        version = seen.resource_version if seen else ""
        self._changes.append(
            {
                "cluster_id": cluster_id,
                "object_id": identity,
                "event": "DELETED",
                **known.key,
                "resource_version": version,
                "version": version_number(version),
                "at": self._now,
                "document": written(last),
            }
        )
        self._buried[identity] = version_number(version)
        self._known.pop(identity, None)
        self._upserts.pop(identity, None)
        self._deletes.add(identity)

    def _change(self, identity: str, seen: Seen, event: ChangeKind, *, document: bytes) -> None:
        self._changes.append(
            {
                "cluster_id": seen.cluster_id,
                "object_id": identity,
                "event": event,
                **place_values(seen.key),
                "resource_version": seen.resource_version,
                "version": version_number(seen.resource_version),
                "at": self._now,
                "document": document,
            }
        )


def _known(row: Row[Any]) -> _Known:
    key = {name: getattr(row, name) for name in ("api_version", "kind", "namespace", "name")}
    return _Known(row.resource_version, row.version, row.document, key)


def _is_old(resource_version: str, version: int, known: _Known) -> bool:
    if resource_version == known.resource_version:
        return True
    return bool(version and known.version and version < known.version)


def _chunks(values: Sequence[str]) -> Iterable[Sequence[str]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]
