"""A full disk and a locked database: told as errors, nothing crashes, nothing is lost."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from faults.disk import Disk, small_disk
from faults.house import House, house, wait_for
from faults.journeys import BASE, LOAD, bring_up, settled
from meshery.core.errors import MesheryError, UnavailableError

HELD_S = 4.0
"""Longer than the lease, and than the load run."""


@pytest.fixture(scope="module")
def disk_and_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Disk, House]]:
    """A house on a small disk."""
    home = tmp_path_factory.mktemp("storage") / "home"
    environment = {"MESHERY_DATABASE_BUSY_TIMEOUT": "500ms"}
    with small_disk(home) as disk, house(home, environment=environment) as built:
        bring_up(built)
        yield disk, built


@contextmanager
def locked(built: House) -> Iterator[None]:
    """Another process's write transaction, left open."""
    connection = sqlite3.connect(built.home / "meshery.db", isolation_level=None, timeout=10)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")
    finally:
        connection.close()


@contextmanager
def full(disk: Disk, built: House) -> Iterator[None]:
    disk.fill(built)
    try:
        yield
    finally:
        disk.free(built)


def refused(built: House) -> MesheryError:
    """What somebody is told who asks for something that must be written."""
    profile = {"name": f"late-{os.urandom(4).hex()}", "url": "http://127.0.0.1:1/"}
    with pytest.raises(MesheryError) as caught, built.client() as client:
        client.post("/api/performance/profiles", profile)
    return caught.value


def outlive(built: House, trouble: Callable[[], Any], *, codes: set[str]) -> None:
    """A load run begins, storage fails for a while, and at the end all is as if it had not."""
    before = built.children()
    operation = LOAD.start(built)
    wait_for(lambda: bool(built.role("injector")), timeout_s=10, what="the injector")
    with trouble():
        until = time.monotonic() + HELD_S
        error = refused(built)
        assert isinstance(error, UnavailableError), error
        assert error.specific_code in codes
        with built.client() as client:
            assert client.get(f"/api/operations/{operation['id']}")["id"] == operation["id"]
        time.sleep(max(0.0, until - time.monotonic()))
    ended = built.done(operation)
    LOAD.check(built, ended)
    assert built.children() == before
    wait_for(
        lambda: any(event["severity"] == "error" for event in built.events()),
        timeout_s=20,
        what="an error event",
    )
    built.post("/api/performance/profiles", {"name": "after", "url": "http://127.0.0.1:1/"})
    settled(built, BASE)


def test_a_locked_database_is_told_and_outlived(disk_and_house: tuple[Disk, House]) -> None:
    _, built = disk_and_house
    outlive(built, lambda: locked(built), codes={"meshery.database.locked"})


def test_a_full_disk_is_told_and_outlived(disk_and_house: tuple[Disk, House]) -> None:
    disk, built = disk_and_house
    known = {event["id"] for event in built.events()}
    codes = {"meshery.database.full", "meshery.database.io"}  # io: a file may grow no more
    outlive(built, lambda: full(disk, built), codes=codes)
    assert any(event["severity"] == "error" for event in built.events() if event["id"] not in known)
