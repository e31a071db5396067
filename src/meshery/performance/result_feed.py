"""Results as their runs end, for whoever follows them."""

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

import msgspec

from meshery.operations.feeds import OperationSeen, followed_operations
from meshery.operations.platform import Platform
from meshery.performance.result import ResultRow
from meshery.performance.service import PerformanceService

_REMEMBERED = 256


class ResultSeen(msgspec.Struct, frozen=True):
    """A result; `seq` is the place of the event that its run ended."""

    seq: int
    result: ResultRow


@asynccontextmanager
async def followed_results(
    platform: Platform, *, after: int | None
) -> AsyncIterator[AsyncIterator[ResultSeen]]:
    """Results from the one after place `after`; None means from now on.

    See `operations.feeds.followed_events` for slow readers.
    """
    async with (
        followed_operations(platform, after=after) as operations,
        aclosing(_results(PerformanceService(platform), operations)) as results,
    ):
        yield results


async def _results(
    service: PerformanceService, operations: AsyncIterator[OperationSeen]
) -> AsyncGenerator[ResultSeen]:
    # Several events may tell of an operation that has ended: being asked to cancel, then its end.
    told: deque[str] = deque(maxlen=_REMEMBERED)
    async for seen in operations:
        if not seen.operation.is_final or seen.operation.id in told:
            continue
        page = await service.list_results(operation_id=seen.operation.id)
        for result in page.items:
            yield ResultSeen(seen.seq, result)
        told.append(seen.operation.id)
