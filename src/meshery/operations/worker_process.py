"""The process `meshery worker`: a platform, a worker, and the signals that end it."""

import asyncio
import signal

from meshery.core import garbage
from meshery.core.settings import LoadedSettings, Settings
from meshery.core.telemetry import configure_logging
from meshery.operations.platform import open_platform
from meshery.operations.worker import run_worker


def run(loaded: LoadedSettings, *, embedded: bool) -> int:
    """Work until SIGTERM or SIGINT; the exit code.

    `embedded` when a server started it; otherwise PostgreSQL and an external bus are demanded:
    UnsupportedError without them. UnavailableError when a part does not answer at the start.
    """
    configure_logging(loaded.settings.log, process="worker")
    asyncio.run(_work(loaded.settings, embedded=embedded))
    return 0


async def _work(settings: Settings, *, embedded: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_platform(settings, role="worker", embedded=embedded) as platform:
        garbage.from_now()
        await run_worker(platform, stop)
