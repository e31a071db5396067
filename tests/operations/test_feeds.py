"""What is told of operations while they go on, and where a reader goes on that was too slow."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from meshery.core.streams import SUBJECT_EVENTS
from meshery.operations.events import EventFilter, new_event
from meshery.operations.feeds import (
    DroppedError,
    OperationSeen,
    followed_events,
    followed_operations,
)
from meshery.operations.model import Event, OperationState, Subject
from meshery.operations.platform import Platform
from operations.support import ended, submit

SUBJECT = Subject("test", "t1", "test")


async def taken(seen: AsyncIterator[OperationSeen], count: int) -> list[OperationSeen]:
    async with asyncio.timeout(15):
        return [await anext(seen) for _ in range(count)]


def told(text: str) -> Event:
    return new_event(category="test", severity="info", subject=SUBJECT, text=text)


async def test_operations_are_told_from_start_to_end(
    house: Platform, marks_file: Path, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    start = await house.events.emit(
        category="test", severity="info", subject=SUBJECT, text="no operation"
    )
    async with followed_operations(house, after=start.seq) as seen:
        hold = {"marks": str(marks_file), "hold": 0, "hold_file": str(go)}
        work = await submit(house, "test.steps", hold)
        (begun,) = await taken(seen, 1)
        go.touch()
        (done,) = await taken(seen, 1)
    assert {begun.operation.id, done.operation.id} == {work.id}
    assert begun.operation.state is OperationState.RUNNING
    assert done.operation.state is OperationState.SUCCEEDED
    assert start.seq < begun.seq < done.seq
    async with followed_operations(house, after=begun.seq) as seen:
        assert await taken(seen, 1) == [done]


async def test_one_that_is_not_kept_any_more_is_left_out(house: Platform, marks_file: Path) -> None:
    await house.events.emit(
        category="operation", severity="info", subject=SUBJECT, text="gone", operation_id="gone"
    )
    work = await submit(house, "test.steps", {"marks": str(marks_file)})
    await ended(house, work)
    async with followed_operations(house, after=0) as seen:
        assert {each.operation.id for each in await taken(seen, 2)} == {work.id}


async def test_a_slow_reader_is_told_where_to_go_on(platform: Platform) -> None:
    async with followed_events(platform, after=0, only=EventFilter(categories=("test",))) as events:
        for number in range(1100):
            payload = msgspec.json.encode(told(str(number)))
            await platform.bus.publish(SUBJECT_EVENTS, payload)
        got: list[Event] = []
        with pytest.raises(DroppedError) as dropped:
            async with asyncio.timeout(15):
                await _kept(events, got)
    assert dropped.value.seq == got[-1].seq
    async with followed_events(platform, after=dropped.value.seq) as events:
        assert (await anext(events)).text == str(len(got))


async def test_what_others_tell_drops_no_reader_of_operations(
    house: Platform, marks_file: Path
) -> None:
    async with followed_operations(house, after=0) as seen:
        for number in range(1100):
            payload = msgspec.json.encode(told(str(number)))
            await house.bus.publish(SUBJECT_EVENTS, payload)
        work = await submit(house, "test.steps", {"marks": str(marks_file)})
        await ended(house, work)
        assert {each.operation.id for each in await taken(seen, 2)} == {work.id}


async def _kept(events: AsyncIterator[Event], got: list[Event]) -> None:
    async for event in events:
        got.append(event)  # noqa: PERF401 - kept although they end badly
