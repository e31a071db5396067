"""The echo ports of the application, as its own process."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import psutil
import pytest

from meshery.sandbox.ports import is_free, take_ports
from sandbox.app.test_application import connected, start

METHOD = "/any.Service/Method"
ALL = ("grpc", "tcp", "udp")


class Running:
    """A process and its ports; `http` is that of HTTP."""

    def __init__(self, process: asyncio.subprocess.Process, ports: dict[str, int]) -> None:
        self.process = process
        self.ports = ports

    @property
    def maps(self) -> str:
        """The files that its memory is mapped from, the libraries among them."""
        return Path(f"/proc/{self.process.pid}/maps").read_text()


@asynccontextmanager
async def application(directory: Path, *protocols: str) -> AsyncIterator[Running]:
    http, *others = take_ports(1 + len(protocols))
    echo = dict(zip(protocols, others, strict=True))
    config = {"instance": "a-v1-0", "service": "a", "version": "v1", "port": http}
    process = await start(directory, {**config, "echo_ports": echo})
    try:
        _, writer = await connected(http)
        writer.close()
        await writer.wait_closed()
        yield Running(process, {**echo, "http": http})
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


@asynccontextmanager
async def channel(port: int) -> AsyncIterator[Any]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as open_channel:
        yield open_channel


async def test_once_http_answers_every_port_does(tmp_path: Path) -> None:
    async with application(tmp_path, *ALL) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.ports["tcp"])
        writer.write(b"ping")
        assert await reader.readexactly(4) == b"ping"
        writer.close()
        await writer.wait_closed()
        assert not is_free(running.ports["udp"], udp=True)
        async with channel(running.ports["grpc"]) as opened:
            assert await opened.unary_unary(METHOD)(b"ping") == b"ping"


async def test_tcp_sends_back_much_to_one_who_reads_late(tmp_path: Path) -> None:
    sent = os.urandom(4_000_000)
    async with application(tmp_path, "tcp") as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.ports["tcp"])
        writer.write(sent)
        writing = asyncio.create_task(writer.drain())
        assert await reader.readexactly(len(sent)) == sent
        await writing
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()


async def test_udp_sends_back_each_datagram_to_whom_it_came_from(tmp_path: Path) -> None:
    async with application(tmp_path, "udp") as running:

        def exchange() -> list[bytes]:
            address = ("127.0.0.1", running.ports["udp"])
            with (
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as two,
            ):
                one.settimeout(5)
                two.settimeout(5)
                one.sendto(b"one", address)
                two.sendto(b"two", address)
                two.sendto(b"x" * 9000, address)
                return [one.recv(100), two.recv(100), two.recv(10_000)]

        assert await asyncio.to_thread(exchange) == [b"one", b"two", b"x" * 9000]


async def test_grpc_sends_back_messages_and_metadata_of_any_method(tmp_path: Path) -> None:
    async with application(tmp_path, "grpc") as running, channel(running.ports["grpc"]) as opened:
        metadata = (("x-user", "ann"), ("trace-bin", b"\x00\xff"))
        call = opened.unary_unary(METHOD)(b"hello", metadata=metadata)
        assert await call == b"hello"
        came = [tuple(each) for each in await call.initial_metadata()]
        for pair in (*metadata, ("x-served-by", "a-v1-0"), ("x-version", "v1")):
            assert pair in came
        assert await call.code() == grpc.StatusCode.OK

        async def several() -> AsyncIterator[bytes]:
            for number in range(5):
                yield str(number).encode()

        stream = opened.stream_stream("/other.Service/Stream")(several())
        assert [message async for message in stream] == [b"0", b"1", b"2", b"3", b"4"]
        assert await opened.unary_unary(METHOD)(b"x" * 1_000_000) == b"x" * 1_000_000


async def test_only_what_is_asked_for_is_listened_on_and_loaded(tmp_path: Path) -> None:
    async with application(tmp_path) as plain:
        assert "grpc" not in plain.maps
        assert _ports_of(plain.process.pid) == {plain.ports["http"]}
    async with application(tmp_path, "grpc") as other:
        assert "grpc" in other.maps


async def test_the_process_lets_calls_end_and_closes_its_ports(tmp_path: Path) -> None:
    async with application(tmp_path, *ALL) as running, channel(running.ports["grpc"]) as opened:
        stream = opened.stream_stream(METHOD)()
        await stream.write(b"one")
        assert await stream.read() == b"one"
        reader, writer = await asyncio.open_connection("127.0.0.1", running.ports["tcp"])
        running.process.terminate()
        assert await reader.read() == b"", "an idle connection is closed at once"
        writer.close()
        await writer.wait_closed()
        await stream.write(b"two")
        assert await stream.read() == b"two", "a call in progress goes on"
        await stream.done_writing()
        assert await stream.read() is grpc.aio.EOF
        assert await running.process.wait() == 0


@pytest.mark.parametrize("protocol", ALL)
async def test_a_taken_port_is_told_by_its_number(tmp_path: Path, protocol: str) -> None:
    http, port = take_ports(2)
    kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", port))
        if protocol != "udp":
            taken.listen()
        config = {"instance": "a", "service": "a", "version": "v1", "port": http}
        process = await start(tmp_path, {**config, "echo_ports": {protocol: port}})
        _, said = await process.communicate()
    assert process.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}".encode() in said
    assert is_free(http)


async def test_an_unknown_protocol_is_refused(tmp_path: Path) -> None:
    config = {"instance": "a", "service": "a", "version": "v1", "port": 0}
    process = await start(tmp_path, {**config, "echo_ports": {"quic": 1}})
    _, said = await process.communicate()
    assert (process.returncode, b"cannot use" in said) == (2, True)


def _ports_of(pid: int) -> set[int]:
    """The ports that a process listens on, of TCP and UDP."""
    found = psutil.Process(pid).net_connections("inet")
    return {
        each.laddr.port
        for each in found
        if each.status == psutil.CONN_LISTEN or each.type == socket.SOCK_DGRAM
    }
