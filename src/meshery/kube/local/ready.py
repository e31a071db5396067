"""Waiting until a component does its work, and telling why it does not."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx2

from meshery.core.errors import DeadlineError
from meshery.kube.local.component import Component

_POLL_S = 0.05


async def until_ready(
    component: Component, is_ready: Callable[[], Awaitable[bool]], *, timeout_s: float
) -> None:
    """Return when `is_ready` says so.

    UnavailableError when the component ends before, DeadlineError when time runs out; both with
    the last lines of its log.
    """
    try:
        async with asyncio.timeout(timeout_s):
            while not await _answers(is_ready):
                component.require_running()
                await asyncio.sleep(_POLL_S)
    except TimeoutError as error:
        raise DeadlineError(
            f"{component.name} is not ready after {timeout_s:g} s",
            cause=component.last_words(),
            remedy="see whether the machine is overloaded; allow more time",
            code="meshery.kube.component",
        ) from error


async def _answers(is_ready: Callable[[], Awaitable[bool]]) -> bool:
    try:
        return await is_ready()
    except httpx2.TransportError:
        return False
