"""How the supervisor is spoken to: frames on a Unix socket, one request on each connection.

A frame is four bytes of length (big endian) and one MessagePack document. The supervisor speaks
first (`Hello`), then the client asks once, then comes one `Done` or `Failed` - or, after `Watch`,
`Happened` for ever. A connection for each request keeps both sides without state: a client needs no
reconnecting when the supervisor was replaced, and a hanging stop blocks nobody else.
"""

import asyncio
import struct

import msgspec

from meshery.processes.model import ProcessEvent, ProcessSpec, ProcessStatus

SOCKET_NAME = "supervisor.sock"
VERSION = 1
ENDING = "meshery.supervisor.ending"
"""The code of a supervisor's refusal while it ends; the next one is to be asked."""
MAX_FRAME_BYTES = 8 * 1024 * 1024
_LENGTH = struct.Struct(">I")


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """The supervisor's greeting; a new `epoch` means a new supervisor."""

    epoch: str
    pid: int
    version: int = VERSION


class Start(msgspec.Struct, frozen=True, tag="start"):
    """Have this process running."""

    spec: ProcessSpec


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """End a process and forget it; None means its own grace."""

    name: str
    grace_s: float | None = None


class StopGroup(msgspec.Struct, frozen=True, tag="stop_group"):
    """End all processes of a group, at once."""

    prefix: str


class List(msgspec.Struct, frozen=True, tag="list"):
    """Tell how the processes of a group stand."""

    prefix: str


class Signal(msgspec.Struct, frozen=True, tag="signal"):
    """Send a signal to the process itself, not to its group."""

    name: str
    number: int


class Watch(msgspec.Struct, frozen=True, tag="watch"):
    """Tell what happens to a group; `after` counts only within its `epoch`."""

    prefix: str
    epoch: str
    after: int


Request = Start | Stop | StopGroup | List | Signal | Watch


class Done(msgspec.Struct, frozen=True, tag="done"):
    """A request's result: the processes it is about and, for a group's end, how many."""

    statuses: list[ProcessStatus] = []
    count: int = 0


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """A request's error in its plain form (`MesheryError.as_dict`)."""

    error: dict[str, object]


class Happened(msgspec.Struct, frozen=True, tag="happened"):
    """One event of a watched group."""

    event: ProcessEvent


Answer = Hello | Done | Failed | Happened

_encoder = msgspec.msgpack.Encoder()
_request_decoder: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_answer_decoder: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


def encode(message: Request | Answer) -> bytes:
    """A message as one frame."""
    document = _encoder.encode(message)
    return _LENGTH.pack(len(document)) + document


async def read_request(reader: asyncio.StreamReader) -> Request:
    """The next request; IncompleteReadError at the end, msgspec.MsgspecError for nonsense."""
    return _request_decoder.decode(await _read_frame(reader))


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    """The next answer; IncompleteReadError at the end, msgspec.MsgspecError for nonsense."""
    return _answer_decoder.decode(await _read_frame(reader))


async def _read_frame(reader: asyncio.StreamReader) -> bytes:
    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    if length > MAX_FRAME_BYTES:
        raise msgspec.DecodeError(f"a frame of {length} bytes")
    return await reader.readexactly(length)
