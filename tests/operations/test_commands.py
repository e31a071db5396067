"""`mesheryctl operation` and `event`, as a person runs them, against a real server."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fixtures.waiting import until
from meshery.operations.model import OperationState, Subject
from meshery.operations.platform import Platform
from operations.serving import served
from operations.support import ended, in_state, marked, submit


class Cli:
    """Runs mesheryctl in a process of its own."""

    def __init__(self, url: str, home: Path) -> None:
        self._arguments = [sys.executable, "-m", "meshery.cli.main", "--server", url]
        self._environment = os.environ | {"MESHERY_HOME": str(home), "NO_COLOR": "1"}

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self._arguments,
            *arguments,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def __call__(self, *arguments: str) -> tuple[int, str, str]:
        process = await self.start(*arguments)
        out, err = await process.communicate()
        return process.returncode or 0, out.decode(), err.decode()

    async def json(self, *arguments: str) -> Any:
        code, out, err = await self(*arguments, "-o", "json")
        assert code == 0, err
        return json.loads(out)


@pytest.fixture
async def cli(house: Platform, tmp_path: Path) -> AsyncIterator[Cli]:
    async with served(house) as url:
        yield Cli(url, tmp_path / "cli-home")


async def test_operations_are_listed_in_every_form(house: Platform, cli: Cli) -> None:
    good = await ended(house, await submit(house, "test.echo", {}))
    bad = await ended(house, await submit(house, "test.fail", {}))
    page = await cli.json("operation", "list", "--state", "failed")
    assert [item["id"] for item in page["items"]] == [bad.id]
    _, names, _ = await cli("operation", "list", "-o", "name")
    assert names.split() == [bad.id, good.id]
    _, table, _ = await cli("operation", "list")
    assert table.splitlines()[0].split()[:4] == ["ID", "KIND", "SUBJECT", "STATE"]
    _, shown, _ = await cli("operation", "view", bad.id)
    assert "do not try" in shown
    assert "fails" in shown


async def test_a_watch_follows_to_the_end_and_fails_with_the_operation(
    house: Platform, cli: Cli, tmp_path: Path
) -> None:
    document = {"marks": str(tmp_path / "m"), "count": 2, "pause_s": 0.2}
    operation = await submit(house, "test.steps", document)
    shown = await cli.json("operation", "watch", operation.id)
    assert shown["state"] == "succeeded"
    failing = await submit(house, "test.fail", {})
    code, _, err = await cli("operation", "watch", failing.id)
    assert code == 1
    assert "this cannot work" in err


async def test_a_cancel_waits_until_the_work_has_stopped(
    house: Platform, cli: Cli, tmp_path: Path
) -> None:
    document = {"marks": str(tmp_path / "m"), "hold": 1, "hold_file": "/nowhere"}
    operation = await submit(house, "test.hold", document)
    await until(lambda: marked(tmp_path / "m", "begin"))
    shown = await cli.json("operation", "cancel", operation.id)
    assert shown["state"] == "cancelled"
    assert await in_state(house, operation, OperationState.CANCELLED)
    code, _, err = await cli("operation", "cancel", "nothing")
    assert code == 1
    assert "there is no operation" in err


async def test_events_are_listed_and_watched(house: Platform, cli: Cli) -> None:
    subject = Subject("sandbox", "shop", "shop")
    emitted = [
        await house.events.emit(category="t", severity="warning", subject=subject, text=f"n{n}")
        for n in range(2)
    ]
    page = await cli.json("event", "list", "--severity", "warning", "--order", "seq")
    assert [item["text"] for item in page["items"]] == ["n0", "n1"]
    process = await cli.start("event", "watch", "--after", str(emitted[0].seq), "-o", "json")
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 10)
    assert json.loads(line)["text"] == "n1"
    process.send_signal(signal.SIGINT)
    await process.communicate()
    assert process.returncode == 130
