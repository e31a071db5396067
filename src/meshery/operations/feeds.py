"""What follows events: operations as they change, and the notice to whoever reads too slowly."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

import msgspec

from meshery.core.errors import InvalidInputError, LimitError, NotFoundError
from meshery.operations.events import ALL_EVENTS, EventFilter
from meshery.operations.model import Event, Operation
from meshery.operations.platform import Platform

_NOTICE = ("events", "events", "subscriber")
"""Category, and kind and id of the subject, of the notice that ends a slow subscription."""


class DroppedError(LimitError):
    """A subscriber read too slowly and was dropped; `seq` is the cursor to resume from."""

    code = "meshery.subscription.slow"
    title = "Dropped for reading too slowly"

    def __init__(self, seq: int) -> None:
        super().__init__(
            "more came than was read, so this subscription ends",
            cause="its queue is full",
            remedy=f"subscribe again with after: {seq}, and ask for fewer fields or filter more",
        )
        self.seq = seq


class OperationSeen(msgspec.Struct, frozen=True):
    """An operation as it was when an event told of it; `seq` is the event's place."""

    seq: int
    operation: Operation


@asynccontextmanager
async def followed_events(
    platform: Platform, *, after: int | None, only: EventFilter = ALL_EVENTS
) -> AsyncIterator[AsyncIterator[Event]]:
    """Events as `Events.subscribe` gives them, but a slow reader's end is a DroppedError.

    InvalidInputError for a negative place `after`.
    """
    if after is not None and after < 0:
        raise InvalidInputError(
            f"{after} is no place to go on from",
            remedy="send the `seq` of the last one that was read, or 0 for all that are kept",
            code="meshery.graphql.cursor",
        )
    async with (
        platform.events.subscribe(after=after, only=only) as events,
        aclosing(_undropped(events)) as undropped,
    ):
        yield undropped


async def _undropped(events: AsyncIterator[Event]) -> AsyncGenerator[Event]:
    async for event in events:
        if (event.category, event.subject.kind, event.subject.id) == _NOTICE:
            raise DroppedError(event.seq)
        yield event


@asynccontextmanager
async def followed_operations(
    platform: Platform, *, after: int | None
) -> AsyncIterator[AsyncIterator[OperationSeen]]:
    """Operations when they start, are asked to cancel, are lost or end. See `followed_events`."""
    async with (
        followed_events(
            platform, after=after, only=EventFilter(categories=("operation",))
        ) as events,
        aclosing(_operations(platform, events)) as operations,
    ):
        yield operations


async def _operations(
    platform: Platform, events: AsyncIterator[Event]
) -> AsyncGenerator[OperationSeen]:
    async for event in events:
        try:
            operation = await platform.operations.get(event.operation_id)
        except NotFoundError:  # deleted since, after retention.operations
            continue
        yield OperationSeen(event.seq, operation)
