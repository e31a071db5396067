"""What the function of a kind of work gets: its operation, named steps, progress, children.

Everything it writes checks the fence of its claim in the same transaction. While the database is
away, writes wait and are tried again; while the bus is away, they go on.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from meshery.core.errors import MesheryError, Severity, UnavailableError
from meshery.core.telemetry import get_logger
from meshery.operations import steps
from meshery.operations.claims import Claim, FencedError, guard
from meshery.operations.events import new_event
from meshery.operations.model import Operation, OperationState, Progress, Subject
from meshery.operations.outage import outage_error
from meshery.operations.slots import Slots
from meshery.operations.tables import operation as table

if TYPE_CHECKING:
    from meshery.operations.platform import Platform

T = TypeVar("T")

_PERSIST_S = 1.0
_NOTIFY_S = 0.05
_RETRY_S = (0.1, 0.2, 0.5, 1.0, 2.0)

_log = get_logger("operations.run")


class Decision(StrEnum):
    """What a parent decides about a child whose worker was lost."""

    RESUME = "resume"
    GIVE_UP = "give-up"


class Stop(StrEnum):
    """Why a kind's function is stopped."""

    CANCEL = "cancel"
    FENCED = "fenced"
    SHUTDOWN = "shutdown"
    TIMEOUT = "timeout"


class Run:
    """One attempt at an operation. `input` is its document, `platform` the parts to work with."""

    def __init__(
        self,
        platform: "Platform",
        *,
        operation: Operation,
        input: dict[str, Any],  # noqa: A002 - the noun of this field everywhere
        claim: Claim,
        slots: Slots,
        on_stopped: Callable[[Stop], None],
    ) -> None:
        self.operation = operation
        self.input = input
        self.platform = platform
        self._claim = claim
        self._slots = slots
        self._on_stopped = on_stopped
        self._names: set[str] = set()
        self._waiting = 0
        self.holds_place = True
        self.is_stopping = False
        self._progress = operation.progress
        self._persisted_at = 0.0
        self._notified_at = 0.0

    @property
    def last_progress(self) -> Progress:
        """The newest progress, perhaps not stored yet."""
        return self._progress

    async def step(
        self, name: str, work: Callable[[], Awaitable[T]], *, as_type: type[T] | None = None
    ) -> T:
        """Do `work` once: a step that an earlier attempt finished only returns its stored result.

        The result goes through JSON, on the first attempt too, so that both look alike; `as_type`
        makes a struct of it. Names are unique within an operation: ValueError otherwise. Steps may
        run side by side.
        """
        if name in self._names:
            raise ValueError(f"two steps of {self.operation.kind} are named {name!r}")
        self._names.add(name)
        operation_id = self.operation.id
        is_done, stored = await self.write(
            lambda connection: steps.begin(connection, operation_id, name)
        )
        if not is_done:
            await self._changed()
            stored = msgspec.to_builtins(await self._attempt(name, work))
            self.platform.operations.drafts.demand_size(stored, "result")
            await self.write(
                lambda connection: self._close(
                    connection, name, OperationState.SUCCEEDED, result=stored
                )
            )
            await self._changed()
        return msgspec.convert(stored, as_type) if as_type is not None else stored

    async def progress(
        self, done: float, total: float, *, unit: str = "", message: str = ""
    ) -> None:
        """Tell how far it is: live at most 20 times a second, stored about once a second."""
        self._progress = Progress(done, total, unit, message)
        now = time.monotonic()
        if now - self._notified_at >= _NOTIFY_S or done >= total:
            self._notified_at = now
            await self.platform.operations.tell(self.operation.id, self._progress)
        if now - self._persisted_at >= _PERSIST_S:
            self._persisted_at = now
            await self.write(self._store_progress)

    async def event(
        self,
        severity: Severity,
        text: str,
        *,
        category: str,
        error: MesheryError | None = None,
        along: Callable[[AsyncConnection], Awaitable[None]] | None = None,
    ) -> None:
        """Store and announce an event of this operation.

        `along` writes what it tells of, in the same transaction: there is neither without the
        other.
        """
        event = new_event(
            category=category,
            severity=severity,
            subject=self.operation.subject,
            text=text,
            operation_id=self.operation.id,
            actor=self.operation.actor,
            error=error.as_dict() if error else None,
        )
        events = self.platform.events

        async def record(connection: AsyncConnection) -> None:
            if along is not None:
                await along(connection)
            await events.record(connection, event)

        await self.write(record)
        await events.announce(event)

    async def child(
        self,
        kind: str,
        *,
        subject: Subject,
        input: dict[str, Any],  # noqa: A002 - the noun of this field everywhere
        key: str,
        host: str | None = None,
    ) -> Operation:
        """Start a child, once for each `key`: a resumed parent gets the same child again."""
        operations = self.platform.operations
        row = operations.drafts.row(
            kind,
            subject=subject,
            input=input,
            actor=self.operation.actor,
            host=host,
            key=f"{self.operation.id}/{key}",
            parent_id=self.operation.id,
        )
        child_id, is_new = await self.write(lambda connection: self._insert(connection, row))
        if is_new:
            await operations.wake(child_id, kind=kind, host=row["host"])
        return await operations.get(child_id)

    async def wait(
        self,
        operation_id: str,
        *,
        decide: Callable[[Operation], Awaitable[Decision]] | None = None,
    ) -> Operation:
        """A child's end, whatever its outcome; meanwhile this operation is `waiting`.

        It frees its place at the worker, so that children find one. `decide` is asked when the
        child's worker was lost and its kind says ASK; without it, the child is given up.
        """
        await self._enter_waiting()
        try:
            return await self._until_end(operation_id, decide)
        finally:
            if not self.is_stopping:  # a time limit of the kind's own may have ended the wait
                await self._leave_waiting()

    async def write(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Run `work` in a transaction of its own that first checks the fence.

        Tried again while the database is away; FencedError when another owner took over.
        """
        failures = 0
        started = time.monotonic()
        while True:
            try:
                async with self.platform.database.write() as connection:
                    state = await guard(connection, self._claim)
                    result = await work(connection)
                if state is OperationState.CANCELLING:  # should the hint have been lost
                    self._on_stopped(Stop.CANCEL)
                if failures:
                    await self._tell_outage(time.monotonic() - started)
                return result  # noqa: TRY300 - the loop's way out
            except FencedError:
                self._on_stopped(Stop.FENCED)
                raise
            except UnavailableError as error:
                if failures == 0:
                    _log.error("operation.write_delayed", cause=error.cause, code=error.code)
                await asyncio.sleep(_RETRY_S[min(failures, len(_RETRY_S) - 1)])
                failures += 1

    async def _tell_outage(self, lasted_s: float) -> None:
        cause = "it was locked, full or not reachable; the worker's log has the cause"
        error = outage_error(lasted_s, cause=cause)
        with contextlib.suppress(UnavailableError):  # the next write tries again
            await self.platform.events.emit(
                category="system",
                severity="error",
                subject=self.operation.subject,
                text=error.what,
                operation_id=self.operation.id,
                error=error,
            )

    async def _attempt(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        try:
            return await work()
        except Exception:
            await self.write(
                lambda connection: self._close(connection, name, OperationState.FAILED)
            )
            raise

    async def _close(
        self, connection: AsyncConnection, name: str, state: OperationState, *, result: Any = None
    ) -> None:
        await steps.close(connection, self.operation.id, name, state=state, result=result)
        await self._store_progress(connection)

    async def _store_progress(self, connection: AsyncConnection) -> None:
        await connection.execute(
            update(table)
            .where(table.c.id == self.operation.id)
            .values(progress=msgspec.to_builtins(self._progress))
        )

    async def _insert(self, connection: AsyncConnection, row: dict[str, Any]) -> tuple[str, bool]:
        same = table.c.idempotency_key == row["idempotency_key"]
        earlier = await connection.scalar(select(table.c.id).where(same))
        if earlier is not None:
            return earlier, False
        if await self._state(connection) is OperationState.CANCELLING:
            raise asyncio.CancelledError  # the worker is about to cancel us anyway
        await connection.execute(table.insert().values(**row))
        return row["id"], True

    async def _state(self, connection: AsyncConnection) -> OperationState:
        mine = table.c.id == self.operation.id
        return OperationState(
            (await connection.execute(select(table.c.state).where(mine))).scalar_one()
        )

    async def _enter_waiting(self) -> None:
        self._waiting += 1
        if self._waiting == 1:
            await self._move(OperationState.RUNNING, OperationState.WAITING)
            self.holds_place = False
            self._slots.give_back()

    async def _leave_waiting(self) -> None:
        self._waiting -= 1
        if self._waiting == 0:
            await self._slots.take()
            self.holds_place = True
            await self._move(OperationState.WAITING, OperationState.RUNNING)

    async def _move(self, before: OperationState, after: OperationState) -> None:
        async def change(connection: AsyncConnection) -> None:
            mine = (table.c.id == self.operation.id) & (table.c.state == before.value)
            await connection.execute(update(table).where(mine).values(state=after.value))

        await self.write(change)
        await self._changed()

    async def _until_end(
        self,
        operation_id: str,
        decide: Callable[[Operation], Awaitable[Decision]] | None,
    ) -> Operation:
        operations = self.platform.operations
        while True:
            try:
                async with aclosing(operations.watch(operation_id)) as states:
                    async for operation in states:
                        if operation.is_final:
                            return operation
                        if operation.state is OperationState.WAITING:
                            await self._answer(operation, decide)
            except UnavailableError as error:
                _log.warning("operation.watch_again", cause=error.cause)
                await asyncio.sleep(0.5)

    async def _answer(
        self,
        operation: Operation,
        decide: Callable[[Operation], Awaitable[Decision]] | None,
    ) -> None:
        if not await self.platform.operations.is_asking(operation.id):
            return
        decision = Decision.GIVE_UP if decide is None else await decide(operation)
        await self.platform.operations.decide(operation.id, resume=decision is Decision.RESUME)

    async def _changed(self) -> None:
        await self.platform.operations.tell(self.operation.id)
