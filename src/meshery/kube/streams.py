"""Logs of containers, and commands run in them.

Commands go over a WebSocket in which each message begins with its channel (`v5.channel.k8s.io`;
kubernetes.io/docs/reference/using-api/api-concepts/#streaming, KEP-4006).
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp
import msgspec

from meshery.core.errors import (
    DeadlineError,
    LimitError,
    OperationFailedError,
    UnavailableError,
    UnsupportedError,
)
from meshery.kube.client import KubeClient
from meshery.kube.errors import Status, status_of, unreachable
from meshery.kube.resource import Resource

PODS = Resource(group="", version="v1", kind="Pod", plural="pods", namespaced=True)
_STDIN, _STDOUT, _STDERR, _STATUS, _CLOSE = 0, 1, 2, 3, 255
_WITH_CLOSE, _WITHOUT = "v5.channel.k8s.io", "v4.channel.k8s.io"
PROTOCOLS = (_WITH_CLOSE, _WITHOUT)
"""Ways of speaking with a command, the better first."""
_CHUNK = 32_768


class Ran(msgspec.Struct, frozen=True):
    """A command that ended."""

    exit_code: int
    stdout: bytes
    stderr: bytes


@asynccontextmanager
async def logs(
    client: KubeClient,
    pod: str,
    *,
    namespace: str,
    container: str = "",
    follow: bool = False,
    previous: bool = False,
    tail_lines: int | None = None,
    since_s: int | None = None,
    timestamps: bool = False,
) -> AsyncIterator[AsyncIterator[bytes]]:
    """The lines of a container's log; with `follow`, those to come as well.

    `previous` asks for the run before the last restart, `timestamps` for the time before each line
    (RFC 3339). NotFoundError without such a pod, InvalidInputError when the container must be named
    or has no log.
    """
    options: dict[str, object] = {
        "container": container or None,
        "follow": "true" if follow else None,
        "previous": "true" if previous else None,
        "tailLines": tail_lines,
        "sinceSeconds": since_s,
        "timestamps": "true" if timestamps else None,
    }
    query = [(name, str(value)) for name, value in options.items() if value is not None]
    path = PODS.path(namespace=namespace, name=pod, subresource="log")
    async with client.lines(path, query=query) as lines:
        yield lines


async def execute(
    client: KubeClient,
    pod: str,
    command: Sequence[str],
    *,
    namespace: str,
    container: str = "",
    stdin: bytes = b"",
    timeout_s: float = 60.0,
    max_bytes: int = 16_777_216,
) -> Ran:
    """Run a command in a container to its end, whatever its exit code.

    OperationFailedError when it cannot be started, DeadlineError after `timeout_s` (the command
    may run on), LimitError when it prints more than `max_bytes`.
    """
    query = [("command", word) for word in command]
    query += [("stdout", "true"), ("stderr", "true"), ("stdin", str(bool(stdin)).lower())]
    query += [("container", container)] if container else []
    path = PODS.path(namespace=namespace, name=pod, subresource="exec")
    try:
        async with (
            asyncio.timeout(timeout_s),
            client.websocket(path, query=query, protocols=PROTOCOLS) as socket,
        ):
            return await _run(client, socket, pod, stdin=stdin, max_bytes=max_bytes)
    except TimeoutError as error:
        raise DeadlineError(
            f"the command in pod {pod} did not end within {timeout_s:g} s",
            cause=" ".join(command)[:200],
            remedy="allow more time; the command may still run",
            code="meshery.kube.exec_deadline",
        ) from error


async def _run(
    client: KubeClient,
    socket: aiohttp.ClientWebSocketResponse,
    pod: str,
    *,
    stdin: bytes,
    max_bytes: int,
) -> Ran:
    if stdin and socket.protocol != _WITH_CLOSE:
        raise UnsupportedError(
            "this cluster cannot end the input of a command",
            cause=f"it speaks {socket.protocol}, not {_WITH_CLOSE}",
            remedy="upgrade the API server to 1.30 or newer, or run the command without input",
        )
    writing = asyncio.create_task(_feed(socket, stdin), name="stdin")
    try:
        printed, status = await _collect(client, socket, max_bytes=max_bytes)
    finally:
        # A command may end, or break off, without having read all of its input.
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
    if status is None:
        raise UnavailableError(
            f"the command in pod {pod} broke off",
            cause="the connection ended before its exit code came",
            remedy="see whether the pod and its node still run",
            code="meshery.kube.exec_broken",
        )
    return Ran(exit_code(status, pod), bytes(printed[_STDOUT]), bytes(printed[_STDERR]))


async def _feed(socket: aiohttp.ClientWebSocketResponse, stdin: bytes) -> None:
    if not stdin:
        return
    for start in range(0, len(stdin), _CHUNK):
        await socket.send_bytes(bytes([_STDIN]) + stdin[start : start + _CHUNK])
    await socket.send_bytes(bytes([_CLOSE, _STDIN]))


async def _collect(
    client: KubeClient, socket: aiohttp.ClientWebSocketResponse, *, max_bytes: int
) -> tuple[dict[int, bytearray], Status | None]:
    printed = {_STDOUT: bytearray(), _STDERR: bytearray()}
    async for channel, data in messages(client, socket):
        if channel == _STATUS:
            return printed, status_of(data)
        if channel in printed:
            printed[channel] += data
        if sum(len(part) for part in printed.values()) > max_bytes:
            raise LimitError(
                f"the command printed more than {max_bytes} bytes",
                remedy="have it print less",
                code="meshery.kube.exec_size",
            )
    return printed, None


async def messages(
    client: KubeClient, socket: aiohttp.ClientWebSocketResponse
) -> AsyncIterator[tuple[int, bytes]]:
    """Channel and content of each message; UnavailableError when the connection breaks."""
    async for message in socket:
        if message.type is aiohttp.WSMsgType.ERROR:
            broken = socket.exception() or OSError("the connection broke")
            raise unreachable(client.access.server, broken) from broken
        if message.type is aiohttp.WSMsgType.BINARY and message.data:
            yield message.data[0], message.data[1:]


def exit_code(status: Status, pod: str) -> int:
    """A command's exit code. OperationFailedError when it could not be run."""
    if status.reason == "NonZeroExitCode":
        codes = [cause.message for cause in status.causes if cause.reason == "ExitCode"]
        if codes and codes[0].isdecimal():
            return int(codes[0])
    # A success says nothing but "Success".
    if status.reason or status.message:
        raise OperationFailedError(
            f"the command could not be run in pod {pod}",
            cause=status.message or status.reason,
            remedy="check the command's name and that the container runs",
            code="meshery.kube.exec_refused",
        )
    return 0
