"""A writer beside a watch, and what is in the tables."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from sqlalchemy import Row, Table, select

from discovery.watch.support import CLUSTER, bus_of, forms, listed, running
from fixtures.nats import NatsServer
from fixtures.waiting import until
from meshery.core.bus import Bus
from meshery.core.database import Database
from meshery.discovery.ingest.tables import kube_change, kube_object
from meshery.discovery.ingest.writer import Writer
from meshery.discovery.model import ChangeKind, ObjectKey, Seen
from meshery.kube.local.control_plane import ControlPlane


@asynccontextmanager
async def writing(database: Database, server: NatsServer, **options: Any) -> AsyncIterator[Writer]:
    async with bus_of(server) as bus:
        writer = Writer(database, bus, **options)
        async with running(writer.run()):
            yield writer


async def rows(database: Database, table: Table, **where: Any) -> Sequence[Row[Any]]:
    query = select(table).order_by(*table.primary_key.columns)
    for name, value in where.items():
        query = query.where(table.c[name] == value)
    return await database.fetch(query)


async def stored(database: Database) -> dict[str, dict[str, Any]]:
    """Redacted documents by UID."""
    return {row.uid: msgspec.json.decode(row.document) for row in await rows(database, kube_object)}


async def deletes(database: Database) -> set[str]:
    return {row.name for row in await rows(database, kube_change, event="DELETED")}


async def until_stored(plane: ControlPlane, database: Database, *, timeout_s: float = 60.0) -> None:
    """Wait until the rows are what the API server has, on redacted form."""

    async def is_equal() -> bool:
        expected = forms(await listed(plane))
        kinds = {(form["apiVersion"], form["kind"]) for form in expected.values()}
        got = {
            uid: {name: value for name, value in document.items() if name != "certificates"}
            for uid, document in (await stored(database)).items()
            if (document["apiVersion"], document["kind"]) in kinds
        }
        return got == expected

    await until(is_equal, timeout_s=timeout_s, what="rows like the API server's objects")


def key_of(name: str, *, uid: str = "", kind: str = "ConfigMap") -> ObjectKey:
    return ObjectKey("v1", kind, "shop", name, uid or f"uid-{name}")


def seen(
    name: str, version: int, *, event: ChangeKind = "ADDED", kind: str = "ConfigMap", **fields: Any
) -> Seen:
    key = key_of(name, kind=kind)
    metadata = {
        "name": name,
        "namespace": "shop",
        "uid": key.uid,
        "resourceVersion": str(version),
        "labels": {"app": name},
        "creationTimestamp": "2026-11-21T10:00:00Z",
    }
    document = {"apiVersion": "v1", "kind": kind, "metadata": metadata, **fields}
    raw = msgspec.Raw(msgspec.json.encode(document))
    return Seen(CLUSTER, "e1", event, key, str(version), raw)


async def tell(bus: Bus, *told: Any) -> None:
    from meshery.discovery.model import encode, message_id_of, subject_of

    for each in told:
        await bus.publish(subject_of(each), encode(each), message_id=message_id_of(each))
