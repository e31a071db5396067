"""Who works on an operation: claimed by compare-and-set, held by a lease, guarded by a fence.

A claim raises the fence. Every later write of its owner checks owner and fence in the same
transaction, so one that was replaced (frozen beyond its lease, cut off) can write nothing.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import BigInteger, and_, func, or_, select, type_coerce, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from meshery.core.database import Database, db_now, later
from meshery.core.errors import ConflictError
from meshery.operations.model import (
    OWNED_STATES,
    Operation,
    OperationState,
    OwnerLoss,
)
from meshery.operations.rows import read_operations
from meshery.operations.tables import operation as table

MAX_ATTEMPTS = 50
"""An operation that lost its owner this often is not repeated again: it may be what kills them."""


def _plain(time: ColumnElement[Any]) -> ColumnElement[int]:
    return type_coerce(time, BigInteger)


_OWNED = [state.value for state in OWNED_STATES]


class FencedError(ConflictError):
    """Another owner has taken the operation over; this one must stop."""

    code = "meshery.operation.fenced"


class Claim(msgspec.Struct, frozen=True):
    """The right to work on an operation."""

    operation_id: str
    owner: str
    fence: int


class Claimed(msgspec.Struct, frozen=True):
    """A claim that was won, and what is to be done."""

    claim: Claim
    operation: Operation
    input: dict[str, Any]


class Busy(msgspec.Struct, frozen=True):
    """Somebody else works on it; his lease ends in `delay_s` unless he renews it."""

    delay_s: float


async def claim(
    database: Database, operation_id: str, *, owner: str, lease_s: float
) -> Claimed | Busy | None:
    """Take a queued operation, or one that may be resumed after its owner's lease has lapsed.

    Busy while another holds it; None when there is nothing to do any more.
    """
    lapsed = and_(
        table.c.state.in_([OperationState.RUNNING.value, OperationState.WAITING.value]),
        table.c.lease_until < db_now(),
        table.c.on_owner_loss == OwnerLoss.RESUME.value,
        table.c.attempt < MAX_ATTEMPTS,
    )
    statement = (
        update(table)
        .where(table.c.id == operation_id)
        .where(or_(table.c.state == OperationState.QUEUED.value, lapsed))
        .values(
            state=OperationState.RUNNING.value,
            owner=owner,
            fence=table.c.fence + 1,
            lease_until=later(lease_s),
            attempt=table.c.attempt + 1,
            started_at=func.coalesce(table.c.started_at, db_now()),
        )
        .returning(table)
    )
    async with database.write() as connection:
        row = (await connection.execute(statement)).one_or_none()
        if row is not None:
            operation = (await read_operations(connection, [row]))[0]
            return Claimed(Claim(operation_id, owner, row.fence), operation, row.input)
        return await _why_not(connection, operation_id)


async def guard(connection: AsyncConnection, held: Claim) -> OperationState:
    """The state of a claimed operation, its row locked till the transaction's end.

    FencedError when the claim is no longer valid.
    """
    row = (
        await connection.execute(
            update(table)
            .where(table.c.id == held.operation_id)
            .where(table.c.owner == held.owner)
            .where(table.c.fence == held.fence)
            .values(fence=table.c.fence)
            .returning(table.c.state)
        )
    ).one_or_none()
    if row is None:
        raise FencedError(
            f"operation {held.operation_id} has another owner by now",
            cause="this worker did not renew its lease in time",
            remedy="nothing is to be done: the present owner goes on",
            severity="warning",
        )
    return OperationState(row.state)


async def renew(
    database: Database, held: Sequence[Claim], *, lease_s: float
) -> dict[Claim, OperationState]:
    """Extend the leases of `held`; those that are still valid, with their states."""
    if not held:
        return {}
    valid = or_(
        *(
            and_(table.c.id == one.operation_id, table.c.fence == one.fence)
            & (table.c.owner == one.owner)
            for one in held
        )
    )
    async with database.write() as connection:
        rows = (
            await connection.execute(
                update(table)
                .where(valid)
                .values(lease_until=later(lease_s))
                .returning(table.c.id, table.c.owner, table.c.fence, table.c.state)
            )
        ).all()
    return {Claim(row.id, row.owner, row.fence): OperationState(row.state) for row in rows}


async def _why_not(connection: AsyncConnection, operation_id: str) -> Busy | None:
    row = (
        await connection.execute(
            select((_plain(table.c.lease_until) - _plain(db_now())).label("left"))
            .where(table.c.id == operation_id)
            .where(table.c.state.in_(_OWNED))
        )
    ).one_or_none()
    if row is None or row.left is None:
        return None
    return Busy(max(row.left / 1e6, 0.2))
