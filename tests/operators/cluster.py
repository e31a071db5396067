"""The operator in a cluster whose pods are real processes, and what is asked of them."""

import base64
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import nats
import nats.errors
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import StreamConfig, StreamInfo
from nats.js.errors import APIError

from fixtures.http import NO_TLS
from fixtures.kube import KubeNamespace, kubectl
from fixtures.node import Node, Pod, node
from fixtures.waiting import until
from meshery.kube.local.control_plane import ControlPlane
from meshery.operator.manifests import folder
from operators.objects import conditions, message

READY = ("True", "ReconciliationSuccessful")


class Cluster:
    """The namespace of the operator, and the node that runs its pods."""

    def __init__(self, plane: ControlPlane, made: Node) -> None:
        self.plane = plane
        self.node = made
        self.namespace = KubeNamespace(plane, "meshery")

    async def ready(self, *, timeout_s: float = 90) -> None:
        """Broker and watcher are as asked for, at their present generation."""
        for kind, name in (("broker", "meshery-broker"), ("meshsync", "meshery-meshsync")):
            await until(
                lambda kind=kind, name=name: self._is_ready(kind, name),  # type: ignore[misc]
                timeout_s=timeout_s,
                what=f"{kind} Ready",
            )

    async def not_ready(self, kind: str, name: str) -> str:
        """Why it is not ready any more."""
        said = ""

        async def is_not() -> bool:
            nonlocal said
            found = await self.namespace.get(kind, name)
            said = message(found)
            return conditions(found)["Ready"][0] == "False"

        await until(is_not, timeout_s=40, what=f"{kind} not Ready")
        return said

    async def _is_ready(self, kind: str, name: str) -> bool:
        found = await self.namespace.get(kind, name)
        listed = (found.get("status") or {}).get("conditions") or ()
        now = found["metadata"]["generation"]
        is_now = all(each["observedGeneration"] == now for each in listed)
        return bool(listed) and is_now and conditions(found).get("Ready") == READY

    def pod(self, prefix: str) -> Pod:
        return self.node.find(prefix)[0]

    async def service(self, name: str) -> str:
        found = await self.namespace.get("service", name)
        address: str = found["spec"]["clusterIP"]
        return address

    async def monitor(self, path: str, *, at: str = "") -> Any:
        address = at or await self.service("meshery-nats")
        async with httpx2.AsyncClient(trust_env=False, timeout=5, verify=NO_TLS) as http:
            return (await http.get(f"http://{address}:8222/{path}")).json()

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        """A NATS client as the Secret says, at the endpoint of the status.

        With TLS it is any that knows the authority alone: the address is in the certificate.
        """
        secret = await self.namespace.get("secret", "meshery-nats-auth")
        held = {key: base64.b64decode(text).decode() for key, text in secret["data"].items()}
        found = await self.namespace.get("broker", "meshery-broker")
        opened = await nats.connect(
            f"nats://{found['status']['endpoint']['internal']}",
            token=held["token"],
            tls=ssl.create_default_context(cadata=held["ca.crt"]) if "ca.crt" in held else None,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.2,
        )
        try:
            yield opened
        finally:
            await opened.close()


@asynccontextmanager
async def operating(plane: ControlPlane, root: Path) -> AsyncIterator[Cluster]:
    """The operator's manifests are applied, its pods run; nothing is left afterwards."""
    await kubectl(plane, "apply", "-f", str(folder()))
    try:
        async with node(plane, root, "meshery") as made:
            opened = Cluster(plane, made)
            await until(lambda: _runs(made, "meshery-operator"), timeout_s=40, what="the operator")
            yield opened
            everything = ("delete", "meshsyncs,brokers", "--all", "--all-namespaces")
            await kubectl(plane, *everything, "--timeout=50s")
    finally:
        await kubectl(plane, "delete", "--ignore-not-found", "--timeout=50s", "-f", str(folder()))


async def _runs(made: Node, prefix: str) -> bool:
    return any(pod.is_running for pod in made.find(prefix))


async def made_stream(stream: JetStreamContext, config: StreamConfig) -> StreamInfo:
    """A stream that is made, and again while its servers choose a leader: it is the same one."""
    return await _answered(lambda: stream.add_stream(config), f"the stream {config.name}")


async def state_of(stream: JetStreamContext, name: str) -> StreamInfo:
    """How a stream is; asked again while its servers choose a new leader."""
    return await _answered(lambda: stream.stream_info(name), f"an answer about {name}")


async def _answered(ask: Callable[[], Awaitable[StreamInfo]], what: str) -> StreamInfo:
    found: list[StreamInfo] = []

    async def answers() -> bool:
        with suppress(nats.errors.Error, APIError, OSError):
            found.append(await ask())
        return bool(found)

    await until(answers, timeout_s=40, what=what)
    return found[0]
