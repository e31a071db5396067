"""A gRPC server that sends back every message of every method, and the caller's metadata.

The methods need no definition: whatever is called, `/package.Service/Method`, unary or streaming,
each message comes back as it is. The metadata of a call comes back as initial metadata, beside
`x-served-by` and `x-version`. Imported only where a gRPC port is asked for: it takes a while.
"""

from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio

_GRACE_S = 2.0
_MOST_AT_ONCE = 1_000
_RESERVED = ("grpc-", ":")
_OWN = frozenset({"user-agent", "te", "content-type"})

Metadata = tuple[tuple[str, str | bytes], ...]


class RpcEcho(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpcio has no types
    """Handles every method of every service."""

    def __init__(self, marks: Metadata) -> None:
        self._marks = marks
        # On the wire a unary call is a stream of one message, so this one handler serves all.
        self._handler = grpc.stream_stream_rpc_method_handler(self._echo)

    def service(self, handler_call_details: Any) -> Any:
        """The handler of a call, the same for all."""
        del handler_call_details
        return self._handler

    async def _echo(self, messages: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        given = tuple(
            (key, value)
            for key, value in context.invocation_metadata()
            if key not in _OWN and not key.startswith(_RESERVED)
        )
        await context.send_initial_metadata((*given, *self._marks))
        async for message in messages:
            yield message


class RpcServer:
    """The server on its port; `start` raises OSError when that is taken."""

    def __init__(self, host: str, port: int, *, marks: Metadata) -> None:
        self._address = f"{host}:{port}"
        self._marks = marks
        self._server: Any = None

    async def start(self) -> None:
        """Listen and serve."""
        # Without this option two processes would share a port in silence.
        self._server = grpc.aio.server(
            handlers=(RpcEcho(self._marks),),
            options=(("grpc.so_reuseport", 0),),
            maximum_concurrent_rpcs=_MOST_AT_ONCE,
        )
        try:
            self._server.add_insecure_port(self._address)
        except RuntimeError as error:
            raise OSError(str(error)) from error
        await self._server.start()

    async def stop(self) -> None:
        """Take no more calls, and let those that run end, within the grace."""
        if self._server is not None:
            await self._server.stop(_GRACE_S)
