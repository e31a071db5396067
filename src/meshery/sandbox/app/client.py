"""The application's calls to others, through its sidecar where it has one.

A request names its service in the `Host` header; the sidecar's forward proxy does the rest.
Connections are kept; a kept one that broke meanwhile is replaced once, before the request counts as
failed.
"""

import asyncio
from urllib.parse import urljoin, urlsplit

import msgspec

MAX_ANSWER_BYTES = 4_194_304
_IDLE_CONNECTIONS = 32
_MAX_REDIRECTS = 10
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})


class Call(msgspec.Struct, frozen=True):
    """A request to send: `url` is absolute, `http` only."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class Reply(msgspec.Struct, frozen=True):
    """What came back; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class CallError(Exception):
    """No answer came."""


_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Client:
    """Sends calls, each to the proxy or, without one, to the host that the URL names."""

    def __init__(self, *, proxy: tuple[str, int] | None, timeout_s: float) -> None:
        self._proxy = proxy
        self._timeout_s = timeout_s
        self._idle: dict[tuple[str, int], list[_Streams]] = {}

    async def send(self, call: Call, *, follow: bool = False) -> Reply:
        """The answer. CallError when there is none within the time."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._follow(call) if follow else await self._once(call)
        except TimeoutError as error:
            raise CallError(f"no answer from {call.url} in {self._timeout_s:g} s") from error
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
            raise CallError(f"{call.url}: {str(error) or type(error).__name__}") from error

    async def close(self) -> None:
        """Close the kept connections."""
        for streams in (each for idle in self._idle.values() for each in idle):
            streams[1].close()
        self._idle.clear()

    async def _follow(self, call: Call) -> Reply:
        for _ in range(_MAX_REDIRECTS):
            reply = await self._once(call)
            location = reply.headers.get("location", "")
            if reply.status not in _REDIRECTS or not location:
                return reply
            method = call.method if reply.status in {307, 308} else "GET"
            body = call.body if method == call.method else b""
            call = Call(method, urljoin(call.url, location), call.headers, body)
        raise ValueError(f"more than {_MAX_REDIRECTS} redirects")

    async def _once(self, call: Call) -> Reply:
        parts = urlsplit(call.url)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError("is no http URL")
        address = self._proxy or (parts.hostname, parts.port or 80)
        idle = self._idle.setdefault(address, [])
        data = _encode(call, authority=parts.netloc, target=parts.path or "/", query=parts.query)
        if idle:
            try:
                return await self._exchange(address, idle.pop(), data, call.method)
            except (OSError, EOFError):
                if call.method in _BODY_METHODS:
                    raise
        return await self._exchange(
            address, await asyncio.open_connection(*address), data, call.method
        )

    async def _exchange(
        self, address: tuple[str, int], streams: _Streams, data: bytes, method: str
    ) -> Reply:
        reader, writer = streams
        is_done = False
        try:
            writer.write(data)
            reply = await _read(reader, head_only=method == "HEAD")
            idle = self._idle[address]
            is_done = reply.headers.get("connection", "").lower() != "close"
            is_done = is_done and len(idle) < _IDLE_CONNECTIONS
            if is_done:
                idle.append(streams)
            return reply
        finally:
            if not is_done:
                writer.close()


def _encode(call: Call, *, authority: str, target: str, query: str) -> bytes:
    lines = [f"{call.method} {target}{'?' + query if query else ''} HTTP/1.1", f"Host: {authority}"]
    lines += [f"{name}: {value}" for name, value in call.headers]
    body = call.body if call.method in _BODY_METHODS else b""
    if call.method in _BODY_METHODS:
        lines.append(f"Content-Length: {len(body)}")
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a header has a line break")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body


async def _read(reader: asyncio.StreamReader, *, head_only: bool) -> Reply:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")[:-4].split("\r\n")
    version, _, rest = first.partition(" ")
    if not version.startswith("HTTP/1.") or not rest[:3].isdecimal():
        raise ValueError("the answer is not HTTP/1.1")
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines)
    }
    status = int(rest[:3])
    if head_only or status in {204, 304}:
        return Reply(status, headers, b"")
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return Reply(status, headers, await _read_chunks(reader))
    length = int(headers.get("content-length", "0"))
    if length > MAX_ANSWER_BYTES:
        raise ValueError("the answer is too large")
    return Reply(status, headers, await reader.readexactly(length))


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        if len(body) + size > MAX_ANSWER_BYTES:
            raise ValueError("the answer is too large")
        body += (await reader.readexactly(size + 2))[:-2]
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass
    return bytes(body)
