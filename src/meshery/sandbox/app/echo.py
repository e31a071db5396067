"""Ports that send back what comes: TCP byte by byte, UDP datagram by datagram (RFC 862).

They are off the mesh. A version's latency and error rate do not hold here.
"""

import asyncio
from typing import cast


class TcpEcho(asyncio.Protocol):
    """One connection. A peer that does not read is not read from either, so little is kept."""

    def __init__(self, connections: "set[TcpEcho]") -> None:
        self._connections = connections
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection opened."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by name
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        del exc
        self._connections.discard(self)
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Bytes came: back they go."""
        if self._transport is not None:
            self._transport.write(data)

    def pause_writing(self) -> None:
        """The peer reads too slowly: read no more until it catches up."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """The peer caught up."""
        if self._transport is not None:
            self._transport.resume_reading()

    def close(self) -> None:
        """Send what is left, then close."""
        if self._transport is not None:
            self._transport.close()


class UdpEcho(asyncio.DatagramProtocol):
    """One socket for all peers. An empty datagram is not sent back: asyncio sends none."""

    def __init__(self) -> None:
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """A datagram came: back it goes."""
        if self._transport is not None:
            self._transport.sendto(data, addr)

    def error_received(self, exc: Exception) -> None:
        """A peer is gone (ICMP); the others are served on."""
        del exc
