"""A component ends when it is told to, and when nobody is left to tell it."""

import subprocess
import sys
import time
from pathlib import Path

import psutil

from fixtures.waiting import until
from meshery.kube.local.component import Component

_OWNER = """
import sys, time
from pathlib import Path
from meshery.kube.local.component import Component
component = Component("sleeper", Path(sys.argv[1]))
component.start(["/bin/sleep", "60"])
print(component.pid, flush=True)
time.sleep(60)
"""


async def test_one_that_does_not_listen_is_killed_after_the_grace(tmp_path: Path) -> None:
    log = tmp_path / "deaf.log"
    component = Component("deaf", log)
    component.start(["/bin/sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.1; done"])

    async def is_deaf() -> bool:
        return component.last_words() == "deaf"

    await until(is_deaf)
    pid, began = component.pid, time.monotonic()
    await component.stop(grace_s=0.3)
    assert time.monotonic() - began >= 0.3
    assert (component.pid, component.is_running, psutil.pid_exists(pid)) == (0, False, False)


async def test_it_is_gone_when_its_owner_is_killed(tmp_path: Path) -> None:
    owner = subprocess.Popen(  # noqa: ASYNC220 - its one line comes at once
        [sys.executable, "-c", _OWNER, str(tmp_path / "sleeper.log")], stdout=subprocess.PIPE
    )
    with owner:
        assert owner.stdout is not None
        sleeper = psutil.Process(int(owner.stdout.readline()))

        async def sleeps() -> bool:
            return sleeper.name() == "sleep"

        await until(sleeps)
        owner.kill()

    async def is_gone() -> bool:
        return not sleeper.is_running() or sleeper.status() == psutil.STATUS_ZOMBIE

    await until(is_gone, what="the end of the sleeper")
