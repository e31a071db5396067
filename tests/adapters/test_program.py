"""A vendor's adapter as a program: the project that `adapter new` writes, run as people run it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fixtures import waiting
from fixtures.loopback import LoopbackServer, loopback
from meshery.adapters.client import AdapterClient
from meshery.adapters.model import Cluster, Finished, Order
from meshery.adapters.security import ClientSecurity
from meshery.adapters.starter import write_project
from meshery.core.errors import NotAuthenticatedError, OperationFailedError

__all__ = ["loopback"]

HELM = """#!/bin/sh
echo "$@" >> "{log}"
cat "$2" >> "{log}"
exit {code}
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    write_project("acme", tmp_path / "acme")
    return tmp_path / "acme" / "acme_adapter.py"


@contextmanager
def running(program: Path, *arguments: str, **environment: str) -> Iterator[Any]:
    process = subprocess.Popen(
        [sys.executable, str(program), "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )
    assert process.stdout is not None
    try:
        yield msgspec.json.decode(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=60)
    assert process.returncode == 0, log


def fake_helm(folder: Path, *, code: int = 0) -> tuple[Path, dict[str, str]]:
    """A `helm` that writes down how it was called, and the login it was given."""
    folder.mkdir()
    log = folder / "log"
    helm = folder / "helm"
    helm.write_text(HELM.format(log=log, code=code))
    helm.chmod(0o755)
    return log, {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def order(**more: Any) -> Order:
    cluster = Cluster("here", "a login\n")
    return Order(operation="acme", operation_id="1", clusters=(cluster,), **more)


async def test_the_example_installs_and_removes_by_helm(program: Path, tmp_path: Path) -> None:
    log, environment = fake_helm(tmp_path / "bin")
    with running(program, **environment) as ready:
        async with AdapterClient(ready["address"]) as client:
            done = await client.carry_out(order(input={"replicas": 3}))
            assert isinstance(done, Finished)
            await client.carry_out(order(is_removal=True))
    lines = log.read_text().splitlines()
    assert "upgrade --install --wait acme" in lines[0]
    assert "--set=replicas=3 --set=version=1.1.0" in lines[0]
    assert lines[1] == "a login"
    assert "uninstall --wait" in lines[2]


async def test_a_helm_that_fails_is_a_failure(program: Path, tmp_path: Path) -> None:
    _, environment = fake_helm(tmp_path / "bin", code=1)
    with running(program, **environment) as ready:
        async with AdapterClient(ready["address"]) as client:
            with pytest.raises(OperationFailedError, match="helm upgrade failed in here"):
                await client.carry_out(order())


def test_its_own_tests_pass(program: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=program.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


async def test_a_token_is_asked_for(program: Path, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a-token\n")
    with running(program, "--token-file", str(token)) as ready:
        async with AdapterClient(ready["address"]) as client:
            with pytest.raises(NotAuthenticatedError):
                await client.describe()
        shown = ClientSecurity(token="a-token")
        async with AdapterClient(ready["address"], security=shown) as client:
            assert (await client.describe()).name == "acme"


async def test_it_registers_where_the_original_s_environment_says(
    program: Path, loopback: LoopbackServer
) -> None:
    loopback.says("/api/adapters", 201, "{}")
    server = loopback.url.removeprefix("http://")
    with running(program, MESHERY_SERVER=server, SERVICE_ADDR="adapter.test") as ready:
        port = ready["address"].rpartition(":")[2]

        async def is_told() -> bool:
            return bool(loopback.seen)

        await waiting.until(is_told, what="the registration")
    body = msgspec.json.decode(loopback.seen[0][3])
    assert body == {"address": f"adapter.test:{port}", "name": "acme"}


def test_what_cannot_be_is_said(program: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(program), "--host", "0.0.0.0", "--port", "0"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "could be called by anybody" in done.stderr


def test_the_example_is_short(program: Path) -> None:
    assert len(program.read_text().splitlines()) < 100


def test_the_page_shows_what_is_written(program: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "how-to" / "adapters.md"
    shown = page.read_text().partition("```python\n")[2].partition("```\n")[0]
    assert shown == program.read_text()
