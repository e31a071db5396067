"""Platforms on each database in turn, with a real bus."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fixtures.nats import NatsServer
from meshery.core.settings import Settings
from meshery.operations.platform import Platform
from operations.support import opened, quick


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
