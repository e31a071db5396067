"""A small HTTP/1.1 client for proofs and single requests: many samples over few connections.

It speaks what our sidecars and sample applications answer: bodies with a length, chunked, or none
(RFC 9112). Each sample carries the time from sending to the last byte. It measures no cost: that is
the load generator's business; here a millisecond more or less does not matter.
"""

import asyncio
import functools
import ssl
import time
from collections.abc import Mapping, Sequence
from typing import Self

import msgspec

from meshery.core.errors import DeadlineError, UnavailableError

MAX_BODY_BYTES = 4_194_304


class Ask(msgspec.Struct, frozen=True):
    """One request: where to connect, and what to send. `authority` is the `Host` header.

    `trust` holds authorities (PEM) and means TLS: the peer's certificate must be signed by one of
    them. Names in certificates of a mesh are identities, no hosts, so they are not compared.
    """

    host: str
    port: int
    authority: str
    path: str = "/"
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    trust: str = ""


class Answer(msgspec.Struct, frozen=True):
    """One response. `status` 0: the connection broke; `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    elapsed_s: float


async def ask(request: Ask, *, timeout_s: float = 10.0) -> Answer:
    """One request on a connection of its own. UnavailableError or DeadlineError say why not."""
    where = f"{request.host}:{request.port}"
    try:
        async with asyncio.timeout(timeout_s), _Connection(request) as connection:
            return await connection.exchange(request)
    except TimeoutError as error:
        raise DeadlineError(f"no answer from {where} within {timeout_s:g} s") from error
    except (OSError, EOFError, ValueError) as error:
        raise UnavailableError(
            f"{where} does not answer",
            cause=str(error) or type(error).__name__,
            remedy="look at the status of the sandbox and at its logs",
        ) from error


async def sample(
    request: Ask, *, samples: int, connections: int = 16, timeout_s: float = 30.0
) -> list[Answer]:
    """`samples` answers to the same request over at most `connections` connections at once.

    A broken connection is an answer of status 0 and is opened anew. DeadlineError when all of it
    takes longer than `timeout_s`.
    """
    answers: list[Answer] = []
    left = iter(range(samples))

    async def work() -> None:
        connection = _Connection(request)
        try:
            for _ in left:
                answers.append(await _safely(connection, request))  # noqa: PERF401 - kept on timeout
        finally:
            await connection.close()

    try:
        async with asyncio.timeout(timeout_s), asyncio.TaskGroup() as group:
            for _ in range(min(connections, samples)):
                group.create_task(work(), name="probe")
    except TimeoutError as error:
        raise DeadlineError(
            f"only {len(answers)} of {samples} requests were answered within {timeout_s:g} s",
            remedy="ask for fewer samples, or look whether a behaviour delays them",
        ) from error
    return answers


async def _safely(connection: "_Connection", request: Ask) -> Answer:
    started = time.perf_counter()
    try:
        return await connection.exchange(request)
    except (OSError, EOFError, ValueError):
        await connection.close()
        return Answer(0, {}, b"", time.perf_counter() - started)


class _Connection:
    """A connection that is opened when first used, and kept while the peer keeps it."""

    def __init__(self, request: Ask) -> None:
        self._address = (request.host, request.port)
        self._tls = _tls_context(request.trust) if request.trust else None
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def exchange(self, request: Ask) -> Answer:
        """Send the request, read the answer."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._address, ssl=self._tls)
        reader, writer = self._streams
        started = time.perf_counter()
        writer.write(_encode(request))
        await writer.drain()
        status, headers = _parse_head(await reader.readuntil(b"\r\n\r\n"))
        body = await _read_body(reader, status, headers, head_only=request.method == "HEAD")
        elapsed_s = time.perf_counter() - started
        if headers.get("connection", "").lower() == "close":
            await self.close()
        return Answer(status, headers, body, elapsed_s)

    async def close(self) -> None:
        """Close, if open."""
        streams, self._streams = self._streams, None
        if streams is not None:
            streams[1].close()
            try:
                await streams[1].wait_closed()
            except OSError:
                return  # the peer was faster: closed is what was asked for


@functools.lru_cache(maxsize=4)
def _tls_context(trust: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=trust)
    return context


def _encode(request: Ask) -> bytes:
    lines = [f"{request.method} {request.path} HTTP/1.1", f"Host: {request.authority}"]
    lines += [f"{name}: {value}" for name, value in request.headers]
    if request.body or request.method in {"POST", "PUT", "PATCH"}:
        lines.append(f"Content-Length: {len(request.body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + request.body


def _parse_head(raw: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = raw.decode("latin-1").rstrip("\r\n").split("\r\n")
    version, _, rest = first.partition(" ")
    if not version.startswith("HTTP/1."):
        raise ValueError(f"not an HTTP/1.1 answer: {first[:80]!r}")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return int(rest[:3]), headers


async def _read_body(
    reader: asyncio.StreamReader, status: int, headers: Mapping[str, str], *, head_only: bool
) -> bytes:
    if head_only or status in {204, 304}:
        return b""
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return await _read_chunks(reader)
    if "content-length" in headers:
        return await reader.readexactly(_bounded(int(headers["content-length"])))
    return await reader.read(MAX_BODY_BYTES)


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    chunks: list[bytes] = []
    total = 0
    while size := int((await reader.readline()).split(b";")[0], 16):
        total = _bounded(total + size)
        chunks.append(await reader.readexactly(size))
        await reader.readline()
    while (await reader.readline()).strip():
        pass  # trailers
    return b"".join(chunks)


def _bounded(size: int) -> int:
    if size > MAX_BODY_BYTES:
        raise ValueError(f"the answer is longer than {MAX_BODY_BYTES} bytes")
    return size


def count_by(answers: Sequence[Answer], header: str) -> dict[str, int]:
    """How many answers carried each value of `header`; without it, an empty one."""
    counts: dict[str, int] = {}
    for answer in answers:
        value = answer.headers.get(header, "")
        counts[value] = counts.get(value, 0) + 1
    return dict(sorted(counts.items()))
