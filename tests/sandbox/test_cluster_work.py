"""Two orders for one cluster: the one that comes too late takes nothing away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from fixtures.waiting import until
from meshery.core.errors import ConflictError
from meshery.core.settings import Settings
from meshery.operations.keepers import KEEPERS
from meshery.operations.model import Operation, OperationState
from meshery.operations.platform import Platform, open_platform
from meshery.operations.worker import run_worker
from meshery.sandbox.cluster import Clusters
from meshery.sandbox.cluster_work import KINDS
from processes.supervision import Host

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
async def idle(settings: Settings, host: Host) -> AsyncIterator[Platform]:
    """A platform that knows clusters; nobody works yet."""
    kinds = {kind.name: kind for kind in KINDS}
    async with open_platform(settings, role="worker", kinds=kinds) as platform:
        yield platform


async def has_come_far(platform: Platform, operation: Operation) -> bool:
    """Whether it waits for the cluster, or has ended."""
    found = await platform.operations.get(operation.id)
    return found.is_final or any(step.name == "ready" for step in found.steps)


async def test_the_second_order_leaves_the_first_ones_cluster(idle: Platform) -> None:
    clusters, operations = Clusters(idle), idle.operations
    orders = [await clusters.up("trial", actor="tester") for _ in range(2)]
    stop = asyncio.Event()
    worker = asyncio.create_task(run_worker(idle, stop, keepers=KEEPERS))
    try:
        for order in orders:
            await until(lambda order=order: has_come_far(idle, order), timeout_s=60)  # type: ignore[misc]
        has_failed = (await operations.get(orders[0].id)).is_final
        first, late = reversed(orders) if has_failed else orders
        with suppress(ConflictError):  # it has ended
            await operations.cancel(late.id, actor="tester")
        done = await operations.wait(first.id, timeout_s=180)
        refused = await operations.wait(late.id, timeout_s=60)
        assert done.state is OperationState.SUCCEEDED, done.error
        assert (await clusters.get("trial")).state == "up"
        assert refused.error is not None
        assert refused.error["code"] in {"meshery.cluster.starting", "meshery.cluster.running"}
        again = await clusters.up("other", actor="tester")
        await operations.cancel(again.id, actor="tester")
        assert (await operations.wait(again.id, timeout_s=60)).state is OperationState.CANCELLED
        assert [each.name for each in await clusters.list()] == ["trial"]
    finally:
        await clusters.remove("trial")
        stop.set()
        await worker
