"""Events: a stored row for queries, and a message in the stream EVENTS for following.

The row comes first. Its message carries the event's id as `Nats-Msg-Id`, so publishing it twice
stores it once, and the stream's sequence is noted on the row: `seq`, the cursor to resume from. A
row whose message could not be sent keeps no `seq`; a keeper publishes it later.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from ulid import ULID

from meshery.core.bus import Bus
from meshery.core.database import Database, later
from meshery.core.errors import MesheryError, Severity, UnavailableError
from meshery.core.listing import fetch_page
from meshery.core.page import Page, PageQuery
from meshery.core.streams import EVENTS_STREAM, SUBJECT_EVENTS
from meshery.core.telemetry import counter, gauge, get_logger
from meshery.operations.model import Event, Subject
from meshery.operations.tables import event as table

EVENT_ORDER = ("at", "seq", "severity", "category")
_QUEUE_SIZE = 1000
_SHORT = 1000
"""Characters of a text that are sent when the whole is too large for the bus."""

_log = get_logger("operations.events")
_subscribers = gauge("event_subscribers", "Subscribers that follow events now")
_dropped = counter("event_subscribers_dropped", "Subscribers dropped because they read too slowly")


class EventFilter(msgspec.Struct, frozen=True):
    """Which events; empty fields let all pass."""

    operation_id: str = ""
    severities: tuple[Severity, ...] = ()
    categories: tuple[str, ...] = ()
    subject_kind: str = ""
    subject_id: str = ""

    def accepts(self, event: Event) -> bool:
        """Whether `event` passes."""
        return (
            (not self.operation_id or event.operation_id == self.operation_id)
            and (not self.severities or event.severity in self.severities)
            and (not self.categories or event.category in self.categories)
            and (not self.subject_kind or event.subject.kind == self.subject_kind)
            and (not self.subject_id or event.subject.id == self.subject_id)
        )

    def conditions(self) -> list[ColumnElement[bool]]:
        """The same for rows."""
        found = []
        if self.operation_id:
            found.append(table.c.operation_id == self.operation_id)
        if self.severities:
            found.append(table.c.severity.in_(self.severities))
        if self.categories:
            found.append(table.c.category.in_(self.categories))
        if self.subject_kind:
            found.append(table.c.subject_kind == self.subject_kind)
        if self.subject_id:
            found.append(table.c.subject_id == self.subject_id)
        return found


ALL_EVENTS = EventFilter()
NEWEST_EVENTS = PageQuery(order="-at")


class Events:
    """What happened: emit, list, follow."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus

    async def emit(
        self,
        *,
        category: str,
        severity: Severity,
        subject: Subject,
        text: str,
        operation_id: str = "",
        actor: str = "system",
        error: MesheryError | None = None,
    ) -> Event:
        """Store an event, then announce it. UnavailableError when the database cannot."""
        event = new_event(
            category=category,
            severity=severity,
            subject=subject,
            text=text,
            operation_id=operation_id,
            actor=actor,
            error=error.as_dict() if error else None,
        )
        async with self._database.write() as connection:
            await self.record(connection, event)
        return await self.announce(event)

    async def record(self, connection: AsyncConnection, event: Event) -> None:
        """Store an event within the caller's transaction; `announce` it after the commit.

        The same event stored twice is stored once: whoever lost the connection during a commit
        cannot know what became of it, and tries again.
        """
        insert = self._database.insert(table).values(**_values(event))
        await connection.execute(insert.on_conflict_do_nothing(index_elements=["id"]))

    async def announce(self, event: Event) -> Event:
        """Publish a stored event and note its place in the stream; later, if the bus is away."""
        try:
            payload = _message(event, most_bytes=self._bus.max_payload_bytes)
            seq = await self._bus.publish(SUBJECT_EVENTS, payload, message_id=event.id)
            async with self._database.write() as connection:
                mine = table.c.id == event.id
                await connection.execute(update(table).where(mine).values(seq=seq))
        except UnavailableError as error:
            _log.info("event.announced_later", event_id=event.id, cause=error.cause)
            return event
        return msgspec.structs.replace(event, seq=seq)

    async def announce_pending(self, *, older_than_s: float) -> int:
        """Publish stored events that never got a place in the stream; how many."""
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(table)
                .where(table.c.seq.is_(None))
                .where(table.c.at < later(-older_than_s))
                .order_by(table.c.id)
                .limit(500)
            )
            pending = [_event(row) for row in rows]
        done = 0
        for event in pending:
            if (await self.announce(event)).seq == 0:
                break
            done += 1
        return done

    async def list(
        self, query: PageQuery = NEWEST_EVENTS, *, only: EventFilter = ALL_EVENTS
    ) -> Page[Event]:
        """Stored events; `order` is one of EVENT_ORDER, `search` looks into text and subject."""
        statement = select(table).where(*only.conditions())
        if query.search:
            statement = statement.where(
                table.c.text.icontains(query.search, autoescape=True)
                | table.c.subject_name.icontains(query.search, autoescape=True)
            )
        columns = {name: table.c[name] for name in EVENT_ORDER}
        async with self._database.read() as connection:
            rows, total = await fetch_page(
                connection, statement, page=query, columns=columns, key=table.c.id
            )
        return Page.of([_event(row) for row in rows], query, total=total)

    @asynccontextmanager
    async def subscribe(
        self,
        *,
        after: int | None = None,
        only: EventFilter = ALL_EVENTS,
        queue_size: int = _QUEUE_SIZE,
    ) -> AsyncIterator[AsyncIterator[Event]]:
        """Follow events from the one after sequence `after`; None means from now on.

        Each subscriber has one bounded queue. One that reads too slowly gets what is queued, then a
        notice whose `seq` is the cursor to resume from, and its stream ends.
        """
        position = after
        if position is None:
            with suppress(UnavailableError):
                position = await self._bus.last_sequence(EVENTS_STREAM)
        subscription = _Subscription(self._bus, position, only, queue_size)
        try:
            with _subscribers.track_inprogress():
                yield subscription
        finally:
            await subscription.close()


class _Subscription(AsyncIterator[Event]):
    """A bounded queue and the task that fills it."""

    def __init__(self, bus: Bus, after: int | None, only: EventFilter, size: int) -> None:
        self._queue: asyncio.Queue[Event] = asyncio.Queue(size)
        self._only = only
        self._cursor = after or 0
        self._ended = False
        self._pump = asyncio.create_task(self._fill(bus, after), name="events-subscriber")

    async def _fill(self, bus: Bus, after: int | None) -> None:
        async for message in bus.follow(EVENTS_STREAM, subject=SUBJECT_EVENTS, after=after):
            event = msgspec.structs.replace(
                msgspec.json.decode(message.data, type=Event), seq=message.sequence
            )
            if not self._only.accepts(event):
                continue
            try:
                self._queue.put_nowait(event)
            except asyncio.QueueFull:
                _dropped.inc()
                _log.warning("event.subscriber_dropped", queue_size=self._queue.maxsize)
                return
            self._cursor = event.seq

    async def __anext__(self) -> Event:
        if self._ended:
            raise StopAsyncIteration
        if self._queue.empty() and not self._pump.done():
            getter = asyncio.ensure_future(self._queue.get())
            try:
                await asyncio.wait({getter, self._pump}, return_when=asyncio.FIRST_COMPLETED)
                if getter.done():
                    return getter.result()
            finally:
                getter.cancel()
        if not self._queue.empty():
            return self._queue.get_nowait()
        self._ended = True
        self._pump.result()  # what broke it, if anything did
        return self._notice()

    def _notice(self) -> Event:
        subject = Subject("events", "subscriber", "event stream")
        text = "Some events were left out: they came faster than they were read"
        notice = new_event(category="events", severity="warning", subject=subject, text=text)
        return msgspec.structs.replace(notice, seq=self._cursor)

    async def close(self) -> None:
        self._ended = True
        self._pump.cancel()
        await asyncio.wait({self._pump})


def new_event(
    *,
    category: str,
    severity: Severity,
    subject: Subject,
    text: str,
    operation_id: str = "",
    actor: str = "system",
    error: dict[str, Any] | None = None,
) -> Event:
    """An event of now, not stored yet."""
    return Event(
        id=str(ULID()),
        seq=0,
        at=datetime.now(UTC),
        operation_id=operation_id,
        actor=actor,
        category=category,
        severity=severity,
        subject=subject,
        text=text,
        error=error,
    )


def _message(event: Event, *, most_bytes: int) -> bytes:
    """What is published of an event; one too large for the bus is shortened and says so.

    It could never be sent otherwise, and all that wait behind it neither. The row stays whole.
    """
    payload = msgspec.json.encode(event)
    if len(payload) <= most_bytes:
        return payload
    short = msgspec.structs.replace(event, text=_shortened(event.text), error=None)
    if event.error:
        known = {name: event.error.get(name) for name in ("code", "severity", "what", "remedy")}
        told = {name: _shortened(str(value)) for name, value in known.items() if value}
        short = msgspec.structs.replace(short, error=told)
    return msgspec.json.encode(short)


def _shortened(text: str) -> str:
    if len(text) <= _SHORT:
        return text
    return f"{text[:_SHORT]} … (shortened; the list of events has all of it)"


def _values(event: Event) -> dict[str, Any]:
    values = {name: getattr(event, name) for name in event.__struct_fields__ if name != "subject"}
    return values | {
        "seq": event.seq or None,
        "subject_kind": event.subject.kind,
        "subject_id": event.subject.id,
        "subject_name": event.subject.name,
    }


def _event(row: Row[Any]) -> Event:
    return Event(
        id=row.id,
        seq=row.seq or 0,
        at=row.at,
        operation_id=row.operation_id,
        actor=row.actor,
        category=row.category,
        severity=row.severity,
        subject=Subject(row.subject_kind, row.subject_id, row.subject_name),
        text=row.text,
        error=row.error,
    )
