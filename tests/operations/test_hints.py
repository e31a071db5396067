"""Following an operation by hints, on a real bus; the rows are given by the test."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime

import msgspec
import pytest

from meshery.core.errors import NotFoundError, UnavailableError
from meshery.operations.hints import Hints
from meshery.operations.model import Operation, OperationState, Progress, Subject
from meshery.operations.platform import Platform

RUNNING = Operation(
    id="o1",
    kind="test.kind",
    subject=Subject("test", "t", "t"),
    state=OperationState.RUNNING,
    progress=Progress(),
    steps=(),
    result=None,
    error=None,
    actor="tester",
    created_at=datetime.now(UTC),
)
ENDED = msgspec.structs.replace(RUNNING, state=OperationState.SUCCEEDED)
AWAY = UnavailableError("the database cannot be used now")


class Rows:
    """Answers of reading the row, in turn; the last one stays."""

    def __init__(self, *answers: Operation | Exception) -> None:
        self._answers = list(answers)

    async def read(self, _operation_id: str) -> Operation:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


async def seen(platform: Platform, *answers: Operation | Exception) -> list[OperationState]:
    watching = Hints(platform.bus).watch("o1", read=Rows(*answers).read)
    async with asyncio.timeout(10), aclosing(watching) as operations:
        return [operation.state async for operation in operations]


async def test_a_watch_outlasts_an_outage_of_the_database(platform: Platform) -> None:
    states = await seen(platform, RUNNING, AWAY, AWAY, ENDED)
    assert states == [OperationState.RUNNING, OperationState.SUCCEEDED]


async def test_a_watch_that_cannot_begin_or_has_nothing_left_to_watch_says_so(
    platform: Platform,
) -> None:
    with pytest.raises(UnavailableError):
        await seen(platform, AWAY)
    with pytest.raises(NotFoundError):
        await seen(platform, RUNNING, NotFoundError("there is no operation o1"))
