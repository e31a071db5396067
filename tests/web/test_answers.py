import asyncio
import sqlite3
from collections.abc import AsyncIterator

import httpx2
import msgspec
import pytest
from fastapi import FastAPI, Request, Response
from sqlalchemy import select, update

from meshery.core.database import Database, db_now
from meshery.core.settings import DatabaseSettings, Settings
from meshery.web.answers import AnswerLayer, answer
from meshery.web.respond import json_response

KEY = {"Idempotency-Key": "order-1"}
SECRET = "/api/kubernetes/contexts/c/operator/leaf"


class Shop:
    """Counts what was done; `slow` holds an answer back, `fail` makes the server fail."""

    def __init__(self) -> None:
        self.done = 0
        self.began = asyncio.Event()
        self.slow = asyncio.Event()
        self.slow.set()
        self.status = 201

    async def order(self, request: Request) -> Response:
        self.began.set()
        await self.slow.wait()
        self.done += 1
        body = await request.json()
        return json_response(
            [self.done, body], status=self.status, headers={"Location": f"/api/o/{self.done}"}
        )


@pytest.fixture
async def shop() -> Shop:
    return Shop()


@pytest.fixture
async def client(database: Database, shop: Shop) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    for path in ("/api/orders", SECRET):
        app.add_api_route(path, shop.order, methods=["POST"])
    layer = AnswerLayer(app, database=lambda: database)
    transport = httpx2.ASGITransport(app=layer)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def test_an_answer_that_is_a_secret_is_not_kept(
    client: httpx2.AsyncClient, shop: Shop, database: Database
) -> None:
    for _ in range(2):
        assert (await client.post(SECRET, json={}, headers=KEY)).status_code == 201
    assert shop.done == 2
    assert list(await database.fetch(select(answer))) == []


async def test_the_same_request_is_answered_twice_and_done_once(
    client: httpx2.AsyncClient, shop: Shop
) -> None:
    first = await client.post("/api/orders", json={"n": 1}, headers=KEY)
    second = await client.post("/api/orders", json={"n": 1}, headers=KEY)
    assert shop.done == 1
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert second.headers["location"] == "/api/o/1"
    assert second.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers


async def test_another_body_under_the_same_key_is_refused(
    client: httpx2.AsyncClient, shop: Shop
) -> None:
    await client.post("/api/orders", json={"n": 1}, headers=KEY)
    refused = await client.post("/api/orders", json={"n": 2}, headers=KEY)
    assert refused.status_code == 422
    assert refused.json()["code"] == "meshery.idempotency_key"
    assert shop.done == 1


async def test_without_a_key_every_request_counts(client: httpx2.AsyncClient, shop: Shop) -> None:
    for _ in range(2):
        await client.post("/api/orders", json={})
    assert shop.done == 2


async def test_a_second_request_meanwhile_is_told_to_come_back(
    client: httpx2.AsyncClient, shop: Shop
) -> None:
    shop.slow.clear()
    first = asyncio.create_task(client.post("/api/orders", json={}, headers=KEY))
    await shop.began.wait()
    other = await client.post("/api/orders", json={"another": "body"}, headers=KEY)
    assert other.status_code == 422
    same = await client.post("/api/orders", json={}, headers=KEY)
    assert same.status_code == 409
    assert same.json()["code"] == "meshery.idempotency_busy"
    shop.slow.set()
    assert (await first).status_code == 201
    assert shop.done == 1


async def test_a_failure_of_the_server_is_not_kept(client: httpx2.AsyncClient, shop: Shop) -> None:
    shop.status = 503
    await client.post("/api/orders", json={}, headers=KEY)
    shop.status = 201
    assert (await client.post("/api/orders", json={}, headers=KEY)).status_code == 201


async def test_a_reservation_of_a_dead_server_lapses(
    client: httpx2.AsyncClient, shop: Shop, database: Database
) -> None:
    await client.post("/api/orders", json={}, headers=KEY)
    async with database.write() as connection:
        lapsed = update(answer).values(status=None, reserved_until=db_now())
        await connection.execute(lapsed)
    await asyncio.sleep(0.01)
    assert (await client.post("/api/orders", json={}, headers=KEY)).status_code == 201
    assert shop.done == 2


async def test_an_answer_that_cannot_be_kept_is_given_all_the_same(
    sqlite_settings: Settings,
) -> None:
    file = sqlite_settings.home_path / "meshery.db"
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)

    async def order() -> Response:
        other.execute("BEGIN IMMEDIATE")  # from now on nobody else can write
        return json_response({}, status=201)

    app = FastAPI()
    app.add_api_route("/api/orders", order, methods=["POST"])
    impatient = DatabaseSettings(busy_timeout="100ms")
    database = await Database.open(msgspec.structs.replace(sqlite_settings, database=impatient))
    transport = httpx2.ASGITransport(app=AnswerLayer(app, database=lambda: database))
    try:
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
            given = await client.post("/api/orders", json={}, headers=KEY)
    finally:
        other.close()
        await database.close()
    assert given.status_code == 201


@pytest.mark.parametrize("key", ["x" * 201, "a\tb"])
async def test_an_unusable_key_is_refused(client: httpx2.AsyncClient, key: str) -> None:
    refused = await client.post("/api/orders", json={}, headers={"Idempotency-Key": key})
    assert refused.status_code == 400
