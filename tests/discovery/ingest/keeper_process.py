"""`python -m discovery.ingest.keeper_process SETTINGS`: what a server does in the background."""

import asyncio
import sys

import msgspec

from meshery.core.settings import Settings
from meshery.core.telemetry import configure_logging
from meshery.discovery.keepers import KEEPERS
from meshery.operations.keepers import run_keepers
from meshery.operations.owners import new_owner
from meshery.operations.platform import open_platform


async def main(settings: Settings) -> None:
    configure_logging(settings.log, process="worker")
    async with open_platform(settings, role="worker", kinds={}) as platform:
        owner = new_owner(platform.host)
        await run_keepers(platform, where="worker", owner=owner, keepers=KEEPERS)


if __name__ == "__main__":
    asyncio.run(main(msgspec.json.decode(sys.argv[1], type=Settings)))
