"""`Leaves`: which connected clusters may connect to us as leaf nodes, and by which key.

Each connection has an account of its own where they are met, named by its id. Of its key only the
public half is kept; it holds until it is revoked, replaced, or the connection is gone.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, delete, select

from meshery.connections.tables import leaf_account as table
from meshery.core.database import Database, db_now
from meshery.core.nkeys import new_user_key

SUBJECT = "meshery.v1.leaves"
"""Told on the bus when they changed."""


class Leaf(msgspec.Struct, frozen=True):
    """One cluster's right to connect, through one connection. `key` is public."""

    connection_id: str
    cluster_id: str
    key: str
    created_at: datetime


class Leaves:
    """Those of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> Sequence[Leaf]:
        """Every one, the oldest first."""
        query = select(table).order_by(table.c.created_at, table.c.connection_id)
        return [_leaf(row) for row in await self._database.fetch(query)]

    async def get(self, connection_id: str) -> Leaf | None:
        """That of a connection."""
        query = select(table).where(table.c.connection_id == connection_id)
        return next((_leaf(row) for row in await self._database.fetch(query)), None)

    async def issue(self, connection_id: str, *, cluster_id: str) -> str:
        """The seed of a new key, told this once; the key of before holds no more."""
        key = new_user_key()
        fresh = {"cluster_id": cluster_id, "key": key.public, "created_at": db_now()}
        statement = self._database.insert(table).values(connection_id=connection_id, **fresh)
        async with self._database.write() as connection:
            await connection.execute(
                statement.on_conflict_do_update(index_elements=["connection_id"], set_=fresh)
            )
        return key.seed

    async def revoke(self, connection_id: str) -> bool:
        """Whether there was one to revoke."""
        mine = table.c.connection_id == connection_id
        async with self._database.write() as connection:
            return bool((await connection.execute(delete(table).where(mine))).rowcount)


def _leaf(row: Row[Any]) -> Leaf:
    return Leaf(row.connection_id, row.cluster_id, row.key, row.created_at)
