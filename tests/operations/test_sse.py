"""Streams of events whose reader goes away."""

import asyncio
from collections.abc import AsyncGenerator

import anyio

from meshery.operations.sse import closing, frames_of


async def test_a_reader_that_leaves_ends_the_source_in_order() -> None:
    ended = asyncio.Event()

    async def source() -> AsyncGenerator[int]:
        try:
            yield 1
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)  # taking leave of the bus takes a moment
            ended.set()

    async def read() -> None:
        async with closing(source()) as items:
            async for _ in frames_of(items, lambda number: b"%d" % number):
                pass

    async with anyio.create_task_group() as group:  # as the server cancels an answer
        group.start_soon(read)
        await asyncio.sleep(0.05)
        group.cancel_scope.cancel()
    assert ended.is_set()
