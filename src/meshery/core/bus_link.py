"""`BusLink`: one connection to NATS that says when it breaks; `bus.py` is what goes over it."""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import nats.errors
from nats.aio.client import Client

from meshery.core.settings import Settings
from meshery.core.telemetry import get_logger

T = TypeVar("T")

_log = get_logger("core.bus")


class BusLink:
    """The connection of one event loop. `again` is awaited after each reconnect."""

    def __init__(self, again: Callable[[], Awaitable[None]]) -> None:
        self.client = Client()
        self._again = again
        self._tasks: set[asyncio.Task[None]] = set()
        self._broken = asyncio.Event()
        self._is_closing = False

    async def connect(
        self, settings: Settings, *, url: str, token: str, name: str, reconnects: bool
    ) -> None:
        """Connect to one of the servers of `url`; whatever `nats` raises when none answers."""
        await self.client.connect(
            url.split(","),
            token=token or None,
            name=name,
            tls=_tls(settings),
            connect_timeout=2,
            allow_reconnect=reconnects,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.25,  # type: ignore[arg-type] # only slept on
            error_cb=_on_error,
            disconnected_cb=self._on_disconnect,
            reconnected_cb=self._on_reconnect,
        )

    @property
    def connected(self) -> bool:
        """Whether the server answers now."""
        return self.client.is_connected

    async def close(self) -> None:
        """Send what is pending, then disconnect."""
        self._is_closing = True
        for task in self._tasks:
            task.cancel()
        if self.connected:
            with contextlib.suppress(nats.errors.Error, OSError):
                await self.client.flush(timeout=1)
        await self.client.close()

    async def unbroken(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, or an error as soon as the connection breaks under it.

        What was sent on a broken connection is never answered; waiting for it wastes time. And the
        library waits by `wait_for`, which before Python 3.12 loses a cancel that comes together
        with the answer: in a task of its own that hurts nobody.
        """
        task = asyncio.ensure_future(work)
        broken = asyncio.ensure_future(self._broken.wait())
        try:
            await asyncio.wait({task, broken}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise nats.errors.StaleConnectionError
            return task.result()
        finally:
            broken.cancel()
            if not task.done():
                task.cancel()
                await asyncio.wait({task})

    async def _on_disconnect(self) -> None:
        if not self._is_closing:
            _log.warning("bus.disconnected")
        self._broken.set()
        self._broken = asyncio.Event()

    async def _on_reconnect(self) -> None:
        _log.info("bus.reconnected")
        task = asyncio.ensure_future(self._again())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if not settings.bus.tls_ca_file:
        return None
    return ssl.create_default_context(cafile=settings.bus.tls_ca_file)


async def _on_error(error: Exception) -> None:
    _log.info("bus.error", cause=str(error) or type(error).__name__)
