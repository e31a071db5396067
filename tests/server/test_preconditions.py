import asyncio
from contextlib import suppress

import msgspec
import pytest

from meshery.core.database import Database
from meshery.core.errors import UnsupportedError
from meshery.core.settings import BusSettings, DatabaseSettings, Settings
from meshery.server.preconditions import keep_claim, take_claim


def at_home(settings: Settings, home: str) -> Settings:
    return msgspec.structs.replace(settings, home=home)


async def test_two_servers_of_a_database_need_one_bus(postgresql_settings: Settings) -> None:
    database = await Database.open(postgresql_settings)
    one, two = at_home(postgresql_settings, "/one"), at_home(postgresql_settings, "/two")
    fence = await take_claim(database, one)
    assert fence
    with pytest.raises(UnsupportedError) as caught:
        await take_claim(database, two)
    assert "bus.url" in caught.value.remedy
    assert await take_claim(database, one) > fence  # the same home, after a crash
    shared = msgspec.structs.replace(two, bus=BusSettings(url="nats://127.0.0.1:4222"))
    assert await take_claim(database, shared) == 0
    await database.close()


async def test_a_claim_is_given_back(postgresql_settings: Settings) -> None:
    database = await Database.open(postgresql_settings)
    one, two = at_home(postgresql_settings, "/one"), at_home(postgresql_settings, "/two")
    keeping = asyncio.create_task(keep_claim(database, one, await take_claim(database, one)))
    await asyncio.sleep(0)
    keeping.cancel()
    with suppress(asyncio.CancelledError):
        await keeping
    assert await take_claim(database, two)
    await database.close()


async def test_sqlite_needs_no_claim(sqlite_settings: Settings) -> None:
    assert sqlite_settings.database == DatabaseSettings()
    database = await Database.open(sqlite_settings)
    assert await take_claim(database, sqlite_settings) == 0
    await database.close()
