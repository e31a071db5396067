"""`python -m meshery.sandbox.app --config FILE`: serve until SIGTERM, then finish what began."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

import msgspec

from meshery.sandbox.app.config import AppConfig, load_config
from meshery.sandbox.app.ports import EchoPorts, ListenError, listening
from meshery.sandbox.app.protocol import HttpProtocol
from meshery.sandbox.app.routes import Application

_GRACE_S = 2.0
_BACKLOG = 1024


async def serve(config: AppConfig) -> None:
    """Serve until SIGTERM or SIGINT. ListenError when a port is taken."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    application, echo = Application(config), EchoPorts(config)
    connections: set[HttpProtocol] = set()
    try:
        await echo.open()  # first: once HTTP answers, all of it does
        with listening(config.host, config.port):
            server = await loop.create_server(
                lambda: HttpProtocol(application.handle, connections),
                config.host,
                config.port,
                backlog=_BACKLOG,
            )
        await stop.wait()
        server.close()
        await asyncio.gather(_finish(connections), echo.close())
    finally:
        await echo.close()
        await application.close()


async def _finish(connections: set[HttpProtocol]) -> None:
    """Close idle connections at once, the others after their answer or the grace."""
    closed = [connection.closed for connection in connections]
    for connection in list(connections):
        connection.finish()
    if closed:
        await asyncio.wait(closed, timeout=_GRACE_S)


def main() -> int:
    """Read the configuration and serve; 0 after a stop, 2 for a bad file, 1 for a taken port."""
    parser = argparse.ArgumentParser(prog="meshery.sandbox.app")
    parser.add_argument("--config", type=Path, required=True)
    path: Path = parser.parse_args().config
    try:
        config = load_config(path)
    except (OSError, msgspec.DecodeError) as error:
        sys.stderr.write(f"cannot use {path}: {error}\n")
        return 2
    try:
        _run(config)
    except ListenError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _run(config: AppConfig) -> None:
    try:
        import uvloop
    except ImportError:
        asyncio.run(serve(config))
    else:
        uvloop.run(serve(config))


if __name__ == "__main__":
    raise SystemExit(main())
