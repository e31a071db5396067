from collections.abc import AsyncIterator

import pytest

from adapters.acme import Bench, adapter
from meshery.adapters.client import AdapterClient
from meshery.adapters.serving import Serving, serve


@pytest.fixture
async def bench() -> Bench:
    return Bench()


@pytest.fixture
async def serving(bench: Bench) -> AsyncIterator[Serving]:
    async with serve(adapter(bench), port=0) as serving:
        yield serving


@pytest.fixture
async def client(serving: Serving) -> AsyncIterator[AdapterClient]:
    async with AdapterClient(serving.address) as client:
        yield client
