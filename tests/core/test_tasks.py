"""Work that outlasts a cancel ends as the cancel wants it, whatever became of the work."""

import asyncio

import pytest

from meshery.core.tasks import outlasting, whole


async def fails() -> None:
    await asyncio.sleep(0.05)
    raise ValueError("broken")


async def test_a_cancel_is_not_lost_to_an_error_that_came_with_it() -> None:
    task = asyncio.create_task(whole(fails()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await task
    assert isinstance(caught.value.__cause__, ValueError)


async def test_without_a_cancel_its_error_is_told() -> None:
    with pytest.raises(ValueError, match="broken"):
        await whole(fails())


async def test_who_goes_on_after_a_cancel_is_told_of_it() -> None:
    async def works() -> str:
        await asyncio.sleep(0.05)
        return "done"

    task = asyncio.create_task(outlasting(works()))
    await asyncio.sleep(0)
    task.cancel()
    assert await task == ("done", True)
