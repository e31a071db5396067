"""What NATS servers say of themselves: `healthz`, `routez`, `jsz`, `connz`, `leafz`.

docs.nats.io/running-a-nats-service/nats_admin/monitoring
"""

import asyncio
from collections.abc import Sequence
from typing import Self, TypeVar

import aiohttp
import msgspec

from meshery.core.endpoints import host_port
from meshery.core.errors import UnavailableError
from meshery.operator.model import MONITOR_PORT

LOOK_S = 3.0
"""How long one answer may take."""
MOST = 1024
"""Connections of one `connz`; brokers of a cluster have a handful."""
_BYTES = 8 * 1024 * 1024

T = TypeVar("T", bound=msgspec.Struct)


class _Health(msgspec.Struct, frozen=True):
    status: str = ""
    error: str = ""


class _Routes(msgspec.Struct, frozen=True):
    class Route(msgspec.Struct, frozen=True):
        remote_name: str = ""

    routes: tuple[Route, ...] | None = ()


class _JetStream(msgspec.Struct, frozen=True):
    class Meta(msgspec.Struct, frozen=True):
        leader: str = ""
        cluster_size: int = 0

    disabled: bool = False
    messages: int = 0
    meta_cluster: Meta | None = None


class Connection(msgspec.Struct, frozen=True):
    """A client: its name, and what it sent so far."""

    name: str = ""
    in_msgs: int = 0


class _Connections(msgspec.Struct, frozen=True):
    connections: tuple[Connection, ...] | None = ()


class _Leaves(msgspec.Struct, frozen=True):
    leafnodes: int = 0


class Monitor:
    """Asks servers at `addresses`, each the address of one. Use it as a context manager."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=LOOK_S), trust_env=False
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def fault(self) -> str:
        """What keeps these servers from being one broker, in words; empty when nothing does."""
        faults = await asyncio.gather(*(self._fault(each) for each in self._addresses))
        return "; ".join(fault for fault in faults if fault)

    async def connections(self, name: str) -> list[Connection]:
        """Clients of that name on all servers. UnavailableError when none of them answers."""
        asked = [self._ask(each, f"connz?limit={MOST}", _Connections) for each in self._addresses]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        told = [answer for answer in answers if isinstance(answer, _Connections)]
        for answer in answers if not told else ():
            if isinstance(answer, BaseException):
                raise answer
        return [each for answer in told for each in answer.connections or () if each.name == name]

    async def stored(self) -> int:
        """Messages in all streams of all servers that answer."""
        asked = [self._ask(each, "jsz", _JetStream) for each in self._addresses]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        return sum(answer.messages for answer in answers if isinstance(answer, _JetStream))

    async def leaves(self) -> int:
        """How many of these servers are connected to another one as its leaf node."""
        asked = [self._ask(each, "leafz", _Leaves) for each in self._addresses]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        return sum(isinstance(each, _Leaves) and each.leafnodes > 0 for each in answers)

    async def _fault(self, address: str) -> str:
        others = len(self._addresses) - 1
        try:
            health = await self._ask(address, "healthz", _Health)
            if health.status != "ok":
                return f"the server at {address} says {health.error or health.status}"
            stream = await self._ask(address, "jsz", _JetStream)
            if stream.disabled:
                return f"the server at {address} has no JetStream"
            return await self._cluster_fault(address, stream, others) if others else ""
        except UnavailableError as error:
            return error.what

    async def _cluster_fault(self, address: str, stream: _JetStream, others: int) -> str:
        found = await self._ask(address, "routez", _Routes)
        known = {route.remote_name for route in found.routes or ()}
        if len(known) < others:
            return f"the server at {address} is joined to {len(known)} of {others} others"
        meta = stream.meta_cluster
        if meta is None or not meta.leader:
            return f"the server at {address} knows no leader of JetStream"
        return ""

    async def _ask(self, address: str, path: str, kind: type[T]) -> T:
        url = f"http://{host_port(address, MONITOR_PORT)}/{path}"
        try:
            # A server that is not well says so with another status, in the same form.
            async with self._session.get(url) as response:
                return msgspec.json.decode(await _whole(response), type=kind)
        except (aiohttp.ClientError, TimeoutError, OSError, msgspec.MsgspecError) as error:
            raise UnavailableError(
                f"the NATS server at {address} does not answer",
                cause=str(error) or type(error).__name__,
                remedy="look at its pod's log",
            ) from error


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    """The body, in however many pieces it comes; aiohttp's ClientPayloadError above the limit."""
    body = bytearray()
    async for piece in response.content.iter_chunked(65_536):
        body += piece
        if len(body) > _BYTES:
            raise aiohttp.ClientPayloadError(f"its answer is above {_BYTES} bytes")
    return bytes(body)
