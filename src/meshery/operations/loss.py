"""What becomes of an operation whose worker is gone: resumed, interrupted, or the parent asked."""

from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from meshery.operations.claims import MAX_ATTEMPTS
from meshery.operations.events import new_event
from meshery.operations.model import Event, OperationState, OwnerLoss, Subject
from meshery.operations.rows import ACTIVE_STATES, end, owner_lost, requeue
from meshery.operations.tables import operation as table

if TYPE_CHECKING:
    from meshery.operations.platform import Platform


class Loss(msgspec.Struct, frozen=True):
    """What was decided; to be announced after the commit."""

    operation_id: str
    kind: str
    host: str
    state: OperationState
    subject: Subject
    actor: str

    async def announce(self, platform: "Platform") -> None:
        """Wake a worker, or tell of the end; children of an ended one are cancelled."""
        operations = platform.operations
        if self.state is OperationState.QUEUED:
            await operations.wake(self.operation_id, kind=self.kind, host=self.host)
        else:
            await operations.tell(self.operation_id)
        if self.state.is_final:
            await operations.cancel_children(self.operation_id, actor="system")
        event = self._event(operations.title(self.kind))
        async with platform.database.write() as connection:
            await platform.events.record(connection, event)
        await platform.events.announce(event)

    def _event(self, title: str) -> Event:
        said = {
            OperationState.QUEUED: "its worker was lost; another one goes on",
            OperationState.WAITING: "its worker was lost; waiting for a decision",
            OperationState.CANCELLED: "cancelled; its worker was lost",
        }.get(self.state, "interrupted; its worker was lost")
        is_final = self.state is OperationState.INTERRUPTED
        return new_event(
            category="operation",
            severity="warning",
            subject=self.subject,
            text=f"{title}: {said}",
            operation_id=self.operation_id,
            actor=self.actor,
            error=owner_lost().as_dict() if is_final else None,
        )


async def settle_loss(connection: AsyncConnection, row: Row[Any]) -> Loss:
    """Apply the policy of a row that its caller holds; the former owner is fenced."""
    state = await _decided(connection, row)
    if state is OperationState.QUEUED:
        await requeue(connection, row.id)
    elif state is OperationState.WAITING:
        await _ask(connection, row.id)
    else:
        error = owner_lost().as_dict() if state is OperationState.INTERRUPTED else None
        await end(connection, row.id, state, error=error)
    subject = Subject(row.subject_kind, row.subject_id, row.subject_name)
    return Loss(row.id, row.kind, row.host, state, subject, row.actor)


async def _decided(connection: AsyncConnection, row: Row[Any]) -> OperationState:
    if row.state == OperationState.CANCELLING.value:
        return OperationState.CANCELLED
    policy = OwnerLoss(row.on_owner_loss)
    if policy is OwnerLoss.RESUME and row.attempt < MAX_ATTEMPTS:
        return OperationState.QUEUED
    if policy is OwnerLoss.ASK and await _is_active(connection, row.parent_id):
        return OperationState.WAITING
    return OperationState.INTERRUPTED


async def _is_active(connection: AsyncConnection, operation_id: str) -> bool:
    state = await connection.scalar(select(table.c.state).where(table.c.id == operation_id))
    return state in {active.value for active in ACTIVE_STATES}


async def _ask(connection: AsyncConnection, operation_id: str) -> None:
    await connection.execute(
        update(table)
        .where(table.c.id == operation_id)
        .values(
            state=OperationState.WAITING.value,
            owner="",
            lease_until=None,
            asked=True,
            fence=table.c.fence + 1,
        )
    )
