"""The supervisor's socket: who may connect, and which request does what."""

import asyncio
import contextlib
import os
import socket
import struct
import sys
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from meshery.core.errors import InvalidInputError, MesheryError
from meshery.processes.protocol import (
    Done,
    Failed,
    Happened,
    Hello,
    List,
    Request,
    Signal,
    Start,
    Stop,
    StopGroup,
    Watch,
    encode,
    read_request,
)
from meshery.processes.supervisor import Supervisor

_REQUEST_S = 10.0
_GONE = (ConnectionError, asyncio.IncompleteReadError)


@asynccontextmanager
async def listening(supervisor: Supervisor, path: Path) -> AsyncIterator[None]:
    """Answer on the Unix socket `path` (0600); at the end nobody is connected and it is gone."""
    _remove(path)
    handlers: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(_serve(supervisor, reader, writer))
        handlers.add(task)
        task.add_done_callback(handlers.discard)

    before = os.umask(0o177)
    try:
        server = await asyncio.start_unix_server(connected, path)
    finally:
        os.umask(before)
    try:
        yield
    finally:
        server.close()
        for task in tuple(handlers):
            task.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)
        await server.wait_closed()
        _remove(path)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


async def _serve(
    supervisor: Supervisor, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """One connection: greet, take one request, answer it."""
    try:
        if not _is_own_user(writer):
            return
        writer.write(encode(Hello(supervisor.epoch, os.getpid())))
        async with asyncio.timeout(_REQUEST_S):
            request = await read_request(reader)
        if isinstance(request, Watch):
            await _stream(supervisor, request, reader, writer)
        else:
            writer.write(encode(await _answer(supervisor, request)))
            await writer.drain()
    except (*_GONE, TimeoutError):
        pass  # whoever asked is gone, or never asked
    except msgspec.MsgspecError as error:
        nonsense = InvalidInputError("the request cannot be read", cause=str(error))
        writer.write(encode(Failed(nonsense.as_dict())))
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _answer(supervisor: Supervisor, request: Request) -> Done | Failed:
    try:
        return await _do(supervisor, request)
    except MesheryError as error:
        return Failed(error.as_dict())
    except Exception as error:  # noqa: BLE001 - the edge: one request must not end the others
        traceback.print_exc()
        fault = MesheryError(
            "the supervisor failed",
            cause=f"{type(error).__name__}: {error}",
            remedy="see logs/supervisor.log in Meshery's home",
        )
        return Failed(fault.as_dict())


async def _do(supervisor: Supervisor, request: Request) -> Done:
    match request:
        case Start(spec):
            return Done([await supervisor.start(spec)])
        case Stop(name, grace_s):
            return Done(count=int(await supervisor.stop(name, grace_s=grace_s)))
        case StopGroup(prefix):
            return Done(count=await supervisor.stop_group(prefix))
        case List(prefix):
            return Done(supervisor.list(prefix))
        case Signal(name, number):
            supervisor.signal(name, number)
    return Done()


async def _stream(
    supervisor: Supervisor,
    watch: Watch,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """Send events until the client hangs up."""

    async def send() -> None:
        async for event in supervisor.ring.follow(
            prefix=watch.prefix, epoch=watch.epoch, after=watch.after
        ):
            writer.write(encode(Happened(event)))
            await writer.drain()

    sending = asyncio.create_task(send())
    hanging_up = asyncio.create_task(reader.read(1))
    try:
        await asyncio.wait((sending, hanging_up), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (sending, hanging_up):
            task.cancel()
        await asyncio.gather(sending, hanging_up, return_exceptions=True)


def _is_own_user(writer: asyncio.StreamWriter) -> bool:
    """The socket's mode keeps others out; on Linux the kernel is asked once more."""
    if sys.platform != "linux":
        return True
    connection: socket.socket = writer.get_extra_info("socket")
    form = struct.Struct("3i")
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, form.size)
    _, user, _ = form.unpack(raw)
    return user in {0, os.getuid()}
