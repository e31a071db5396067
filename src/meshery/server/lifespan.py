"""What a server stands on while it runs, opened in order and closed in the reverse order.

Supervisor and bus, platform (rows migrated on the way), the claim on a shared database, the worker,
and the keepers of this process.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from meshery.core.settings import Settings
from meshery.operations.keepers import run_keepers
from meshery.operations.model import Subject
from meshery.operations.platform import Platform, open_platform
from meshery.server.leaf_hub import keep_leaf_hub, start_leaf_hub
from meshery.server.preconditions import keep_claim, take_claim
from meshery.server.tree import Callback, Restarted, process_tree


@asynccontextmanager
async def running_parts(settings: Settings) -> AsyncIterator[Platform]:
    """The opened platform, with all that works beside it. A MesheryError when a part fails."""
    async with process_tree(settings) as tree, open_platform(settings, role="server") as platform:
        fence = await take_claim(platform.database, settings)
        tree.on_restart(_teller(platform))
        hub = await start_leaf_hub(platform, tree.supervisor)
        if settings.worker.embedded:
            await tree.start_worker()
        owner = f"{platform.host}:server:{os.getpid()}"
        async with asyncio.TaskGroup() as group:
            beside = [
                group.create_task(keep_claim(platform.database, settings, fence), name="claim"),
                group.create_task(run_keepers(platform, where="server", owner=owner)),
            ]
            if hub is not None:
                beside.append(group.create_task(keep_leaf_hub(platform, hub), name="leaf-hub"))
            try:
                yield platform
            finally:
                for task in beside:
                    task.cancel()


def _teller(platform: Platform) -> Callback:
    async def tell(restarted: Restarted) -> None:
        is_away = restarted.has_trouble
        await platform.events.emit(
            category="system",
            severity="error" if is_away else "warning",
            subject=Subject("process", restarted.name, restarted.name),
            text=f"{restarted.name}: {restarted.reason}; it is {'not back' if is_away else 'back'}",
        )

    return tell
