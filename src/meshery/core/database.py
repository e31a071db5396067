"""Rows: one set of SQLAlchemy Core tables on SQLite (WAL) and PostgreSQL.

Two ways in. `read()` opens a deferred transaction. `write()` opens one that holds the write lock
from its first moment (BEGIN IMMEDIATE on SQLite), since a transaction that reads and then upgrades
loses updates between processes; it commits on a clean exit and rolls back otherwise. On PostgreSQL
a read-modify-write inside `write()` selects with `.with_for_update()`; SQLite ignores the clause.

Time is the database's (`db_now()`), never a process's clock, wherever two hosts must agree.
"""

# ruff: noqa: ARG001, ARG002 - SQLAlchemy fixes the arguments of its hooks

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, cast

from sqlalchemy import (
    JSON,
    BigInteger,
    Dialect,
    Engine,
    MetaData,
    Row,
    Select,
    Table,
    func,
    select,
    type_coerce,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from meshery.core.database_faults import translated
from meshery.core.durations import parse_duration
from meshery.core.engines import WRITE_OPTION, postgresql_engine, sqlite_engines
from meshery.core.paths import private_dir
from meshery.core.settings import Settings
from meshery.core.statements import WholeStatements
from meshery.core.tasks import whole

if TYPE_CHECKING:
    from sqlalchemy.dialects import sqlite

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""All tables of all rooms hang on it."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MIGRATION_LOCK = 0x6D657368  # "mesh": the advisory lock that migrating servers share


class UtcTime(TypeDecorator[datetime]):
    """An aware datetime in UTC, stored as microseconds since the epoch: alike on both dialects."""

    impl = BigInteger
    cache_ok = True

    @property
    def python_type(self) -> type[Any]:
        """What a value is to us."""
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Microseconds of an aware datetime; a naive one is a bug."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time needs a time zone")
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """The datetime of stored microseconds."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)

    def coerce_compared_value(self, op: Any, value: Any) -> TypeEngine[Any]:
        """Plain integers beside a time are microseconds."""
        return BigInteger() if isinstance(value, int) else self


class JsonDoc(TypeDecorator[Any]):
    """A document of Python builtins: JSON text on SQLite, JSONB on PostgreSQL; None is NULL."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column type of a dialect."""
        if dialect.name == "postgresql":
            from sqlalchemy.dialects.postgresql import JSONB

            return dialect.type_descriptor(JSONB(none_as_null=True))
        return dialect.type_descriptor(JSON(none_as_null=True))


class db_now(FunctionElement[datetime]):  # noqa: N801 - reads as the SQL function it is
    """The database's time, in microseconds since the epoch (milliseconds' precision on SQLite)."""

    type = UtcTime()
    inherit_cache = True


@compiles(db_now, "sqlite")
def _now_on_sqlite(element: db_now, compiler: SQLCompiler, **options: Any) -> str:
    return "CAST(ROUND((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER) * 1000"


@compiles(db_now, "postgresql")
def _now_on_postgresql(element: db_now, compiler: SQLCompiler, **options: Any) -> str:
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)"


def later(seconds: float) -> ColumnElement[Any]:
    """Database time plus `seconds`, as an SQL expression."""
    return type_coerce(db_now(), BigInteger) + round(seconds * 1_000_000)


class Database:
    """One process's (and one event loop's) way to the rows."""

    def __init__(self, engine: AsyncEngine, reader: Engine | None = None) -> None:
        self.engine = engine
        self._reader = reader
        self.dialect: Literal["sqlite", "postgresql"] = (
            "sqlite" if engine.dialect.name == "sqlite" else "postgresql"
        )
        self._gate = asyncio.Lock()
        self._writer: asyncio.Task[Any] | None = None

    @classmethod
    async def open(cls, settings: Settings) -> "Database":
        """Connect, as `settings.database` says; UnavailableError when that fails."""
        url = settings.database_url
        if url.startswith("sqlite"):
            if not settings.database.url:
                private_dir(settings.home_path)
            database = cls(*sqlite_engines(url, parse_duration(settings.database.busy_timeout)))
        else:
            database = cls(postgresql_engine(url, settings.database.pool_size))
        try:
            async with database.read() as connection:
                await connection.execute(select(db_now()))
        except BaseException:
            await database.close()
            raise
        return database

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A deferred transaction: one consistent picture, no lock. UnavailableError on faults."""
        with translated():
            async with self._connection() as connection:
                await whole(connection.begin().start())
                yield connection

    async def fetch(self, query: Select[Any]) -> Sequence[Row[Any]]:
        """All rows of one query, in one trip: what `read()` does in nine on SQLite.

        One statement needs no transaction of its own. UnavailableError on faults.
        """
        if self._reader is None:
            async with self.read() as connection:
                rows: Sequence[Row[Any]] = (await connection.execute(query)).all()
            return rows
        with translated():
            return await asyncio.to_thread(_fetch, self._reader, query)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that owns the write lock from its start; commits on a clean exit.

        Not to be nested within one task. UnavailableError when the database is locked for longer
        than `database.busy_timeout`, full, or gone: nothing was written then.
        """
        task = asyncio.current_task()
        if self.dialect == "postgresql":
            async with self._transaction() as connection:
                yield connection
            return
        if self._writer is task:
            raise RuntimeError("write() inside write(): pass the connection on instead")
        async with self._gate:  # fair among our own tasks; SQLite's own waiting is not
            self._writer = task
            try:
                async with self._transaction() as connection:
                    yield connection
            finally:
                self._writer = None

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        """A connection of the pool. A cancel while it is opened must not leak it."""
        opening = WholeStatements(self.engine)
        try:
            await whole(opening.start())
        except asyncio.CancelledError:
            await whole(opening.close())
            raise
        try:
            yield opening
        finally:
            await whole(opening.close())

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        with translated():
            async with self._connection() as raw:
                connection = await raw.execution_options(**{WRITE_OPTION: True})
                transaction = await whole(connection.begin().start())
                try:
                    yield connection
                except BaseException:
                    await whole(transaction.rollback())
                    raise
                # A cancel during the commit must not leave its outcome unknown.
                await whole(transaction.commit())

    def insert(self, table: Table) -> "sqlite.Insert":
        """An insert that may say what is to happen when the row is there (`on_conflict_...`)."""
        if self.dialect == "sqlite":
            from sqlalchemy.dialects import sqlite

            return sqlite.insert(table)
        from sqlalchemy.dialects import postgresql

        return cast("sqlite.Insert", postgresql.insert(table))  # alike in what both can say

    async def migrate(self) -> None:
        """Bring all tables to the newest revision; safe when several processes start at once."""
        from meshery.core.schema import upgrade

        async with self.write() as connection:
            if self.dialect == "postgresql":
                await connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
            await connection.run_sync(upgrade)

    async def now(self) -> datetime:
        """The database's time."""
        async with self.read() as connection:
            return (await connection.execute(select(db_now()))).scalar_one()

    async def close(self) -> None:
        """Close all connections."""
        if self._reader is not None:
            self._reader.dispose()
        await whole(self.engine.dispose())


def _fetch(engine: Engine, query: Select[Any]) -> Sequence[Row[Any]]:
    with engine.connect() as connection:
        return connection.execute(query).all()
