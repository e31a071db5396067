"""The original's contract, compiled from `original.proto` in a pool of its own, and its client."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_tools import protoc

SOURCE = Path(__file__).with_name("original.proto")


@cache
def pool() -> Any:
    """The descriptors of `original.proto`."""
    with TemporaryDirectory() as folder:
        target = Path(folder) / "set"
        made = protoc.main(
            ["protoc", f"-I{SOURCE.parent}", f"--descriptor_set_out={target}", SOURCE.name]
        )
        assert made == 0
        files = descriptor_pb2.FileDescriptorSet.FromString(target.read_bytes())
    found = descriptor_pool.DescriptorPool()
    for each in files.file:
        found.Add(each)
    return found


def message(kind: str, **fields: Any) -> Any:
    """A message of the original's."""
    made = message_factory.GetMessageClass(pool().FindMessageTypeByName(f"meshes.{kind}"))
    return made(**fields)


class OriginalClient:
    """Calls as the original's server makes them: in the clear, method by method."""

    def __init__(self, channel: Any) -> None:
        self._channel = channel

    def __call__(self, method: str, **fields: Any) -> Any:
        """Call a method; its answer, or its stream."""
        described = pool().FindServiceByName("meshes.MeshService").methods_by_name[method]
        answer = message_factory.GetMessageClass(described.output_type)
        make = self._channel.unary_stream if method == "StreamEvents" else self._channel.unary_unary
        call = make(
            f"/meshes.MeshService/{method}",
            request_serializer=lambda request: request.SerializeToString(),
            response_deserializer=answer.FromString,
        )
        return call(message(described.input_type.name, **fields), timeout=20)


@contextmanager
def original_client(address: str) -> Iterator[OriginalClient]:
    """A client, synchronous as most are."""
    with grpc.insecure_channel(address, options=(("grpc.enable_http_proxy", 0),)) as channel:
        yield OriginalClient(channel)
