"""A supervisor of its own for each test, and the proof that nothing of it is left."""

import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from meshery.core.paths import runtime_dir
from processes.supervision import Host, is_gone


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    shutil.rmtree(runtime_dir(tmp_path), ignore_errors=True)


@pytest.fixture
async def host(home: Path) -> AsyncIterator[Host]:
    host = Host(home)
    host.start()
    try:
        yield host
    finally:
        await host.client.close()
        host.end()
        left = [pid for pid in host.children() if not await is_gone(pid)]
        for pid in left:
            os.kill(pid, signal.SIGKILL)
    assert left == []
