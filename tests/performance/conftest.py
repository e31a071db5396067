"""A house that can measure: rows, bus, supervisor, and a worker with this room's kinds."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import settings as hypothesis_settings

from fixtures.nats import NatsServer
from meshery.core.paths import runtime_dir
from meshery.core.settings import Settings
from meshery.operations.keepers import KEEPERS
from meshery.operations.platform import Platform, open_platform
from meshery.operations.worker import run_worker
from meshery.performance.rest import router
from meshery.performance.service import PerformanceService
from meshery.performance.work import KINDS
from meshery.sandbox.work import KINDS as SANDBOX_KINDS
from operations.support import quick
from performance.serving import Http, served
from processes.supervision import Host

# A host that is busy with other tests is no fault of the code.
hypothesis_settings.register_profile("any-host", deadline=None)
hypothesis_settings.load_profile("any-host")


@pytest.fixture
def settings(sqlite_settings: Settings, nats_server: NatsServer) -> Iterator[Settings]:
    settings = quick(sqlite_settings, nats_server)
    yield settings
    shutil.rmtree(runtime_dir(settings.home_path), ignore_errors=True)


@pytest.fixture
async def host(settings: Settings) -> AsyncIterator[Host]:
    """The supervisor of this home."""
    host = Host(settings.home_path)
    host.start()
    yield host
    await host.client.close()
    host.end()


@pytest.fixture
async def house(settings: Settings, host: Host) -> AsyncIterator[Platform]:
    """A server's platform, and a worker beside it."""
    kinds = {kind.name: kind for kind in (*KINDS, *SANDBOX_KINDS)}
    async with (
        open_platform(settings, role="server", kinds=kinds) as platform,
        open_platform(settings, role="worker", kinds=kinds) as workers,
    ):
        stop = asyncio.Event()
        task = asyncio.create_task(run_worker(workers, stop, keepers=KEEPERS))
        try:
            yield platform
        finally:
            stop.set()
            await task


@pytest.fixture
def service(house: Platform) -> PerformanceService:
    return PerformanceService(house)


@pytest.fixture
async def http(house: Platform) -> AsyncIterator[Http]:
    async with served(house, router) as http:
        yield http
