"""Platforms on each database in turn, and kubeconfigs of the worker's control planes."""

from collections.abc import AsyncIterator

import pytest

from fixtures.nats import NatsServer
from meshery.connections.service import ConnectionService
from meshery.core.settings import Settings
from meshery.operations.platform import Platform, open_platform
from operations.support import quick


@pytest.fixture
def settings(storage_settings: Settings, nats_server: NatsServer) -> Settings:
    return quick(storage_settings, nats_server)


@pytest.fixture
async def platform(settings: Settings) -> AsyncIterator[Platform]:
    async with open_platform(settings, role="server", kinds={}) as platform:
        yield platform


@pytest.fixture
async def single(sqlite_settings: Settings, nats_server: NatsServer) -> AsyncIterator[Platform]:
    """A platform on SQLite alone, for what does not depend on the database."""
    settings = quick(sqlite_settings, nats_server)
    async with open_platform(settings, role="server", kinds={}) as platform:
        yield platform


@pytest.fixture
def service(platform: Platform) -> ConnectionService:
    return ConnectionService(platform)
