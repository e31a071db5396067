"""Platforms on each database in turn, with a real bus."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from fixtures.http import NO_TLS
from fixtures.nats import NatsServer
from meshery.core.settings import Settings
from meshery.operations.platform import Platform
from operations.serving import served
from operations.support import opened, quick, working


@pytest.fixture
def settings(storage_settings: Settings, nats_server: NatsServer) -> Settings:
    """Quick settings, on SQLite and on PostgreSQL."""
    return quick(storage_settings, nats_server)


@pytest.fixture
async def platform(settings: Settings) -> AsyncIterator[Platform]:
    """A server's platform, without a worker."""
    async with opened(settings) as platform:
        yield platform


@pytest.fixture
def marks_file(tmp_path: Path) -> Path:
    """Where the tests' kinds leave their marks."""
    return tmp_path / "marks"


@pytest.fixture
async def house(sqlite_settings: Settings, nats_server: NatsServer) -> AsyncIterator[Platform]:
    """A platform and a worker."""
    settings = quick(sqlite_settings, nats_server)
    async with opened(settings) as platform, working(settings):
        yield platform


@pytest.fixture
async def http(house: Platform) -> AsyncIterator[httpx2.AsyncClient]:
    async with (
        served(house) as url,
        httpx2.AsyncClient(base_url=url, trust_env=False, verify=NO_TLS) as client,
    ):
        yield client
