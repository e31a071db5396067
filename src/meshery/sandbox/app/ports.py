"""The ports of an application beside its HTTP port, opened only where they are asked for."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from meshery.sandbox.app.config import AppConfig
from meshery.sandbox.app.echo import TcpEcho, UdpEcho

_BACKLOG = 1024


class ListenError(Exception):
    """A port cannot be listened on."""


class EchoPorts:
    """Echo by gRPC, TCP and UDP. `close` may be called more than once."""

    def __init__(self, config: AppConfig) -> None:
        self._config = config
        self._tcp: asyncio.Server | None = None
        self._udp: asyncio.BaseTransport | None = None
        self._rpc: Any = None
        self._connections: set[TcpEcho] = set()

    async def open(self) -> None:
        """Listen on all of them. ListenError names a port that is taken."""
        host, ports = self._config.host, self._config.echo_ports
        loop = asyncio.get_running_loop()
        if port := ports.get("tcp"):
            with listening(host, port):
                self._tcp = await loop.create_server(
                    lambda: TcpEcho(self._connections), host, port, backlog=_BACKLOG
                )
        if port := ports.get("udp"):
            with listening(host, port):
                address = (host, port)
                self._udp, _ = await loop.create_datagram_endpoint(UdpEcho, local_addr=address)
        if port := ports.get("grpc"):
            with listening(host, port):
                await self._open_grpc(host, port)

    async def close(self) -> None:
        """Close them, after the gRPC calls in progress."""
        tcp, self._tcp = self._tcp, None
        udp, self._udp = self._udp, None
        rpc, self._rpc = self._rpc, None
        if tcp is not None:
            tcp.close()
        for connection in list(self._connections):
            connection.close()
        if udp is not None:
            udp.close()
        if rpc is not None:
            await rpc.stop()

    async def _open_grpc(self, host: str, port: int) -> None:
        from meshery.sandbox.app.rpc import RpcServer

        config = self._config
        marks = (("x-served-by", config.instance), ("x-version", config.version))
        self._rpc = RpcServer(host, port, marks=marks)
        await self._rpc.start()


@contextmanager
def listening(host: str, port: int) -> Iterator[None]:
    """Turns an OSError into a ListenError that names the address."""
    try:
        yield
    except OSError as error:
        raise ListenError(f"cannot listen on {host}:{port}: {error}") from error
