"""Faults of the database, not of a statement, as UnavailableError with cause and remedy."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from meshery.core.errors import MesheryError, UnavailableError

_SQLITE_FAULTS = {
    "SQLITE_BUSY": ("locked", "another process holds the database's write lock", "try again"),
    "SQLITE_LOCKED": ("locked", "another connection holds the table", "try again"),
    "SQLITE_FULL": ("full", "the disk is full", "free some space in Meshery's home"),
    "SQLITE_IOERR": ("io", "the disk reported an error", "check the disk and its free space"),
    "SQLITE_CANTOPEN": ("open", "the file cannot be opened", "check the path and its permissions"),
    "SQLITE_READONLY": ("readonly", "the file cannot be written", "check its permissions"),
    "SQLITE_CORRUPT": ("corrupt", "the file is damaged", "restore it from a backup"),
    "SQLITE_NOTADB": ("corrupt", "the file is no database", "restore it from a backup"),
}
_POSTGRESQL_FAULTS = {
    "08": ("gone", "the connection broke", "check that PostgreSQL runs"),
    "28": ("login", "PostgreSQL refused the login", "check user and password in database.url"),
    "3D": ("gone", "the database does not exist", "create it, or correct database.url"),
    "40": ("busy", "two transactions were in each other's way", "try again"),
    "53": ("full", "PostgreSQL is out of disk, memory or connections", "free some"),
    "55": ("locked", "another transaction holds a lock", "try again"),
    "57": ("gone", "PostgreSQL is shutting down or starting", "try again"),
    "58": ("io", "PostgreSQL's host reported an error", "read its log"),
}


@contextmanager
def translated() -> Iterator[None]:
    """Raises UnavailableError where the database is locked, full, damaged or gone."""
    try:
        yield
    except (DBAPIError, OSError, PoolTimeoutError, sqlite3.Error) as error:
        unavailable = _unavailable(error)
        if unavailable is None:
            raise
        raise unavailable from error


def _unavailable(error: BaseException) -> MesheryError | None:
    origin = getattr(error, "orig", None) or error
    name = getattr(origin, "sqlite_errorname", "") or ""
    state = getattr(origin, "sqlstate", "") or ""
    fault = next((row for key, row in _SQLITE_FAULTS.items() if name.startswith(key)), None)
    fault = fault or _POSTGRESQL_FAULTS.get(state[:2])
    gone = isinstance(error, (OSError, PoolTimeoutError)) or getattr(
        error, "connection_invalidated", False
    )
    if fault is None and gone:
        fault = ("gone", str(origin) or type(origin).__name__, "check that the database runs")
    if fault is None:
        return None
    code, cause, remedy = fault
    return UnavailableError(
        "the database cannot be used now",
        cause=cause,
        remedy=remedy,
        code=f"meshery.database.{code}",
    )
