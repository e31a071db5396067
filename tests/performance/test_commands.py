"""`mesheryctl perf` against a real server."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from meshery.client.options import Invocation
from meshery.operations.platform import Platform
from meshery.operations.rest import router as operations
from meshery.performance import store
from meshery.performance.commands import perf
from meshery.performance.rest import router
from performance.results import overhead_result
from performance.rigged import rigged
from performance.serving import served

Command = Callable[..., Awaitable[Result]]


@pytest.fixture
async def command(house: Platform) -> AsyncIterator[Command]:
    """Runs a command in a thread of its own, as a person without a terminal."""
    async with served(house, router, operations) as http:

        async def run(*words: str, yes: bool = False, stdin: str | None = None) -> Result:
            obj = Invocation(server=http.url, yes=yes)
            runner = CliRunner()
            return await asyncio.to_thread(runner.invoke, perf, list(words), obj=obj, input=stdin)

        yield run


def document(result: Result) -> Any:
    assert result.exit_code == 0, (result.output, result.exception)
    return json.loads(result.stdout)


async def test_a_profile_from_file_to_result(command: Command, tmp_path: Path) -> None:
    with rigged() as rig:
        file = tmp_path / "p.yaml"
        file.write_text(
            f"name: rig\nurl: http://127.0.0.1:{rig.port}/\nrate_rps: 40\nduration: 500ms\n"
            "warmup: 0s\nthresholds: {p50_us: 0.001}\n"
        )
        saved = document(await command("profile", "apply", "-f", str(file), "-o", "json"))
        assert saved["version"] == 1
        listed = await command("profile", "list")
        assert "rig" in listed.stdout
        assert "500ms" in listed.stdout
        refused = await command("apply", "rig")
        assert "this needs a yes" in str(refused.exception)
        ran = await command("apply", "rig", "--name", "mine", "-o", "json", yes=True)
    assert ran.exit_code == 4
    result = json.loads(ran.stdout)
    assert (result["name"], result["arms"]["load"]["requests"]) == ("mine", 20)
    viewed = await command("view", result["id"])
    assert "Violated: p50_us was" in viewed.stdout
    assert result["id"] in (await command("result", "list", "-o", "name")).stdout
    exported = tmp_path / "r.hlog"
    await command("result", "export", result["id"], "--form", "hdr", "-f", str(exported))
    assert exported.read_text().startswith("#[Logged by Meshery")
    assert (await command("result", "delete", result["id"])).exit_code == 0
    assert (await command("profile", "delete", "rig")).exit_code == 0


async def test_a_quick_run(command: Command) -> None:
    with rigged() as rig:
        url = f"http://127.0.0.1:{rig.port}/"
        words = ("apply", "--url", url, "--qps", "40", "--duration", "1s")
        ran = await command(*words, "--concurrent-requests", "2", yes=True)
        assert ran.exit_code == 0, ran.output
        assert "40 requests at 40 per second" in ran.stdout
        left = await command(*words, "--no-wait", "-o", "json", yes=True)
        assert document(left)["state"] in ("queued", "running")


async def test_comparisons(command: Command, house: Platform) -> None:
    for number, name in enumerate(("one", "two")):
        result, histograms = await overhead_result(name, shift_us=300 + 200 * number, name=name)
        async with house.database.write() as connection:
            await store.insert_result(connection, result, histograms)
    compared = await command("compare", "one", "two", "-o", "markdown")
    assert compared.stdout.startswith("# one against two")
    assert document(await command("compare", "one", "two", "-o", "json"))["winner"] == "base"


async def test_faults_of_a_file_name_their_lines(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("name: p\nurl: nowhere\n")
    failed = await command("profile", "apply", "-f", str(file))
    assert "line 2: url" in str(getattr(failed.exception, "cause", ""))


@pytest.mark.parametrize("words", [("run",), ("functions", "mtls")])
async def test_measurements_of_a_sandbox_that_is_not_there(
    command: Command, words: tuple[str, ...]
) -> None:
    failed = await command(*words, "--sandbox", "nope", "--duration", "1s")
    assert failed.exit_code != 0
    assert "nope" in str(failed.exception)
