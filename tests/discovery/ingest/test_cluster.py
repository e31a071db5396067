"""From a real cluster into rows: whatever is killed between, the rows are what the cluster is."""

import asyncio
import base64
import json
import sqlite3
from pathlib import Path

from discovery.ingest.support import deletes, rows, stored, until_stored, writing
from discovery.watch.support import Watching, eventually, watching
from discovery.watch.test_cluster import HIDDEN, churn, secret
from fixtures.kube import KubeNamespace, config_map, kubectl
from fixtures.nats import NatsServer
from kube.examples import custom_kind
from meshery.core.database import Database
from meshery.core.settings import Settings
from meshery.core.streams import DISCOVERY_STREAM
from meshery.discovery.ingest.tables import kube_change, kube_object
from meshery.kube.client import KubeClient
from meshery.kube.local.control_plane import ControlPlane

GONE = {f"c{number}" for number in range(4, 12)}


async def test_rows_after_everything_was_killed_once(
    kube: ControlPlane,
    client: KubeClient,
    kube_namespace: KubeNamespace,
    private_nats: NatsServer,
    sqlite_settings: Settings,
) -> None:
    group = "rows.istio.io"
    database = await Database.open(sqlite_settings)
    async with watching(client, private_nats) as found:
        # The writer is killed between receiving and storing, again and again.
        await churn(kube_namespace)
        for delay_s in (0.05, 0.1, 0.3):
            async with writing(database, private_nats):
                await asyncio.sleep(delay_s)
        async with writing(database, private_nats):
            await until_stored(kube, database)
            assert await deletes(database) >= GONE
            # A kind comes and goes while the bus is away.
            private_nats.kill()
            await kubectl(kube, "apply", "-f", "-", stdin=json.dumps(custom_kind(group)))
            name = f"widgets.{group}"
            await kubectl(kube, "wait", "--for=condition=established", f"crd/{name}")
            widget = {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": "one"}}
            await kube_namespace.create(widget, secret("more", password=HIDDEN))
            await kube_namespace.kubectl("delete", "configmap", "c0", "c1")
            private_nats.start()
            await until_stored(kube, database)
            await eventually(lambda: _has(found, "Widget"), what="the new kind")
            await kubectl(kube, "delete", "crd", name)
            # The API server dies, and its history with it.
            await kube.kill_api_server()
            await kube.start_api_server()
            await kube_namespace.kubectl("delete", "configmap", "c2", "c3")
            await kube.compact()
            await until_stored(kube, database)
            await _until_deleted(database, GONE | {"c0", "c1", "c2", "c3", "one", name})
    await database.close()
    _holds_no_value(sqlite_settings.home_path / "meshery.db")


async def test_a_watch_that_was_away_and_a_lost_stream_are_made_good(
    kube: ControlPlane,
    client: KubeClient,
    kube_namespace: KubeNamespace,
    nats_server: NatsServer,
    sqlite_settings: Settings,
) -> None:
    database = await Database.open(sqlite_settings)
    await kube_namespace.create(config_map("stays", a="b"), config_map("goes", a="b"))
    async with writing(database, nats_server):
        async with watching(client, nats_server):
            await until_stored(kube, database)
        await kube_namespace.kubectl("delete", "configmap", "goes")
        async with watching(client, nats_server):
            await until_stored(kube, database)
            assert "goes" in await deletes(database)
    async with watching(client, nats_server) as found:
        await found.publisher.drain()
        await found.bus._jetstream.purge_stream(DISCOVERY_STREAM)
        await kube_namespace.create(config_map("later", a="b"))
        async with writing(database, nats_server, lost=found.watch.resync):
            await until_stored(kube, database)
    await database.close()


async def test_history_keeps_what_was_written(
    client: KubeClient,
    kube_namespace: KubeNamespace,
    nats_server: NatsServer,
    sqlite_settings: Settings,
) -> None:
    database = await Database.open(sqlite_settings)
    async with watching(client, nats_server), writing(database, nats_server):
        for colour in ("red", "blue"):
            labelled = config_map("story", a="b")
            labelled["metadata"]["labels"] = {"colour": colour}
            await kube_namespace.create(labelled)
        await kube_namespace.kubectl("delete", "configmap", "story")
        await _until_deleted(database, {"story"})
    await database.close()
    database = await Database.open(sqlite_settings)
    told = await rows(database, kube_change, name="story")
    assert [change.event for change in told] == ["ADDED", "MODIFIED", "DELETED"]
    colours = [json.loads(change.document)["metadata"]["labels"]["colour"] for change in told]
    assert colours == ["red", "blue", "blue"]
    assert [row.name for row in await rows(database, kube_object, name="story")] == []
    assert await stored(database)
    await database.close()


def _has(found: Watching, kind: str) -> bool:
    return any(seen.key.kind == kind for seen in found.reader.held.values())


async def _until_deleted(database: Database, names: set[str]) -> None:
    missing = names
    try:
        async with asyncio.timeout(60):
            while missing := names - await deletes(database):  # noqa: ASYNC110 - rows have no events
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(missing) from None


def _holds_no_value(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    raw = file.read_bytes()
    assert HIDDEN.encode() not in raw
    assert base64.b64encode(HIDDEN.encode()) not in raw
    assert b"last-applied-configuration" not in raw
