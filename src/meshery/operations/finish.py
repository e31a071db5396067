"""The last write of an attempt: the outcome, the event that tells of it, the children's fate.

A cancel that is in the row before this write wins, one that comes after it finds an ended
operation: there is one outcome.
"""

from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from meshery.core.errors import OperationFailedError, Problem, Severity
from meshery.operations.attempt import Outcome
from meshery.operations.events import new_event
from meshery.operations.loss import Loss, settle_loss
from meshery.operations.model import Event, Operation, OperationState
from meshery.operations.rows import by_id, end
from meshery.operations.run import Run
from meshery.operations.tables import operation as table

if TYPE_CHECKING:
    from meshery.operations.platform import Platform

_SEVERITY: dict[OperationState, Severity] = {
    OperationState.SUCCEEDED: "info",
    OperationState.PARTIAL: "warning",
    OperationState.FAILED: "error",
    OperationState.CANCELLED: "info",
    OperationState.INTERRUPTED: "warning",
}
_BAD_CHILD = [
    state.value
    for state in (
        OperationState.PARTIAL,
        OperationState.FAILED,
        OperationState.CANCELLED,
        OperationState.INTERRUPTED,
    )
]


async def say_started(platform: "Platform", run: Run) -> None:
    """An event of severity debug: a worker took it up."""
    again = " again" if run.operation.steps else ""
    text = f"{platform.operations.title(run.operation.kind)}: started{again}"
    await run.event("debug", text, category="operation")
    await platform.operations.tell(run.operation.id)


async def finish(platform: "Platform", run: Run, outcome: Outcome) -> OperationState | None:
    """Write an outcome; the state it became, None when it was handed over to another worker."""
    if outcome.state is None:
        loss = await run.write(lambda connection: _release(connection, run.operation.id))
        await loss.announce(platform)
        return None

    async def write(connection: AsyncConnection) -> tuple[OperationState, Event]:
        return await _end(connection, platform, run, outcome)

    state, event = await run.write(write)
    await platform.events.announce(event)
    await platform.operations.tell(run.operation.id)
    if state not in (OperationState.SUCCEEDED, OperationState.PARTIAL):
        await platform.operations.cancel_children(run.operation.id, actor="system")
    return state


def ended_event(
    operation: Operation, *, title: str, state: OperationState, error: dict[str, Any] | None
) -> Event:
    """The event that an operation has ended."""
    what = f": {error['what']}" if error and error.get("what") else ""
    return new_event(
        category="operation",
        severity="warning" if error and state is OperationState.CANCELLED else _SEVERITY[state],
        subject=operation.subject,
        text=f"{title}: {state.value}{what}",
        operation_id=operation.id,
        actor=operation.actor,
        error=error,
    )


async def _end(
    connection: AsyncConnection, platform: "Platform", run: Run, outcome: Outcome
) -> tuple[OperationState, Event]:
    assert outcome.state is not None  # noqa: S101 - handed over before
    row = (await connection.execute(by_id(run.operation.id))).one()
    state, error = outcome.state, outcome.error
    if row.state == OperationState.CANCELLING.value:
        # An error is that of its cleaning up: something of it may be left, so it is told.
        error = error if state in (OperationState.FAILED, OperationState.CANCELLED) else None
        state = OperationState.CANCELLED
    elif state is OperationState.CANCELLED:  # nobody asked: the function cancelled itself
        state = OperationState.FAILED
        error = OperationFailedError("the operation stopped itself").as_dict()
    elif state is OperationState.SUCCEEDED:
        error = await _failed_children(connection, run.operation.id)
        state = OperationState.PARTIAL if error else state
    await end(
        connection,
        run.operation.id,
        state,
        error=error,
        result=outcome.result if state is not OperationState.CANCELLED else None,
        progress=run.last_progress,
    )
    title = platform.operations.title(run.operation.kind)
    event = ended_event(run.operation, title=title, state=state, error=error)
    await platform.events.record(connection, event)
    return state, event


async def _release(connection: AsyncConnection, operation_id: str) -> Loss:
    row = (await connection.execute(by_id(operation_id))).one()
    return await settle_loss(connection, row)


async def _failed_children(connection: AsyncConnection, parent_id: str) -> dict[str, Any] | None:
    rows = (
        await connection.execute(
            select(table.c.id, table.c.kind, table.c.subject_name, table.c.state, table.c.error)
            .where(table.c.parent_id == parent_id)
            .order_by(table.c.created_at)
        )
    ).all()
    bad = [row for row in rows if row.state in _BAD_CHILD]
    if not bad:
        return None
    return OperationFailedError(
        f"{len(bad)} of {len(rows)} parts did not succeed",
        cause="; ".join(f"{row.kind} {row.subject_name}: {row.state}" for row in bad),
        remedy="look at each of them, then start it again",
        code="meshery.operation.partial",
        problems=[
            Problem(
                row.id, f"{row.kind} {row.subject_name}: {(row.error or {}).get('what', row.state)}"
            )
            for row in bad
        ],
    ).as_dict()
