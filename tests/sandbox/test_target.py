"""The Target seam's suite over a sandbox, and what only a sandbox has."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from apply.target_suite import TargetSuite, account
from meshery.apply.target import Object, Ref, Target, ref_of
from meshery.core.errors import ConflictError, InvalidInputError, MesheryError, UnsupportedError
from meshery.operations.platform import Platform
from meshery.sandbox.documents import read_objects
from meshery.sandbox.lifecycle import Lifecycle
from meshery.sandbox.probe import Ask, ask, count_by, sample
from meshery.sandbox.target import SandboxTarget
from meshery.sandbox.ways import way_to
from sandbox.running import running_sandbox

SOLO = """
apiVersion: sandbox.meshery.io/v1
kind: Sandbox
metadata: {name: solo}
spec:
  services:
    - {name: web, calls: [api]}
    - {name: api}
"""
BEHAVIOUR = ("sandbox.meshery.io/v1", "Behaviour")
LATE = "{name: late, kind: fault, target: api, params: {abort: {status: 418, percent: 100}}}"


@pytest.fixture
async def life(platform: Platform) -> AsyncIterator[Lifecycle]:
    async with running_sandbox(platform, SOLO) as life:
        yield life


@pytest.fixture
def target(platform: Platform, life: Lifecycle) -> Target:
    return SandboxTarget(platform, life.name)


async def status_of(life: Lifecycle, service: str) -> int:
    way = way_to(await life.world(), service)
    return (await ask(Ask(way.host, way.port, service))).status


class TestSandboxTarget(TargetSuite):
    async def test_a_behaviour_is_in_effect_when_applied_and_gone_when_deleted(
        self, target: Target, life: Lifecycle
    ) -> None:
        (change,) = await target.apply(read_objects(LATE, source="x"))
        assert await status_of(life, "api") == 418
        assert (await target.ready(change.ref)).ready
        await target.delete(change.ref)
        assert await status_of(life, "api") == 200

    async def test_dry_run_tells_what_cannot_be_done(self, target: Target) -> None:
        near = read_objects("{name: near, kind: locality, target: api}", source="x")
        with pytest.raises(UnsupportedError, match="cannot do near"):
            await target.apply(near, dry_run=True)

    @pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "²", "9" * 40])
    async def test_a_cursor_that_is_none_is_refused(self, target: Target, cursor: str) -> None:
        async with target.watch(*BEHAVIOUR, after=cursor) as events:
            with pytest.raises(InvalidInputError, match="no resource version"):
                await anext(events)

    async def test_reaches_the_application_off_the_mesh(self, target: Target) -> None:
        async with target.reach(Ref("v1", "Service", "api")) as endpoint:
            answer = await ask(Ask(endpoint.host, endpoint.port, endpoint.authority))
        assert answer.headers["x-served-by"] == "api-v1-0"
        with pytest.raises(UnsupportedError):
            async with target.reach(Ref("v1", "ServiceAccount", "api")):
                pass

    async def test_scales_and_back(self, target: Target, life: Lifecycle) -> None:
        before = await target.get(Ref("apps/v1", "Deployment", "api-v1"))
        await target.apply([_with(before, replicas=3)])
        world = await life.world()
        way = way_to(world, "api")
        answers = await sample(Ask(way.host, way.port, "api"), samples=60, connections=2)
        assert set(count_by(answers, "x-served-by")) == {"api-v1-0", "api-v1-1", "api-v1-2"}
        assert (await target.ready(Ref("apps/v1", "Deployment", "api-v1"))).ready
        await target.apply([_with(before, replicas=1)])
        answers = await sample(Ask(way.host, way.port, "api"), samples=20, connections=2)
        assert set(count_by(answers, "x-served-by")) == {"api-v1-0"}
        left = [path.name for path in life.places.root.iterdir()]
        assert sorted(left) == ["api-v1-0", "authority", "change.lock", "web-v1-0"]

    async def test_a_version_is_added_and_made_slow(self, target: Target, life: Lifecycle) -> None:
        first = await target.get(Ref("apps/v1", "Deployment", "api-v1"))
        second = _with(first, name="api-v2", version="v2", errors="100")
        await target.apply([second])
        way = way_to(await life.world(), "api")
        answers = await sample(Ask(way.host, way.port, "api"), samples=40, connections=2)
        assert count_by(answers, "x-version") == {"v1": 20, "v2": 20}
        assert {each.status for each in answers if each.headers["x-version"] == "v2"} == {500}
        await target.apply([_with(second, errors="0")])
        answers = await sample(Ask(way.host, way.port, "api"), samples=40, connections=2)
        assert {each.status for each in answers} == {200}

    async def test_what_does_not_fit_together_is_refused_whole(self, target: Target) -> None:
        first = await target.get(Ref("apps/v1", "Deployment", "api-v1"))
        ghost = _with(first, name="ghost-v1", service="ghost")
        with pytest.raises(InvalidInputError, match="do not fit together"):
            await target.apply([account("suite-a"), ghost])
        assert "suite-a" not in [
            ref_of(each).name for each in await target.list("v1", "ServiceAccount")
        ]
        with pytest.raises(ConflictError):
            await target.delete(Ref("sandbox.meshery.io/v1", "Sandbox", "solo"))

    async def test_many_changes_at_once_all_take_effect(
        self, platform: Platform, target: Target, life: Lifecycle
    ) -> None:
        targets = [SandboxTarget(platform, life.name) for _ in range(5)]
        await asyncio.gather(
            *(each.apply([account(f"suite-{index}")]) for index, each in enumerate(targets))
        )
        names = {ref_of(each).name for each in await target.list("v1", "ServiceAccount")}
        assert {f"suite-{index}" for index in range(5)} < names

    async def test_a_cancelled_change_is_undone_or_stays_whole(
        self, target: Target, life: Lifecycle
    ) -> None:
        started = time.perf_counter()
        await target.apply(read_objects(LATE, source="x"))
        whole_s = time.perf_counter() - started
        await target.delete(ref_of((await target.list(*BEHAVIOUR))[0]))
        for tenth in range(14):  # the last ones lie in the write of the store, and after it
            task = asyncio.create_task(target.apply(read_objects(LATE, source="x")))
            await asyncio.sleep(whole_s * tenth / 10)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            kept = await target.list(*BEHAVIOUR)
            assert await _settles(life, 418 if kept else 200), tenth
            if kept:
                await target.delete(ref_of(kept[0]))

    async def test_a_sidecar_that_is_down_keeps_the_change_waiting(
        self, platform: Platform, target: Target, life: Lifecycle
    ) -> None:
        assert platform.supervisor is not None
        await platform.supervisor.signal("sandbox/solo/api-v1-0/proxy", 19)  # SIGSTOP
        with pytest.raises(MesheryError, match="api-v1-0"):
            await target.apply(read_objects(LATE, source="x"), timeout_s=0.5)
        assert await target.list(*BEHAVIOUR) == []
        await platform.supervisor.signal("sandbox/solo/api-v1-0/proxy", 18)  # SIGCONT
        assert await _settles(life, 200)
        await target.apply(read_objects(LATE, source="x"))
        assert await status_of(life, "api") == 418


async def _settles(life: Lifecycle, status: int) -> bool:
    """Old files are put back without waiting for the sidecars to read them."""
    for _ in range(100):
        if await status_of(life, "api") == status:
            return True
        await asyncio.sleep(0.02)
    return False


def _with(
    document: Object,
    *,
    replicas: int = 1,
    name: str = "",
    service: str = "",
    version: str = "",
    errors: str = "0",
) -> Object:
    """A Deployment like another one, with something changed."""
    spec: dict[str, Any] = {**document["spec"], "replicas": replicas}
    template = spec["template"]
    labels = {**template["metadata"]["labels"]}
    labels |= {"app": service} if service else {}
    labels |= {"version": version} if version else {}
    annotations = {
        **template["metadata"]["annotations"],
        "sandbox.meshery.io/error-rate": errors,
    }
    metadata = {"labels": labels, "annotations": annotations}
    spec["template"] = {**template, "metadata": metadata}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name or document["metadata"]["name"], "labels": labels},
        "spec": spec,
    }
