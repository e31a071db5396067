"""Calls to one adapter: its channel, metadata, time limits, and errors of the one tree."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Any, Self

import grpc
import grpc.aio
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import DecodeError

from meshery.adapters.faults import error_of, garbled
from meshery.adapters.rpc import OPTIONS, callable_of
from meshery.adapters.security import ClientSecurity
from meshery.core.errors import UnavailableError

CALL_TIMEOUT_S = 15.0
"""How long a call that answers once may take."""

_TAKEN_S = 0.5

_OPTIONS = (
    *OPTIONS,
    ("grpc.enable_http_proxy", 0),  # an adapter is in our own network
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 5_000),
)


class Channel:
    """A channel to the adapter at `address` (`host:port`); it connects when first used."""

    def __init__(
        self,
        address: str,
        service: ServiceDescriptor,
        *,
        security: ClientSecurity | None = None,
        timeout_s: float = CALL_TIMEOUT_S,
    ) -> None:
        self.address = address
        self.security = security or ClientSecurity()
        self._service = service
        self._timeout_s = timeout_s
        self._channel: Any = None

    async def __aenter__(self) -> Self:
        self._channel = self.security.channel(self.address, _OPTIONS)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._channel.close()

    async def ask(self, method: str, request: Any, *, timeout_s: float | None = None) -> Any:
        """Call a method that answers once. Any error of the tree; `timeout_s` for another limit."""
        call, answer = callable_of(self._channel, self._service, method)
        try:
            raw = await call(
                request,
                metadata=self.security.metadata(),
                timeout=timeout_s or self._timeout_s,
            )
        except grpc.aio.AioRpcError as error:
            raise error_of(error, address=self.address) from error
        return self._message(answer, raw)

    async def stream(
        self,
        method: str,
        request: Any,
        *,
        silence_s: float | None = None,
        begun: Callable[[], Awaitable[Any]] | None = None,
    ) -> AsyncIterator[Any]:
        """Call a method that streams; its messages. `begun` is awaited when the call is out.

        UnavailableError when nothing came for `silence_s`; else any error of the tree. Whoever
        stops reading ends the call.
        """
        make, answer = callable_of(self._channel, self._service, method)
        call = make(request, metadata=self.security.metadata())
        try:
            if begun is not None:
                await self._is_out(call)
                await begun()
            while (raw := await self._next(call, silence_s)) is not grpc.aio.EOF:
                yield self._message(answer, raw)
        except grpc.aio.AioRpcError as error:
            raise error_of(error, address=self.address) from error
        finally:
            call.cancel()

    @staticmethod
    async def _is_out(call: Any) -> None:
        """Until the other end has taken the call, or for a moment.

        The original's adapters say so only with their first message.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_TAKEN_S):
                await call.initial_metadata()

    async def _next(self, call: Any, silence_s: float | None) -> Any:
        try:
            async with asyncio.timeout(silence_s):
                return await call.read()
        except TimeoutError as error:
            raise UnavailableError(
                f"the adapter at {self.address} fell silent",
                cause=f"nothing came for {silence_s:g} s, not even a heartbeat",
                remedy="see whether it hangs; the operation can go on after its last step",
                code="meshery.adapter.silent",
            ) from error

    def _message(self, kind: Any, raw: bytes) -> Any:
        try:
            return kind.FromString(raw)
        except DecodeError as error:
            raise garbled(self.address, str(error)) from error
