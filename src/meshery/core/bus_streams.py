"""`StreamKeeper`: makes sure of streams at NATS servers, also of those with little room."""

import asyncio
from collections.abc import Sequence

import nats.errors
from nats.js import JetStreamContext, api
from nats.js.errors import APIError, NotFoundError

_ANOTHER_CONFIGURATION = 10058
"""NATS' code: the stream is there with another configuration."""
_NO_ROOM = 10047
"""NATS' code: the server has not set aside so many bytes for streams."""
_NO_PEERS = 10005
"""NATS' code: no servers of a cluster can take the stream; the description says why."""
_LEAST_BYTES = 16 * 1024 * 1024


class StreamKeeper:
    """Keeps streams of these configurations."""

    def __init__(self, jetstream: JetStreamContext, configs: Sequence[api.StreamConfig]) -> None:
        self._jetstream = jetstream
        self._configs = configs

    async def ensure(self) -> None:
        """Create or update them; whatever `nats` raises when that fails."""
        for config in self._configs:
            await self._ensure(config)

    async def ensure_quietly(self) -> None:
        """The same, again and again for some seconds: a server that came back may not be ready."""
        for _ in range(20):
            try:
                await self.ensure()
            except (nats.errors.Error, OSError):
                await asyncio.sleep(0.25)
            else:
                return

    async def _ensure(self, config: api.StreamConfig) -> None:
        try:
            await self._jetstream.add_stream(config)
        except APIError as error:
            if _has_no_room(error) and (config.max_bytes or 0) > _LEAST_BYTES:
                return await self._ensure_smaller(config)
            if error.err_code != _ANOTHER_CONFIGURATION:
                raise
            await self._jetstream.update_stream(config)

    async def _ensure_smaller(self, config: api.StreamConfig) -> None:
        """As large as it is, or half as large where it is not there yet.

        NATS looks for room before it looks for the stream: one that is there was answered the same,
        and to make it smaller would drop what it holds.
        """
        try:
            there = await self._jetstream.stream_info(config.name or "")
        except NotFoundError:
            await self._ensure(config.evolve(max_bytes=(config.max_bytes or 0) // 2))
        else:
            await self._jetstream.update_stream(config.evolve(max_bytes=there.config.max_bytes))


def _has_no_room(error: APIError) -> bool:
    """Whether a smaller stream may find a place; servers that are away are no reason for one."""
    is_too_large = "insufficient storage" in (error.description or "")
    return error.err_code == _NO_ROOM or (error.err_code == _NO_PEERS and is_too_large)
