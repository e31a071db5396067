"""Echo ports of a whole sandbox: asked for, shown, reached, kept, moved, added while it runs."""

import asyncio
import socket
from urllib.parse import urlsplit

import pytest

from meshery.core.errors import ConflictError
from meshery.operations.platform import Platform
from meshery.sandbox.lifecycle import Lifecycle
from meshery.sandbox.runner import supervisor_of
from meshery.sandbox.service import SandboxService
from meshery.sandbox.target import SandboxTarget
from sandbox.running import running_sandbox

ECHO = """
apiVersion: sandbox.meshery.io/v1
kind: Sandbox
metadata: {name: echo}
spec:
  services:
    - name: web
      calls: [api]
    - name: api
      echo: [tcp, udp, grpc]
"""


async def echo_of(platform: Platform, instance: str) -> dict[str, int]:
    """The echo ports that the status shows, by protocol."""
    status = await SandboxService(platform).status("echo")
    urls = next(each.echo for each in status.instances if each.name == instance)
    return {parts.scheme: parts.port or 0 for parts in map(urlsplit, urls)}


async def says(port: int, text: bytes) -> bytes:
    """What a TCP port answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(text)
        async with asyncio.timeout(5):
            return await reader.readexactly(len(text))
    finally:
        writer.close()
        await writer.wait_closed()


async def test_they_are_shown_and_answer(platform: Platform) -> None:
    async with running_sandbox(platform, ECHO):
        ports = await echo_of(platform, "api-v1-0")
        assert list(ports) == ["tcp", "udp", "grpc"]
        assert await echo_of(platform, "web-v1-0") == {}
        assert await says(ports["tcp"], b"hello") == b"hello"


async def test_they_are_kept_and_one_that_is_taken_meanwhile_is_moved(platform: Platform) -> None:
    async with running_sandbox(platform, ECHO) as life:
        before = await echo_of(platform, "api-v1-0")
        await supervisor_of(platform).stop_group("sandbox/echo")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.1", before["udp"]))
            await life.move()
            after = await echo_of(platform, "api-v1-0")
            assert after["udp"] != before["udp"]
            assert {**after, "udp": 0} == {**before, "udp": 0}
            await restarted(life)
            assert await says(after["tcp"], b"again") == b"again"


async def test_a_port_taken_by_somebody_else_is_one_clear_error(platform: Platform) -> None:
    async with running_sandbox(platform, ECHO) as life:
        ports = await echo_of(platform, "api-v1-0")
        await supervisor_of(platform).stop_group("sandbox/echo")
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
            taken.bind(("127.0.0.1", ports["tcp"]))
            taken.listen()
            with pytest.raises(ConflictError, match=f"cannot listen on 127.0.0.1:{ports['tcp']}"):
                await restarted(life)


async def test_a_running_version_gets_and_loses_them_by_its_deployment(platform: Platform) -> None:
    async with running_sandbox(platform, ECHO):
        target = SandboxTarget(platform, "echo")
        (web,) = [
            each
            for each in await target.list("apps/v1", "Deployment")
            if each["metadata"]["name"] == "web-v1"
        ]
        notes = web["spec"]["template"]["metadata"]["annotations"]
        notes["sandbox.meshery.io/echo"] = "tcp"
        await target.apply([web])
        ports = await echo_of(platform, "web-v1-0")
        assert await says(ports["tcp"], b"new") == b"new"
        assert not set(ports.values()) & set((await echo_of(platform, "api-v1-0")).values())
        notes["sandbox.meshery.io/echo"] = ""
        del web["metadata"]["resourceVersion"]
        await target.apply([web])
        assert await echo_of(platform, "web-v1-0") == {}
        with pytest.raises(ConnectionRefusedError):
            await says(ports["tcp"], b"gone")


async def restarted(life: Lifecycle) -> None:
    """Start its processes, as a restoring does."""

    async def tell(_done: int, _total: int) -> None:
        pass

    began_at = await life.configure()
    took_s = await life.start_sidecars(began_at=began_at)
    await life.start_applications()
    await life.wait_ready(began_at=began_at, sidecars_ready_s=took_s, on_ready=tell)
