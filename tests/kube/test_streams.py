"""Logs, commands and ports of a pod, through the real API server to a kubelet that kwok plays."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from kube.conftest import client_of
from kube.kubelet import running_pod
from kube.rigged import Handler, rigged, says
from meshery.core.errors import (
    ConflictError,
    DeadlineError,
    InvalidInputError,
    LimitError,
    MesheryError,
    NotFoundError,
    OperationFailedError,
    UnavailableError,
    UnsupportedError,
)
from meshery.kube.client import KubeClient
from meshery.kube.local.control_plane import ControlPlane
from meshery.kube.portforward import port_forward
from meshery.kube.streams import execute, logs


@pytest.fixture
async def second_client(second_kube: ControlPlane) -> AsyncIterator[KubeClient]:
    async with client_of(second_kube) as opened:
        yield opened


@pytest.fixture
async def pod(
    second_kube: ControlPlane, second_client: KubeClient, tmp_path: Path
) -> AsyncIterator[str]:
    async with running_pod(second_kube, second_client, tmp_path) as name:
        yield name


async def test_the_log_of_a_container(second_client: KubeClient, pod: str) -> None:
    async with logs(second_client, pod, namespace="default") as lines:
        assert [line async for line in lines] == [b"line 0", b"line 1", b"line 2"]
    async with logs(second_client, pod, namespace="default", tail_lines=1) as lines:
        assert [line async for line in lines] == [b"line 2"]


async def test_a_log_is_followed(second_client: KubeClient, pod: str, tmp_path: Path) -> None:
    async with logs(second_client, pod, namespace="default", follow=True) as lines:
        for number in range(3):
            assert await anext(lines) == f"line {number}".encode()
        with (tmp_path / "web.log").open("a") as log:
            log.write("2026-01-01T00:00:01.000000000Z stdout F more\n")
        async with asyncio.timeout(20):
            assert await anext(lines) == b"more"


async def test_the_log_of_a_container_that_is_not_there(
    second_client: KubeClient, pod: str
) -> None:
    with pytest.raises(NotFoundError):
        async with logs(second_client, "none", namespace="default"):
            pass
    with pytest.raises(InvalidInputError, match="container other is not valid"):
        async with logs(second_client, pod, namespace="default", container="other"):
            pass


async def test_a_command_runs_to_its_end(second_client: KubeClient, pod: str) -> None:
    # kwok's kubelet neither ends the input nor tells exit codes; the test after this one does.
    count = ["head", "-c", "100000"]
    ran = await execute(second_client, pod, count, namespace="default", stdin=b"x" * 100_000)
    assert (ran.exit_code, ran.stdout) == (0, b"x" * 100_000)
    ran = await execute(
        second_client, pod, ["sh", "-c", "echo 'a b' $0; echo c >&2", "&"], namespace="default"
    )
    assert (ran.exit_code, ran.stdout, ran.stderr) == (0, b"a b &\n", b"c\n")


def speaks(protocol: str, *answers: bytes) -> Handler:
    """A kubelet that reads the input to its end, sends it back, then says `answers`."""

    async def handler(request: web.Request) -> web.StreamResponse:
        channel = web.WebSocketResponse(protocols=(protocol,))
        await channel.prepare(request)
        if request.query["stdin"] == "true":
            async for message in channel:
                if message.data == b"\xff\x00":
                    break
                await channel.send_bytes(b"\x01" + message.data[1:])
        for answer in answers:
            await channel.send_bytes(answer)
        await channel.close()
        return channel

    return handler


V5, V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"
EXIT_3 = (
    b'\x03{"status":"Failure","reason":"NonZeroExitCode","message":"command terminated",'
    b'"details":{"causes":[{"reason":"ExitCode","message":"3"}]}}'
)


async def test_the_end_of_input_is_sent_and_the_exit_code_read() -> None:
    async with (
        rigged(speaks(V5, b"\x02problem", EXIT_3)) as server,
        KubeClient(server.access()) as client,
    ):
        ran = await execute(
            client, "p", ["cat", "-"], namespace="n", container="c", stdin=b"x" * 100_000
        )
    assert (ran.exit_code, ran.stdout, ran.stderr) == (3, b"x" * 100_000, b"problem")
    query = server.seen[0].query
    assert query.getall("command") == ["cat", "-"]
    assert query["container"] == "c"


async def test_an_older_server_runs_commands_without_input_only() -> None:
    done = b'\x03{"status":"Success"}'
    async with rigged(speaks(V4, done)) as server, KubeClient(server.access()) as client:
        assert (await execute(client, "p", ["true"], namespace="n")).exit_code == 0
        with pytest.raises(UnsupportedError, match="end the input"):
            await execute(client, "p", ["cat"], namespace="n", stdin=b"x")


async def test_a_connection_that_ends_without_an_exit_code_is_no_success() -> None:
    async with rigged(speaks(V5, b"\x01half")) as server, KubeClient(server.access()) as client:
        with pytest.raises(UnavailableError, match="broke off"):
            await execute(client, "p", ["true"], namespace="n")


async def test_a_command_that_cannot_run_says_why(second_client: KubeClient, pod: str) -> None:
    with pytest.raises(OperationFailedError) as caught:
        await execute(second_client, pod, ["/no/such/program"], namespace="default")
    assert "no/such/program" in caught.value.cause
    with pytest.raises(DeadlineError):
        await execute(second_client, pod, ["sleep", "5"], namespace="default", timeout_s=1)
    with pytest.raises(LimitError):
        await execute(second_client, pod, ["seq", "100000"], namespace="default", max_bytes=1_000)
    with pytest.raises(MesheryError):
        await execute(second_client, "none", ["true"], namespace="default")


async def test_a_port_of_a_pod_answers_here(second_client: KubeClient, pod: str) -> None:
    async with port_forward(second_client, pod, 8080, namespace="default") as forward:

        async def talk(text: bytes) -> bytes:
            reader, writer = await asyncio.open_connection(forward.host, forward.port)
            try:
                writer.write(text)
                return await reader.readexactly(len(text))
            finally:
                writer.close()
                await writer.wait_closed()

        async with asyncio.timeout(30):
            assert await talk(b"hello") == b"HELLO"
            many = await asyncio.gather(*(talk(bytes([97 + n]) * 200_000) for n in range(5)))
        assert many == [bytes([65 + n]) * 200_000 for n in range(5)]
        assert forward.problem == ""
        address = (forward.host, forward.port)
    with pytest.raises(OSError, match=r"."):
        await asyncio.open_connection(*address)


async def test_a_port_where_nobody_listens_closes_and_says_why(
    second_client: KubeClient, pod: str
) -> None:
    async with port_forward(second_client, pod, 9, namespace="default") as forward:
        reader, writer = await asyncio.open_connection(forward.host, forward.port)
        async with asyncio.timeout(20):
            assert await reader.read() == b""
        writer.close()
        assert "refused" in forward.problem
        with pytest.raises(ConflictError):
            async with port_forward(
                second_client, pod, 9, namespace="default", local_port=forward.port
            ):
                pass


async def test_a_pod_that_does_not_run_is_not_forwarded() -> None:
    pending = {"metadata": {"name": "web"}, "status": {"phase": "Pending"}}
    async with rigged(says(200, pending)) as server, KubeClient(server.access()) as client:
        with pytest.raises(UnavailableError, match="does not run"):
            async with port_forward(client, "web", 80, namespace="default"):
                pass
