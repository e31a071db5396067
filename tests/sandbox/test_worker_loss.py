"""A worker killed while it works on a sandbox: another one goes on, and nothing is half done."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from fixtures.waiting import until
from meshery.core.settings import Settings
from meshery.operations.model import Operation, OperationState
from meshery.operations.platform import Platform
from meshery.sandbox.pairs import close_pair, open_pair
from meshery.sandbox.service import SandboxService
from processes.supervision import Host
from sandbox.running import running_sandbox, spec_of

SOLO = """
apiVersion: sandbox.meshery.io/v1
kind: Sandbox
metadata: {name: solo}
spec: {services: [{name: web, calls: [api]}, {name: api}]}
"""
ABORT = {
    "name": "late",
    "kind": "fault",
    "target": "api",
    "params": {"abort": {"status": 418, "percent": 100}},
}
OPENS_A_PAIR = """
import asyncio, sys, msgspec
from meshery.core.settings import Settings
from meshery.operations.platform import open_platform
from meshery.sandbox.pairs import open_pair

async def main():
    settings = msgspec.json.decode(sys.argv[1], type=Settings)
    async with open_platform(settings, role="worker", kinds={}) as platform:
        await open_pair(platform, "solo", name="left", app_instance="api-v1-0")
        print("open", flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


@asynccontextmanager
async def other_process(*words: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *words,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def worker(settings: Settings) -> tuple[str, ...]:
    return ("-m", "sandbox.worker_process", msgspec.json.encode(settings).decode())


async def kill_at(
    platform: Platform, operation: Operation, step: str, process: asyncio.subprocess.Process
) -> None:
    """Kill the worker when a step has begun."""

    async def has_begun() -> bool:
        found = await platform.operations.get(operation.id)
        return any(each.name == step for each in found.steps) or found.is_final

    await until(has_begun, timeout_s=20)
    process.kill()
    await process.wait()


@pytest.mark.parametrize("step", ["reserve", "sidecars", "ready"])
async def test_an_up_goes_on(platform: Platform, settings: Settings, host: Host, step: str) -> None:
    service = SandboxService(platform)
    operation = await service.up(spec_of(SOLO), actor="tester")
    async with other_process(*worker(settings)) as first:
        await kill_at(platform, operation, step, first)
    async with other_process(*worker(settings)):
        ended = await platform.operations.wait(operation.id, timeout_s=40)
        assert ended.state is OperationState.SUCCEEDED, ended.error
        assert (await service.get("solo")).state == "up"
        assert (await service.request("solo", "api")).status == 200
        down = await service.down("solo", actor="tester")
        assert (await platform.operations.wait(down.id, timeout_s=20)).result == {"name": "solo"}
    assert host.children() == []


async def test_an_apply_and_an_undo_go_on(platform: Platform, settings: Settings) -> None:
    service = SandboxService(platform)
    async with running_sandbox(platform, SOLO):
        operation = await service.apply("solo", [ABORT], actor="tester")
        async with other_process(*worker(settings)) as first:
            await kill_at(platform, operation, "deliver", first)
        async with other_process(*worker(settings)) as second:
            ended = await platform.operations.wait(operation.id, timeout_s=40)
            assert ended.state is OperationState.SUCCEEDED, ended.error
            assert (await service.request("solo", "api")).status == 418
            operation = await service.undo("solo", [], actor="tester")
            await kill_at(platform, operation, "deliver", second)
        async with other_process(*worker(settings)):
            ended = await platform.operations.wait(operation.id, timeout_s=40)
            assert ended.state is OperationState.SUCCEEDED, ended.error
            assert (await service.request("solo", "api")).status == 200


async def test_pairs_of_a_killed_owner_are_closed(platform: Platform, settings: Settings) -> None:
    document = msgspec.json.encode(settings).decode()
    assert platform.supervisor is not None
    async with running_sandbox(platform, SOLO):
        before = len(await platform.supervisor.list("sandbox"))
        mine = await open_pair(platform, "solo", name="mine", app_instance="api-v1-0")
        async with other_process("-c", OPENS_A_PAIR, document) as owner:
            assert owner.stdout is not None
            assert await owner.stdout.readline() == b"open\n"
            assert len(await platform.supervisor.list("sandbox")) == before + 4
        async with other_process(*worker(settings)):

            async def only_mine() -> bool:
                assert platform.supervisor is not None
                return len(await platform.supervisor.list("sandbox")) == before + 2

            await until(only_mine, timeout_s=20)
        assert {each.name for each in await platform.supervisor.list("sandbox")} > set(
            mine.proxy_processes
        )
        await close_pair(platform, "solo", "mine")
