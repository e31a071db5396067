"""`python -m sandbox.worker_process SETTINGS`: a worker with this room's kinds, to be killed."""

import asyncio
import signal
import sys

import msgspec

from meshery.core.settings import Settings
from meshery.core.telemetry import configure_logging
from meshery.operations.keepers import KEEPERS
from meshery.operations.platform import open_platform
from meshery.operations.worker import run_worker
from meshery.sandbox.keeper import KEEPERS as SANDBOX_KEEPERS
from meshery.sandbox.work import KINDS


async def main(settings: Settings) -> None:
    configure_logging(settings.log, process="worker")
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    kinds = {kind.name: kind for kind in KINDS}
    async with open_platform(settings, role="worker", kinds=kinds) as platform:
        await run_worker(platform, stop, keepers=(*KEEPERS, *SANDBOX_KEEPERS))


if __name__ == "__main__":
    asyncio.run(main(msgspec.json.decode(sys.argv[1], type=Settings)))
