"""A server with its worker, and its REST, for tests that deploy the operator and follow it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2

from fixtures.http import NO_TLS
from meshery.connections.rest import router as connections_router
from meshery.core.settings import Settings
from meshery.discovery.rest_operator import router
from meshery.discovery.work import KINDS
from meshery.operations.platform import Platform, open_platform
from meshery.operations.rest import router as operations_router
from meshery.operations.worker import run_worker
from performance.serving import served

BASE = "/api/kubernetes/contexts"


@asynccontextmanager
async def working(settings: Settings) -> AsyncIterator[Platform]:
    """The platform of a server; a worker carries out its operations."""
    kinds = {kind.name: kind for kind in KINDS}
    async with (
        open_platform(settings, role="server", kinds=kinds) as opened,
        open_platform(settings, role="worker", kinds=kinds) as worker,
    ):
        stop = asyncio.Event()
        task = asyncio.create_task(run_worker(worker, stop, keepers=()))
        yield opened
        stop.set()
        await task


@asynccontextmanager
async def speaking(platform: Platform) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of its REST."""
    async with (
        served(platform, connections_router, router, operations_router) as address,
        httpx2.AsyncClient(
            base_url=address.url, timeout=60, trust_env=False, verify=NO_TLS
        ) as client,
    ):
        yield client
