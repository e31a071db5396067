"""Tests that wait for real parts: what is early is not wrong, and what never comes is told."""

import pytest

from fixtures.waiting import NotThereError, until


async def test_what_is_not_there_yet_is_waited_for() -> None:
    looks = iter([NotThereError("no pod"), KeyError("status"), None])

    async def is_there() -> bool:
        if error := next(looks):
            raise error
        return True

    await until(is_there)


async def test_what_never_comes_is_told_with_what_was_missing() -> None:
    async def is_there() -> bool:
        raise NotThereError("no pod")

    with pytest.raises(AssertionError, match="a pod did not happen") as caught:
        await until(is_there, timeout_s=0.1, what="a pod")
    assert str(caught.value.__cause__) == "no pod"


async def test_what_is_wrong_is_told_at_once() -> None:
    async def is_there() -> bool:
        pytest.fail("wrong")

    with pytest.raises(pytest.fail.Exception, match="wrong"):
        await until(is_there)
