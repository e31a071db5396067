import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from meshery.core.errors import ConflictError
from meshery.sandbox.filelock import only_one

BUSY = ConflictError("busy")
HOLDS = """
import fcntl, sys, time
file = open(sys.argv[1], "w")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)
"""


async def test_one_after_the_other(tmp_path: Path) -> None:
    inside = 0
    most = 0

    async def work() -> None:
        nonlocal inside, most
        async with only_one(tmp_path / "lock", timeout_s=5, busy=BUSY):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1

    await asyncio.gather(*(work() for _ in range(5)))
    assert most == 1


async def test_a_killed_holder_leaves_nothing_to_wait_for(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen(  # noqa: ASYNC220 - it says one line at once
        [sys.executable, "-c", HOLDS, str(path)], stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(ConflictError):
            async with only_one(path, timeout_s=0.05, busy=BUSY):
                pass
        holder.kill()
    async with only_one(path, timeout_s=1, busy=BUSY):
        pass


async def test_it_needs_its_directory(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        async with only_one(tmp_path / "none" / "lock", timeout_s=1, busy=BUSY):
            pass
