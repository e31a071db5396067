"""The one chain of migrations: complete, single-headed, reversible, safe to run at once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from fixtures.database import DIALECTS, PostgresCluster
from meshery.core.database import Database
from meshery.core.schema import chain_config, differences
from meshery.core.settings import DatabaseSettings, Settings


@pytest.fixture(params=DIALECTS)
async def empty(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Settings]:
    if request.param == "sqlite":
        yield Settings(home=str(tmp_path))
        return
    cluster: PostgresCluster = request.getfixturevalue("postgresql")
    name, url = await cluster.create(empty=True)
    yield Settings(home=str(tmp_path), database=DatabaseSettings(url=url))
    await cluster.drop(name)


def test_the_chain_has_one_head() -> None:
    assert len(ScriptDirectory.from_config(chain_config()).get_heads()) == 1


async def test_the_migrated_schema_is_the_declared_one(database: Database) -> None:
    async with database.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_processes_that_start_at_once_migrate_once(empty: Settings) -> None:
    opened = [await Database.open(empty) for _ in range(3)]
    await asyncio.gather(*(database.migrate() for database in opened))
    async with opened[0].read() as connection:
        names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    assert {"operation", "operation_step", "event", "lease"} <= set(names)
    for database in opened:
        await database.close()


async def test_the_chain_can_be_undone(empty: Settings) -> None:
    def undo(connection: Connection) -> list[str]:
        config = chain_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        return inspect(connection).get_table_names()

    opened = await Database.open(empty)
    await opened.migrate()
    async with opened.write() as connection:
        assert await connection.run_sync(undo) == ["alembic_version"]
    await opened.close()
