import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from meshery.core.errors import DeadlineError, UnavailableError
from meshery.sandbox.probe import Ask, ask, count_by, sample

ANSWERS = {
    "/length": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Version: v1\r\n\r\nhello",
    "/chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nTrailer: t\r\n\r\n",
    "/none": b"HTTP/1.1 204 No Content\r\n\r\n",
    "/close": b"HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    "/rubbish": b"SSH-2.0-x\r\n\r\n",
    "/broken": b"",
    "/hangs": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel",
}


@asynccontextmanager
async def server() -> AsyncIterator[tuple[int, list[bytes]]]:
    """A rigged server that answers bytes by path, and the requests it saw; `/hangs` never ends."""
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                seen.append(head)
                path = head.split(b" ")[1].decode()
                writer.write(ANSWERS[path])
                if path in {"/broken", "/close", "/rubbish"}:
                    break
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        yield listening.sockets[0].getsockname()[1], seen


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/length", 200, b"hello"),
        ("/chunked", 200, b"hello"),
        ("/none", 204, b""),
        ("/close", 503, b""),
    ],
)
async def test_reads_every_form_of_body(path: str, status: int, body: bytes) -> None:
    async with server() as (port, _):
        answer = await ask(Ask("127.0.0.1", port, "api", path))
    assert (answer.status, answer.body) == (status, body)
    assert answer.elapsed_s > 0


async def test_sends_what_was_asked() -> None:
    async with server() as (port, seen):
        request = Ask("127.0.0.1", port, "api.shop", "/none", "POST", (("x-user", "jason"),))
        await ask(request)
    assert seen == [
        b"POST /none HTTP/1.1\r\nHost: api.shop\r\nx-user: jason\r\nContent-Length: 0\r\n\r\n"
    ]


@pytest.mark.parametrize("path", ["/rubbish", "/broken"])
async def test_says_when_there_is_no_answer(path: str) -> None:
    async with server() as (port, _):
        with pytest.raises(UnavailableError):
            await ask(Ask("127.0.0.1", port, "api", path))
    with pytest.raises(UnavailableError):
        await ask(Ask("127.0.0.1", port, "api", "/length"))


async def test_time_runs_out() -> None:
    async with server() as (port, _):
        with pytest.raises(DeadlineError):
            await ask(Ask("127.0.0.1", port, "api", "/hangs"), timeout_s=0.1)
        with pytest.raises(DeadlineError, match="0 of 3"):
            await sample(Ask("127.0.0.1", port, "api", "/hangs"), samples=3, timeout_s=0.1)


async def test_samples_exactly_as_many_as_asked() -> None:
    async with server() as (port, seen):
        answers = await sample(Ask("127.0.0.1", port, "api", "/length"), samples=300, connections=7)
        broken = await sample(Ask("127.0.0.1", port, "api", "/broken"), samples=20, connections=3)
    assert len(answers) == 300
    assert count_by(answers, "x-version") == {"v1": 300}
    assert [answer.status for answer in broken] == [0] * 20
    assert len(seen) == 320
