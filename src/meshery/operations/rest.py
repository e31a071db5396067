"""REST of operations and events. Thin: the service does the work."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from meshery.core.errors import InvalidInputError, Severity
from meshery.core.page import PageQuery
from meshery.operations.events import EVENT_ORDER, EventFilter
from meshery.operations.model import Event, Operation, OperationState
from meshery.operations.platform import Platform
from meshery.operations.request import PlatformDep
from meshery.operations.service import OPERATION_ORDER, OperationFilter
from meshery.operations.sse import closing, frame, frames_of, sse_response
from meshery.web.identity import ActorDep
from meshery.web.paging import page_query
from meshery.web.respond import accepted, json_response

router = APIRouter()


def operation_filter(
    *,
    state: Annotated[list[OperationState] | None, Query(description="May be repeated")] = None,
    kind: str = "",
    subject_kind: str = "",
    subject_id: str = "",
    parent_id: str = "",
    actor: str = "",
) -> OperationFilter:
    """Which operations."""
    return OperationFilter(
        states=tuple(state or ()),
        kind=kind,
        subject_kind=subject_kind,
        subject_id=subject_id,
        parent_id=parent_id,
        actor=actor,
    )


def event_filter(
    *,
    severity: Annotated[list[Severity] | None, Query(description="May be repeated")] = None,
    category: Annotated[list[str] | None, Query(description="May be repeated")] = None,
    operation_id: str = "",
    subject_kind: str = "",
    subject_id: str = "",
) -> EventFilter:
    """Which events."""
    return EventFilter(
        operation_id=operation_id,
        severities=tuple(severity or ()),
        categories=tuple(category or ()),
        subject_kind=subject_kind,
        subject_id=subject_id,
    )


OperationPage = Annotated[PageQuery, Depends(page_query(*OPERATION_ORDER))]
EventPage = Annotated[PageQuery, Depends(page_query(*EVENT_ORDER, default="-at"))]
OperationFilterDep = Annotated[OperationFilter, Depends(operation_filter)]
EventFilterDep = Annotated[EventFilter, Depends(event_filter)]


@router.get("/api/operations", tags=["operations"], summary="List operations")
async def list_operations(
    platform: PlatformDep, query: OperationPage, only: OperationFilterDep
) -> Response:
    """Newest first."""
    return json_response(await platform.operations.list(query, only=only))


@router.get("/api/operations/{operation_id}", tags=["operations"], summary="One operation")
async def get_operation(platform: PlatformDep, operation_id: str) -> Response:
    """With its steps, result and error."""
    return json_response(await platform.operations.get(operation_id))


@router.post(
    "/api/operations/{operation_id}/cancel",
    tags=["operations"],
    summary="Cancel an operation and its children",
    status_code=202,
)
async def cancel_operation(platform: PlatformDep, actor: ActorDep, operation_id: str) -> Response:
    """202 with the operation, which is `cancelling` or `cancelled`; 409 when it has ended."""
    return accepted(await platform.operations.cancel(operation_id, actor=actor))


@router.get(
    "/api/operations/{operation_id}/events",
    tags=["operations"],
    summary="Events of an operation, or (as text/event-stream) its states till its end",
)
async def operation_events(
    request: Request, platform: PlatformDep, operation_id: str, query: EventPage
) -> Response:
    """A page of stored events; to whom asks for a stream, its states as documents."""
    if "text/event-stream" in request.headers.get("accept", ""):
        await platform.operations.get(operation_id)  # 404 before the stream begins
        return sse_response(_states(platform, operation_id))
    only = EventFilter(operation_id=operation_id)
    return json_response(await platform.events.list(query, only=only))


@router.get("/api/events", tags=["events"], summary="List events")
async def list_events(platform: PlatformDep, query: EventPage, only: EventFilterDep) -> Response:
    """Newest first."""
    return json_response(await platform.events.list(query, only=only))


@router.get("/api/events/stream", tags=["events"], summary="Follow events (text/event-stream)")
async def stream_events(
    platform: PlatformDep,
    only: EventFilterDep,
    last_event_id: Annotated[str, Header()] = "",
    after: str = "",
) -> Response:
    """Events from the one after `Last-Event-ID` (or `after`), else from now on.

    The id of each is its place in the stream. A reader that is too slow gets a notice, then the
    stream ends; it goes on with the last id.
    """
    return sse_response(_events(platform, only, _cursor(last_event_id or after)))


def _cursor(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal():
        raise InvalidInputError(
            f"{text!r} is no place in the event stream",
            remedy="send the id of the last event you got, a whole number",
            code="meshery.event.cursor",
        )
    return int(text)


async def _events(platform: Platform, only: EventFilter, after: int | None) -> AsyncIterator[bytes]:
    def encode(event: Event) -> bytes:
        return frame("event", event, cursor=event.seq)

    async with platform.events.subscribe(after=after, only=only) as events:
        async for part in frames_of(events, encode):
            yield part


async def _states(platform: Platform, operation_id: str) -> AsyncIterator[bytes]:
    def encode(operation: Operation) -> bytes:
        return frame("operation", operation)

    async with closing(platform.operations.watch(operation_id)) as states:
        async for part in frames_of(states, encode):
            yield part
