"""The same question asked of several things at once, with a bound."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")
_CONCURRENCY = 8


async def several(
    ask: Callable[[A], Awaitable[B]], things: Iterable[A], *, concurrency: int = _CONCURRENCY
) -> list[B]:
    """The answers, in the order of `things`. The first error ends it, and is raised as it came."""
    turn = asyncio.Semaphore(concurrency)

    async def one(thing: A) -> B:
        async with turn:
            return await ask(thing)

    try:
        async with asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(one(thing)) for thing in things]
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from group
    return [task.result() for task in asked]
