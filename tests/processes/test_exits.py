"""Both ways of learning that a child ended: by descriptor, and by thread as on other systems."""

import asyncio
import subprocess
import sys
from collections.abc import Callable

import pytest

from meshery.processes import exits

WAYS = [exits._by_descriptor, exits._by_thread]
Way = Callable[[asyncio.AbstractEventLoop, int, Callable[[], None]], Callable[[], None]]


@pytest.mark.parametrize("way", WAYS)
async def test_an_end_is_told_once_and_the_child_is_not_reaped(way: Way) -> None:
    child = subprocess.Popen([sys.executable, "-c", "raise SystemExit(5)"])  # noqa: ASYNC220
    told = asyncio.Event()
    way(asyncio.get_running_loop(), child.pid, told.set)
    async with asyncio.timeout(5):
        await told.wait()
    assert child.wait(0) == 5


@pytest.mark.parametrize("way", WAYS)
async def test_who_stopped_listening_is_not_told(way: Way) -> None:
    child = subprocess.Popen(["sleep", "300"])  # noqa: ASYNC220
    told = asyncio.Event()
    stop = way(asyncio.get_running_loop(), child.pid, told.set)
    stop()
    stop()
    child.kill()
    child.wait()
    await asyncio.sleep(0.1)
    assert not told.is_set()
