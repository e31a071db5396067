"""Rows: one set of SQLAlchemy Core tables on SQLite (WAL) and PostgreSQL.

Two ways in. `read()` opens a deferred transaction. `write()` opens one that holds the write lock
from its first moment (BEGIN IMMEDIATE on SQLite), since a transaction that reads and then upgrades
loses updates between processes; it commits on a clean exit and rolls back otherwise. On PostgreSQL
a read-modify-write inside `write()` selects with `.with_for_update()`; SQLite ignores the clause.

Time is the database's (`db_now()`), never a process's clock, wherever two hosts must agree.
"""

# ruff: noqa: ARG001, ARG002 - SQLAlchemy fixes the arguments of its hooks

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

import msgspec
from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    CursorResult,
    Dialect,
    Engine,
    MetaData,
    Row,
    Select,
    Table,
    create_engine,
    event,
    func,
    make_url,
    select,
    type_coerce,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from meshery.core.database_faults import translated
from meshery.core.durations import parse_duration
from meshery.core.paths import private_dir
from meshery.core.settings import Settings
from meshery.core.tasks import whole

if TYPE_CHECKING:
    from sqlalchemy.dialects import sqlite

T = TypeVar("T")

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
_WRITE_OPTION = "meshery_write"
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


class _WholeStatements(AsyncConnection):
    """Finishes each statement even when its task is cancelled.

    One that is cut off leaves a cursor that nobody closes, and with it SQLite's write lock.
    """

    async def execute(self, *arguments: Any, **options: Any) -> CursorResult[Any]:
        """As SQLAlchemy has it; `scalar` and `scalars` come through here too."""
        return await whole(super().execute(*arguments, **options))

    async def run_sync(  # type: ignore[override]  # the same, less precisely
        self, work: Callable[..., T], *arguments: Any, **options: Any
    ) -> T:
        """As SQLAlchemy has it."""
        return await whole(super().run_sync(work, *arguments, **options))


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
            database = cls(*_sqlite_engines(url, parse_duration(settings.database.busy_timeout)))
        else:
            database = cls(_postgresql_engine(url, settings.database.pool_size))
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
        opening = _WholeStatements(self.engine)
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
                connection = await raw.execution_options(**{_WRITE_OPTION: True})
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


def _sqlite_engines(url: str, busy_timeout_s: float) -> tuple[AsyncEngine, Engine]:
    """One for transactions, and one for single queries, which threads of ours run whole."""
    options: dict[str, Any] = {
        "json_serializer": _to_json,
        "json_deserializer": msgspec.json.decode,
        "connect_args": {"timeout": busy_timeout_s, "isolation_level": None},
    }
    engine = create_async_engine(url, **options)
    reader = create_engine(make_url(url).set(drivername="sqlite"), **options)
    for each in (engine.sync_engine, reader):
        event.listen(each, "connect", _prepare)
    event.listen(engine.sync_engine, "begin", _begin)
    # Without "begin" the reader's queries stand alone: autocommit is the driver's (isolation None).
    return engine, reader


def _prepare(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    # FULL: a row that was answered for survives a power cut, at about 0.6 ms a commit.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITE_OPTION, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql_engine(url: str, pool_size: int) -> AsyncEngine:
    return create_async_engine(
        url,
        json_serializer=_to_json,
        json_deserializer=msgspec.json.decode,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        connect_args={"timeout": 10, "server_settings": {"application_name": "meshery"}},
    )


_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def _to_json(value: Any) -> str:
    """JSON text; NUL, which JSONB refuses, becomes the replacement character."""
    return _NUL.sub(r"\1\\ufffd", msgspec.json.encode(value).decode())
