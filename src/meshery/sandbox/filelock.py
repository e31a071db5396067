"""One at a time among all processes of this host: a lock on a file, gone with its holder.

A sandbox is changed on its own host only, so the kernel's lock is enough; it costs microseconds,
and a killed holder leaves nothing to wait for.
"""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from meshery.core.errors import MesheryError

_POLL_S = 0.01


@asynccontextmanager
async def only_one(path: Path, *, timeout_s: float, busy: MesheryError) -> AsyncIterator[None]:
    """Hold the lock on `path` within the context; raises `busy` when others hold it for so long.

    FileNotFoundError when its directory is not there.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while not _take(descriptor):
            if loop.time() > deadline:
                raise busy
            await asyncio.sleep(_POLL_S)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
