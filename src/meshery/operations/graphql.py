"""GraphQL of operations and events. Thin: the service does the work."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from enum import StrEnum
from typing import Any

import strawberry

from meshery.core.errors import Severity
from meshery.operations.events import EventFilter
from meshery.operations.feeds import OperationSeen, followed_events, followed_operations
from meshery.operations.model import Event, Operation, OperationState
from meshery.operations.platform import Platform
from meshery.operations.request import platform_of
from meshery.operations.service import OperationFilter
from meshery.web.graphql.door import Door, Info, connection_of
from meshery.web.graphql.fields import asked, connection, done, followed, many
from meshery.web.graphql.lists import FIRST, Direction, Slice, slice_of, slice_query
from meshery.web.graphql.nouns import noun, words
from meshery.web.graphql.scalars import After
from meshery.web.identity import actor_of

words(Severity, name="Severity")
OperationNoun = noun(Operation)
EventNoun = noun(Event)


@strawberry.enum(description="What operations are ordered by.")
class OperationField(StrEnum):
    """What operations are ordered by."""

    CREATED_AT = "created_at"
    STARTED_AT = "started_at"
    ENDED_AT = "ended_at"
    KIND = "kind"
    STATE = "state"
    SUBJECT = "subject"


@strawberry.enum(description="What events are ordered by.")
class EventField(StrEnum):
    """What events are ordered by."""

    AT = "at"
    SEQ = "seq"
    SEVERITY = "severity"
    CATEGORY = "category"


@strawberry.input(description="The order of operations.")
class OperationOrder:
    """The order of operations."""

    field: OperationField = OperationField.CREATED_AT
    direction: Direction = Direction.DESCENDING


@strawberry.input(description="The order of events.")
class EventOrder:
    """The order of events."""

    field: EventField = EventField.AT
    direction: Direction = Direction.DESCENDING


@strawberry.input(description="Which operations; what is left out lets all pass.")
class OperationsOnly:
    """Which operations."""

    states: list[OperationState] = strawberry.field(
        default_factory=list, graphql_type=many(words(OperationState, name="OperationState"))
    )
    kind: str = ""
    subject_kind: str = ""
    subject_id: str = ""
    parent_id: str = ""
    actor: str = ""

    def filter(self) -> OperationFilter:
        """The same for the service."""
        return OperationFilter(
            states=tuple(OperationState(each) for each in self.states),
            kind=self.kind,
            subject_kind=self.subject_kind,
            subject_id=self.subject_id,
            parent_id=self.parent_id,
            actor=self.actor,
        )


@strawberry.input(description="Which events; what is left out lets all pass.")
class EventsOnly:
    """Which events."""

    severities: list[Severity] = strawberry.field(
        default_factory=list, graphql_type=many(words(Severity, name="Severity"))
    )
    categories: list[str] = strawberry.field(default_factory=list)
    operation_id: str = ""
    subject_kind: str = ""
    subject_id: str = ""

    def filter(self) -> EventFilter:
        """The same for the service."""
        return EventFilter(
            operation_id=self.operation_id,
            severities=tuple(self.severities),
            categories=tuple(self.categories),
            subject_kind=self.subject_kind,
            subject_id=self.subject_id,
        )


@strawberry.type
class OperationQuery:
    """What may be asked."""

    @asked(connection(OperationNoun), "Long work.")
    async def operations(
        self,
        info: Info,
        *,
        first: int = FIRST,
        after: str | None = None,
        order_by: OperationOrder | None = None,
        search: str = "",
        only: OperationsOnly | None = None,
    ) -> Slice[Operation]:
        """Newest first."""
        query = slice_query(first, after, order=order_by or OperationOrder(), search=search)
        wanted = (only or OperationsOnly()).filter()
        verbs = _platform(info).operations
        return await slice_of(lambda part: verbs.list(part, only=wanted), query, key=_operation_key)

    @asked(OperationNoun, "One operation, with its steps.")
    async def operation(self, info: Info, id: strawberry.ID) -> Operation:  # noqa: A002
        """By its id."""
        return await _platform(info).operations.get(id)

    @asked(connection(EventNoun), "What happened.")
    async def events(
        self,
        info: Info,
        *,
        first: int = FIRST,
        after: str | None = None,
        order_by: EventOrder | None = None,
        search: str = "",
        only: EventsOnly | None = None,
    ) -> Slice[Event]:
        """Newest first."""
        query = slice_query(first, after, order=order_by or EventOrder(), search=search)
        wanted = (only or EventsOnly()).filter()
        events = _platform(info).events
        return await slice_of(lambda part: events.list(part, only=wanted), query, key=_event_key)


@strawberry.type
class OperationMutation:
    """What may be done."""

    @done(OperationNoun, "End an operation and its children.")
    async def cancel_operation(self, info: Info, id: strawberry.ID) -> Operation:  # noqa: A002
        """It is `CANCELLING` or `CANCELLED` afterwards; an error when it has ended otherwise."""
        actor = actor_of(connection_of(info))
        return await _platform(info).operations.cancel(id, actor=actor)


@strawberry.type
class OperationSubscription:
    """What may be followed."""

    @followed(EventNoun, "Events as they come.")
    async def events(
        self, info: Info, *, after: After = None, only: EventsOnly | None = None
    ) -> AsyncGenerator[Event]:
        """From the one after `after`."""
        wanted = (only or EventsOnly()).filter()
        async with followed_events(_platform(info), after=after, only=wanted) as events:
            async for event in events:
                yield event

    @followed(
        noun(OperationSeen),
        "Operations when they start, are asked to cancel, are lost or end.",
    )
    async def operations(self, info: Info, *, after: After = None) -> AsyncGenerator[OperationSeen]:
        """From the one after `after`."""
        async with followed_operations(_platform(info), after=after) as operations:
            async for seen in operations:
                yield seen

    @followed(
        OperationNoun,
        "One operation, now and after each change with live progress, till its end.",
    )
    async def operation(
        self,
        info: Info,
        id: strawberry.ID,  # noqa: A002
    ) -> AsyncGenerator[Operation]:
        """Its state now comes first, so nothing is missed by whoever subscribes again."""
        async with aclosing(_platform(info).operations.watch(id)) as states:
            async for operation in states:
                yield operation


DOOR = Door(OperationQuery, OperationMutation, OperationSubscription)


def _platform(info: Info) -> Platform:
    return platform_of(connection_of(info))


def _operation_key(each: Operation, field: str) -> tuple[Any, ...]:
    value = each.subject.name if field == OperationField.SUBJECT else getattr(each, field)
    return value, each.id


def _event_key(each: Event, field: str) -> tuple[Any, ...]:
    """Without a place in the stream it has no `seq`, though 0 is told."""
    value = each.seq or None if field == EventField.SEQ else getattr(each, field)
    return value, each.id
