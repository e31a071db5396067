"""`KubeClient`: raw requests to one API server, bounded in rate, time and size.

    async with KubeClient(access) as client:
        answer = await client.get("/api/v1/namespaces")

Bodies are bytes; who asks decodes what it needs. Every refusal is an error of `kube/errors.py`.
"""

import asyncio
import io
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from meshery import __version__
from meshery.core.errors import MesheryError, NotAuthenticatedError, UnavailableError
from meshery.kube.access import Access
from meshery.kube.answers import Answer, bounded, lines_of
from meshery.kube.credentials import Login, Ticket, ended_certificate
from meshery.kube.errors import ThrottledError, refusal, status_of
from meshery.kube.limiter import Limiter, Limits
from meshery.kube.transport import Transport, is_loopback, translated

Query = Sequence[tuple[str, str]]
STATUS_BYTES = 1_048_576


class KubeClient:
    """One API server, one identity. Close it, or use it as a context manager."""

    def __init__(
        self, access: Access, *, limits: Limits | None = None, user_agent: str = ""
    ) -> None:
        self.access = access
        self.limits = limits or Limits()
        self._agent = user_agent or f"meshery/{__version__}"
        self._limiter = Limiter(qps=self.limits.qps, burst=self.limits.burst)
        self._login = Login(access)
        self._transports: dict[tuple[str, str], Transport] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection; streams that are open end."""
        transports = list(self._transports.values())
        self._transports.clear()
        for transport in transports:
            await transport.close()

    async def get(self, path: str, *, query: Query = (), accept: str = "") -> Answer:
        """GET."""
        return await self.request("GET", path, query=query, accept=accept)

    async def post(self, path: str, body: bytes, *, query: Query = ()) -> Answer:
        """POST a JSON body: create."""
        return await self.request("POST", path, query=query, body=body)

    async def patch(
        self, path: str, body: bytes, *, content_type: str, query: Query = ()
    ) -> Answer:
        """PATCH with a body of `content_type`, which says how it is merged."""
        return await self.request("PATCH", path, query=query, body=body, content_type=content_type)

    async def delete(self, path: str, *, body: bytes = b"", query: Query = ()) -> Answer:
        """DELETE; the body holds DeleteOptions."""
        return await self.request("DELETE", path, query=query, body=body)

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        body: bytes = b"",
        content_type: str = "application/json",
        accept: str = "",
        timeout_s: float = 0.0,
    ) -> Answer:
        """Send one request and read its whole answer; `timeout_s` 0 is the client's own.

        Raises what `kube/errors.py` lists, and LimitError for an answer that is too large.
        """
        headers = [("Accept", accept or "application/json")]
        if body:
            headers.append(("Content-Type", content_type))
        timeout = aiohttp.ClientTimeout(
            total=timeout_s or self.limits.timeout_s, sock_connect=self.limits.connect_s
        )
        asked = f"{method} {path}"
        response = await self._open(asked, query, headers=headers, body=body, timeout=timeout)
        with translated(self.access.server, asked):
            async with response:
                read = await bounded(response, self.limits.max_answer_bytes, asked)
                return Answer(response.status, response.headers, read)

    @asynccontextmanager
    async def stream(
        self, path: str, *, query: Query = (), accept: str = "", idle_s: float = 0.0
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """GET a body that has no end, in chunks; DeadlineError after `idle_s` of silence."""
        asked = f"GET {path}"
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=self.limits.connect_s, sock_read=idle_s or None
        )
        headers = [("Accept", accept or "application/json, */*")]
        # The first byte of a quiet watch may take its time, but the answer's head does not.
        with translated(self.access.server, asked):
            async with asyncio.timeout(self.limits.timeout_s):
                response = await self._open(asked, query, headers=headers, timeout=timeout)
        async with response:
            yield self._chunks(response, asked)

    async def _chunks(self, response: aiohttp.ClientResponse, asked: str) -> AsyncGenerator[bytes]:
        with translated(self.access.server, asked):
            async for chunk in response.content.iter_any():
                yield chunk

    @asynccontextmanager
    async def lines(
        self, path: str, *, query: Query = (), accept: str = "", idle_s: float = 0.0
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """As `stream`, line by line without their ends; LimitError for one that is too long."""
        async with self.stream(path, query=query, accept=accept, idle_s=idle_s) as chunks:
            yield lines_of(chunks, self.limits.max_line_bytes)

    @asynccontextmanager
    async def websocket(
        self, path: str, *, query: Query = (), protocols: Sequence[str]
    ) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """A WebSocket that speaks one of `protocols`."""
        asked = f"GET {path}"
        ticket = await self._login.ticket()
        transport = self._transport(ticket)
        await self._limiter.turn()
        with translated(self.access.server, asked):
            socket = await transport.session.ws_connect(
                self._url(path, query),
                protocols=protocols,
                headers=[("User-Agent", self._agent), *self._login.headers(ticket)],
                max_msg_size=self.limits.max_line_bytes,
                **transport.options,
            )
        async with socket:
            yield socket

    async def _open(
        self,
        asked: str,
        query: Query,
        *,
        headers: list[tuple[str, str]],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - it goes to the library
        body: bytes = b"",
    ) -> aiohttp.ClientResponse:
        """The answer's head: of a success, or its error raised; 401 and 429 are tried again."""
        logged_in = False
        attempt = 0
        while True:
            attempt += 1
            ticket = await self._login.ticket()
            response = await self._send(
                asked, query, headers=headers, timeout=timeout, body=body, ticket=ticket
            )
            if response.status < 300:
                return response
            error = await self._error(response, asked)
            if isinstance(error, NotAuthenticatedError) and self._login.renewable and not logged_in:
                self._login.forget(ticket)
                logged_in = True
            elif (
                isinstance(error, ThrottledError)
                and attempt < self.limits.attempts
                and error.retry_after_s <= self.limits.max_wait_s
            ):
                await asyncio.sleep(error.retry_after_s)
            else:
                raise error

    async def _send(
        self,
        asked: str,
        query: Query,
        *,
        headers: list[tuple[str, str]],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109
        body: bytes,
        ticket: Ticket,
    ) -> aiohttp.ClientResponse:
        await self._limiter.turn()
        transport = self._transport(ticket)
        method, _, path = asked.partition(" ")
        # Compression costs more time than it saves where no network is between.
        coding = "identity" if is_loopback(self.access.server) else "gzip"
        own = [("User-Agent", self._agent), ("Accept-Encoding", coding)]
        with translated(self.access.server, asked):
            return await transport.session.request(
                method,
                self._url(path, query),
                headers=[*own, *headers, *self._login.headers(ticket)],
                data=io.BytesIO(body) if body else None,  # in chunks: some are megabytes
                timeout=timeout,
                allow_redirects=False,
                **transport.options,
            )

    def _transport(self, ticket: Ticket) -> Transport:
        # A renewed certificate needs a pool of its own; what runs on the old one runs on.
        pair = (ticket.certificate, ticket.key)
        if pair not in self._transports:
            self._transports[pair] = Transport(self.access, certificate=pair[0], key=pair[1])
        return self._transports[pair]

    def _url(self, path: str, query: Query) -> URL:
        asked = f"?{urlencode(query)}" if query else ""
        return URL(f"{self.access.server}{path}{asked}", encoded=True)

    async def _error(self, response: aiohttp.ClientResponse, asked: str) -> MesheryError:
        with translated(self.access.server, asked):
            async with response:
                body = await bounded(response, STATUS_BYTES, asked)
        if response.status < 400:
            return UnavailableError(
                f"{self.access.server} redirects elsewhere",
                cause=f"{asked} was answered with {response.headers.get('Location', '')!r:.200}",
                remedy="name the final address of the API server",
                code="meshery.kube.redirect",
            )
        ended = ended_certificate(self.access.credentials.certificate)
        if response.status == 401 and ended:
            return NotAuthenticatedError(
                "the client certificate has expired",
                cause=f"it was valid until {ended}",
                remedy="renew it (`kubeadm certs renew`), or use a ServiceAccount's token",
                code="meshery.kube.unauthorised",
            )
        return refusal(response.status, status_of(body), asked=asked, headers=response.headers)
