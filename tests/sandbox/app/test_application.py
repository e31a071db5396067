"""The application on a socket: its protocol in process, its process by its command."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from meshery.sandbox.app.config import AppConfig
from meshery.sandbox.app.ledger import KEPT
from meshery.sandbox.app.protocol import HttpProtocol
from meshery.sandbox.app.routes import Application
from meshery.sandbox.ports import take_ports
from meshery.sandbox.probe import Answer, Ask, ask


class Running:
    def __init__(self, port: int, connections: set[HttpProtocol]) -> None:
        self.port = port
        self.connections = connections

    async def get(
        self, path: str, *, method: str = "GET", body: bytes = b"", **headers: str
    ) -> Answer:
        lines = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        return await ask(Ask("127.0.0.1", self.port, "app", path, method, lines, body))

    async def say(self, data: bytes, *, pieces: int = 1) -> bytes:
        """What comes back for raw bytes; a last request of our own makes the server close."""
        data += b"GET /last HTTP/1.1\r\nConnection: close\r\n\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        step = max(1, len(data) // pieces)
        for start in range(0, len(data), step):
            writer.write(data[start : start + step])
            await writer.drain()
            await asyncio.sleep(0)
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer.rpartition(b"HTTP/1.1 ")[0] if answer.endswith(b'"/last"}') else answer


@asynccontextmanager
async def application(**settings: Any) -> AsyncIterator[Running]:
    config = AppConfig("api-v1-0", "api", "v1", 0, **settings)
    app = Application(config)
    connections: set[HttpProtocol] = set()
    server = await asyncio.get_running_loop().create_server(
        lambda: HttpProtocol(app.handle, connections), "127.0.0.1", 0
    )
    try:
        yield Running(server.sockets[0].getsockname()[1], connections)
    finally:
        server.close()
        await app.close()
        closed = [connection.closed for connection in connections]
        for connection in list(connections):
            connection.finish()
        if closed:
            await asyncio.wait(closed, timeout=2)


@pytest.fixture
async def app() -> AsyncIterator[Running]:
    async with application() as running:
        yield running


NAME = {"service": "api", "version": "v1", "instance": "api-v1-0"}


async def test_the_root_is_small_and_names_the_instance(app: Running) -> None:
    answer = await app.get("/")
    assert json.loads(answer.body) == NAME
    assert len(answer.body) < 200
    assert (answer.headers["x-served-by"], answer.headers["x-version"]) == ("api-v1-0", "v1")


@pytest.mark.parametrize(
    ("path", "status", "has"),
    [
        ("/any/path?x=1", 200, {"path": "/any/path?x=1"}),
        ("/?x=1", 200, NAME),
        ("/version", 200, NAME),
        ("/healthz", 200, {"status": "ok"}),
        ("/fail", 500, {"error": "asked to fail"}),
        ("/fail?code=418", 418, NAME),
        ("/fail?rate=0", 200, NAME),
        ("/delay?ms=1", 200, {"delayed_ms": 1.0}),
        ("/chain", 200, {"calls": []}),
    ],
)
async def test_routes(app: Running, path: str, status: int, has: dict[str, object]) -> None:
    answer = await app.get(path)
    assert answer.status == status
    assert has.items() <= json.loads(answer.body).items()


@pytest.mark.parametrize(
    "path", ["/fail?rate=x", "/fail?rate=nan", "/fail?code=42", "/delay?ms=-1", "/delay?ms=1e9"]
)
async def test_nonsense_is_a_bad_request(app: Running, path: str) -> None:
    assert (await app.get(path)).status == 400


async def test_delay_waits(app: Running) -> None:
    assert (await app.get("/delay?ms=50")).elapsed_s >= 0.05


async def test_a_version_may_be_slow_and_fail() -> None:
    async with application(latency_ms=20, error_rate=100) as flawed:
        answer = await flawed.get("/")
        assert (answer.status, answer.elapsed_s >= 0.02) == (500, True)
        assert (await flawed.get("/healthz")).status == 200


async def test_head_has_no_body(app: Running) -> None:
    answer = await app.say(b"HEAD /x HTTP/1.1\r\n\r\n")
    assert b"content-length: 66" in answer
    assert answer.endswith(b"\r\n\r\n")


async def test_echo_and_metrics_are_those_of_the_conformance_tests(app: Running) -> None:
    echo = await app.get("/echo", ServiceName="web")
    assert echo.body.startswith(b"GET /echo HTTP/1.1\r\nHost: app\r\n")
    url = f"http://127.0.0.1:{app.port}/echo"
    call = {"url": url, "method": "GET", "body": "", "headers": {"x-a": "1"}}
    relayed = await app.get("/call", method="POST", body=msgspec.json.encode(call))
    assert b"ServiceName: api" in relayed.body
    failed = {"url": "http://127.0.0.1:1/", "method": "GET", "body": "", "headers": None}
    broken = await app.get("/call", method="POST", body=msgspec.json.encode(failed))
    assert broken.status == 500
    metrics = json.loads((await app.get("/metrics")).body)
    assert metrics["ReqReceived"] == ["web", "Unidentified", "api", "Unidentified"]
    (succeeded,), (lost,) = metrics["RespSucceeded"], metrics["RespFailed"]
    assert (succeeded["URL"], succeeded["Headers"], succeeded["Status"]) == (url, {"x-a": "1"}, 200)
    assert (lost["Status"], lost["Headers"]) == (0, None)
    assert "127.0.0.1:1" in lost["Error"]
    assert (await app.get("/metrics", method="DELETE")).status == 200
    empty: dict[str, list[str]] = {"ReqReceived": [], "RespSucceeded": [], "RespFailed": []}
    assert json.loads((await app.get("/metrics")).body) == empty
    assert (await app.get("/metrics", method="PUT")).status == 400


async def test_a_call_without_an_answer_need_not_be_noted() -> None:
    lost = {"url": "http://127.0.0.1:1/", "method": "GET", "body": ""}
    async with application(notes_lost_calls=False) as strict:
        broken = await strict.get("/call", method="POST", body=msgspec.json.encode(lost))
        metrics = json.loads((await strict.get("/metrics")).body)
    assert broken.status == 500
    assert metrics["RespFailed"] == []
    assert metrics["ReqReceived"] == ["Unidentified"]


@pytest.mark.parametrize("path", ["/any", "/metrics", "/fail", "/version", "/x?a=1"])
async def test_every_path_shows_the_request_when_asked(app: Running, path: str) -> None:
    target = f"{path}{'&' if '?' in path else '?'}echo"
    answer = await app.get(target, ServiceName="web")
    assert answer.status == 200
    assert answer.body.startswith(f"GET {target} HTTP/1.1\r\nHost: app\r\n".encode())
    assert json.loads((await app.get("/metrics")).body)["ReqReceived"] == []


async def test_call_takes_only_calls(app: Running) -> None:
    assert (await app.get("/call", method="POST", body=b"{")).status == 400
    assert (await app.get("/call", method="POST", body=b'{"url":1}')).status == 400
    assert (await app.get("/call")).body == b""
    status = {"url": f"http://127.0.0.1:{app.port}/fail", "method": "GET", "body": ""}
    answer = await app.get("/call", method="POST", body=msgspec.json.encode(status))
    assert (answer.status, b"asked to fail" in answer.body) == (200, True)


async def test_a_page_in_a_browser_cannot_call_through_us(app: Running) -> None:
    call = {"url": f"http://127.0.0.1:{app.port}/", "method": "GET", "body": ""}
    body = msgspec.json.encode(call)
    assert (await app.get("/call", method="POST", body=body, Origin="http://evil")).status == 403


async def test_the_lists_are_bounded(app: Running) -> None:
    request = b"GET /echo HTTP/1.1\r\n\r\n"
    await app.say(request * (KEPT + 50))
    metrics = json.loads((await app.get("/metrics")).body)
    assert len(metrics["ReqReceived"]) == KEPT


async def test_a_chain_names_everybody_and_passes_headers_on() -> None:
    async with (
        application() as last,
        application(calls=("data",), proxy_port=last.port) as first,
    ):
        chain = json.loads((await first.get("/chain")).body)
        assert chain == {**NAME, "calls": [{**NAME, "calls": []}]}
    async with application(calls=("nobody",), proxy_port=1) as alone:
        answer = await alone.get("/chain")
        (link,) = json.loads(answer.body)["calls"]
        assert (answer.status, link["service"]) == (502, "nobody")
        assert link["error"]


async def test_pipelined_requests_are_answered_in_turn(app: Running) -> None:
    data = b"".join(
        b"GET %s HTTP/1.1\r\n\r\n" % path for path in (b"/delay?ms=30", b"/one", b"/", b"/two")
    )
    answer = await app.say(data)
    places = [answer.index(mark) for mark in (b"delayed_ms", b"/one", b"/two")]
    assert places == sorted(places)
    assert answer.count(b"HTTP/1.1 200 OK") == 4


@pytest.mark.parametrize("pieces", [1, 2, 7, 1000])
async def test_bytes_may_come_in_any_pieces(app: Running, pieces: int) -> None:
    data = (
        b"POST /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"
        b"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        b"GET / HTTP/1.1\r\n\r\n"
    )
    answer = await app.say(data, pieces=pieces)
    assert answer.count(b"HTTP/1.1 200 OK") == 3
    assert b"\r\n\r\nhello" in answer
    assert b"\r\n\r\nabc" in answer


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/3.0\r\n\r\n", b"505"),
        (b"GET / HTTP/1.1\r\nx: " + b"y" * 70_000, b"431"),
        (b"POST / HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n", b"400"),
    ],
)
async def test_malformed_requests_are_told_and_closed(
    app: Running, sent: bytes, status: bytes
) -> None:
    answer = await app.say(sent + b"")
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b"connection: close" in answer
    assert (await app.get("/")).status == 200


async def test_a_caller_that_goes_away_leaves_nothing(app: Running) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", app.port)
    writer.write(b"GET /delay?ms=60000 HTTP/1.1\r\n\r\n")
    await asyncio.sleep(0.05)
    writer.transport.abort()
    async with asyncio.timeout(2):
        while app.connections:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_caller_may_wait_with_its_body(app: Running) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", app.port)
    writer.write(b"POST /echo HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"hi")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    writer.close()
    await writer.wait_closed()


async def start(directory: Path, config: dict[str, object]) -> asyncio.subprocess.Process:
    file = directory / "app.json"
    file.write_bytes(msgspec.json.encode(config))
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "meshery.sandbox.app",
        "--config",
        str(file),
        stderr=asyncio.subprocess.PIPE,
    )


async def connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(10):
        while True:
            try:
                return await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)


async def test_the_process_finishes_what_it_began(tmp_path: Path) -> None:
    (port,) = take_ports(1)
    config = {"instance": "a", "service": "a", "version": "v1", "port": port}
    process = await start(tmp_path, config)
    running = Running(port, set())
    try:
        reader, writer = await connected(port)
        slow = asyncio.create_task(running.get("/delay?ms=300"))
        await asyncio.sleep(0.1)
        process.terminate()
        assert (await slow).status == 200
        assert await reader.read() == b"", "an idle connection is closed at once"
        writer.close()
        await writer.wait_closed()
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize(
    ("config", "code", "said"),
    [({"port": "x"}, 2, b"cannot use"), ({"error_rate": 101}, 2, b"cannot use")],
)
async def test_a_bad_file_is_told(
    tmp_path: Path, config: dict[str, object], code: int, said: bytes
) -> None:
    process = await start(tmp_path, config)
    _, stderr = await process.communicate()
    assert (process.returncode, said in stderr) == (code, True)


async def test_a_taken_port_is_told(app: Running, tmp_path: Path) -> None:
    config = {"instance": "a", "service": "a", "version": "v1", "port": app.port}
    process = await start(tmp_path, config)
    _, stderr = await process.communicate()
    assert process.returncode == 1
    assert f"cannot listen on 127.0.0.1:{app.port}".encode() in stderr
