"""A platform with a supervisor and a worker of this room's kinds, and the proof nothing is left."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator

import msgspec
import pytest

from fixtures.nats import NatsServer
from meshery.core.paths import runtime_dir
from meshery.core.settings import BusSettings, Settings, WorkerSettings
from meshery.operations.keepers import KEEPERS
from meshery.operations.platform import Platform, open_platform
from meshery.operations.worker import run_worker
from meshery.sandbox.keeper import KEEPERS as SANDBOX_KEEPERS
from meshery.sandbox.work import KINDS
from processes.supervision import Host, is_gone


@pytest.fixture
def settings(sqlite_settings: Settings, nats_server: NatsServer) -> Settings:
    return msgspec.structs.replace(
        sqlite_settings,
        bus=BusSettings(url=nats_server.url, token_file=str(nats_server.token_file)),
        worker=WorkerSettings(
            host="here", concurrency=4, lease="1s", beat="250ms", republish_after="500ms"
        ),
    )


@pytest.fixture
async def host(settings: Settings) -> AsyncIterator[Host]:
    """A supervisor; at the end, nothing that it started may be left."""
    host = Host(settings.home_path)
    host.start()
    try:
        yield host
    finally:
        await host.client.close()
        host.end()
        left = [pid for pid in host.children() if not await is_gone(pid)]
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(runtime_dir(settings.home_path), ignore_errors=True)
    assert left == []


@pytest.fixture
async def platform(settings: Settings, host: Host) -> AsyncIterator[Platform]:
    """A worker's platform without a worker."""
    kinds = {kind.name: kind for kind in KINDS}
    async with open_platform(settings, role="worker", kinds=kinds) as platform:
        yield platform


@pytest.fixture
async def worker(platform: Platform) -> AsyncIterator[Platform]:
    """The platform with a worker of this room's kinds and keepers."""
    stop = asyncio.Event()
    keepers = (*KEEPERS, *SANDBOX_KEEPERS)
    task = asyncio.create_task(run_worker(platform, stop, keepers=keepers))
    try:
        yield platform
    finally:
        stop.set()
        await task
