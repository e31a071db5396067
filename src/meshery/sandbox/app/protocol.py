"""The server's end of a connection: requests in turn, one send each, bounded in every direction.

Answers that need no waiting are written at once, without a task: a sample application should cost
as little as possible beside the sidecars it shows.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import cast

from meshery.sandbox.app.message import (
    MAX_BODY_BYTES,
    MAX_HEAD_BYTES,
    Head,
    MalformedError,
    Request,
    Response,
    encode,
    parse_head,
    take_chunks,
)

Answer = Response | bytes | Awaitable[Response]
Handler = Callable[[Request], Answer]
"""Bytes are a whole encoded response for a connection that stays open."""

_CHUNK_OVERHEAD = 2
_MAX_BUFFER = MAX_HEAD_BYTES + _CHUNK_OVERHEAD * MAX_BODY_BYTES
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class HttpProtocol(asyncio.Protocol):
    """One connection. `connections` is the set of those that are open."""

    def __init__(self, handler: Handler, connections: "set[HttpProtocol]") -> None:
        self._handler = handler
        self._connections = connections
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._head: Head | None = None
        self._task: asyncio.Task[None] | None = None
        self._may_write = True
        self._is_closing = False
        self.closed = asyncio.get_running_loop().create_future()

    @property
    def is_busy(self) -> bool:
        """Whether a request is being answered."""
        return self._task is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection opened."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by name
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone; nobody waits for the answer."""
        del exc
        self._connections.discard(self)
        self._transport = None
        if not self.closed.done():
            self.closed.set_result(None)
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        """More bytes came."""
        self._buffer = self._buffer + data if self._buffer else data
        if self._task is None and self._may_write:
            self._advance()
        elif len(self._buffer) > _MAX_BUFFER and self._transport is not None:
            self._transport.pause_reading()

    def pause_writing(self) -> None:
        """The peer reads too slowly: answer no more until it catches up."""
        self._may_write = False

    def resume_writing(self) -> None:
        """The peer caught up."""
        self._may_write = True
        if self._task is None:
            self._advance()

    def finish(self) -> None:
        """Close after the answer in progress, or now if there is none."""
        self._is_closing = True
        if self._task is None and self._transport is not None:
            self._transport.close()

    def _advance(self) -> None:
        """Answer requests as long as whole ones are there and none must be waited for."""
        try:
            while self._task is None and self._may_write and self._transport is not None:
                request = self._take_request()
                if request is None:
                    break
                self._answer(request)
        except MalformedError as error:
            body = f"{error}\n".encode()
            self._is_closing = True
            self._write(encode(Response(error.status, body, "text/plain"), keep_alive=False))

    def _take_request(self) -> Request | None:
        if self._head is None:
            end = self._buffer.find(b"\r\n\r\n")
            if end > MAX_HEAD_BYTES or (end < 0 and len(self._buffer) > MAX_HEAD_BYTES):
                raise MalformedError(431, "the headers are too large")
            if end < 0:
                return None
            self._head = parse_head(self._buffer[:end])
            self._buffer = self._buffer[end + 4 :]
            if self._head.expects_continue and self._transport is not None:
                self._transport.write(_CONTINUE)
        head = self._head
        if head.length is None:
            return self._take_chunked(head)
        if len(self._buffer) < head.length:
            return None
        body, self._buffer = self._buffer[: head.length], self._buffer[head.length :]
        self._head = None
        return Request(head, body)

    def _take_chunked(self, head: Head) -> Request | None:
        if len(self._buffer) > _MAX_BUFFER:
            raise MalformedError(413, "the body is too large")
        taken = take_chunks(self._buffer)
        if taken is None:
            return None
        body, used = taken
        self._buffer = self._buffer[used:]
        self._head = None
        return Request(head, body)

    def _answer(self, request: Request) -> None:
        answer = self._handler(request)
        if isinstance(answer, bytes) and request.head.keep_alive and not self._is_closing:
            self._write(answer)
        elif isinstance(answer, Response):
            self._respond(request, answer)
        elif isinstance(answer, bytes):
            self._is_closing = True
            self._write(answer)
        else:
            self._task = asyncio.ensure_future(self._wait(request, answer))

    async def _wait(self, request: Request, answer: Awaitable[Response]) -> None:
        try:
            response = await answer
        except Exception as error:  # noqa: BLE001 - the edge: one request must not end the process
            sys.stderr.write(f"{request.method} {request.head.target}: {error!r}\n")
            response = Response(500, b"the application failed\n", "text/plain")
        finally:
            self._task = None
        self._respond(request, response)
        if self._transport is not None:
            self._transport.resume_reading()
            self._advance()

    def _respond(self, request: Request, response: Response) -> None:
        keep_alive = request.head.keep_alive and not self._is_closing
        self._is_closing = not keep_alive
        head_only = request.method == "HEAD"
        self._write(encode(response, keep_alive=keep_alive, head_only=head_only))

    def _write(self, data: bytes) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        transport.write(data)
        if self._is_closing:
            transport.close()
