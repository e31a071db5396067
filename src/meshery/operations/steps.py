"""The stored steps of an operation: its checkpoints. The caller's transaction checks the fence."""

from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from meshery.core.database import db_now
from meshery.operations.model import OperationState
from meshery.operations.tables import step as table


async def begin(connection: AsyncConnection, operation_id: str, name: str) -> tuple[bool, Any]:
    """Begin a step, or begin it again; whether an earlier attempt finished it, and its result."""
    mine = _mine(operation_id, name)
    row = (await connection.execute(select(table).where(mine))).one_or_none()
    if row is not None and row.state == OperationState.SUCCEEDED.value:
        return True, row.result
    if row is not None:
        again = {
            "state": OperationState.RUNNING.value,
            "started_at": db_now(),
            "ended_at": None,
            "attempt": row.attempt + 1,
        }
        await connection.execute(update(table).where(mine).values(**again))
        return False, None
    position = await connection.scalar(
        select(func.count()).where(table.c.operation_id == operation_id)
    )
    await connection.execute(
        table.insert().values(
            operation_id=operation_id,
            name=name,
            position=position,
            state=OperationState.RUNNING.value,
            started_at=db_now(),
            attempt=1,
        )
    )
    return False, None


async def close(
    connection: AsyncConnection,
    operation_id: str,
    name: str,
    *,
    state: OperationState,
    result: Any = None,
) -> None:
    """End a step; of one that succeeded the result is kept."""
    ended = {"state": state.value, "ended_at": db_now(), "result": result}
    await connection.execute(update(table).where(_mine(operation_id, name)).values(**ended))


def _mine(operation_id: str, name: str) -> ColumnElement[bool]:
    return (table.c.operation_id == operation_id) & (table.c.name == name)
