"""A client of the worker's control plane, and platforms that watch and store."""

from collections.abc import AsyncIterator

import pytest

from fixtures.nats import NatsServer
from kube.conftest import client_of
from meshery.core.settings import Settings
from meshery.kube.client import KubeClient
from meshery.kube.local.control_plane import ControlPlane
from meshery.operations.platform import Platform, open_platform
from operations.support import quick


@pytest.fixture
async def client(kube: ControlPlane) -> AsyncIterator[KubeClient]:
    async with client_of(kube) as opened:
        yield opened


@pytest.fixture
async def platform(sqlite_settings: Settings, nats_server: NatsServer) -> AsyncIterator[Platform]:
    settings = quick(sqlite_settings, nats_server)
    async with open_platform(settings, role="server", kinds={}) as opened:
        yield opened


@pytest.fixture
async def two_platforms(
    postgresql_settings: Settings, nats_server: NatsServer
) -> AsyncIterator[tuple[Platform, Platform]]:
    """Two servers on one PostgreSQL."""
    settings = [quick(postgresql_settings, nats_server, host=host) for host in ("one", "two")]
    async with (
        open_platform(settings[0], role="server", kinds={}) as one,
        open_platform(settings[1], role="server", kinds={}) as two,
    ):
        yield one, two
