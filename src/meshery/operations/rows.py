"""Between rows and nouns: reads operations with their steps, and writes what all writers share."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, Select, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from meshery.core.database import db_now
from meshery.core.errors import UnavailableError
from meshery.core.streams import SUBJECT_OPERATIONS
from meshery.operations.model import (
    FINAL_STATES,
    Operation,
    OperationState,
    Progress,
    Step,
    Subject,
)
from meshery.operations.tables import operation as table
from meshery.operations.tables import step as step_table

ACTIVE_STATES = tuple(state for state in OperationState if state not in FINAL_STATES)

_UNSAFE = re.compile(r"[^A-Za-z0-9-]")


def wake_subject(kind: str, host: str) -> str:
    """The subject of wake-ups of a kind, on one host if it is bound to one."""
    subject = f"{SUBJECT_OPERATIONS}.{_token(kind)}"
    return f"{subject}.{_token(host)}" if host else subject


def durable_name(kind: str, host: str) -> str:
    """The durable consumer that all workers of such a queue share."""
    return f"{_token(kind)}--{_token(host)}" if host else _token(kind)


async def read_operations(connection: AsyncConnection, rows: Sequence[Row[Any]]) -> list[Operation]:
    """The operations of some rows, with their steps."""
    if not rows:
        return []
    found = await connection.execute(
        select(step_table)
        .where(step_table.c.operation_id.in_([row.id for row in rows]))
        .order_by(step_table.c.position)
    )
    steps: dict[str, list[Step]] = {}
    for row in found:
        steps.setdefault(row.operation_id, []).append(_step(row))
    return [_operation(row, steps.get(row.id, [])) for row in rows]


def by_id(operation_id: str) -> Select[Any]:
    """The row of one operation; locked where the dialect locks rows."""
    return select(table).where(table.c.id == operation_id)


async def end(
    connection: AsyncConnection,
    operation_id: str,
    state: OperationState,
    *,
    error: dict[str, Any] | None = None,
    result: dict[str, Any] | None = None,
    progress: Progress | None = None,
) -> None:
    """Write a final state: no owner, older owners fenced, open steps closed.

    The caller holds the row and has checked that it may.
    """
    values: dict[str, Any] = {"progress": msgspec.to_builtins(progress)} if progress else {}
    await connection.execute(
        update(table)
        .where(table.c.id == operation_id)
        .values(
            state=state.value,
            error=error,
            result=result,
            ended_at=db_now(),
            owner="",
            lease_until=None,
            asked=False,
            fence=table.c.fence + 1,
            **values,
        )
    )
    left = OperationState.INTERRUPTED if state is OperationState.INTERRUPTED else None
    await connection.execute(
        update(step_table)
        .where(step_table.c.operation_id == operation_id)
        .where(step_table.c.state == OperationState.RUNNING.value)
        .values(state=(left or OperationState.CANCELLED).value, ended_at=db_now())
    )


async def requeue(connection: AsyncConnection, operation_id: str) -> None:
    """Put an operation back into its queue, its former owner fenced. The caller wakes a worker."""
    await connection.execute(
        update(table)
        .where(table.c.id == operation_id)
        .values(
            state=OperationState.QUEUED.value,
            owner="",
            lease_until=None,
            asked=False,
            fence=table.c.fence + 1,
            published_at=db_now(),
            publishes=1,
        )
    )


def owner_lost() -> UnavailableError:
    """What an operation says whose worker died, and which is not repeated."""
    return UnavailableError(
        "the worker that ran this operation was lost",
        cause="its process ended or did not answer for longer than worker.lease",
        remedy="start the operation again",
        code="meshery.operation.owner_lost",
    )


def _token(text: str) -> str:
    return _UNSAFE.sub("_", text)


def _step(row: Row[Any]) -> Step:
    return Step(
        name=row.name,
        state=OperationState(row.state),
        started_at=row.started_at,
        ended_at=row.ended_at,
        attempt=row.attempt,
    )


def _operation(row: Row[Any], steps: list[Step]) -> Operation:
    return Operation(
        id=row.id,
        kind=row.kind,
        subject=Subject(row.subject_kind, row.subject_id, row.subject_name),
        state=OperationState(row.state),
        progress=msgspec.convert(row.progress or {}, Progress),
        steps=tuple(steps),
        result=row.result,
        error=row.error,
        actor=row.actor,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        parent_id=row.parent_id,
    )
