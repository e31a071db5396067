"""`meshery server`: takes the home and the port, starts everything, serves until told to stop.

When it answers it says so in `server.json` in its home; the file goes when it ends.
"""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Callable

from meshery.client.extras import demand_server
from meshery.client.home import HomeLock, ServerFile, remove_server_file, write_server_file
from meshery.core import garbage
from meshery.core.errors import MesheryError
from meshery.core.settings import LoadedSettings


def run(loaded: LoadedSettings) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code. A MesheryError says what failed."""
    try:
        return _run(loaded)
    except BaseExceptionGroup as group:
        known = _first_known(group)
        if known is None:
            raise
        raise known from group


def _run(loaded: LoadedSettings) -> int:
    demand_server()
    from meshery.core.telemetry import configure_logging
    from meshery.server.listener import listen
    from meshery.server.preconditions import demand_allowed

    settings = loaded.settings
    home = settings.home_path
    demand_allowed(settings)
    configure_logging(settings.log, process="server")
    os.environ.setdefault("NICEGUI_STORAGE_PATH", str(home / "nicegui"))
    lock = HomeLock.acquire(home)
    try:
        remove_server_file(home)
        with listen(settings.server) as listener, asyncio.Runner(loop_factory=_loop()) as runner:
            return runner.run(_serve_until_told(loaded, listener))
    finally:
        remove_server_file(home)
        lock.release()


async def _serve_until_told(loaded: LoadedSettings, listener: socket.socket) -> int:
    """Serve; a signal during the start cancels it, a later one stops the server in order."""
    loop = asyncio.get_running_loop()
    stopping: list[Callable[[], None]] = []
    serving = asyncio.create_task(_serve(loaded, listener, stopping), name="serve")

    def on_signal() -> None:
        stopping[0]() if stopping else serving.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    try:
        await serving
    except asyncio.CancelledError:
        return 130
    return 0


async def _serve(
    loaded: LoadedSettings, listener: socket.socket, stopping: list[Callable[[], None]]
) -> None:
    from meshery.server.lifespan import running_parts
    from meshery.server.listener import url_of
    from meshery.server.logins import Logins, load_token
    from meshery.server.parts import Parts
    from meshery.server.state import ServerState

    settings = loaded.settings
    home, url = settings.home_path, url_of(listener)
    logins = Logins(load_token(home))

    def on_started() -> None:
        garbage.from_now()
        write_server_file(home, ServerFile(os.getpid(), url, time.time()))

    async with running_parts(settings) as platform:
        # Loaded now, while the worker starts in its own process: a second earlier ready.
        from meshery.server.app import build_app
        from meshery.server.http import HttpServer

        state = ServerState(loaded=loaded, logins=logins, parts=Parts(), url=url)
        http = HttpServer(build_app(platform, state), settings, on_started)
        stopping.append(http.stop)
        await http.serve([listener])
        remove_server_file(home)


def _loop() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:  # a platform without its wheel: slower, otherwise the same
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def _first_known(group: BaseExceptionGroup[BaseException]) -> MesheryError | None:
    for error in group.exceptions:
        found = _first_known(error) if isinstance(error, BaseExceptionGroup) else error
        if isinstance(found, MesheryError):
            return found
    return None
