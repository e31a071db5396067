"""Logs, commands and ports of a pod, through the real API server to a kubelet that kwok plays."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
import yaml
from aiohttp import web

from kube.conftest import client_of
from kube.rigged import Handler, authority, rigged, says
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
from meshery.kube.apply import apply
from meshery.kube.client import KubeClient
from meshery.kube.local.binaries import KWOK
from meshery.kube.local.components import STAGES
from meshery.kube.local.control_plane import ControlPlane
from meshery.kube.portforward import port_forward
from meshery.kube.readiness import wait_ready
from meshery.kube.resource import Resource
from meshery.kube.streams import PODS, execute, logs

NODES = Resource(group="", version="v1", kind="Node", plural="nodes", namespaced=False)
ACCOUNTS = Resource(
    group="", version="v1", kind="ServiceAccount", plural="serviceaccounts", namespaced=True
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def targets(folder: Path, echo_port: int) -> list[dict[str, object]]:
    """What kwok does for every pod: commands run here, ports lead to an echo, logs are a file."""
    log = folder / "web.log"
    stamp = "2026-01-01T00:00:00.000000000Z stdout F"
    log.write_text("".join(f"{stamp} line {number}\n" for number in range(3)))
    listens = {"ports": [8080], "target": {"address": "127.0.0.1", "port": echo_port}}
    refuses = {"ports": [9], "target": {"address": "127.0.0.1", "port": 1}}

    def rule(kind: str, spec: dict[str, object]) -> dict[str, object]:
        return {
            "apiVersion": "kwok.x-k8s.io/v1alpha1",
            "kind": kind,
            "metadata": {"name": "all"},
            "spec": spec,
        }

    return [
        rule("ClusterExec", {"execs": [{"local": {"workDir": str(folder)}}]}),
        rule("ClusterPortForward", {"forwards": [listens, refuses]}),
        rule("ClusterLogs", {"logs": [{"logsFile": str(log)}]}),
    ]


@asynccontextmanager
async def kubelet(plane: ControlPlane, folder: Path, echo_port: int) -> AsyncIterator[int]:
    """kwok as the kubelet of every node; the port of its server for logs, commands and ports."""
    certificate, key = authority().issue("kubelet")
    (folder / "kubelet.crt").write_text(certificate)
    (folder / "kubelet.key").write_text(key)
    (folder / "targets.yaml").write_text(yaml.safe_dump_all(targets(folder, echo_port)))
    port = free_port()
    configs = [*sorted(STAGES.glob("*.yaml")), folder / "targets.yaml"]
    with (folder / "kwok.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            str(plane.binaries.path(KWOK)),
            f"--kubeconfig={plane.kubeconfig}",
            "--manage-all-nodes=true",
            "--node-ip=127.0.0.1",
            f"--node-port={port}",
            f"--server-address=127.0.0.1:{port}",
            f"--tls-cert-file={folder / 'kubelet.crt'}",
            f"--tls-private-key-file={folder / 'kubelet.key'}",
            *(f"--config={file}" for file in configs),
            stdout=log,
            stderr=log,
        )
    try:
        yield port
    finally:
        process.terminate()
        await process.wait()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(65_536):
            writer.write(chunk.upper())
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


@pytest.fixture
async def second_client(second_kube: ControlPlane) -> AsyncIterator[KubeClient]:
    async with client_of(second_kube) as opened:
        yield opened


@pytest.fixture
async def pod(
    second_kube: ControlPlane, second_client: KubeClient, tmp_path: Path
) -> AsyncIterator[str]:
    """A running pod `web` in namespace `default`, of a cluster that has no kwok of its own."""
    client, name = second_client, f"web-{uuid4().hex[:6]}"
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    echoes = server.sockets[0].getsockname()[1]
    async with server, kubelet(second_kube, tmp_path, echoes) as port:
        account = {"apiVersion": "v1", "kind": "ServiceAccount"}
        await apply(
            client, ACCOUNTS, {**account, "metadata": {"name": "default", "namespace": "default"}}
        )
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"node-{name}"}}
        await apply(client, NODES, node)
        await wait_ready(client, NODES, f"node-{name}", timeout_s=30)
        status = {
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        }
        await client.patch(
            NODES.path(name=f"node-{name}", subresource="status"),
            msgspec.json.encode({"status": status}),
            content_type="application/merge-patch+json",
        )
        spec = {
            "nodeName": f"node-{name}",
            "containers": [{"name": "main", "image": "example.invalid/web"}],
            "tolerations": [{"operator": "Exists"}],
        }
        metadata = {"name": name, "namespace": "default"}
        document = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
        await apply(client, PODS, document)
        await wait_ready(client, PODS, name, namespace="default", timeout_s=30)
        yield name
        for path in (PODS.path(namespace="default", name=name), NODES.path(name=f"node-{name}")):
            await client.delete(path, query=[("gracePeriodSeconds", "0")])


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
