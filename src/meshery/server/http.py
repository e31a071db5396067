"""uvicorn as we run it: on a socket of ours, stopped by us, saying when it answers."""

import contextlib
import math
import socket
from collections.abc import Callable, Iterator

import uvicorn
from starlette.types import ASGIApp

from meshery.core.durations import parse_duration
from meshery.core.settings import Settings

_SOCKET_MESSAGE_BYTES = 2 * 1_048_576
"""Pages send clicks and texts, seldom more; the other direction has no limit."""


class HttpServer(uvicorn.Server):
    """One server over an application; `on_started` is called once it accepts connections."""

    def __init__(self, app: ASGIApp, settings: Settings, on_started: Callable[[], None]) -> None:
        config = uvicorn.Config(
            app,
            http="httptools",
            ws="websockets-sansio",
            lifespan="on",
            log_config=None,
            access_log=False,  # it would write login codes; our own metrics and logs say more
            server_header=False,
            proxy_headers=False,
            ws_max_size=_SOCKET_MESSAGE_BYTES,
            timeout_graceful_shutdown=_whole_seconds(settings.server.shutdown_grace),
        )
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept, then say so."""
        await super().startup(sockets)
        self._on_started()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to `main`: uvicorn's own way ends the process before we have cleaned up."""
        yield

    def stop(self) -> None:
        """Finish what is open; at once when asked a second time."""
        self.force_exit = self.should_exit
        self.should_exit = True


def _whole_seconds(duration: str) -> int:
    return max(1, math.ceil(parse_duration(duration)))
