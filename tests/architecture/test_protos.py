"""What is generated is of the .proto files as they are now."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2
from grpc_tools import protoc

SOURCES = Path(__file__).parents[2] / "proto"
FILES = sorted(str(path.relative_to(SOURCES)) for path in SOURCES.rglob("*.proto"))


def described(message: Any) -> Any:
    """A file's descriptor without the names for JSON, which the compiler adds only there."""
    for each in message.message_type:
        _strip(each)
    return message


def _strip(message: Any) -> None:
    for field in message.field:
        field.ClearField("json_name")
    for inner in message.nested_type:
        _strip(inner)


@pytest.mark.parametrize("name", FILES)
def test_modules_are_those_of_the_files(name: str, tmp_path: Path) -> None:
    target = tmp_path / "set"
    assert protoc.main(["protoc", f"-I{SOURCES}", f"--descriptor_set_out={target}", name]) == 0
    (wanted,) = descriptor_pb2.FileDescriptorSet.FromString(target.read_bytes()).file
    module = import_module(
        "meshery._proto." + name.removesuffix(".proto").replace("/", ".") + "_pb2"
    )
    found = descriptor_pb2.FileDescriptorProto()
    module.DESCRIPTOR.CopyToProto(found)
    assert described(found) == described(wanted), "run python tools/protos.py"
