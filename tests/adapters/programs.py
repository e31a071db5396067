"""Adapters that are not ours: one as the original's are, quirks included, and rigged ones."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
from google.protobuf import message_factory

from adapters.original import message, pool

Behave = Callable[[Any, Any], Any]


@asynccontextmanager
async def listening(
    service: str, methods: dict[str, tuple[Any, Any]]
) -> AsyncIterator[tuple[str, Any]]:
    """A server of raw handlers: method to (handler, whether it streams); its address and itself."""

    def handler(behave: Any, is_stream: bool) -> Any:
        make = (
            grpc.unary_stream_rpc_method_handler
            if is_stream
            else grpc.unary_unary_rpc_method_handler
        )
        return make(behave)

    server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
    handlers = {name: handler(*given) for name, given in methods.items()}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}", server
    finally:
        await server.stop(None)


class Original:
    """An adapter as the original's library makes it.

    Ten events wait for a listener, half a second lies between two of them, versions are empty, and
    whoever listens too late has missed it. `is_old` lacks ComponentInfo and the later fields.
    """

    PAUSE_S = 0.5

    def __init__(self, *, is_old: bool = False) -> None:
        self.is_old = is_old
        self.orders: list[Any] = []
        self.oam: list[Any] = []
        self._listeners: list[asyncio.Queue[Any]] = []

    def methods(self) -> dict[str, tuple[Any, Any]]:
        known = {
            "MeshName": (self._wrap("MeshNameRequest", self._name), False),
            "MeshVersions": (self._wrap("MeshVersionsRequest", self._versions), False),
            "SupportedOperations": (
                self._wrap("SupportedOperationsRequest", self._operations),
                False,
            ),
            "ApplyOperation": (self._wrap("ApplyRuleRequest", self._apply), False),
            "ProcessOAM": (self._wrap("ProcessOAMRequest", self._process), False),
            "StreamEvents": (self._events, True),
        }
        if not self.is_old:
            known["ComponentInfo"] = (self._wrap("ComponentInfoRequest", self._info), False)
        return known

    def say(self, **fields: Any) -> None:
        if self.is_old:
            fields = {
                name: value
                for name, value in fields.items()
                if name in {"event_type", "summary", "details", "operation_id"}
            }
        for queue in self._listeners:
            queue.put_nowait(message("EventsResponse", **fields).SerializeToString())

    def _wrap(self, request: str, behave: Behave) -> Any:
        kind = message_factory.GetMessageClass(pool().FindMessageTypeByName(f"meshes.{request}"))

        async def call(raw: bytes, context: Any) -> bytes:
            made: bytes = behave(kind.FromString(raw), context).SerializeToString()
            return made

        return call

    def _name(self, *_: Any) -> Any:
        return message("MeshNameResponse", name="ISTIO")

    def _versions(self, *_: Any) -> Any:
        return message("MeshVersionsResponse")

    def _info(self, *_: Any) -> Any:
        return message(
            "ComponentInfoResponse", type="adapter", name="ISTIO", version="edge", git_sha="none"
        )

    def _operations(self, *_: Any) -> Any:
        told = [
            message("SupportedOperation", key="custom", value="Custom YAML", category=4),
            message("SupportedOperation", key="istio", value="Istio Service Mesh"),
            message("SupportedOperation", key="odd", value="Of tomorrow", category=9),
        ]
        return message("SupportedOperationsResponse", ops=told, error="none")

    def _apply(self, request: Any, _context: Any) -> Any:
        self.orders.append(request)
        if request.opName == "consul-way":  # only Consul's refuses at once
            return message("ApplyRuleResponse", error="invalid operation")
        loop = asyncio.get_running_loop()
        loop.call_later(0.05, self._end, request)
        return message("ApplyRuleResponse", operation_id=request.operation_id)

    def _end(self, request: Any) -> None:
        self.say(summary="of another", details="", operation_id="another")
        if request.opName == "istio":
            self.say(event_type=1, summary="careful", operation_id=request.operation_id)
            self.say(
                summary="Istio service mesh installed successfully",
                details="The Istio service mesh is now installed.",
                operation_id=request.operation_id,
                component="adapter",
                component_name="ISTIO",
            )
        else:
            self.say(
                event_type=2,
                summary="deploying",
                details="Operation is not supported",
                operation_id=request.operation_id,
                probable_cause="unknown",
            )

    def _process(self, request: Any, _context: Any) -> Any:
        self.oam.append(request)
        return message("ProcessOAMResponse", message="one\ntwo")

    async def _events(self, _request: bytes, _context: Any) -> AsyncIterator[bytes]:
        queue: asyncio.Queue[bytes] = asyncio.Queue(10)
        self._listeners.append(queue)
        while True:
            yield await queue.get()
            await asyncio.sleep(self.PAUSE_S)
