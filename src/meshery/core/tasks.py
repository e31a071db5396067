"""Work that is finished even when whoever waits for it is cancelled meanwhile."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def whole(work: Awaitable[T]) -> T:
    """Finish `work`; a cancel that came meanwhile goes on afterwards, whatever became of it.

    An error of the work is then the cancel's cause: who handled the error would go on uncancelled.
    """
    task = asyncio.ensure_future(work)
    if await _is_cancelled_until(task):
        raise asyncio.CancelledError from None if task.cancelled() else task.exception()
    return task.result()


async def outlasting(work: Awaitable[T]) -> tuple[T, bool]:
    """Finish `work`; its result, and whether the caller was cancelled meanwhile.

    Whoever asks owes the cancel: raise `asyncio.CancelledError` when what follows is done too.
    """
    task = asyncio.ensure_future(work)
    was_cancelled = await _is_cancelled_until(task)
    return task.result(), was_cancelled


async def _is_cancelled_until(task: "asyncio.Future[T]") -> bool:
    """Wait until a task has ended; whether the caller was cancelled meanwhile."""
    was_cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            was_cancelled = True
    return was_cancelled
