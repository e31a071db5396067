"""Port-forward: a local address at which a port of a pod answers.

Each local connection is one WebSocket to the API server (`v4.channel.k8s.io`, one pair of channels
for one port), which the kubelet joins to the pod. That protocol cannot tell one end that the other
has nothing more to say; so an end of input is waited out, not passed on.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from meshery.core.errors import ConflictError, MesheryError, UnavailableError
from meshery.kube.apply import get
from meshery.kube.client import KubeClient
from meshery.kube.readiness import readiness
from meshery.kube.streams import PODS, messages

_DATA, _ERROR = 0, 1
_PROTOCOL = "v4.channel.k8s.io"
_CHUNK = 32_768
LINGER_S = 10.0
"""How long the pod may go on answering after the local end has said all."""


class Forward:
    """An open forward: where to connect, and what went wrong last (empty: nothing)."""

    def __init__(self, client: KubeClient, pod: str, port: int, *, namespace: str) -> None:
        self._client = client
        self._path = PODS.path(namespace=namespace, name=pod, subresource="portforward")
        self._remote = port
        self._tasks: set[asyncio.Task[None]] = set()
        self.host = "127.0.0.1"
        self.port = 0
        self.problem = ""

    async def listen(self, port: int) -> asyncio.Server:
        """Listen on loopback; ConflictError when the port is taken."""
        try:
            server = await asyncio.start_server(self._accept, self.host, port)
        except OSError as error:
            raise ConflictError(
                f"cannot listen on {self.host}:{port}",
                cause=str(error.strerror),
                remedy="choose another port, or 0 for a free one",
                code="meshery.kube.port",
            ) from error
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def close(self) -> None:
        """End every connection."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._join(reader, writer), name=f"forward {self._path}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: writer.close())  # it may be cancelled before it began

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        query = [("ports", str(self._remote))]
        try:
            async with self._client.websocket(
                self._path, query=query, protocols=(_PROTOCOL,)
            ) as socket:
                await self._pump(reader, writer, socket)
        except MesheryError as error:
            # There is nobody to raise it to: the local connection closes, the reason is kept.
            self.problem = error.what
        except OSError as error:
            self.problem = str(error)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        socket: aiohttp.ClientWebSocketResponse,
    ) -> None:
        sending = asyncio.create_task(_send(reader, socket), name="to the pod")
        receiving = asyncio.create_task(self._receive(writer, socket), name="from the pod")
        try:
            await asyncio.wait({sending, receiving}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done() and not receiving.done():
                await asyncio.wait({receiving}, timeout=LINGER_S)
        finally:
            sending.cancel()
            receiving.cancel()
            results = await asyncio.gather(sending, receiving, return_exceptions=True)
        for result in results:
            if isinstance(result, MesheryError | OSError):
                raise result

    async def _receive(
        self, writer: asyncio.StreamWriter, socket: aiohttp.ClientWebSocketResponse
    ) -> None:
        # Each channel begins with the number of its port, in two bytes.
        begun: set[int] = set()
        async for channel, data in messages(self._client, socket):
            if channel not in begun:
                begun.add(channel)
            elif channel == _DATA:
                writer.write(data)
                await writer.drain()
            elif channel == _ERROR:
                self.problem = data.decode("utf-8", "replace").strip()
                return


async def _send(reader: asyncio.StreamReader, socket: aiohttp.ClientWebSocketResponse) -> None:
    while chunk := await reader.read(_CHUNK):
        await socket.send_bytes(bytes([_DATA]) + chunk)


@asynccontextmanager
async def port_forward(
    client: KubeClient, pod: str, port: int, *, namespace: str, local_port: int = 0
) -> AsyncIterator[Forward]:
    """While the context is open, `host:port` of the forward reaches `port` of the pod.

    NotFoundError without such a pod, UnavailableError when it does not run, ConflictError when
    `local_port` is taken (0 takes a free one).
    """
    found = (await get(client, PODS, pod, namespace=namespace)).document()
    if (found.get("status") or {}).get("phase") != "Running":
        raise UnavailableError(
            f"pod {pod} does not run",
            cause=readiness(found).reason or "it has ended",
            remedy="wait until it is ready, or choose another pod",
            code="meshery.kube.pod",
        )
    forward = Forward(client, pod, port, namespace=namespace)
    server = await forward.listen(local_port)
    try:
        yield forward
    finally:
        server.close()
        await forward.close()
        await server.wait_closed()
