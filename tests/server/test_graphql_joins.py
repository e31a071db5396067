"""What joins rooms: right for each item, and read once for all items of a list."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, event, insert
from starlette.requests import HTTPConnection

from connections.kubeconfigs import text_of
from fixtures.loopback import answering
from fixtures.nats import NatsServer
from meshery.connections.service import ConnectionService
from meshery.core import leases
from meshery.core.database import db_now
from meshery.core.settings import Settings
from meshery.discovery.ingest.tables import kube_cluster
from meshery.discovery.service import lease_of
from meshery.kube.access import Access, Credentials
from meshery.operations.events import new_event
from meshery.operations.platform import Platform, open_platform
from meshery.server.graphql.schema import build_schema
from meshery.server.parts import Parts
from meshery.web.graphql.door import REQUEST
from operations.kinds import KINDS, SUBJECT
from operations.support import quick

CLUSTERS = ("east", "west")


@pytest.fixture
async def platform(sqlite_settings: Settings, nats_server: NatsServer) -> AsyncIterator[Platform]:
    settings = quick(sqlite_settings, nats_server)
    async with open_platform(settings, role="server", kinds=KINDS) as opened:
        yield opened


@pytest.fixture
async def connected(platform: Platform) -> AsyncIterator[None]:
    """Two clusters, each reached through two contexts."""
    with ExitStack() as stack:
        for name in CLUSTERS:
            api = stack.enter_context(answering())
            metadata = {"name": "kube-system", "uid": f"uid-{name}"}
            space = msgspec.json.encode({"metadata": metadata}).decode()
            api.says("/version", 200, '{"gitVersion": "v1.35.1"}')
            api.says("/api/v1/namespaces/kube-system", 200, space)
            contexts = [
                Access(name=f"{name}-{n}", server=api.url, credentials=Credentials(token="t"))
                for n in range(2)
            ]
            await ConnectionService(platform).connect(text_of(*contexts), actor="test")
        yield


@contextmanager
def reads_of(table: str) -> Iterator[list[str]]:
    """The statements that read a table, as they are sent."""
    found: list[str] = []

    def keep(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if re.search(rf"FROM {table}\b", statement):
            found.append(statement)

    event.listen(Engine, "before_cursor_execute", keep)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", keep)


async def answered(platform: Platform, query: str) -> dict[str, Any]:
    app = FastAPI()
    app.state.platform = platform
    request = HTTPConnection({"type": "http", "app": app})
    result = await build_schema(Parts()).execute(query, context_value={REQUEST: request})
    assert result.errors is None
    assert result.data is not None
    return result.data


@pytest.mark.usefixtures("connected")
async def test_the_contexts_of_all_clusters_are_read_once(platform: Platform) -> None:
    with reads_of("connection") as reads:
        data = await answered(platform, "{ clusters { nodes { clusterId contexts { name } } } }")
    assert data["clusters"]["nodes"] == [
        {"clusterId": f"uid-{name}", "contexts": [{"name": f"{name}-0"}, {"name": f"{name}-1"}]}
        for name in CLUSTERS
    ]
    assert len(reads) == 2  # one is of the list of clusters itself


@pytest.mark.usefixtures("connected")
async def test_the_clusters_of_all_contexts_are_read_once(platform: Platform) -> None:
    with reads_of("kube_watch") as reads:
        data = await answered(
            platform, "{ kubernetesContexts { nodes { name cluster { clusterId } } } }"
        )
    told = {each["name"]: each["cluster"] for each in data["kubernetesContexts"]["nodes"]}
    assert told == {
        f"{name}-{n}": {"clusterId": f"uid-{name}"} for name in CLUSTERS for n in (0, 1)
    }
    assert len(reads) == 1


@pytest.mark.usefixtures("connected")
async def test_the_meshes_of_all_clusters_are_read_once(platform: Platform) -> None:
    with reads_of("kube_watch") as reads:
        data = await answered(platform, "{ clusters { nodes { meshes { mesh } } } }")
    assert data["clusters"]["nodes"] == [{"meshes": []}, {"meshes": []}]
    assert len(reads) == 2  # one is of the list of clusters itself


@pytest.mark.usefixtures("connected")
async def test_only_clusters_that_are_asked_for_are_read_for_their_meshes(
    platform: Platform,
) -> None:
    with reads_of("kube_object") as reads:
        data = await answered(
            platform, '{ clusters(search: "east") { nodes { clusterId meshes { mesh } } } }'
        )
    assert data["clusters"]["nodes"] == [{"clusterId": "uid-east", "meshes": []}]
    assert len([each for each in reads if "kube_object.document" in each]) == 1


@pytest.mark.usefixtures("connected")
async def test_a_cluster_that_nobody_is_connected_to_any_more_has_no_meshes(
    platform: Platform,
) -> None:
    async with platform.database.write() as connection:
        forgotten = {"cluster_id": "uid-gone", "version": "", "epoch": "", "reported_at": db_now()}
        await connection.execute(insert(kube_cluster).values(**forgotten))
    with reads_of("kube_object") as reads:
        data = await answered(
            platform, "{ clusters(first: 1) { nodes { clusterId meshes { mesh } } } }"
        )
    assert data["clusters"]["nodes"] == [{"clusterId": "uid-gone", "meshes": []}]
    assert not [each for each in reads if "kube_object.document" in each]


@pytest.mark.usefixtures("connected")
async def test_the_watchers_of_all_clusters_are_read_once(platform: Platform) -> None:
    for name in CLUSTERS:
        owner = f"host-{name}:1"
        assert await leases.acquire(
            platform.database, lease_of(f"uid-{name}"), owner=owner, ttl_s=60
        )
    with reads_of("lease") as reads:
        data = await answered(platform, "{ clusters { nodes { watcher } } }")
    assert data["clusters"]["nodes"] == [{"watcher": f"host-{name}"} for name in CLUSTERS]
    assert len(reads) == 1


async def test_the_operations_of_all_events_are_read_once(platform: Platform) -> None:
    submitted = [
        await platform.operations.submit("test.echo", subject=SUBJECT, input={}, actor="ann")
        for _ in range(2)
    ]
    ids = [*(each.id for each in submitted), str(uuid4()), ""]
    async with platform.database.write() as connection:
        for each in ids:
            happened = new_event(
                category="trial", severity="info", subject=SUBJECT, text=each, operation_id=each
            )
            await platform.events.record(connection, happened)
    query = '{ events(only: {categories: ["trial"]}) { nodes { text operation { id } } } }'
    with reads_of("operation") as reads:
        data = await answered(platform, query)
    told = {each["text"]: each["operation"] for each in data["events"]["nodes"]}
    assert told == {**{each.id: {"id": each.id} for each in submitted}, ids[2]: None, "": None}
    assert len(reads) == 1
