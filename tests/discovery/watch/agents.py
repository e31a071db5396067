"""The real process `meshery discovery`, started as a pod's container would be."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2

from fixtures.http import NO_TLS
from fixtures.nats import NatsServer
from fixtures.waiting import until
from meshery.kube.local.control_plane import ControlPlane


class AgentProcess:
    """One process; its log says where its health is asked for."""

    def __init__(self, command: Sequence[str], *, log: Path, environment: dict[str, str]) -> None:
        self.log = log
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                command,
                cwd=log.parent,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env=environment,
            )

    @property
    def text(self) -> str:
        return self.log.read_text(errors="replace")

    async def url(self) -> str:
        port = 0

        async def is_told() -> bool:
            nonlocal port
            for line in self.text.splitlines():
                if '"discovery.listens"' in line:
                    port = json.loads(line)["port"]
            assert self.process.poll() is None, self.text[-2000:]
            return port != 0

        await until(is_told, timeout_s=30, what="an address of health")
        return f"http://127.0.0.1:{port}"

    async def until_ready(self) -> str:
        url = await self.url()

        async def is_ready() -> bool:
            return (await asked(f"{url}/healthz/ready"))[0] == 200

        await until(is_ready, timeout_s=40, what="a ready process")
        return url

    def end(self, number: int = signal.SIGTERM) -> int:
        """Its exit code."""
        self.process.send_signal(number)
        return self.process.wait(15)


async def asked(url: str) -> tuple[int, str]:
    async with httpx2.AsyncClient(verify=NO_TLS) as client:
        answer = await client.get(url)
        return answer.status_code, answer.text


async def is_active(agent: AgentProcess) -> bool:
    _, text = await asked(f"{await agent.url()}/metrics")
    return "meshery_discovery_active 1.0" in text


async def measured(agent: AgentProcess) -> list[str]:
    """The kinds whose objects its metrics count."""
    _, text = await asked(f"{await agent.url()}/metrics")
    return re.findall(r'^meshery_discovery_objects{resource="([^"]*)"}', text, re.MULTILINE)


async def until_measured(agent: AgentProcess, *kinds: str) -> None:
    async def is_so() -> bool:
        return await measured(agent) == list(kinds)

    await until(is_so, what=f"measures of {kinds} alone")


@contextmanager
def agent(
    plane: ControlPlane, folder: Path, *words: str, nats: NatsServer | None = None, name: str = "a"
) -> Iterator[AgentProcess]:
    """A process beside the cluster; ends with the context, however it stands then."""
    environment = os.environ | {"HOSTNAME": name, "MESHERY_HOME": str(folder)}
    environment.pop("KUBERNETES_SERVICE_HOST", None)
    if nats is not None:
        environment["BROKER_URL"] = f"nats://{nats.token}@127.0.0.1:{nats.port}"
    command = [sys.executable, "-m", "meshery.cli.process", "discovery"]
    access = ["--kubeconfig", str(plane.kubeconfig), "--kube-context", plane.context("")]
    started = AgentProcess(
        [*command, *access, "--listen", "127.0.0.1:0", *words],
        log=folder / f"{name}.log",
        environment=environment,
    )
    try:
        yield started
    finally:
        if started.process.poll() is None:
            started.end(signal.SIGKILL)
