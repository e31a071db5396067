"""Results as they are stored, for whoever follows them."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

import msgspec

from meshery.operations.events import EventFilter
from meshery.operations.feeds import followed_events
from meshery.operations.model import Event
from meshery.operations.platform import Platform
from meshery.performance.result import ResultRow
from meshery.performance.service import PerformanceService

CATEGORY = "performance"
"""Of the event that tells of a result; it is stored with it, so a reader of the one finds both."""


class ResultSeen(msgspec.Struct, frozen=True):
    """A result; `seq` is the place of the event that tells of it."""

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
        followed_events(platform, after=after, only=EventFilter(categories=(CATEGORY,))) as events,
        aclosing(_results(PerformanceService(platform), events)) as results,
    ):
        yield results


async def _results(
    service: PerformanceService, events: AsyncIterator[Event]
) -> AsyncGenerator[ResultSeen]:
    async for event in events:
        page = await service.list_results(operation_id=event.operation_id)
        for result in page.items:
            yield ResultSeen(event.seq, result)
