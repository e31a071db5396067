"""`terminal`: a command in a container, spoken with while it runs, as `kubectl exec -it` does.

One WebSocket whose messages begin with their channel (see `kube/streams.py`). On a terminal the
container's standard error comes with its standard output.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp

from meshery.kube.client import KubeClient
from meshery.kube.errors import status_of
from meshery.kube.streams import PODS, PROTOCOLS, exit_code, messages

_STDIN, _STDOUT, _STATUS = 0, 1, 3
_CHUNK = 32_768


class Terminal:
    """An open one. `exit_code` is the command's once `output` has ended, None when it broke off."""

    def __init__(
        self, client: KubeClient, socket: aiohttp.ClientWebSocketResponse, pod: str
    ) -> None:
        self.exit_code: int | None = None
        self._client = client
        self._socket = socket
        self._pod = pod

    async def write(self, data: bytes) -> None:
        """Type something; a line ends with a newline."""
        for start in range(0, len(data), _CHUNK):
            await self._socket.send_bytes(bytes([_STDIN]) + data[start : start + _CHUNK])

    async def output(self) -> AsyncIterator[bytes]:
        """What it prints, until it ends. OperationFailedError when it could not be started."""
        async for channel, data in messages(self._client, self._socket):
            if channel == _STATUS:
                self.exit_code = exit_code(status_of(data), self._pod)
                return
            if channel == _STDOUT and data:
                yield data


@asynccontextmanager
async def terminal(
    client: KubeClient,
    pod: str,
    command: Sequence[str],
    *,
    namespace: str,
    container: str = "",
) -> AsyncIterator[Terminal]:
    """Run a command on a terminal while the context is open; leaving it hangs up.

    NotFoundError without such a pod, ForbiddenError where `pods/exec` may not be created.
    """
    query = [("command", word) for word in command]
    query += [("stdin", "true"), ("stdout", "true"), ("tty", "true")]
    query += [("container", container)] if container else []
    path = PODS.path(namespace=namespace, name=pod, subresource="exec")
    async with client.websocket(path, query=query, protocols=PROTOCOLS) as socket:
        yield Terminal(client, socket, pod)
