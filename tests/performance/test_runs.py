"""Runs as operations, on real parts: a worker, a supervisor, an injector process."""

import asyncio
import os
import signal
from typing import Any

import pytest

from fixtures.waiting import until
from meshery.core.errors import InvalidInputError, LimitError, NotFoundError
from meshery.core.page import PageQuery
from meshery.operations.model import Operation, OperationState, Subject
from meshery.operations.platform import Platform
from meshery.performance.live import LiveSecond
from meshery.performance.model import (
    Endpoint,
    OverheadRequest,
    Profile,
    RunRequest,
    Thresholds,
)
from meshery.performance.result_feed import followed_results
from meshery.performance.service import KIND_RUN, PerformanceService, result_id_of
from performance.rigged import rigged
from processes.supervision import Host


def profile(port: int, *, duration_s: float = 1.0, **more: Any) -> Profile:
    endpoints = (Endpoint(url=f"http://127.0.0.1:{port}/"),)
    return Profile(
        name="rig", endpoints=endpoints, rate_rps=50, duration_s=duration_s, warmup_s=0.1, **more
    )


async def ended(platform: Platform, operation: Operation) -> Operation:
    return await platform.operations.wait(operation.id, timeout_s=30)


async def injectors(host: Host) -> list[int]:
    return [status.pid for status in await host.client.list("injector/") if status.pid]


async def test_a_run_is_told_as_it_goes_and_kept(
    house: Platform, service: PerformanceService, host: Host
) -> None:
    with rigged() as rig:
        wanted = profile(rig.port, duration_s=2.0, thresholds=Thresholds(p50_us=0.001))
        request = RunRequest(profile=wanted, consent=True, name="mine")
        operation = await service.run(request, actor="me")
        seconds: list[LiveSecond] = []
        async with service.follow_live(operation.id) as live:
            async for second in live:
                seconds.append(second)
                if second.second == 1:
                    break
        done = await ended(house, operation)
    assert done.state is OperationState.SUCCEEDED, done.error
    assert done.result is not None
    assert done.result["result_id"] == result_id_of(operation.id)
    assert [each["name"] for each in done.result["violations"]] == ["p50_us"]
    assert [second.second for second in seconds] == [0, 1]
    assert seconds[0].arms["load"].requests == 50
    result = await service.get_result(done.result["result_id"])
    assert (result.name, result.arms["load"].requests) == ("mine", 100)
    async with followed_results(house, after=0) as results, asyncio.timeout(15):
        assert (await anext(results)).result.id == result.id
    (row,) = (await service.list_results(PageQuery(search="mine"))).items
    assert (row.id, row.operation_id, row.requests) == (result.id, operation.id, 100)
    assert (await service.export_result(result.id, "hdr")).content.count(b"Tag=load") == 4
    assert await injectors(host) == []


async def test_a_profile_that_changed_after_it_was_ordered_is_checked_again(
    house: Platform, service: PerformanceService
) -> None:
    with rigged() as rig:
        stored = await service.save_profile(profile(rig.port))
        operation = await house.operations.submit(
            KIND_RUN,
            subject=Subject("profile", stored.id, "rig"),
            input={"profile_id": stored.id, "profile": None, "name": "", "consent": False},
            actor="me",
        )
        done = await ended(house, operation)
    assert done.state is OperationState.FAILED
    assert done.error is not None
    assert done.error["code"] == "meshery.consent"


async def test_a_stored_profile_runs_with_its_secrets(
    house: Platform, service: PerformanceService
) -> None:
    with rigged() as rig:
        endpoint = Endpoint(
            url=f"http://127.0.0.1:{rig.port}/", headers={"Authorization": "Bearer hunter2"}
        )
        wanted = Profile(name="p", endpoints=(endpoint,), rate_rps=20, duration_s=0.5, warmup_s=0)
        stored = await service.save_profile(wanted)
        request = RunRequest(profile=stored.profile, profile_id=stored.id, consent=True)
        done = await ended(house, await service.run(request, actor="me"))
        with pytest.raises(InvalidInputError, match="look like secrets"):
            await service.run(RunRequest(profile=wanted, consent=True), actor="me")
    assert done.state is OperationState.SUCCEEDED, done.error
    assert "hunter2" not in str(done)
    again = await service.get_profile("p")
    assert (again.results, again.last_run_at is not None) == (1, True)
    assert again.profile.endpoints[0].headers == {"Authorization": "********"}
    await service.delete_profile("p")
    with pytest.raises(NotFoundError):
        await service.get_profile("p")


async def test_a_run_whose_injector_was_killed_is_interrupted(
    house: Platform, service: PerformanceService, host: Host
) -> None:
    with rigged() as rig:
        request = RunRequest(profile=profile(rig.port, duration_s=20), consent=True)
        operation = await service.run(request, actor="me")

        async def running() -> bool:
            return bool(await injectors(host))

        await until(running, what="the injector's start")
        async with service.follow_live(operation.id) as live:
            await anext(live)
        for pid in await injectors(host):
            os.kill(pid, signal.SIGKILL)
        done = await ended(house, operation)
    assert done.state is OperationState.INTERRUPTED
    assert done.error is not None
    assert "SIGKILL" in done.error["cause"]
    assert (await service.list_results()).total == 0


async def test_a_cancelled_run_leaves_no_injector(
    house: Platform, service: PerformanceService, host: Host
) -> None:
    with rigged() as rig:
        request = RunRequest(profile=profile(rig.port, duration_s=20), consent=True)
        operation = await service.run(request, actor="me")
        async with service.follow_live(operation.id) as live:
            await anext(live)
        await house.operations.cancel(operation.id, actor="me")
        done = await ended(house, operation)

    async def gone() -> bool:
        return not await injectors(host)

    await until(gone, what="the injector's end")
    assert done.state is OperationState.CANCELLED
    assert (await service.list_results()).total == 0


async def test_a_target_that_never_answers_fails_and_says_why(
    house: Platform, service: PerformanceService
) -> None:
    request = RunRequest(profile=profile(9, duration_s=0.5), consent=True)
    done = await ended(house, await service.run(request, actor="me"))
    assert done.state is OperationState.FAILED
    assert done.error is not None
    assert "was answered" in done.error["what"]
    assert done.error["code"] == "meshery.performance.no_answer"


async def test_what_is_refused_before_it_starts(service: PerformanceService) -> None:
    with pytest.raises(InvalidInputError, match="not a part of a sandbox"):
        await service.run(RunRequest(profile=profile(80)), actor="me")
    with pytest.raises(LimitError):
        await service.run(RunRequest(profile=profile(80, duration_s=1e6), consent=True), actor="me")
    with pytest.raises(InvalidInputError, match="no load generator 'ab'"):
        await service.run(
            RunRequest(profile=profile(80, load_generator="ab"), consent=True), actor="me"
        )
    with pytest.raises(LimitError, match=r"10000 s"):
        await service.run_overhead(OverheadRequest(sandbox="s", duration_s=10_000), actor="me")
    with pytest.raises(LimitError, match="3 arms"):
        await service.run_overhead(OverheadRequest(sandbox="s", rate_rps=20_000), actor="me")


async def test_a_sandbox_that_is_not_there(house: Platform, service: PerformanceService) -> None:
    operation = await service.run_overhead(OverheadRequest(sandbox="nope"), actor="me")
    done = await ended(house, operation)
    assert done.state is OperationState.FAILED
    assert done.error is not None
    assert "nope" in done.error["what"]
