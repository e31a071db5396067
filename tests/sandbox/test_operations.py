"""Sandboxes as people use them: operations on a worker, real proxies and applications."""

import asyncio
import signal
import socket
import time
from pathlib import Path

import pytest

from fixtures.waiting import until
from meshery.core.errors import (
    ConflictError,
    InvalidInputError,
    MesheryError,
    NotFoundError,
    error_from_dict,
)
from meshery.core.paths import runtime_dir
from meshery.operations.model import Operation, OperationState
from meshery.operations.platform import Platform
from meshery.sandbox.probe import Ask, ask
from meshery.sandbox.service import SandboxService
from processes.supervision import Host
from sandbox.running import spec_of

DUO = """
apiVersion: sandbox.meshery.io/v1
kind: Sandbox
metadata: {name: duo}
spec:
  gateway: {service: web}
  services:
    - {name: web, calls: [api]}
    - name: api
      versions: [{name: v1}, {name: v2, errorRate: 100}]
"""
SPLIT = {
    "name": "canary",
    "kind": "split",
    "target": "api",
    "params": {"backends": [{"subset": "v1", "weight": 100}, {"subset": "v2", "weight": 0}]},
}


async def done(platform: Platform, operation: Operation) -> Operation:
    """The operation at its good end; its error otherwise."""
    ended = await platform.operations.wait(operation.id, timeout_s=40)
    if ended.state is not OperationState.SUCCEEDED:
        raise error_from_dict(ended.error or {"what": ended.state.value})
    return ended


async def up(platform: Platform, text: str = DUO) -> Operation:
    service = SandboxService(platform)
    return await done(platform, await service.up(spec_of(text), actor="tester"))


async def down(platform: Platform, name: str = "duo") -> None:
    await done(platform, await SandboxService(platform).down(name, actor="tester"))


def files_of(platform: Platform, name: str = "duo") -> list[Path]:
    home = platform.settings.home_path
    found = [*(home / "sandboxes" / name).rglob("*"), *(runtime_dir(home) / name).rglob("*")]
    return [path for path in found if path.exists()]


async def test_up_use_and_down(worker: Platform, host: Host) -> None:
    service = SandboxService(worker)
    ended = await up(worker)
    steps = [step.name for step in ended.steps]
    assert steps == ["check", "reserve", "configure", "sidecars", "applications", "ready"]
    assert ended.result is not None
    assert ended.result["services"] == 2
    assert ended.result["sidecars"] == 4
    view = await service.get("duo")
    assert (view.state, view.ready, view.url) == ("up", 4, ended.result["url"])
    with pytest.raises(ConflictError):
        await service.up(spec_of(DUO), actor="tester")

    applied = await done(worker, await service.apply("duo", [SPLIT], actor="tester"))
    assert applied.result is not None
    assert applied.result["changes"][0]["action"] == "created"
    proof = await service.prove("duo", "canary", samples=200)
    assert proof.passed
    assert proof.observed == {"v1": 100.0, "v2": 0.0}
    (behaviour,) = await service.behaviours("duo")
    assert (behaviour.kind, behaviour.fidelity) == ("split", "exact")

    meshed = await service.request("duo", "web", path="/chain")
    direct = await service.request("duo", "api", direct=True)
    assert (meshed.status, meshed.via) == (200, "the gateway")
    assert (direct.status, direct.headers["x-version"]) == (200, "v1")
    edges = {(each.source, each.target): each for each in (await service.graph("duo")).edges}
    assert edges["gateway-v1", "web-v1"].mtls
    assert edges["web-v1", "api-v1"].requests >= 200
    assert not edges["web-v1", "api-v2"].observed

    await done(worker, await service.undo("duo", [], actor="tester"))
    assert await service.behaviours("duo") == []
    statuses = {(await service.request("duo", "api", source="web")).status for _ in range(4)}
    assert statuses == {200, 500}

    ports = [port for row in (await service.status("duo")).instances for port in _ports(row)]
    await down(worker)
    with pytest.raises(NotFoundError):
        await service.get("duo")
    assert host.children() == []
    assert files_of(worker) == []
    assert not [port for port in ports if _answers(port)]


async def test_two_side_by_side(worker: Platform) -> None:
    other = DUO.replace("name: duo", "name: other")
    await asyncio.gather(up(worker), up(worker, other))
    service = SandboxService(worker)
    assert [(view.name, view.state) for view in await service.list()] == [
        ("duo", "up"),
        ("other", "up"),
    ]
    await down(worker)
    assert (await service.get("other")).state == "up"
    assert (await service.request("other", "web")).status == 200
    await down(worker, "other")


async def test_an_order_sent_twice_is_done_once(worker: Platform) -> None:
    service, spec = SandboxService(worker), spec_of(DUO)
    first = await service.up(spec, actor="tester", idempotency_key="once")
    await done(worker, first)
    again = await service.up(spec, actor="tester", idempotency_key="once")
    assert again.id == first.id
    with pytest.raises(ConflictError):
        await service.up(spec, actor="tester", idempotency_key="another")
    await down(worker)


async def test_a_change_of_a_lost_sandbox_waits_until_it_is_restored(
    worker: Platform, host: Host
) -> None:
    await up(worker)
    service = SandboxService(worker)
    await host.client.stop_group("sandbox/duo")
    await done(worker, await service.apply("duo", [SPLIT], actor="tester"))
    assert (await service.get("duo")).state == "up"
    assert (await service.prove("duo", "canary", samples=100)).passed
    await down(worker)


async def test_a_refused_configuration_changes_nothing(worker: Platform) -> None:
    await up(worker)
    service = SandboxService(worker)
    monstrous = {
        "name": "monstrous",
        "kind": "route",
        "target": "api",
        "params": {
            "match": {"path": {"regex": "/((x{100}){100}){100}"}},
            "backends": [{"subset": "v1"}],
        },
    }
    with pytest.raises(MesheryError) as caught:
        await done(worker, await service.apply("duo", [monstrous], actor="tester"))
    assert caught.value.specific_code == "meshery.sandbox.rejected"
    assert "repetition" in caught.value.cause
    assert await service.behaviours("duo") == []
    assert (await service.request("duo", "web")).status == 200
    await done(worker, await service.apply("duo", [SPLIT], actor="tester"))
    assert (await service.prove("duo", "canary", samples=100)).passed
    await down(worker)


async def test_what_cannot_be_done_is_told_before_anything_happens(worker: Platform) -> None:
    await up(worker)
    service = SandboxService(worker)
    with pytest.raises(MesheryError, match="cannot do near"):
        await service.apply(
            "duo", [{"name": "near", "kind": "locality", "target": "api"}], actor="tester"
        )
    with pytest.raises(InvalidInputError):
        await service.apply("duo", [{"name": "x", "kind": "split"}, 7], actor="t")  # type: ignore[list-item]
    with pytest.raises(NotFoundError):
        await service.undo("duo", ["ghost"], actor="tester")
    (change,) = await service.plan("duo", [SPLIT])
    assert (change.action, change.dry_run) == ("created", True)
    assert await service.behaviours("duo") == []
    await down(worker)


async def test_a_taken_port_is_one_clear_error(worker: Platform, host: Host) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        taken = DUO.replace("{service: web}", f"{{service: web, port: {port}}}")
        with pytest.raises(MesheryError, match=f"port {port} is taken") as caught:
            await up(worker, taken)
        assert caught.value.specific_code == "meshery.sandbox.port_taken"
    assert await SandboxService(worker).list() == []
    ended = await up(worker, taken)
    assert ended.result is not None
    assert ended.result["url"].endswith(f":{port}")
    await down(worker)
    assert host.children() == []


async def test_a_cancelled_start_leaves_nothing(worker: Platform, host: Host) -> None:
    service = SandboxService(worker)
    operation = await service.up(spec_of(DUO), actor="tester")

    async def has_begun() -> bool:
        found = await worker.operations.get(operation.id)
        return any(step.name == "ready" for step in found.steps)

    await until(has_begun)
    await worker.operations.cancel(operation.id, actor="tester")
    ended = await worker.operations.wait(operation.id, timeout_s=20)
    assert ended.state is OperationState.CANCELLED
    assert await service.list() == []
    assert host.children() == []
    assert files_of(worker) == []


@pytest.mark.parametrize("part", ["proxy", "app"])
async def test_what_is_killed_is_back_within_a_second(worker: Platform, part: str) -> None:
    await up(worker)
    service = SandboxService(worker)
    assert worker.supervisor is not None
    process = f"sandbox/duo/api-v1-0/{part}"
    await worker.supervisor.signal(process, signal.SIGKILL)
    killed = time.monotonic()
    status = await service.status("duo")
    address = next(each for each in status.instances if each.name == "api-v1-0")
    port = int((address.direct if part == "app" else address.inbound).rpartition(":")[2])

    async def is_back() -> bool:
        (found,) = await worker.supervisor.list(process)  # type: ignore[union-attr]
        return found.restarts == 1 and _answers(port)

    await until(is_back, timeout_s=5)
    assert time.monotonic() - killed < 2  # a second on a machine that has nothing else to do

    async def is_told() -> bool:
        texts = [event.text for event in (await worker.events.list()).items]
        what = "sidecar" if part == "proxy" else "application"
        return any(f"The {what} of api-v1-0 is back" in text for text in texts) and any(
            f"The {what} of api-v1-0 was killed by signal 9" in text for text in texts
        )

    await until(is_told, timeout_s=8)
    assert (await service.get("duo")).state == "up"
    await down(worker)


async def test_a_lost_supervisor_is_noticed_and_the_sandbox_restored(
    worker: Platform, host: Host
) -> None:
    await up(worker)
    service = SandboxService(worker)
    await done(worker, await service.apply("duo", [SPLIT], actor="tester"))
    url = (await service.get("duo")).url
    host.kill()
    host.start()
    assert (await service.get("duo")).state != "up"

    async def is_up() -> bool:
        return (await service.get("duo")).state == "up"

    await until(is_up, timeout_s=30)
    assert (await service.get("duo")).url == url, "ports are kept"
    assert (await service.prove("duo", "canary", samples=100)).passed
    kinds = [each.kind for each in (await worker.operations.list()).items]
    assert "sandbox.restore" in kinds
    await down(worker)
    assert host.children() == []


async def test_certificates_rotate_without_a_failed_request(worker: Platform) -> None:
    await up(worker)
    service = SandboxService(worker)
    url = (await service.get("duo")).url
    port = int(url.rpartition(":")[2])
    statuses: list[int] = []

    async def load() -> None:
        while True:
            answer = await ask(Ask("127.0.0.1", port, "web"))
            statuses.append(answer.status)

    task = asyncio.create_task(load())
    try:
        await done(worker, await service.rotate("duo", actor="tester"))
        seen = len(statuses)

        async def has_gone_on() -> bool:
            return len(statuses) > seen + 20

        await until(has_gone_on)
    finally:
        task.cancel()
        await asyncio.wait({task})
    assert set(statuses) == {200}
    await down(worker)


def _ports(instance: object) -> list[int]:
    urls = [getattr(instance, name) for name in ("inbound", "outbound", "direct")]
    return [int(url.rpartition(":")[2]) for url in urls if url]


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
