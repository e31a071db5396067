"""The verbs of long work: submit, get, list, cancel, wait, watch.

Rows are the only truth. A submit writes the row, then sends a wake-up with the id; when that is
lost, a keeper sends it again. A cancel is a state in the row; hints over the bus make it fast.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing, suppress
from typing import Any

import msgspec
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from meshery.core.bus import Bus
from meshery.core.database import Database
from meshery.core.errors import ConflictError, DeadlineError, NotFoundError, UnavailableError
from meshery.core.listing import fetch_page
from meshery.core.page import Page, PageQuery
from meshery.core.settings import Settings
from meshery.core.telemetry import get_logger
from meshery.operations.drafts import Drafts, key_of
from meshery.operations.events import Events, new_event
from meshery.operations.hints import Hints
from meshery.operations.model import (
    Operation,
    OperationState,
    Progress,
    Subject,
    WorkKind,
)
from meshery.operations.rows import (
    ACTIVE_STATES,
    by_id,
    end,
    owner_lost,
    read_operations,
    requeue,
    wake_subject,
)
from meshery.operations.tables import operation as table

OPERATION_ORDER = ("created_at", "started_at", "ended_at", "kind", "state", "subject")
NEWEST_OPERATIONS = PageQuery(order="-created_at")

_log = get_logger("operations.service")


class OperationFilter(msgspec.Struct, frozen=True):
    """Which operations; empty fields let all pass."""

    states: tuple[OperationState, ...] = ()
    kind: str = ""
    subject_kind: str = ""
    subject_id: str = ""
    parent_id: str = ""
    actor: str = ""


ALL_OPERATIONS = OperationFilter()


class Operations:
    """Long work, as everybody but a worker handles it. `drafts` makes rows of it."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        events: Events,
        *,
        settings: Settings,
        kinds: Mapping[str, WorkKind],
    ) -> None:
        self._database = database
        self._bus = bus
        self._events = events
        self._kinds = kinds
        self._hints = Hints(bus)
        self.drafts = Drafts(kinds, settings)

    async def submit(
        self,
        kind: str,
        *,
        subject: Subject,
        input: dict[str, Any],  # noqa: A002 - the noun of this field everywhere
        actor: str,
        host: str | None = None,
        idempotency_key: str = "",
    ) -> Operation:
        """Store new work and wake a worker.

        `host` is where a host-bound kind runs (default: this host). The same `idempotency_key` of
        the same actor and kind returns the first operation; ConflictError when its input differs.
        InvalidInputError for an unknown kind, or an input that holds secrets.
        """
        key = key_of(kind, actor, idempotency_key)
        row = self.drafts.row(kind, subject=subject, input=input, actor=actor, host=host, key=key)
        try:
            async with self._database.write() as connection:
                await connection.execute(table.insert().values(**row))
        except IntegrityError:
            return await self._submitted_before(row)
        await self.wake(row["id"], kind=kind, host=row["host"])
        return await self.get(row["id"])

    async def submitted(self, kind: str, *, actor: str, key: str) -> Operation | None:
        """What an idempotency key has started before; None when nothing, as without a key."""
        if not key:
            return None
        same = table.c.idempotency_key == key_of(kind, actor, key)
        async with self._database.read() as connection:
            rows = (await connection.execute(select(table).where(same))).all()
            return (await read_operations(connection, rows))[0] if rows else None

    async def wake(self, operation_id: str, *, kind: str, host: str) -> None:
        """Send a wake-up; when the bus is away, a keeper does it later."""
        try:
            await self._bus.publish(wake_subject(kind, host), operation_id.encode())
        except UnavailableError as error:
            _log.info("operation.wake_later", operation_id=operation_id, cause=error.cause)
        await self.tell(operation_id)

    async def get(self, operation_id: str) -> Operation:
        """One operation with its steps; NotFoundError."""
        async with self._database.read() as connection:
            rows = (await connection.execute(by_id(operation_id))).all()
            if not rows:
                raise _no_such(operation_id)
            return (await read_operations(connection, rows))[0]

    async def kept(self, operation_ids: Iterable[str]) -> dict[str, Operation]:
        """Those of these operations that there are, by their ids."""
        query = select(table).where(table.c.id.in_(set(operation_ids)))
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
            return {each.id: each for each in await read_operations(connection, rows)}

    async def list(
        self, query: PageQuery = NEWEST_OPERATIONS, *, only: OperationFilter = ALL_OPERATIONS
    ) -> Page[Operation]:
        """Operations; `order` is one of OPERATION_ORDER, `search` looks into kind and subject."""
        statement = select(table)
        if only.states:
            statement = statement.where(table.c.state.in_([state.value for state in only.states]))
        for name in ("kind", "subject_kind", "subject_id", "parent_id", "actor"):
            if getattr(only, name):
                statement = statement.where(table.c[name] == getattr(only, name))
        if query.search:
            statement = statement.where(
                table.c.kind.icontains(query.search, autoescape=True)
                | table.c.subject_name.icontains(query.search, autoescape=True)
                | table.c.id.startswith(query.search, autoescape=True)
            )
        columns = {name: table.c[name] for name in OPERATION_ORDER if name != "subject"}
        columns["subject"] = table.c.subject_name
        async with self._database.read() as connection:
            rows, total = await fetch_page(
                connection, statement, page=query, columns=columns, key=table.c.id
            )
            items = await read_operations(connection, rows)
        return Page.of(items, query, total=total)

    async def cancel(self, operation_id: str, *, actor: str) -> Operation:
        """End an operation and its children: at once when nobody works on it, else by its worker.

        ConflictError when it has ended otherwise; NotFoundError.
        """
        async with self._database.write() as connection:
            row = (await connection.execute(by_id(operation_id).with_for_update())).one_or_none()
            if row is None:
                raise _no_such(operation_id)
            state = OperationState(row.state)
            if state.is_final and state is not OperationState.CANCELLED:
                raise _ended(operation_id, state)
            if state is OperationState.QUEUED or row.asked:
                await end(connection, operation_id, OperationState.CANCELLED)
            elif not state.is_final:
                cancelling = update(table).where(table.c.id == operation_id)
                await connection.execute(cancelling.values(state=OperationState.CANCELLING.value))
        if not state.is_final and state is not OperationState.CANCELLING:
            await self._hints.cancel(operation_id)
            await self._say_cancelled(row, actor)
        await self.cancel_children(operation_id, actor=actor)
        await self.tell(operation_id)
        return await self.get(operation_id)

    async def cancel_children(self, operation_id: str, *, actor: str) -> None:
        """Cancel all children that have not ended, and theirs."""
        async with self._database.read() as connection:
            children = (
                await connection.execute(
                    select(table.c.id)
                    .where(table.c.parent_id == operation_id)
                    .where(table.c.state.in_([state.value for state in ACTIVE_STATES]))
                    .where(table.c.state != OperationState.CANCELLING.value)
                )
            ).scalars()
        for child in children:
            with suppress(ConflictError):
                await self.cancel(child, actor=actor)

    async def wait(self, operation_id: str, *, timeout_s: float) -> Operation:
        """The operation at its end; DeadlineError after `timeout_s`, while it goes on."""
        try:
            async with asyncio.timeout(timeout_s), aclosing(self.watch(operation_id)) as states:
                async for operation in states:
                    if operation.is_final:
                        return operation
        except TimeoutError as error:
            raise DeadlineError(
                f"operation {operation_id} did not end within {timeout_s:g} s",
                cause="it goes on",
                remedy=f"follow it with `mesheryctl operation watch {operation_id}`",
            ) from error
        raise AssertionError("a watch ends with a final state")

    def watch(self, operation_id: str) -> AsyncGenerator[Operation]:
        """The operation now and after each change, with live progress, until it has ended."""
        return self._hints.watch(operation_id, read=self.get)

    async def tell(self, operation_id: str, progress: Progress | None = None) -> None:
        """Hint to whoever watches: new progress, or (None) that the row changed."""
        await self._hints.tell(operation_id, progress)

    async def is_asking(self, operation_id: str) -> bool:
        """Whether its owner was lost and its parent is to decide."""
        async with self._database.read() as connection:
            row = (await connection.execute(by_id(operation_id))).one_or_none()
        return row is not None and bool(row.asked)

    async def decide(self, operation_id: str, *, resume: bool) -> None:
        """Answer for an operation whose owner was lost: go on, or end it as interrupted."""
        async with self._database.write() as connection:
            row = (await connection.execute(by_id(operation_id).with_for_update())).one_or_none()
            if row is None or not row.asked:
                return
            if resume:
                await requeue(connection, operation_id)
            else:
                await end(
                    connection,
                    operation_id,
                    OperationState.INTERRUPTED,
                    error=owner_lost().as_dict(),
                )
        if resume:
            await self.wake(operation_id, kind=row.kind, host=row.host)
        await self.tell(operation_id)

    def title(self, kind: str) -> str:
        """A kind's human words."""
        known = self._kinds.get(kind)
        return known.title if known and known.title else kind

    async def _submitted_before(self, row: dict[str, Any]) -> Operation:
        async with self._database.read() as connection:
            earlier = (
                await connection.execute(
                    select(table).where(table.c.idempotency_key == row["idempotency_key"])
                )
            ).one()
            if earlier.input != row["input"]:
                raise ConflictError(
                    "this idempotency key was used for another input",
                    cause=f"operation {earlier.id} has it",
                    remedy="use a new key for new work",
                    code="meshery.operation.idempotency",
                )
            return (await read_operations(connection, [earlier]))[0]

    async def _say_cancelled(self, row: Any, actor: str) -> None:
        event = new_event(
            category="operation",
            severity="info",
            subject=Subject(row.subject_kind, row.subject_id, row.subject_name),
            text=f"{self.title(row.kind)}: {actor} asked to cancel",
            operation_id=row.id,
            actor=actor,
        )
        async with self._database.write() as connection:
            await self._events.record(connection, event)
        await self._events.announce(event)


def _no_such(operation_id: str) -> NotFoundError:
    return NotFoundError(
        f"there is no operation {operation_id}",
        cause="it never existed, or was deleted after retention.operations",
        remedy="`mesheryctl operation list` shows those that are kept",
    )


def _ended(operation_id: str, state: OperationState) -> ConflictError:
    return ConflictError(
        f"operation {operation_id} has already ended: {state.value}",
        remedy="nothing is left to cancel",
        code="meshery.operation.ended",
    )
