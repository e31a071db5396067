"""Pages whose rows cannot be read say so, and do not call empty what they do not know."""

from collections.abc import AsyncIterator

import pytest

from fixtures.database import PostgresCluster
from fixtures.nats import NatsServer
from meshery.connections.pages import PAGES as CONNECTIONS
from meshery.core.settings import Settings
from meshery.operations.pages import PAGES as OPERATIONS
from meshery.operations.platform import Platform, open_platform
from meshery.performance.pages import PAGES as PERFORMANCE
from operations.support import quick
from ui.conftest import reading

LATE = 100
"""Looks until the page has read its rows again."""


@pytest.fixture
async def platform(
    postgresql_settings: Settings, nats_server: NatsServer
) -> AsyncIterator[Platform]:
    settings = quick(postgresql_settings, nats_server)
    async with open_platform(settings, role="server", kinds={}) as opened:
        yield opened


async def let_in(postgresql: PostgresCluster, database: str, *, allowed: bool) -> None:
    """Let nobody into a database, not even those who are there; or everybody again."""
    await postgresql.sql(f"ALTER DATABASE {database} ALLOW_CONNECTIONS {allowed}")
    if not allowed:
        await postgresql.sql(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"
        )


@pytest.mark.parametrize(
    ("path", "nothing"),
    [
        ("/connections", "No cluster is connected"),
        ("/notifications", "Nothing happened yet"),
        ("/performance", "No result yet"),
    ],
)
async def test_what_cannot_be_read_is_not_called_empty(
    platform: Platform, postgresql: PostgresCluster, path: str, nothing: str
) -> None:
    database = platform.database.engine.url.database or ""
    async with reading((*CONNECTIONS, *OPERATIONS, *PERFORMANCE), state=platform) as user:
        await let_in(postgresql, database, allowed=False)
        await user.open(path)
        await user.should_see("The database cannot be used now")
        await user.should_see("Try again")
        await user.should_not_see(nothing)
        await let_in(postgresql, database, allowed=True)
        await user.should_see(nothing, retries=LATE)
        await user.should_not_see("Try again")
