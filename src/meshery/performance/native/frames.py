"""What injector and parent say to each other: msgpack, each frame led by its length.

    parent listens on a Unix socket          injector connects
                                         <-  Hello
    Plan                                 ->
                                         <-  Refused, or Started
                                         <-  Block, Second, ...
                                         <-  End, then the stream closes

The parent closes its side to stop the run. A stream that closes before End was lost.
"""

import contextlib
import socket
import struct
from typing import Literal

import msgspec

from meshery.performance.native.plan import Plan
from meshery.performance.sample import Block, Counters, Health, Second, Slow, Started

LENGTH = struct.Struct("!I")
"""What leads a frame: the size of its body."""


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """The injector is there; `protocol` is raised when frames change."""

    pid: int
    version: str
    protocol: int = 1


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The injector cannot run the plan."""

    what: str
    cause: str = ""
    remedy: str = ""


class End(msgspec.Struct, frozen=True, kw_only=True, tag="end"):
    """The account that is not in the seconds; `completed` checks that their sum is whole."""

    planned: dict[str, int]
    completed: dict[str, int]
    warmup: dict[str, Counters]
    health: Health
    slowest: tuple[Slow, ...]
    ended: Literal["complete", "cancelled"]
    scheduling: str
    connections: dict[str, int]


Frame = Hello | Refused | Started | Block | Second | End

_encoder = msgspec.msgpack.Encoder()
_plans = msgspec.msgpack.Decoder(Plan)


def encode(frame: msgspec.Struct) -> bytes:
    """A frame as bytes, its length first."""
    body = _encoder.encode(frame)
    return LENGTH.pack(len(body)) + body


class Link:
    """The injector's end. It blocks while it starts and ends, never while load runs."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._unsent = bytearray()

    @classmethod
    def connect(cls, path: str) -> "Link":
        """Reach the parent; OSError when it does not listen."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.connect(path)
        except OSError:
            sock.close()
            raise
        return cls(sock)

    def receive_plan(self) -> Plan:
        """Wait for the plan; EOFError when the parent went away, DecodeError for another text."""
        (length,) = LENGTH.unpack(self._exactly(LENGTH.size))
        return _plans.decode(self._exactly(length))

    def send(self, frame: msgspec.Struct) -> None:
        """Hand a frame to the kernel, or keep what it does not take for the next `push`."""
        self._unsent += encode(frame)
        self.push()

    def push(self) -> None:
        """Try again to send what is kept; OSError when the parent is gone."""
        while self._unsent:
            try:
                sent = self.sock.send(self._unsent, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            del self._unsent[:sent]

    def close(self, *, patience_s: float = 5.0) -> None:
        """Send the rest, then close; a parent that went away or does not read is left alone."""
        with contextlib.suppress(OSError):
            self.sock.settimeout(patience_s)
            self.sock.sendall(self._unsent)
        self.sock.close()

    def _exactly(self, size: int) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            part = self.sock.recv(size - len(parts))
            if not part:
                raise EOFError("the parent closed the stream")
            parts += part
        return bytes(parts)
