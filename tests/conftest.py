"""Parts that tests of several rooms stand on; a room's own are in `tests/<room>/conftest.py`."""

import pytest

from fixtures.database import (
    database,
    postgresql,
    postgresql_settings,
    sqlite_settings,
    sqlite_template,
    storage_settings,
)
from fixtures.nats import nats_server, private_nats, shared_nats
from fixtures.workers import UnitScheduling, ordered, worker_count

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = ordered(items)


def pytest_xdist_auto_num_workers() -> int:
    return worker_count()


def pytest_xdist_make_scheduler(config: pytest.Config) -> UnitScheduling:
    return UnitScheduling(config)
