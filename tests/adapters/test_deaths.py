"""Adapters that are killed, or stop, within an operation: real processes, real signals."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from meshery.adapters.client import AdapterClient
from meshery.adapters.model import (
    Cluster,
    Finished,
    Order,
    StepFinished,
    StepStarted,
    Word,
)
from meshery.adapters.starter import write_project
from meshery.core.errors import UnavailableError

HELM = """#!/bin/sh
echo "$2" >> "{folder}/began"
while [ ! -e "{folder}/go-on" ]; do sleep 0.02; done
"""


class Program:
    """The example adapter as a process that a test kills, stops and starts again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        write_project("acme", folder / "acme")
        helm = folder / "helm"
        helm.write_text(HELM.format(folder=folder))
        helm.chmod(0o755)
        self.process: subprocess.Popen[str] | None = None
        self.address = ""

    def start(self) -> None:
        port = self.address.rpartition(":")[2] or "0"
        path = f"{self.folder}{os.pathsep}{os.environ['PATH']}"
        self.process = subprocess.Popen(
            [sys.executable, str(self.folder / "acme" / "acme_adapter.py"), "--port", port],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"PATH": path},
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self.address = msgspec.json.decode(self.process.stdout.readline())["address"]

    def signal(self, number: int) -> None:
        assert self.process is not None
        os.killpg(self.process.pid, number)

    def kill(self) -> None:
        if self.process is not None:
            self.signal(signal.SIGKILL)
            self.process.communicate()
            self.process = None


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    made = Program(tmp_path)
    made.start()
    yield made
    made.kill()


def order(**more: Any) -> Order:
    cluster = Cluster("here", "a login")
    return Order(operation="acme", operation_id="1", clusters=(cluster,), heartbeat_s=0.3, **more)


async def test_an_operation_outlives_the_adapter(program: Program) -> None:
    """It is killed within its second step; the one after it begins with that step, and ends."""
    words: list[Word] = []

    async def hear(word: Word) -> None:
        words.append(word)
        if word == StepStarted("install", 2, 2) and words.count(word) == 1:
            program.kill()
            (program.folder / "go-on").touch()
            program.start()

    async with AdapterClient(program.address) as client:
        done = await client.carry_out(order(), on_word=hear, tries=50, pause_s=0.1)
    assert isinstance(done, Finished)
    assert [word.step for word in words if isinstance(word, StepStarted)] == [
        "plan",
        "install",
        "install",
    ]
    finished = [word.step for word in words if isinstance(word, StepFinished)]
    assert finished == ["plan", "install"]


async def test_an_adapter_that_stands_still_is_lost(program: Program) -> None:
    async with AdapterClient(program.address, least_silence_s=3) as client:
        words = client.operate(order())
        async for word in words:
            if isinstance(word, StepStarted) and word.step == "install":
                program.signal(signal.SIGSTOP)
                break
        with pytest.raises(UnavailableError, match="fell silent"):
            _ = [word async for word in words]
    program.signal(signal.SIGCONT)
