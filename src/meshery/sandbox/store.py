"""The store of sandboxes: their objects, their place on this machine, and the log of what changed.

A change of objects is one transaction that names the version it was computed from; when another
one came first it is refused (ConflictError) and nothing is written. What the proxies run is made
from these rows alone, so they are written only once the proxies have taken the new configuration.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Delete, Insert, Row, Update, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from meshery.apply.target import Object, Ref, WatchEvent, ref_of
from meshery.core.database import Database, db_now
from meshery.core.errors import ConflictError, NotFoundError
from meshery.sandbox.tables import sandbox as table
from meshery.sandbox.tables import sandbox_change, sandbox_object

Phase = Literal["starting", "up", "failed", "stopping", "lost"]
Layout = Mapping[str, Mapping[str, int]]
"""The ports of each instance, by what listens on them."""

_CHANGES_KEPT = 1_000


class SandboxRow(msgspec.Struct, frozen=True):
    """A sandbox as the store knows it. `ready_s`: how long its last start took."""

    name: str
    id: str
    host: str
    phase: Phase
    reason: str
    version: int
    layout: Layout
    created_at: datetime
    rotated_at: datetime | None = None
    ready_s: float | None = None


Kept = tuple[SandboxRow, list[Object]]


class Edit(msgspec.Struct, frozen=True):
    """One object put (as it is to be stored) or, with `what` deleted, taken away."""

    what: Literal["added", "modified", "deleted"]
    stored: Object


class Store:
    """All sandboxes of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self, name: str, *, owner: str, host: str, objects: Sequence[Object], layout: Layout
    ) -> SandboxRow:
        """Keep a new sandbox in phase `starting`; its id is its owner's, the operation's.

        ConflictError when there is one by that name.
        """
        values = {
            "name": name,
            "id": owner,
            "host": host,
            "phase": "starting",
            "reason": "",
            "version": len(objects),
            "layout": layout,
            "created_at": db_now(),
        }
        try:
            async with self._database.write() as connection:
                await connection.execute(insert(table).values(**values))
                for version, document in enumerate(objects, start=1):
                    await _write(connection, name, version, Edit("added", document))
        except IntegrityError as error:
            raise ConflictError(
                f"there is a sandbox {name} already",
                remedy=f"look at it: mesheryctl sandbox status {name}; "
                f"or stop it first: mesheryctl sandbox down {name}",
                code="meshery.sandbox.exists",
            ) from error
        return await self.get(name)

    async def get(self, name: str) -> SandboxRow:
        """One sandbox. NotFoundError when there is none."""
        row = await self.find(name)
        if row is None:
            raise _none(name)
        return row

    async def find(self, name: str) -> SandboxRow | None:
        """One sandbox, None when there is none."""
        query = select(table).where(table.c.name == name)
        rows = await self._database.fetch(query)
        return _sandbox(rows[0]) if rows else None

    async def all(self, *, host: str | None = None) -> list[SandboxRow]:
        """All sandboxes by name, of one host or of every one."""
        query = select(table).order_by(table.c.name)
        if host is not None:
            query = query.where(table.c.host == host)
        return [_sandbox(row) for row in await self._database.fetch(query)]

    async def set(self, name: str, **values: Any) -> None:
        """Change columns of a sandbox (phase, reason, layout, host, ready_s); gone is no error."""
        async with self._database.write() as connection:
            await connection.execute(update(table).where(table.c.name == name).values(**values))

    async def mark_rotated(self, name: str) -> None:
        """Note, by the database's time, that all certificates are new."""
        await self.set(name, rotated_at=db_now())

    async def delete(self, name: str) -> None:
        """Forget a sandbox and all of its objects; gone already is no error."""
        async with self._database.write() as connection:
            for owned in (sandbox_change, sandbox_object):
                await connection.execute(delete(owned).where(owned.c.sandbox == name))
            await connection.execute(delete(table).where(table.c.name == name))

    async def snapshot(self, name: str) -> tuple[int, list[Object]]:
        """The newest version and all objects, of one moment. NotFoundError when there is none."""
        async with self._database.read() as connection:
            version = await _version(connection, name)
            rows = await connection.execute(
                select(sandbox_object.c.document).where(sandbox_object.c.sandbox == name)
            )
            documents = [row.document for row in rows]
        return version, sorted(documents, key=ref_of)

    async def whole(self, name: str) -> Kept:
        """A sandbox and all of its objects, of one moment. NotFoundError when there is none."""
        query = (
            select(table, sandbox_object.c.document)
            .outerjoin(sandbox_object, sandbox_object.c.sandbox == table.c.name)
            .where(table.c.name == name)
        )
        rows = await self._database.fetch(query)
        if not rows:
            raise _none(name)
        documents = [each.document for each in rows if each.document is not None]
        return _sandbox(rows[0]), sorted(documents, key=ref_of)

    async def object(self, name: str, ref: Ref) -> Object | None:
        """One object, None when there is none."""
        async with self._database.read() as connection:
            await _version(connection, name)
            rows = await connection.execute(
                select(sandbox_object.c.document).where(*_is(name, ref))
            )
            found: Object | None = rows.scalar_one_or_none()
        return found

    async def commit(
        self, name: str, edits: Sequence[Edit], *, based_on: int, layout: Layout | None = None
    ) -> int:
        """Write all edits, or none when the version is no longer `based_on` (ConflictError).

        With `layout`, that is written too.
        """
        version = based_on + len(edits)
        values: dict[str, Any] = {"version": version}
        if layout is not None:
            values["layout"] = layout
        async with self._database.write() as connection:
            await _advance(connection, name, based_on, values)
            for number, edit in enumerate(edits, start=based_on + 1):
                await _write(connection, name, number, edit)
            if version > _CHANGES_KEPT:
                await connection.execute(
                    delete(sandbox_change).where(
                        sandbox_change.c.sandbox == name,
                        sandbox_change.c.version <= version - _CHANGES_KEPT,
                    )
                )
        return version

    async def changes(self, name: str, *, after: int) -> list[WatchEvent]:
        """What changed after a version, oldest first. ConflictError when that is forgotten."""
        query = (
            select(sandbox_change)
            .where(sandbox_change.c.sandbox == name, sandbox_change.c.version > after)
            .order_by(sandbox_change.c.version)
        )
        async with self._database.read() as connection:
            newest = await _version(connection, name)
            rows = (await connection.execute(query)).all()
        if after < newest and (not rows or rows[0].version != after + 1):
            raise ConflictError(
                f"changes after version {after} of sandbox {name} are no longer kept",
                remedy="list the objects again and watch from there",
                code="meshery.sandbox.watch_expired",
            )
        return [WatchEvent(row.what, row.document, str(row.version)) for row in rows]


async def _advance(
    connection: AsyncConnection, name: str, based_on: int, values: dict[str, Any]
) -> None:
    """Change the row of a sandbox; ConflictError when its version is no longer `based_on`."""
    changed = await connection.execute(
        update(table).where(table.c.name == name, table.c.version == based_on).values(**values)
    )
    if changed.rowcount == 0:
        await _version(connection, name)
        raise ConflictError(
            f"sandbox {name} was changed by somebody else at the same time",
            remedy="try again",
            code="meshery.sandbox.changed",
        )


async def _version(connection: AsyncConnection, name: str) -> int:
    query = select(table.c.version).where(table.c.name == name)
    version: int | None = (await connection.execute(query)).scalar_one_or_none()
    if version is None:
        raise _none(name)
    return version


def _none(name: str) -> NotFoundError:
    return NotFoundError(
        f"there is no sandbox {name}",
        remedy="mesheryctl sandbox list shows those there are; mesheryctl sandbox up starts one",
        code="meshery.sandbox.none",
    )


async def _write(connection: AsyncConnection, name: str, version: int, edit: Edit) -> None:
    ref = ref_of(edit.stored)
    await connection.execute(_change_of_object(name, ref, edit))
    await connection.execute(
        insert(sandbox_change).values(
            sandbox=name,
            version=version,
            what=edit.what,
            api_version=ref.api_version,
            kind=ref.kind,
            document=edit.stored,
        )
    )


def _change_of_object(name: str, ref: Ref, edit: Edit) -> Insert | Update | Delete:
    if edit.what == "deleted":
        return delete(sandbox_object).where(*_is(name, ref))
    if edit.what == "modified":
        return update(sandbox_object).where(*_is(name, ref)).values(document=edit.stored)
    return insert(sandbox_object).values(
        sandbox=name,
        api_version=ref.api_version,
        kind=ref.kind,
        namespace=ref.namespace,
        name=ref.name,
        document=edit.stored,
    )


def _is(name: str, ref: Ref) -> tuple[Any, ...]:
    columns = sandbox_object.c
    return (
        columns.sandbox == name,
        columns.api_version == ref.api_version,
        columns.kind == ref.kind,
        columns.namespace == ref.namespace,
        columns.name == ref.name,
    )


def _sandbox(row: Row[Any]) -> SandboxRow:
    return SandboxRow(
        name=row.name,
        id=row.id,
        host=row.host,
        phase=row.phase,
        reason=row.reason,
        version=row.version,
        layout=row.layout,
        created_at=row.created_at,
        rotated_at=row.rotated_at,
        ready_s=row.ready_s,
    )
