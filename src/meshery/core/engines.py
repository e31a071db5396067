"""Engines of both databases, and how each opens its connections and transactions."""

import re
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

WRITE_OPTION = "meshery_write"
"""The option of a connection whose transactions hold the write lock from their start."""

_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def sqlite_engines(url: str, busy_timeout_s: float) -> tuple[AsyncEngine, Engine]:
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
    writes = connection.get_execution_options().get(WRITE_OPTION, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def postgresql_engine(url: str, pool_size: int) -> AsyncEngine:
    """At most twice `pool_size` connections."""
    return create_async_engine(
        url,
        json_serializer=_to_json,
        json_deserializer=msgspec.json.decode,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        connect_args={"timeout": 10, "server_settings": {"application_name": "meshery"}},
    )


def _to_json(value: Any) -> str:
    """JSON text; NUL, which JSONB refuses, becomes the replacement character."""
    return _NUL.sub(r"\1\\ufffd", msgspec.json.encode(value).decode())
