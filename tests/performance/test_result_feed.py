"""Results are told as they are stored: each once, also to whoever comes later or again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from fixtures.nats import NatsServer
from meshery.core.settings import Settings
from meshery.operations.events import new_event
from meshery.operations.platform import Platform
from meshery.performance import store
from meshery.performance.result_feed import CATEGORY, ResultSeen, followed_results
from operations.kinds import SUBJECT
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
            await stored(platform, "r1", operation_id=measured.id)
            (tmp_path / "go").touch()
            await ended(platform, measured)
            first = await taken(live)
        assert (first.result.id, first.result.operation_id) == ("r1", measured.id)
        last = await submit(platform, "test.steps", marks)
        await ended(platform, last)
        await stored(platform, "r2", operation_id=last.id)
        async with followed_results(platform, after=0) as late:
            told = [await taken(late), await taken(late)]
        async with followed_results(platform, after=told[0].seq) as again:
            assert (await taken(again)).result.id == "r2"
    assert [each.result.id for each in told] == ["r1", "r2"]


async def stored(platform: Platform, result_id: str, *, operation_id: str) -> None:
    """A result as work stores it, with the event that tells of it."""
    result, histograms = await overhead_result(result_id)
    result = msgspec.structs.replace(result, operation_id=operation_id)
    event = new_event(
        category=CATEGORY,
        severity="info",
        subject=SUBJECT,
        text=result.sentence,
        operation_id=operation_id,
    )
    async with platform.database.write() as connection:
        await store.insert_result(connection, result, histograms)
        await platform.events.record(connection, event)
    await platform.events.announce(event)


async def taken(results: AsyncIterator[ResultSeen]) -> ResultSeen:
    async with asyncio.timeout(15):
        return await anext(results)
