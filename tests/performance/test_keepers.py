"""Results that grew too old are forgotten."""

import asyncio

from meshery.operations.platform import Platform
from meshery.performance import store
from meshery.performance.keepers import forget_older, forget_results
from meshery.performance.service import PerformanceService
from performance.results import overhead_result


async def test_only_older_results_go(house: Platform, service: PerformanceService) -> None:
    result, histograms = await overhead_result("old")
    async with house.database.write() as connection:
        await store.insert_result(connection, result, histograms)
    assert await forget_older(house, kept_s=3600) == 0
    await asyncio.sleep(0.05)
    assert await forget_older(house, kept_s=0.01) == 1
    assert (await service.list_results()).total == 0


async def test_by_default_nothing_is_forgotten(
    house: Platform, service: PerformanceService
) -> None:
    result, histograms = await overhead_result("kept")
    async with house.database.write() as connection:
        await store.insert_result(connection, result, histograms)
    task = asyncio.create_task(forget_results(house))
    await asyncio.sleep(0.2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (await service.list_results()).total == 1
