"""Work that is finished even when whoever waits for it is cancelled meanwhile."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def whole(work: Awaitable[T]) -> T:
    """Finish `work`; a cancel that came meanwhile goes on afterwards, an error of its own first."""
    result, was_cancelled = await outlasting(work)
    if was_cancelled:
        raise asyncio.CancelledError
    return result


async def outlasting(work: Awaitable[T]) -> tuple[T, bool]:
    """Finish `work`; its result, and whether the caller was cancelled meanwhile.

    Whoever asks owes the cancel: raise `asyncio.CancelledError` when what follows is done too.
    """
    task = asyncio.ensure_future(work)
    was_cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            was_cancelled = True
    return task.result(), was_cancelled
