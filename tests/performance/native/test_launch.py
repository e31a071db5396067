import json
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from meshery.core.paths import runtime_dir
from meshery.performance.generator import GeneratorLostError
from meshery.performance.native.generator import NativeGenerator
from meshery.performance.native.launch import under_supervisor
from performance.native.running import arm, plan_for, run, signal_after_start
from performance.native.servers import serving
from processes.supervision import Host


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    host = Host(tmp_path)
    host.start()
    yield host
    await host.client.close()
    host.end()
    shutil.rmtree(runtime_dir(tmp_path), ignore_errors=True)


async def test_the_supervisor_starts_it_and_keeps_nothing(host: Host) -> None:
    with serving() as server:
        outcome = await run(
            plan_for(arm(server.port), duration_s=0.5),
            NativeGenerator(under_supervisor(host.client)),
        )
    assert outcome.statuses() == {200: 50}
    assert await host.client.list("injector") == []


async def test_a_kill_under_the_supervisor_is_told(host: Host) -> None:
    generator = NativeGenerator(under_supervisor(host.client))
    with serving() as server, pytest.raises(GeneratorLostError) as lost:
        await signal_after_start(plan_for(arm(server.port)), signal.SIGKILL, generator)
    assert lost.value.cause == "it was ended by SIGKILL"
    assert await host.client.list("injector") == []


def test_the_process_loads_hardly_anything() -> None:
    show = "import json, sys, meshery.performance.native.process; print(json.dumps([*sys.modules]))"
    shown = subprocess.run(
        [sys.executable, "-c", show], capture_output=True, check=True, text=True
    ).stdout
    loaded = {name.partition(".")[0] for name in json.loads(shown)}
    heavy = {"asyncio", "click", "fastapi", "hdrh", "nats", "nicegui", "numpy", "rich", "yaml"}
    assert not loaded & (heavy | {"sqlalchemy", "httptools", "uvloop", "cryptography"})


def test_without_a_parent_it_says_so(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "meshery.performance.native.process"]
    ended = subprocess.run(
        [*words, "--socket", str(tmp_path / "nobody")], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert "cannot reach" in ended.stderr
