"""Ten thousand objects are read part after part by GraphQL while others come and go."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import ClauseElement, Engine, delete, event, insert, text
from starlette.requests import HTTPConnection
from strawberry import Schema

from fixtures.nats import NatsServer
from meshery.core.database import Database
from meshery.core.settings import Settings
from meshery.discovery.ingest.tables import kube_object
from meshery.discovery.model import object_id
from meshery.operations.platform import Platform, open_platform
from meshery.server.graphql.schema import build_schema
from meshery.server.parts import Parts
from meshery.web.graphql.door import REQUEST
from operations.support import quick

OBJECTS = 10_000
AT = datetime(2026, 11, 21, 10, tzinfo=UTC)
PART = """query($after: String, $order: ResourceOrder) {
  resources(first: 500, after: $after, orderBy: $order) {
    nodes { id name } totalCount pageInfo { hasNextPage endCursor }
  }
}"""


@pytest.fixture
async def platform(storage_settings: Settings, nats_server: NatsServer) -> AsyncIterator[Platform]:
    settings = quick(storage_settings, nats_server)
    async with open_platform(settings, role="server", kinds={}) as opened:
        await store(opened.database, "old", range(OBJECTS))
        yield opened


def stored(name: str, number: int) -> dict[str, Any]:
    """Names are alike by hundreds: many namespaces have a `web`."""
    uid = f"{name}-{number}"
    return {
        "id": object_id("c1", uid),
        "cluster_id": "c1",
        "uid": uid,
        "api_version": "v1",
        "api_group": "",
        "kind": "Pod",
        "namespace": uid,
        "name": f"web-{number % 100:02}",
        "meshsync_id": "",
        "resource_version": "1",
        "version": 1,
        "created_at": AT if number % 3 else None,
        "seen_at": AT,
        "document": b"{}",
    }


async def store(database: Database, name: str, numbers: range) -> None:
    async with database.write() as connection:
        await connection.execute(insert(kube_object), [stored(name, number) for number in numbers])


@cache
def whole_schema() -> Schema:
    return build_schema(Parts())


async def part(platform: Platform, after: str | None, order: dict[str, str]) -> dict[str, Any]:
    app = FastAPI()
    app.state.platform = platform
    request = HTTPConnection({"type": "http", "app": app})
    result = await whole_schema().execute(
        PART, {"after": after, "order": order}, context_value={REQUEST: request}
    )
    assert result.errors is None
    assert result.data is not None
    found: dict[str, Any] = result.data["resources"]
    return found


async def walked(platform: Platform, order: dict[str, str]) -> list[str]:
    """The ids of all parts, one after the other."""
    seen: list[str] = []
    after = None
    while True:
        found = await part(platform, after, order)
        seen += [each["id"] for each in found["nodes"]]
        if not found["pageInfo"]["hasNextPage"]:
            return seen
        after = found["pageInfo"]["endCursor"]


async def come_and_go(database: Database, seen: asyncio.Event) -> None:
    """New objects at all places of the order, and others of them away, until told to end."""
    turn = 0
    while not seen.is_set():
        await store(database, f"new-{turn}", range(100))
        if turn:
            gone = [object_id("c1", f"new-{turn - 1}-{number}") for number in range(0, 100, 2)]
            async with database.write() as connection:
                await connection.execute(delete(kube_object).where(kube_object.c.id.in_(gone)))
        turn += 1


@contextmanager
def statements_of(table: str) -> Iterator[list[ClauseElement]]:
    """What is asked of a table, before it is text."""
    found: list[ClauseElement] = []

    def keep(_connection: Any, clause: Any, *_more: Any) -> None:
        if f"FROM {table}" in str(clause) and "count(" not in str(clause):
            found.append(clause)

    event.listen(Engine, "before_execute", keep)
    try:
        yield found
    finally:
        event.remove(Engine, "before_execute", keep)


async def plan_of(database: Database, statement: ClauseElement) -> str:
    explain = "EXPLAIN QUERY PLAN" if database.dialect == "sqlite" else "EXPLAIN"
    compiled = statement.compile(
        dialect=database.engine.dialect, compile_kwargs={"literal_binds": True}
    )
    async with database.write() as connection:
        await connection.execute(text("ANALYZE"))
        rows = await connection.execute(text(f"{explain} {compiled}".replace(":", r"\:")))
        return "\n".join(str(each) for each in rows)


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    "order",
    [
        {"field": "NAME"},
        {"field": "NAME", "direction": "DESCENDING"},
        {"field": "KIND"},
        {"field": "CREATED_AT", "direction": "DESCENDING"},
    ],
    ids=["name", "name from the end", "kind", "created_at from the end"],
)
async def test_each_is_seen_once_while_others_come_and_go(
    platform: Platform, order: dict[str, str]
) -> None:
    ended = asyncio.Event()
    others = asyncio.create_task(come_and_go(platform.database, ended))
    try:
        seen = await walked(platform, order)
    finally:
        ended.set()
        await others
    assert len(seen) == len(set(seen))
    assert set(seen) >= {object_id("c1", f"old-{number}") for number in range(OBJECTS)}
    assert len(seen) > OBJECTS  # others did come


@pytest.mark.timeout(180)
async def test_the_last_part_is_found_by_an_index(platform: Platform) -> None:
    order = {"field": "NAME", "direction": "ASCENDING"}
    after = None
    for _ in range(OBJECTS // 500 - 1):
        after = (await part(platform, after, order))["pageInfo"]["endCursor"]
    with statements_of("kube_object") as asked:
        last = await part(platform, after, order)
    assert (len(last["nodes"]), last["pageInfo"]["hasNextPage"]) == (500, False)
    plan = await plan_of(platform.database, asked[0])
    assert "ix_kube_object_name_id" in plan
    # Neither the whole table is read, nor (of SQLite) anything sorted.
    assert not [each for each in ("Seq Scan", "SCAN ", "TEMP B-TREE") if each in plan]
