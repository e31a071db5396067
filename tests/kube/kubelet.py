"""A kubelet that kwok plays, whose logs, commands and ports are real: they lead to this machine."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import msgspec
import yaml

from kube.rigged import authority
from meshery.kube.apply import apply
from meshery.kube.client import KubeClient
from meshery.kube.local.binaries import KWOK
from meshery.kube.local.components import STAGES
from meshery.kube.local.control_plane import ControlPlane
from meshery.kube.readiness import wait_ready
from meshery.kube.resource import Resource
from meshery.kube.streams import PODS

NODES = Resource(group="", version="v1", kind="Node", plural="nodes", namespaced=False)
ACCOUNTS = Resource(
    group="", version="v1", kind="ServiceAccount", plural="serviceaccounts", namespaced=True
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def targets(folder: Path, forwards: Mapping[int, int]) -> list[dict[str, object]]:
    """What kwok does for every pod: commands run here, ports lead to ours, logs are a file."""
    log = folder / "web.log"
    stamp = "2026-01-01T00:00:00.000000000Z stdout F"
    log.write_text("".join(f"{stamp} line {number}\n" for number in range(3)))
    leads = [
        {"ports": [port], "target": {"address": "127.0.0.1", "port": here}}
        for port, here in {**forwards, 9: 1}.items()
    ]

    def rule(kind: str, spec: dict[str, object]) -> dict[str, object]:
        return {
            "apiVersion": "kwok.x-k8s.io/v1alpha1",
            "kind": kind,
            "metadata": {"name": "all"},
            "spec": spec,
        }

    return [
        rule("ClusterExec", {"execs": [{"local": {"workDir": str(folder)}}]}),
        rule("ClusterPortForward", {"forwards": leads}),
        rule("ClusterLogs", {"logs": [{"logsFile": str(log)}]}),
    ]


@asynccontextmanager
async def kubelet(
    plane: ControlPlane, folder: Path, forwards: Mapping[int, int]
) -> AsyncIterator[int]:
    """kwok as the kubelet of every node; the port of its server for logs, commands and ports."""
    certificate, key = authority().issue("kubelet")
    (folder / "kubelet.crt").write_text(certificate)
    (folder / "kubelet.key").write_text(key)
    (folder / "targets.yaml").write_text(yaml.safe_dump_all(targets(folder, forwards)))
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


@asynccontextmanager
async def running_pod(
    plane: ControlPlane,
    client: KubeClient,
    folder: Path,
    *,
    forwards: Mapping[int, int] | None = None,
    **labels: str,
) -> AsyncIterator[str]:
    """A running pod in namespace `default`, of a cluster that has no kwok of its own.

    Its ports lead to an echo at 8080, and to where `forwards` says.
    """
    name = f"web-{uuid4().hex[:6]}"
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    echoes = server.sockets[0].getsockname()[1]
    async with server, kubelet(plane, folder, {8080: echoes, **(forwards or {})}) as port:
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
        metadata = {"name": name, "namespace": "default", "labels": labels}
        document = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
        await apply(client, PODS, document)
        await wait_ready(client, PODS, name, namespace="default", timeout_s=30)
        yield name
        for path in (PODS.path(namespace="default", name=name), NODES.path(name=f"node-{name}")):
            await client.delete(path, query=[("gracePeriodSeconds", "0")])
