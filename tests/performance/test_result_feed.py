"""Results are told as their runs end: each once, also to whoever comes later."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from fixtures.nats import NatsServer
from meshery.core.settings import Settings
from meshery.operations.platform import Platform
from meshery.performance import store
from meshery.performance.result_feed import ResultSeen, followed_results
from operations.support import ended, opened, quick, submit, working
from performance.results import overhead_result


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Platform]:
    async with opened(settings) as platform, working(settings):
        yield platform


async def test_a_result_is_told_once(
    storage_settings: Settings, nats_server: NatsServer, tmp_path: Path
) -> None:
    marks = {"marks": str(tmp_path / "marks")}
    async with running(quick(storage_settings, nats_server)) as platform:
        async with followed_results(platform, after=0) as live:
            without = await submit(platform, "test.steps", marks)
            await ended(platform, without)
            hold = {**marks, "hold": 0, "hold_file": str(tmp_path / "go")}
            measured = await submit(platform, "test.steps", hold)
            result, histograms = await overhead_result("r1")
            result = msgspec.structs.replace(result, operation_id=measured.id)
            async with platform.database.write() as connection:
                await store.insert_result(connection, result, histograms)
            (tmp_path / "go").touch()
            await ended(platform, measured)
            async with asyncio.timeout(15):
                first = await anext(live)
        assert first.result.operation_id == measured.id
        last = await submit(platform, "test.steps", marks)
        await ended(platform, last)
        told = await _all(platform, upto=last.id)
    assert [each.result.id for each in told] == ["r1"]


async def _all(platform: Platform, *, upto: str) -> list[ResultSeen]:
    """Everything from the beginning until this operation's own result."""
    result, histograms = await overhead_result("r2")
    result = msgspec.structs.replace(result, operation_id=upto)
    async with platform.database.write() as connection:
        await store.insert_result(connection, result, histograms)
    found: list[ResultSeen] = []
    async with followed_results(platform, after=0) as results, asyncio.timeout(15):
        async for seen in results:
            if seen.result.operation_id == upto:
                break
            found.append(seen)
    return found
