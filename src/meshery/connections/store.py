"""The store of connections: one row for each context of each cluster, its login sealed.

A cluster is known by its id, and until that is known by the address of its server. Both together
with the context's name are the row's identity.
"""

import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import msgspec
from sqlalchemy import ColumnElement, Row, case, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from meshery.connections.model import Connection, ConnectionState, Finding
from meshery.connections.reach import login_of
from meshery.connections.tables import connection as table
from meshery.connections.tables import leaf_account
from meshery.core.database import Database, db_now
from meshery.core.errors import NotFoundError
from meshery.core.keys import Keys
from meshery.core.listing import fetch_page
from meshery.core.page import Page, PageQuery
from meshery.kube.access import Access, decode_access

_DOUBLED = "the same cluster is connected already under this name"
_LEAVE_ONE = "disconnect one of the two"
ORDER = ("name", "state", "server", "version", "created_at", "checked_at")


class Held(msgspec.Struct, frozen=True):
    """A connection with its login; `revision` says which one."""

    connection: Connection
    access: Access
    revision: int


class Store:
    """All connections of one database."""

    def __init__(self, database: Database, keys: Keys) -> None:
        self._database = database
        self._keys = keys

    async def list(self, query: PageQuery) -> Page[Connection]:
        """One page; `search` looks into names, servers and cluster ids."""
        statement = select(table)
        if query.search:
            words = query.search
            statement = statement.where(
                table.c.name.icontains(words, autoescape=True)
                | table.c.server.icontains(words, autoescape=True)
                | (table.c.cluster_id == words)
            )
        columns = {name: table.c[name] for name in ORDER}
        async with self._database.read() as connection:
            rows, total = await fetch_page(
                connection, statement, page=query, columns=columns, key=table.c.id
            )
        return Page.of([_connection(row) for row in rows], query, total=total)

    async def all(self) -> Sequence[Connection]:
        """Every one, by name."""
        rows = await self._database.fetch(select(table).order_by(table.c.name, table.c.id))
        return [_connection(row) for row in rows]

    async def get(self, connection_id: str) -> Connection:
        """One. NotFoundError when there is none."""
        return _connection(await self._row(connection_id))

    async def held(self, connection_id: str) -> Held:
        """One with its login. NotFoundError, or SecretError when its key is gone."""
        row = await self._row(connection_id)
        raw = self._keys.decrypt(row.access, context=_sealed_for(row.id))
        return Held(_connection(row), decode_access(raw), row.revision)

    async def save(self, access: Access, finding: Finding) -> tuple[Connection, bool]:
        """Keep a context, or its new login; true when the connection was there before."""
        try:
            return await self._save(access, finding)
        except IntegrityError:  # another process kept it at the same moment
            return await self._save(access, finding)

    async def note(
        self, shown: Connection, finding: Finding, *, revision: int | None = None
    ) -> Connection | None:
        """Write down what a look showed; None when the connection is gone.

        With `revision`, also None when another login came meanwhile. Should the cluster turn out
        to be one that is connected already under this name, its id stays with that connection.
        """
        mine = table.c.id == shown.id
        if revision is not None:
            mine &= table.c.revision == revision
        values = _values(finding)
        if finding.cluster_id and not shown.cluster_id:
            learnt = _identity(finding.cluster_id, shown.name)
            try:
                return await self._update(mine, {**values, "identity": learnt})
            except IntegrityError:
                values |= {"cluster_id": "", "reason": _DOUBLED, "remedy": _LEAVE_ONE}
        return await self._update(mine, values)

    async def reseal(self, connection_id: str) -> None:
        """Seal a login with the newest key, when an older one sealed it."""
        row = await self._row(connection_id)
        if self._keys.is_current(row.access):
            return
        context = _sealed_for(row.id)
        sealed = self._keys.encrypt(
            self._keys.decrypt(row.access, context=context), context=context
        )
        mine = (table.c.id == row.id) & (table.c.revision == row.revision)
        await self._update(mine, {"access": sealed})

    async def set_operator(self, connection_id: str, namespace: str) -> None:
        """Write down where our operator is in that cluster; empty: nowhere."""
        await self._update(table.c.id == connection_id, {"operator": namespace})

    async def delete(self, connection_id: str) -> Connection:
        """Forget one, its login and its leaf node with it. NotFoundError when there is none."""
        leaf = leaf_account.c.connection_id == connection_id
        async with self._database.write() as connection:
            await connection.execute(delete(leaf_account).where(leaf))
            mine = table.c.id == connection_id
            row = (await connection.execute(delete(table).where(mine).returning(table))).first()
        if row is None:
            raise _none(connection_id)
        return _connection(row)

    async def _save(self, access: Access, finding: Finding) -> tuple[Connection, bool]:
        async with self._database.write() as connection:
            known = await _same(connection, access, finding)
            connection_id = known.id if known else str(uuid4())
            cluster_id = finding.cluster_id or (known.cluster_id if known else "")
            values = {
                "version": "",
                "checked_at": None,
                **_values(finding),
                "cluster_id": cluster_id,
                "identity": _identity(cluster_id or access.server, access.name),
                "kind": "kubernetes",
                "name": access.name,
                "server": access.server,
                "namespace": access.namespace,
                "login": login_of(access),
                "access": self._keys.encrypt(
                    msgspec.json.encode(access), context=_sealed_for(connection_id)
                ),
            }
            if known is None:
                statement: Any = insert(table).values(
                    **values, id=connection_id, created_at=db_now(), revision=1
                )
            else:
                values["version"] = finding.version or known.version
                if values["checked_at"] is None:
                    values["checked_at"] = known.checked_at
                mine = table.c.id == connection_id
                statement = (
                    update(table).where(mine).values(**values, revision=table.c.revision + 1)
                )
            row = (await connection.execute(statement.returning(table))).one()
        return _connection(row), known is not None

    async def _update(self, mine: ColumnElement[bool], values: dict[str, Any]) -> Connection | None:
        async with self._database.write() as connection:
            statement = update(table).where(mine).values(**values).returning(table)
            row = (await connection.execute(statement)).first()
        return None if row is None else _connection(row)

    async def _row(self, connection_id: str) -> Row[Any]:
        rows = await self._database.fetch(select(table).where(table.c.id == connection_id))
        if not rows:
            raise _none(connection_id)
        return rows[0]


async def _same(connection: AsyncConnection, access: Access, finding: Finding) -> Row[Any] | None:
    """The row of this context of this cluster; without the cluster's id, by its address."""
    here = table.c.server == access.server
    if finding.cluster_id:
        is_it = table.c.cluster_id == finding.cluster_id
        here = is_it | ((table.c.cluster_id == "") & here)
        first = case((is_it, 0), else_=1)
    else:
        first = case((table.c.cluster_id == "", 1), else_=0)
    query = select(table).where((table.c.name == access.name) & here)
    query = query.order_by(first, table.c.created_at.desc()).limit(1).with_for_update()
    return (await connection.execute(query)).first()


def _values(finding: Finding) -> dict[str, Any]:
    """The columns that a look sets; what it did not learn stays as it was."""
    values: dict[str, Any] = {
        "state": finding.state.value,
        "reason": finding.reason,
        "remedy": finding.remedy,
    }
    if finding.state is not ConnectionState.UNKNOWN:
        values["checked_at"] = db_now()
    learnt = {"version": finding.version, "cluster_id": finding.cluster_id}
    return values | {name: value for name, value in learnt.items() if value}


def _identity(cluster: str, name: str) -> str:
    return hashlib.sha256(f"{cluster}\n{name}".encode()).hexdigest()


def _sealed_for(connection_id: str) -> str:
    return f"connection.access {connection_id}"


def _connection(row: Row[Any]) -> Connection:
    return Connection(
        id=row.id,
        name=row.name,
        kind=row.kind,
        server=row.server,
        namespace=row.namespace,
        cluster_id=row.cluster_id,
        version=row.version,
        login=row.login,
        state=ConnectionState(row.state),
        reason=row.reason,
        remedy=row.remedy,
        checked_at=row.checked_at,
        created_at=row.created_at,
        operator=row.operator,
    )


def _none(connection_id: str) -> NotFoundError:
    return NotFoundError(
        f"there is no connection {connection_id!r:.80}",
        remedy="`mesheryctl kubernetes list` shows them",
        code="meshery.connection",
    )
