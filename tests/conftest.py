"""Parts that tests of several rooms stand on; a room's own are in `tests/<room>/conftest.py`."""

from fixtures.database import (
    database,
    postgresql,
    postgresql_settings,
    sqlite_settings,
    sqlite_template,
    storage_settings,
)
from fixtures.nats import nats_server, private_nats, shared_nats

__all__ = [
    "database",
    "nats_server",
    "postgresql",
    "postgresql_settings",
    "private_nats",
    "shared_nats",
    "sqlite_settings",
    "sqlite_template",
    "storage_settings",
]
