"""`BusLink`: one connection to NATS that says when it breaks; `bus.py` is what goes over it."""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import nats.errors
from nats.aio.client import Client

from meshery.core.settings import Settings
from meshery.core.telemetry import get_logger

_CLOSE_S = 2.0

T = TypeVar("T")

_log = get_logger("core.bus")


class Trust(msgspec.Struct, frozen=True):
    """Who is taken for the server: whoever these authorities (PEM) call by its address.

    Without `authorities` those of the system are asked, where the address is `tls://`. `hostname`
    is looked for in the certificate in place of the address.
    """

    authorities: str = ""
    hostname: str = ""

    @classmethod
    def of(cls, settings: Settings) -> "Trust":
        """That of the settings. OSError when the file cannot be read."""
        file = settings.bus.tls_ca_file
        authorities = Path(file).expanduser().read_text() if file else ""
        return cls(authorities, settings.bus.tls_hostname)

    def context(self, url: str) -> ssl.SSLContext | None:
        """How TLS is done, None where it is not. ssl.SSLError for what are no certificates."""
        if self.authorities:
            return ssl.create_default_context(cadata=self.authorities)
        return ssl.create_default_context() if "tls://" in url else None


class _Client(Client):
    """A client whose token is never sent in plain where TLS is asked for.

    The library leaves it to the server's first words, which come in plain, whether there is TLS.
    """

    is_secure = False

    def _connect_command(self) -> bytes:
        if self.is_secure and not self._server_info.get("tls_required"):
            raise nats.errors.Error("the server, or what answers in its place, offers no TLS")
        return super()._connect_command()


class BusLink:
    """The connection of one event loop. `again` is awaited after each reconnect."""

    def __init__(self, again: Callable[[], Awaitable[None]]) -> None:
        self.client = _Client()
        self.last_error = ""
        self._again = again
        self._tasks: set[asyncio.Task[None]] = set()
        self._broken = asyncio.Event()
        self._is_closing = False

    async def connect(
        self, url: str, *, token: str, user: str = "", name: str, trust: Trust, reconnects: bool
    ) -> None:
        """Connect to one of the servers of `url`; whatever `nats` raises when none answers.

        `last_error` says why that failed so far.
        """
        tls = trust.context(url)
        self.client.is_secure = tls is not None
        work = self.client.connect(
            url.split(","),
            # A user's token is its password.
            token=None if user else token or None,
            user=user or None,
            password=token if user else None,
            name=name,
            tls=tls,
            tls_hostname=(trust.hostname or None) if tls else None,
            connect_timeout=2,
            allow_reconnect=reconnects,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.25,  # type: ignore[arg-type] # only slept on
            error_cb=self._on_error,
            disconnected_cb=self._on_disconnect,
            reconnected_cb=self._on_reconnect,
        )
        connecting = asyncio.ensure_future(work)
        try:
            await asyncio.wait({connecting})
        finally:
            # The library tries for ever, and may lose a cancel (see `unbroken`): one is not enough.
            while not connecting.done():
                connecting.cancel()
                await asyncio.wait({connecting}, timeout=0.2)
        connecting.result()

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
        # A connection whose handshake failed never says that it is closed.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
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

    async def _on_error(self, error: Exception) -> None:
        self.last_error = str(error) or type(error).__name__
        _log.info("bus.error", cause=self.last_error)
