"""Parts that tests of several rooms stand on; a room's own are in `tests/<room>/conftest.py`."""

import gc
import os
import signal
from collections.abc import Generator
from importlib import import_module

import pytest
from xdist.remote import Producer

from clusters.plane import played_kube
from fixtures.database import (
    database,
    postgresql,
    postgresql_settings,
    sqlite_settings,
    sqlite_template,
    storage_settings,
)
from fixtures.kube import kube, kube_namespace, second_kube
from fixtures.nats import nats_server, private_nats, shared_nats
from fixtures.server import RunningServer
from fixtures.workers import UnitScheduling, ordered, worker_count
from ui.pictures import PICTURES

__all__ = [
    "database",
    "kube",
    "kube_namespace",
    "nats_server",
    "played_kube",
    "postgresql",
    "postgresql_settings",
    "private_nats",
    "second_kube",
    "shared_nats",
    "sqlite_settings",
    "sqlite_template",
    "storage_settings",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    told = "keep a picture of each page, in artifacts/pages; takes a minute more"
    parser.addoption("--pictures", action="store_true", help=told)


def pytest_sessionstart(session: pytest.Session) -> None:
    if session.config.getoption("pictures"):
        os.environ[PICTURES] = "1"
    # Control planes of tests live for minutes: they may take memory rather than collect it.
    os.environ.setdefault("GOGC", "400")
    gc.disable()  # what is loaded and collected now stays; looking through it takes as long
    # A shell's background job ignores these, and so would all commands that tests interrupt.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_finish() -> None:
    # Loaded now, since it asks the collector for what holds a generator of random numbers.
    import_module("hypothesis")
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = ordered(items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that failed shows what the servers that it used had to say."""
    report = yield
    if report.failed:
        for name, value in getattr(item, "funcargs", {}).items():
            if isinstance(value, RunningServer):
                said = [(f"{name}: {file}", text) for file, text in value.logs.items()]
                report.sections.extend(said)
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    return worker_count(os.cpu_count())


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> UnitScheduling:
    return UnitScheduling(config, log)
