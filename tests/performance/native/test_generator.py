import asyncio
import os
import signal
import time
from contextlib import aclosing
from pathlib import Path

import pytest

from meshery.core.errors import InvalidInputError, MesheryError
from meshery.performance.generator import (
    GeneratorFailedError,
    GeneratorLostError,
    LoadGenerator,
)
from meshery.performance.native.generator import NativeGenerator
from meshery.performance.native.launch import Launched, as_child
from meshery.performance.sample import Final, Started
from performance.native.running import arm, plan_for, run, signal_after_start
from performance.native.servers import later, serving


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_it_fills_the_seam() -> None:
    assert isinstance(NativeGenerator(), LoadGenerator)


async def test_it_can_run_here() -> None:
    probe = await NativeGenerator().probe()
    assert probe.available
    assert probe.version


@pytest.mark.parametrize("mode", ["open", "closed"])
async def test_a_killed_injector_is_lost(mode: str) -> None:
    with (
        serving(later(0.01)) as server,
        pytest.raises(GeneratorLostError, match="before its final account") as lost,
    ):
        await signal_after_start(plan_for(arm(server.port), mode=mode), signal.SIGKILL)
    assert lost.value.cause == "it was ended by SIGKILL"


@pytest.mark.parametrize("mode", ["open", "closed"])
async def test_sigterm_ends_it_at_once_with_an_account(mode: str) -> None:
    begin = time.monotonic()
    with serving(later(0.01)) as server:
        plan = plan_for(arm(server.port), mode=mode, duration_s=30.0, warmup_s=0.0)
        pid, seen = await signal_after_start(plan, signal.SIGTERM)
    assert time.monotonic() - begin < 10
    final = seen[-1]
    assert isinstance(final, Final)
    assert final.ended == "cancelled"
    counters = final.arms["load"].counters
    assert counters.planned == counters.sent + counters.unsent
    assert gone(pid)


@pytest.mark.parametrize("mode", ["open", "closed"])
async def test_closing_the_stream_leaves_no_process(mode: str) -> None:
    with serving(later(0.01)) as server:
        samples = NativeGenerator().run(plan_for(arm(server.port), mode=mode, duration_s=30.0))
        started = await anext(samples)
        assert isinstance(started, Started)
        await samples.aclose()
        await asyncio.sleep(0.1)
        sent = len(server.requests)
        await asyncio.sleep(0.1)
        assert len(server.requests) == sent
    assert gone(started.pid)


async def test_a_cancelled_task_leaves_no_process() -> None:
    with serving() as server:
        began: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def consume() -> None:
            async with aclosing(NativeGenerator().run(plan_for(arm(server.port)))) as samples:
                async for sample in samples:
                    if isinstance(sample, Started):
                        began.set_result(sample.pid)

        task = asyncio.create_task(consume())
        pid = await began
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert gone(pid)


async def test_a_process_that_never_connects_is_lost() -> None:
    class Ended:
        async def ending(self) -> str | None:
            return "it exited with code 3"

        async def stop(self) -> None:
            return

    async def launch(_name: str, _socket_path: str) -> Launched:
        return Ended()

    with pytest.raises(GeneratorLostError) as lost:
        await run(plan_for(arm(9)), NativeGenerator(launch))
    assert lost.value.cause == "it exited with code 3"


async def test_an_unknown_host_is_refused_with_its_cause() -> None:
    plan = plan_for(arm(80))
    named = plan.arms[0].endpoints[0]
    host = type(named)(name="e", host="nowhere.invalid", port=80)
    unknown = type(plan.arms[0])(name="load", endpoints=(host,))
    with pytest.raises(GeneratorFailedError, match="cannot start"):
        await run(plan_for(unknown))


async def test_a_faulty_plan_starts_nothing() -> None:
    async def launch(_name: str, _socket_path: str) -> Launched:
        raise AssertionError("a process was started")

    with pytest.raises(InvalidInputError):
        await run(plan_for(), NativeGenerator(launch))


async def test_nothing_is_left_in_the_temporary_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    plan = plan_for(arm(9), duration_s=0.1)
    async with aclosing(NativeGenerator(as_child).run(plan)) as samples:
        async for _ in samples:
            assert not any(found for _, *found in os.walk(tmp_path) if any(found))


def test_lost_generators_survive_the_wire() -> None:
    from meshery.core.errors import error_from_dict

    error = error_from_dict(GeneratorLostError("gone", cause="killed").as_dict())
    assert isinstance(error, GeneratorLostError)
    assert isinstance(error, MesheryError)
