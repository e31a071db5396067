"""A platform on real parts, a worker in this process, and workers in processes of their own."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from fixtures.nats import NatsServer
from meshery.core.settings import BusSettings, Settings, WorkerSettings
from meshery.operations.keepers import KEEPERS
from meshery.operations.model import Operation, OperationState
from meshery.operations.platform import Platform, open_platform
from meshery.operations.worker import run_worker
from operations.kinds import KINDS, SUBJECT, marks

LEASE_S = 1.0

_NOTHING: Mapping[str, str] = {}


def quick(settings: Settings, nats: NatsServer, *, host: str = "here") -> Settings:
    """Short leases and beats, so that a lost owner is noticed within about a second."""
    return msgspec.structs.replace(
        settings,
        bus=BusSettings(url=nats.url, token_file=str(nats.token_file)),
        worker=WorkerSettings(
            host=host, concurrency=4, lease="1s", beat="250ms", republish_after="500ms"
        ),
    )


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Platform]:
    async with open_platform(settings, role="server", kinds=KINDS) as platform:
        yield platform


@asynccontextmanager
async def working(settings: Settings) -> AsyncIterator[Platform]:
    """A worker in this process."""
    async with open_platform(settings, role="worker", kinds=KINDS) as platform:
        stop = asyncio.Event()
        task = asyncio.create_task(run_worker(platform, stop, keepers=KEEPERS))
        try:
            yield platform
        finally:
            stop.set()
            await task


class WorkerProcess:
    """A worker in a process of its own, to be killed and frozen."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self.log = log
        self.pid = process.pid

    @classmethod
    async def start(
        cls,
        settings: Settings,
        *,
        module: str = "operations.worker_process",
        environment: Mapping[str, str] = _NOTHING,
    ) -> "WorkerProcess":
        log = settings.home_path / f"worker-{os.urandom(3).hex()}.log"
        document = msgspec.json.encode(settings).decode()
        tests = Path(__file__).parents[1]
        with log.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                module,
                document,
                env=os.environ | environment | {"PYTHONPATH": str(tests)},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )
        return cls(process, log)

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    async def kill(self) -> None:
        """As kill -9 does."""
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def stop(self) -> int:
        """Politely; its exit code."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
        return await self._process.wait()


@asynccontextmanager
async def worker_process(settings: Settings, **options: Any) -> AsyncIterator[WorkerProcess]:
    worker = await WorkerProcess.start(settings, **options)
    try:
        yield worker
    finally:
        await worker.kill()


async def submit(platform: Platform, kind: str, document: dict[str, Any]) -> Operation:
    return await platform.operations.submit(kind, subject=SUBJECT, input=document, actor="tester")


async def ended(platform: Platform, operation: Operation, *, timeout_s: float = 20) -> Operation:
    return await platform.operations.wait(operation.id, timeout_s=timeout_s)


async def in_state(platform: Platform, operation: Operation, state: OperationState) -> bool:
    return (await platform.operations.get(operation.id)).state is state


async def marked(file: Path, word: str) -> bool:
    return word in marks(file)
