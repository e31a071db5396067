"""A supervisor over a home as tests use it, and what tests ask of the machine."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from fixtures.waiting import until
from meshery.core.paths import runtime_dir
from meshery.processes.client import SupervisorClient
from meshery.processes.identity import environment_of, sessions
from meshery.processes.model import ProcessEvent, ProcessSpec, ProcessStatus, Restart
from meshery.processes.supervisor_process import Ready


class Host:
    """A supervisor process over one home, held by a pipe as the server holds it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.client = SupervisorClient(runtime_dir(home) / "supervisor.sock")
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def process(self) -> subprocess.Popen[bytes]:
        return self._processes[-1]

    def start(self, *, restore: bool = False, before: tuple[str, ...] = ()) -> Ready:
        """Start a supervisor and wait until it is ready."""
        process = self.spawn(restore=restore, before=before)
        assert process.stdout is not None
        return msgspec.json.decode(process.stdout.readline(), type=Ready)

    def spawn(
        self, *, restore: bool = False, before: tuple[str, ...] = ()
    ) -> "subprocess.Popen[bytes]":
        words = [*before, sys.executable, "-m", "meshery.processes.supervisor_process"]
        words += ["--home", str(self.home)]
        with (self.home / "supervisor.log").open("ab") as log:
            process = subprocess.Popen(
                words + (["--restore"] if restore else []),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        self._processes.append(process)
        return process

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def close_input(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def end(self) -> None:
        for process in self._processes:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.close()
            process.wait(10)
            process.stdout.close()

    def children(self) -> list[int]:
        """Living processes that were started for this home, wherever their parents went."""
        own = {process.pid for process in self._processes}
        return [
            pid
            for pids in sessions().values()
            for pid in pids
            if pid not in own and environment_of(pid).get("MESHERY_HOME") == str(self.home)
        ]

    async def status(self, name: str) -> ProcessStatus:
        (found,) = [status for status in await self.client.list(name) if status.name == name]
        return found

    async def until(self, name: str, condition: Callable[[ProcessStatus], bool]) -> None:
        """Wait until a process stands as wanted."""

        async def stands() -> bool:
            return condition(await self.status(name))

        await until(stands, timeout_s=10, what=f"the change of {name}")

    async def events(self, count: int, *, prefix: str = "") -> list[ProcessEvent]:
        """The first events kept, waiting until there are so many."""
        found: list[ProcessEvent] = []
        async with asyncio.timeout(10):
            async for event in self.client.watch(prefix=prefix):
                found.append(event)
                if len(found) == count:
                    break
        return found


async def is_gone(pid: int) -> bool:
    return await holds(lambda: pid not in {one for pids in sessions().values() for one in pids})


async def holds(condition: Callable[[], bool], *, within_s: float = 5.0) -> bool:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.01)
    return True


def sleeper(name: str = "sleeper", **more: object) -> ProcessSpec:
    return msgspec.structs.replace(ProcessSpec(name, ("sleep", "300")), **more)


def script(
    name: str, text: str, *, restart: Restart = Restart.NEVER, **more: object
) -> ProcessSpec:
    spec = ProcessSpec(name, (sys.executable, "-u", "-c", text), restart=restart)
    return msgspec.structs.replace(spec, **more)
