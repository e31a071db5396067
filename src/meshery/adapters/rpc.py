"""A service of a .proto file as handlers and as callables, by its descriptor.

Nothing is generated beside the messages: names, types and streaming all stand in the descriptor.
A handler takes a message and the call's context; what it raises becomes a status, and never ends
anything but its own call.
"""

import logging
import traceback
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import grpc
import grpc.aio
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from meshery.adapters.faults import status_of
from meshery.core.errors import InvalidInputError, MesheryError, OperationFailedError

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
"""Schemas of a mesh's kinds are the largest thing that is sent."""

OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
)

Handler = Callable[[Any, Any], Any]

_log = logging.getLogger("meshery.adapters")


def handler_of(service: ServiceDescriptor, methods: Mapping[str, Handler]) -> Any:
    """The handler of a service, made of coroutine functions by method.

    Asynchronous generators for methods that stream. What is not in `methods` is unimplemented.
    """
    handlers = {
        method.name: _method_handler(method, methods[method.name])
        for method in service.methods
        if method.name in methods
    }
    return grpc.method_handlers_generic_handler(service.full_name, handlers)


def callable_of(channel: Any, service: ServiceDescriptor, name: str) -> tuple[Any, Any]:
    """The callable of a method on a channel, and the class of what its bytes come to.

    It takes a message, `metadata` and `timeout`.
    """
    method = service.methods_by_name[name]
    make = channel.unary_stream if method.server_streaming else channel.unary_unary
    call = make(
        f"/{service.full_name}/{name}",
        request_serializer=GetMessageClass(method.input_type).SerializeToString,
    )
    return call, GetMessageClass(method.output_type)


def _method_handler(method: MethodDescriptor, handler: Handler) -> Any:
    make, guard = (
        (grpc.unary_stream_rpc_method_handler, _guarded_stream)
        if method.server_streaming
        else (grpc.unary_unary_rpc_method_handler, _guarded)
    )
    return make(
        guard(method, handler),
        response_serializer=GetMessageClass(method.output_type).SerializeToString,
    )


def _guarded(method: MethodDescriptor, handler: Handler) -> Handler:
    async def call(raw: bytes, context: Any) -> Any:
        try:
            return await handler(_request(method, raw), context)
        except Exception as error:  # noqa: BLE001 - the edge of a call
            await _abort(context, method.full_name, error)

    return call


def _guarded_stream(method: MethodDescriptor, handler: Handler) -> Handler:
    async def call(raw: bytes, context: Any) -> AsyncIterator[Any]:
        try:
            async for message in handler(_request(method, raw), context):
                yield message
        except Exception as error:  # noqa: BLE001 - the edge of a call
            await _abort(context, method.full_name, error)

    return call


def _request(method: MethodDescriptor, raw: bytes) -> Any:
    """The message of a request. gRPC's own reading would log what cannot be read, and go on."""
    try:
        return GetMessageClass(method.input_type).FromString(raw)
    except DecodeError as error:
        raise InvalidInputError(f"this is no {method.input_type.name}", cause=str(error)) from error


async def _abort(context: Any, name: str, error: Exception) -> None:
    """End the call with the status of its error.

    Of a fault only kind and place are logged: its words may hold what was sent, even logins.
    """
    if isinstance(error, grpc.aio.AbortError):
        raise error
    told = error
    if not isinstance(told, MesheryError):
        place = "".join(traceback.format_tb(error.__traceback__)[-3:])
        _log.error("%s failed: %s\n%s", name, type(error).__name__, place)
        told = OperationFailedError(
            f"the adapter failed in {name.rpartition('.')[2]}",
            cause=f"{type(error).__name__}: {error}",
            remedy="this is a fault of the adapter; its log has the place",
            code="meshery.adapter.fault",
        )
    code, details, metadata = status_of(told)
    await context.abort(code, details, trailing_metadata=metadata)
