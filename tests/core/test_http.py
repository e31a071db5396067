import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from meshery.core.errors import ForbiddenError, InvalidInputError, LimitError, UnavailableError
from meshery.core.http import checked_address, fetch

Answer = Callable[[str], bytes]


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[str]:
    """A server on loopback that answers each request head with the bytes of `answer`."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        writer.write(answer(head))
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


def ok(body: bytes, extra: str = "") -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n{extra}\r\n".encode() + body


def redirect(location: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


async def test_a_registered_private_endpoint_is_fetched() -> None:
    async with serving(lambda _head: ok(b"hello", "X-Kind: test\r\n")) as endpoint:
        answer = await fetch(f"http://{endpoint}/a", registered={endpoint})
    assert (answer.status, answer.body, answer.headers["x-kind"]) == (200, b"hello", "test")


async def test_a_form_is_posted_once_whatever_the_answer() -> None:
    seen: list[str] = []

    def record(head: str) -> bytes:
        seen.append(head)
        return redirect("/again")

    async with serving(record) as endpoint:
        answer = await fetch(f"http://{endpoint}/", form={"a": "b c"}, registered={endpoint})
    assert answer.status == 302
    (head,) = seen
    assert head.startswith("POST / HTTP/1.1")
    assert "application/x-www-form-urlencoded" in head


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/",
        "http://localhost:9/",
        "http://[::1]:9/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://192.168.1.1/",
        "http://0.0.0.0/",
        "http://[::ffff:127.0.0.1]/",
        "http://2130706433/",
    ],
)
async def test_private_addresses_are_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises((ForbiddenError, UnavailableError)):
        await checked_address(url)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://x",
        "http://",
        "x",
        "http://h:x/",
        "http://[::1",
        "http://a..b/",
        f"http://{'a' * 300}/",
    ],
)
async def test_what_is_no_http_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidInputError):
        await fetch(url)


async def test_a_redirect_to_a_private_address_is_refused() -> None:
    async with serving(lambda _head: redirect("http://127.0.0.1:1/secret")) as endpoint:
        with pytest.raises(ForbiddenError):
            await fetch(f"http://{endpoint}/", registered={endpoint})


async def test_a_circle_of_redirects_ends() -> None:
    async with serving(lambda _head: redirect("/again")) as endpoint:
        with pytest.raises(LimitError):
            await fetch(f"http://{endpoint}/", registered={endpoint})


async def test_credentials_do_not_follow_a_redirect_to_another_host() -> None:
    seen: list[str] = []

    def record(head: str) -> bytes:
        seen.append(head)
        return ok(b"")

    async with (
        serving(record) as other,
        serving(lambda _head: redirect(f"http://{other}/")) as first,
    ):
        await fetch(
            f"http://{first}/", headers={"Authorization": "Bearer x"}, registered={first, other}
        )
    assert "bearer" not in seen[0].lower()


async def test_an_endless_answer_is_cut() -> None:
    async with serving(lambda _head: ok(b"x" * 4096)) as endpoint:
        with pytest.raises(LimitError):
            await fetch(f"http://{endpoint}/", registered={endpoint}, max_bytes=1024)


async def test_a_silent_server_is_given_up() -> None:
    async with serving(lambda _head: b"") as endpoint:
        with pytest.raises(UnavailableError):
            await fetch(f"http://{endpoint}/", registered={endpoint}, timeout_s=0.5)
