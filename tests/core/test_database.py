"""Rows on both databases: times, documents, transactions, faults, several writing processes."""

# ruff: noqa: PT012 - a transaction is one statement in two lines

import asyncio
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import BigInteger, Column, String, Table, delete, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateTable

from fixtures.waiting import until
from meshery.core.database import (
    Database,
    JsonDoc,
    UtcTime,
    db_now,
    later,
    metadata,
)
from meshery.core.errors import UnavailableError
from meshery.core.settings import DatabaseSettings, Settings

thing = Table(
    "test_thing",
    type(metadata)(),
    Column("name", String(50), primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("at", UtcTime),
    Column("document", JsonDoc),
)


@pytest.fixture
async def things(database: Database) -> Database:
    async with database.write() as connection:
        await connection.execute(CreateTable(thing))
    return database


async def test_times_and_documents_return_as_they_were_stored(things: Database) -> None:
    at = datetime(2026, 2, 3, 4, 5, 6, 123456, tzinfo=UTC)
    document = {"a": [1, 2.5, None, True, "ä"], "nested": {"b": {}}}
    async with things.write() as connection:
        values = {"name": "x", "count": 1, "at": at, "document": document}
        await connection.execute(insert(thing).values(values))
        await connection.execute(insert(thing).values(name="y", count=2))
    async with things.read() as connection:
        rows = (await connection.execute(select(thing).order_by(thing.c.name))).all()
    assert rows[0].at == at
    assert rows[0].document == document
    assert (rows[1].at, rows[1].document) == (None, None)


async def test_one_query_is_fetched_whole_and_sees_what_was_committed(things: Database) -> None:
    query = select(thing).order_by(thing.c.name)
    assert await things.fetch(query) == []
    async with things.write() as connection:
        await connection.execute(insert(thing).values(name="x", count=1, document={"a": 1}))
        assert await things.fetch(query) == []
    assert [row._asdict() for row in await things.fetch(query)] == [
        {"name": "x", "count": 1, "at": None, "document": {"a": 1}}
    ]
    assert len(await asyncio.gather(*(things.fetch(query) for _ in range(50)))) == 50
    async with things.write() as connection:
        await connection.execute(delete(thing))


async def test_a_nul_character_does_not_break_a_document(things: Database) -> None:
    document = {"text": "a\x00b", "escaped": "\\u0000"}
    async with things.write() as connection:
        await connection.execute(insert(thing).values(name="x", count=1, document=document))
    async with things.read() as connection:
        stored = await connection.scalar(select(thing.c.document))
    assert stored == {"text": "a\ufffdb", "escaped": "\\u0000"}


async def test_a_naive_time_is_refused(things: Database) -> None:
    with pytest.raises(Exception, match="time zone"):
        async with things.write() as connection:
            naive = datetime(2026, 1, 1)  # noqa: DTZ001 - that is the point
            await connection.execute(insert(thing).values(name="x", count=1, at=naive))


async def test_database_time_is_now_and_can_be_compared(things: Database) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    async with things.write() as connection:
        await connection.execute(insert(thing).values(name="x", count=1, at=db_now()))
        await connection.execute(insert(thing).values(name="y", count=1, at=later(3600)))
        past = (await connection.execute(select(thing.c.name).where(thing.c.at <= db_now()))).all()
    assert [row.name for row in past] == ["x"]
    now = await things.now()
    assert before < now < datetime.now(UTC) + timedelta(seconds=2)


async def test_a_failed_write_leaves_nothing(things: Database) -> None:
    with pytest.raises(RuntimeError):
        async with things.write() as connection:
            await connection.execute(insert(thing).values(name="x", count=1))
            raise RuntimeError
    async with things.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(thing)) == 0


async def test_a_broken_constraint_is_not_called_an_outage(things: Database) -> None:
    async with things.write() as connection:
        await connection.execute(insert(thing).values(name="x", count=1))
    with pytest.raises(IntegrityError):
        async with things.write() as connection:
            await connection.execute(insert(thing).values(name="x", count=2))


async def test_a_cancelled_write_is_whole_or_nothing(things: Database) -> None:
    async def add(name: str) -> None:
        async with things.write() as connection:
            await connection.execute(insert(thing).values(name=f"{name}-1", count=1))
            await asyncio.sleep(0)
            await connection.execute(insert(thing).values(name=f"{name}-2", count=1))

    for number in range(30):
        task = asyncio.create_task(add(str(number)))
        await asyncio.sleep(number * 0.0003)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with things.read() as connection:
        names = (await connection.execute(select(thing.c.name))).scalars().all()
    halves = [name.split("-")[0] for name in names]
    assert all(halves.count(half) == 2 for half in halves)


async def test_a_cancelled_statement_leaves_no_lock(things: Database) -> None:
    async def add(name: str) -> None:
        async with things.write() as connection:
            await connection.execute(insert(thing).values(name=name, count=1))
            await connection.execute(select(func.count()).select_from(thing))

    for number in range(150):
        tasks = [asyncio.create_task(add(f"{number}-{each}")) for each in range(number % 3 + 1)]
        await asyncio.sleep(number % 20 * 0.0003)
        for task in (*tasks, *tasks[: number % 2]):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with asyncio.timeout(3):
            await add(str(number))


async def test_tasks_of_one_process_lose_no_update(things: Database) -> None:
    async with things.write() as connection:
        await connection.execute(insert(thing).values(name="x", count=0))

    async def add() -> None:
        async with things.write() as connection:
            row = select(thing.c.count).where(thing.c.name == "x").with_for_update()
            count = (await connection.execute(row)).scalar_one()
            await connection.execute(update(thing).values(count=count + 1))

    await asyncio.gather(*(add() for _ in range(40)))
    async with things.read() as connection:
        assert await connection.scalar(select(thing.c.count)) == 40


_WRITER = """
import asyncio, sys
from sqlalchemy import text
from meshery.core.database import Database
from meshery.core.settings import DatabaseSettings, Settings

async def main():
    rows = DatabaseSettings(url=sys.argv[2])
    database = await Database.open(Settings(home=sys.argv[1], database=rows))
    lock = " FOR UPDATE" if database.dialect == "postgresql" else ""
    for _ in range(50):
        async with database.write() as connection:
            query = text("SELECT count FROM test_thing" + lock)
            count = (await connection.execute(query)).scalar_one()
            change = text("UPDATE test_thing SET count = :c")
            await connection.execute(change, {"c": count + 1})
    await database.close()

asyncio.run(main())
"""


async def test_several_processes_lose_no_update(
    things: Database, storage_settings: Settings
) -> None:
    async with things.write() as connection:
        await connection.execute(insert(thing).values(name="x", count=0))
    arguments = [storage_settings.home, storage_settings.database.url]
    command = [sys.executable, "-c", _WRITER, *arguments]
    processes = [await asyncio.create_subprocess_exec(*command) for _ in range(4)]
    codes = [await process.wait() for process in processes]
    assert codes == [0] * 4
    async with things.read() as connection:
        assert await connection.scalar(select(thing.c.count)) == 200


async def test_a_write_inside_a_write_is_refused_and_not_a_deadlock(
    sqlite_settings: Settings,
) -> None:
    opened = await Database.open(sqlite_settings)
    with pytest.raises(RuntimeError, match="inside"):
        async with opened.write(), opened.write():
            pass
    await opened.close()


async def test_a_locked_database_is_unavailable_after_its_timeout(tmp_path: Path) -> None:
    settings = Settings(home=str(tmp_path), database=DatabaseSettings(busy_timeout="100ms"))
    first, second = await Database.open(settings), await Database.open(settings)
    async with first.write() as connection:
        await connection.execute(CreateTable(thing))
        with pytest.raises(UnavailableError) as caught:
            async with second.write():
                pass
        async with second.read() as reader:  # reading goes on
            await reader.execute(text("SELECT 1"))
    assert caught.value.specific_code == "meshery.database.locked"
    async with second.write() as connection:
        await connection.execute(insert(thing).values(name="x", count=1))
    await first.close()
    await second.close()


async def test_a_full_database_is_unavailable_and_recovers(sqlite_settings: Settings) -> None:
    opened = await Database.open(sqlite_settings)
    async with opened.write() as connection:
        await connection.execute(CreateTable(thing))
        pages = await connection.scalar(text("PRAGMA page_count"))
        await connection.execute(text(f"PRAGMA max_page_count = {pages}"))
    with pytest.raises(UnavailableError) as caught:
        async with opened.write() as connection:
            row = {"name": "x", "count": 1, "document": {"text": "x" * 1_000_000}}
            await connection.execute(insert(thing).values(row))
    assert caught.value.specific_code == "meshery.database.full"
    async with opened.write() as connection:
        await connection.execute(text("PRAGMA max_page_count = 1000000"))
        await connection.execute(insert(thing).values(row))
    await opened.close()


@pytest.mark.parametrize(
    "url",
    [
        "sqlite+aiosqlite:////nowhere/at/all.db",
        "postgresql://nobody@127.0.0.1:1/none",
    ],
)
async def test_a_database_that_is_not_there_is_unavailable(url: str, tmp_path: Path) -> None:
    with pytest.raises(UnavailableError):
        await Database.open(Settings(home=str(tmp_path), database=DatabaseSettings(url=url)))
    await until(_no_connection_threads, what="the end of the driver's threads")


async def _no_connection_threads() -> bool:
    """A connection that could not be opened ends its thread a moment later."""
    return not any("_connection_worker" in thread.name for thread in threading.enumerate())
