"""A sidecar's admin interface over its Unix socket, with a small HTTP client of our own.

One connection, kept; a restart of the sidecar is met by connecting anew. Requests of one client
wait for each other.
"""

import asyncio
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import msgspec

from meshery.core.errors import UnavailableError

MAX_ANSWER_BYTES = 16_777_216
_TIMEOUT_S = 5.0
_DRAIN_POLL_S = 0.02


class ListenerStatus(msgspec.Struct, frozen=True):
    """A listener that is up: its name and port."""

    name: str
    port: int


class AdminClient:
    """Asks one sidecar. UnavailableError when it does not answer."""

    def __init__(self, socket: Path | str, *, timeout_s: float = _TIMEOUT_S) -> None:
        self._socket = str(socket)
        self._timeout_s = timeout_s
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def get(self, path: str) -> bytes:
        """The body of an answer."""
        return await self._ask("GET", path)

    async def post(self, path: str) -> bytes:
        """Change something; the body of the answer."""
        return await self._ask("POST", path)

    async def is_live(self) -> bool:
        """Whether it serves (`/ready` says LIVE)."""
        return (await self.get("/ready")).strip() == b"LIVE"

    async def listeners(self) -> tuple[ListenerStatus, ...]:
        """The listeners that are up."""
        answer = msgspec.json.decode(await self.get("/listeners?format=json"))
        return tuple(
            ListenerStatus(
                status["name"], status["local_address"].get("socket_address", {})["port_value"]
            )
            for status in answer.get("listener_statuses", [])
        )

    async def stats(self, pattern: str = "") -> dict[str, str]:
        """Counters, gauges and texts whose names a regex finds, as text."""
        return _pairs(await self.get(f"/stats?filter={quote(pattern)}" if pattern else "/stats"))

    async def texts(self) -> dict[str, str]:
        """The statistics that are texts: few, and cheap for the sidecar to list."""
        return _pairs(await self.get("/stats?type=TextReadouts"))

    async def prometheus(self, pattern: str = "") -> str:
        """Statistics in Prometheus' form, those that were ever used."""
        query = f"&filter={quote(pattern)}" if pattern else ""
        return (await self.get(f"/stats/prometheus?usedonly{query}")).decode()

    async def clusters(self) -> dict[str, Any]:
        """Clusters and their hosts, as Envoy's own document."""
        answer: dict[str, Any] = msgspec.json.decode(await self.get("/clusters?format=json"))
        return answer

    async def certificates(self) -> list[dict[str, Any]]:
        """The certificates in use, as Envoy's own documents."""
        found: list[dict[str, Any]] = msgspec.json.decode(await self.get("/certs"))["certificates"]
        return found

    async def drain(self, *, timeout_s: float) -> bool:
        """Refuse new work and wait for what is in progress; False when some was left at the end.

        Without it a stopped sidecar cuts off the requests it is serving.
        """
        await self.post("/healthcheck/fail")
        await self.post("/drain_listeners?graceful&skip_exit")
        try:
            async with asyncio.timeout(timeout_s):
                while await self._active():  # noqa: ASYNC110 - its end is Envoy's, not ours
                    await asyncio.sleep(_DRAIN_POLL_S)
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Close the connection."""
        streams, self._streams = self._streams, None
        if streams is not None:
            streams[1].close()

    async def _active(self) -> int:
        found = await self.stats(r"^http\.(in|out)bound\.downstream_rq_active$")
        return sum(int(value) for value in found.values())

    async def _ask(self, method: str, path: str) -> bytes:
        request = f"{method} {path} HTTP/1.1\r\nHost: admin\r\nContent-Length: 0\r\n\r\n".encode()
        async with self._lock:
            was_open = self._streams is not None
            try:
                return await self._exchange(request)
            except (OSError, EOFError) as error:
                await self.close()
                if not was_open:
                    raise self._unavailable(str(error)) from error
            try:
                return await self._exchange(request)
            except (OSError, EOFError) as error:
                await self.close()
                raise self._unavailable(str(error)) from error

    async def _exchange(self, request: bytes) -> bytes:
        is_done = False
        try:
            async with asyncio.timeout(self._timeout_s):
                if self._streams is None:
                    self._streams = await asyncio.open_unix_connection(
                        self._socket, limit=MAX_ANSWER_BYTES
                    )
                reader, writer = self._streams
                writer.write(request)
                status, body = await _read(reader)
                is_done = True
        except TimeoutError as error:
            raise self._unavailable(f"no answer within {self._timeout_s:g} s") from error
        finally:
            if not is_done:  # half an answer is left in it
                await self.close()
        if status >= 500 and not body:
            raise self._unavailable(f"it answers {status}")
        return body

    def _unavailable(self, cause: str) -> UnavailableError:
        return UnavailableError(
            f"the sidecar at {self._socket} does not answer",
            cause=cause,
            remedy="look at its log: `mesheryctl sandbox logs`",
            code="meshery.sandbox.admin",
        )


def _pairs(body: bytes) -> dict[str, str]:
    lines = body.decode("utf-8", "replace").splitlines()
    pairs = (line.split(": ", 1) for line in lines if ": " in line)
    return {name: value.strip('"') for name, value in pairs}


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    status = int(head[9:12])
    fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
    if fields.get("transfer-encoding") != "chunked":
        return status, await reader.readexactly(int(fields.get("content-length", "0")))
    body = bytearray()
    while size := int(await reader.readuntil(b"\r\n"), 16):
        if len(body) + size > MAX_ANSWER_BYTES:
            raise EOFError("the answer is too large")
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readuntil(b"\r\n")
    return status, bytes(body)
