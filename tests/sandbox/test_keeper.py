"""What the keeper mends by itself."""

import msgspec
import pytest

from fixtures.waiting import until
from meshery.core.settings import SandboxSettings, Settings
from meshery.operations.model import Subject
from meshery.operations.platform import Platform
from meshery.operations.service import OperationFilter
from meshery.processes.model import ProcessSpec
from meshery.sandbox.envoy.admin import AdminClient
from meshery.sandbox.keeper import keep_once
from meshery.sandbox.service import SandboxService
from processes.supervision import Host
from sandbox.running import running_sandbox
from sandbox.test_operations import done, up

PERMISSIVE = """
apiVersion: sandbox.meshery.io/v1
kind: Sandbox
metadata: {name: duo}
spec:
  mtls: MODE
  gateway: {service: web}
  services: [{name: web, calls: [api]}, {name: api}]
"""


async def serial(service: SandboxService, instance: str = "web-v1-0") -> str:
    world = await service.world("duo")
    async with AdminClient(world.instance(instance).admin_socket) as admin:
        (first, *_) = await admin.certificates()
    return str(first["cert_chain"][0]["serial_number"])


@pytest.mark.parametrize("mode", ["strict", "permissive", "off"])
async def test_certificates_rotate_in_every_mode(worker: Platform, mode: str) -> None:
    await up(worker, PERMISSIVE.replace("MODE", mode))
    service = SandboxService(worker)
    before = await serial(service)
    await done(worker, await service.rotate("duo", actor="tester"))
    assert await serial(service) != before
    assert (await service.request("duo", "web", path="/chain")).status == 200
    await done(worker, await service.down("duo", actor="tester"))


class TestShortLives:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return msgspec.structs.replace(settings, sandbox=SandboxSettings(certificate_lifetime="6s"))

    async def test_leaves_are_renewed_at_half_of_their_life(self, worker: Platform) -> None:
        await up(worker, PERMISSIVE.replace("MODE", "strict"))
        service = SandboxService(worker)
        before = await serial(service)

        async def is_renewed() -> bool:
            return await serial(service) != before

        await until(is_renewed, timeout_s=12)
        assert (await service.request("duo", "web", path="/chain")).status == 200
        await done(worker, await service.down("duo", actor="tester"))

    async def test_a_renewal_that_did_not_succeed_is_tried_again(self, platform: Platform) -> None:
        async def renewals() -> list[str]:
            await keep_once(platform)
            only = OperationFilter(kind="sandbox.rotate")
            return [each.id for each in (await platform.operations.list(only=only)).items]

        async def is_asked_for() -> bool:
            return len(await renewals()) == 1

        async def is_tried_again() -> bool:
            return len(await renewals()) == 2

        async with running_sandbox(platform, PERMISSIVE.replace("MODE", "strict")):
            await until(is_asked_for)
            (first,) = await renewals()
            await platform.operations.cancel(first, actor="tester")
            await until(is_tried_again)


async def test_processes_of_no_sandbox_are_ended(platform: Platform) -> None:
    assert platform.supervisor is not None
    await platform.supervisor.start(ProcessSpec("sandbox/gone/x-v1-0/proxy", ("sleep", "60")))
    await keep_once(platform)
    assert await platform.supervisor.list("sandbox") == []


async def test_a_phase_without_its_operation_is_lost(platform: Platform, host: Host) -> None:
    service = SandboxService(platform)
    async with running_sandbox(platform, PERMISSIVE.replace("MODE", "strict")) as life:
        await life.store.set("duo", phase="starting")
        await keep_once(platform)
        view = await service.get("duo")
        assert (view.state, view.reason) == ("lost", "it was starting when its operation ended")
        await life.store.set("duo", phase="up")
        host.kill()
        host.start()
        assert (await service.get("duo")).state == "lost"
        await keep_once(platform)
        assert (await service.get("duo")).reason == "its processes are gone"
        (waiting,) = (await platform.operations.list()).items
        assert (waiting.kind, waiting.subject) == (
            "sandbox.restore",
            Subject("sandbox", "duo", "duo"),
        )
