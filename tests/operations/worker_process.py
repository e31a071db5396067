"""`python -m operations.worker_process SETTINGS`: a worker with the tests' kinds."""

import asyncio
import signal
import sys

import msgspec

from meshery.core.settings import Settings
from meshery.core.telemetry import configure_logging
from meshery.operations.keepers import KEEPERS
from meshery.operations.platform import open_platform
from meshery.operations.worker import run_worker
from operations.kinds import KINDS


async def main(settings: Settings) -> None:
    configure_logging(settings.log, process="worker")
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with open_platform(settings, role="worker", kinds=KINDS) as platform:
        await run_worker(platform, stop, keepers=KEEPERS)


if __name__ == "__main__":
    asyncio.run(main(msgspec.json.decode(sys.argv[1], type=Settings)))
