"""Throw-away clusters of this machine: a real Kubernetes API server without containers.

    mesheryctl sandbox up --kubernetes

The supervisor owns the control plane's processes; all files lie in one folder of Meshery's home
and go with it. What is true is what runs: one whose processes are gone is shown as lost.
"""

import asyncio
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal
from zlib import crc32

import msgspec

from meshery.apply.shape import is_name
from meshery.core.errors import (
    ConflictError,
    DeadlineError,
    InvalidInputError,
    NotFoundError,
    OperationFailedError,
)
from meshery.core.paths import private_dir, write_private
from meshery.kube.local.__main__ import READY, Ready
from meshery.kube.local.binaries import ALL, ASSETS, find
from meshery.operations.model import Operation, Subject
from meshery.operations.platform import Platform
from meshery.processes.client import SupervisorClient
from meshery.processes.model import ProcessSpec, ProcessStatus
from meshery.sandbox.filelock import only_one
from meshery.sandbox.runner import supervisor_of

ClusterState = Literal["starting", "up", "lost"]

PREFIX = "cluster"
NAME = "kubernetes"
"""What one is called where nobody names it."""
MOST = 2
"""Clusters at once: each takes about half a gigabyte."""
READY_S = 180.0
STOP_S = 15.0
_LOOK_S = 0.2
_OWNER = "owner"
_LOCK_S = 30.0


class ClusterView(msgspec.Struct, frozen=True):
    """One cluster. `kubeconfig` is a file on this machine; empty until it is up."""

    name: str
    state: ClusterState
    url: str = ""
    kubeconfig: str = ""


class Clusters:
    """The throw-away clusters of this host."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._root = platform.settings.home_path / "clusters"

    async def list(self) -> Sequence[ClusterView]:
        """By name."""
        names = sorted(path.name for path in self._root.glob("*") if path.is_dir())
        if not names:
            return []
        running = await self._running()
        return [self._view(name, is_running=f"{PREFIX}/{name}" in running) for name in names]

    async def get(self, name: str) -> ClusterView:
        """One. NotFoundError when there is none."""
        for found in await self.list():
            if found.name == name:
                return found
        raise NotFoundError(
            f"there is no cluster {name!r}",
            remedy="start one: mesheryctl sandbox up --kubernetes",
            code="meshery.cluster",
        )

    async def up(self, name: str, *, actor: str, key: str = "") -> Operation:
        """Start one, on what it kept if it was lost.

        ConflictError when it runs or too many do, UnsupportedError where its programs are missing.
        """
        operations = self._platform.operations
        if await operations.submitted("cluster.up", actor=actor, key=key) is None:
            await self._check(name)
        return await operations.submit(
            "cluster.up",
            subject=Subject("cluster", name, name),
            input={"name": name},
            actor=actor,
            idempotency_key=key,
        )

    async def down(self, name: str, *, actor: str) -> Operation:
        """Stop one and delete all it kept. NotFoundError when there is none."""
        await self.get(name)
        return await self._platform.operations.submit(
            "cluster.down",
            subject=Subject("cluster", name, name),
            input={"name": name},
            actor=actor,
        )

    async def reserve(self, name: str, *, owner: str) -> None:
        """Keep its folder for the operation `owner`.

        As `up`, and ConflictError while another operation starts it: several may have been ordered
        while there was none.
        """
        lock = private_dir(self._root) / ".lock"
        async with only_one(lock, timeout_s=_LOCK_S, busy=_being_started(name)):
            held = self._owner(name)
            if held == owner:
                return
            await self._check(name)
            if held and await self._goes_on(held):
                raise _being_started(name)
            write_private(private_dir(self._root / name) / _OWNER, owner.encode())

    async def give_up(self, name: str, *, owner: str) -> None:
        """Leave nothing of it, unless it is another operation's."""
        if self._owner(name) == owner:
            await self.remove(name)

    async def start(self, name: str) -> None:
        """Have its process, once it is reserved; it may not be ready yet."""
        root = self._root / name
        if f"{PREFIX}/{name}" not in await self._running():  # one that runs says so only once
            (root / READY).unlink(missing_ok=True)
        words = ["-m", "meshery.kube.local", "--root", str(root), "--name", name]
        words += ["--service-range", _range(name)]
        await self._supervisor.start(
            ProcessSpec(
                name=f"{PREFIX}/{name}",
                argv=(sys.executable, *words),
                environment={ASSETS: str(find().directory)},
                log_file=str(root / "plane.log"),
                stop_grace_s=STOP_S,
            )
        )

    async def wait_ready(self, name: str) -> ClusterView:
        """Wait until it answers.

        OperationFailedError when its process ends first, DeadlineError when that takes too long.
        """
        log = self._root / name / "plane.log"
        try:
            async with asyncio.timeout(READY_S):
                while (found := await self.get(name)).state != "up":
                    if found.state == "lost":
                        raise OperationFailedError(
                            f"the cluster {name} did not start",
                            cause=_last_lines(log),
                            remedy=f"look into {log.parent / 'logs'}",
                            code="meshery.cluster.start",
                        )
                    await asyncio.sleep(_LOOK_S)
        except TimeoutError as error:
            raise DeadlineError(
                f"the cluster {name} was not ready within {READY_S:g} s",
                cause=_last_lines(log),
                remedy="try again when this machine has less to do",
                code="meshery.cluster.start",
            ) from error
        return found

    async def remove(self, name: str) -> None:
        """Stop its processes and delete its folder."""
        await self._supervisor.stop(f"{PREFIX}/{name}", grace_s=STOP_S)
        try:
            await asyncio.to_thread(shutil.rmtree, self._root / name)
        except FileNotFoundError:
            return
        except OSError as error:
            raise OperationFailedError(
                f"what the cluster {name} kept could not be deleted",
                cause=str(error),
                remedy=f"delete {self._root / name} by hand",
                code="meshery.cluster.remove",
            ) from error

    def _owner(self, name: str) -> str:
        try:
            return (self._root / name / _OWNER).read_text()
        except FileNotFoundError:
            return ""

    async def _goes_on(self, operation_id: str) -> bool:
        try:
            return not (await self._platform.operations.get(operation_id)).is_final
        except NotFoundError:  # deleted since, after retention.operations
            return False

    async def _running(self) -> set[str]:
        return {each.name for each in await self._supervisor.list(PREFIX) if _runs(each)}

    async def _check(self, name: str) -> None:
        if not is_name(name):
            raise InvalidInputError(
                f"{name!r:.80} is no name", remedy="small letters, digits and dashes"
            )
        find().path(ALL[0])
        there = await self.list()
        if any(each.name == name and each.state != "lost" for each in there):
            raise ConflictError(
                f"the cluster {name} runs already",
                remedy=f"stop it first: mesheryctl sandbox down {name}",
                code="meshery.cluster.running",
            )
        if sum(each.state != "lost" for each in there) >= MOST:
            raise ConflictError(
                f"{MOST} clusters run already",
                remedy="stop one of them: mesheryctl sandbox down NAME",
                code="meshery.cluster.many",
            )

    def _view(self, name: str, *, is_running: bool) -> ClusterView:
        if not is_running:
            return ClusterView(name, "lost")
        try:
            ready = msgspec.json.decode((self._root / name / READY).read_bytes(), type=Ready)
        except (OSError, msgspec.MsgspecError):
            return ClusterView(name, "starting")
        return ClusterView(name, "up", ready.url, ready.kubeconfig)

    @property
    def _supervisor(self) -> SupervisorClient:
        return supervisor_of(self._platform)


def _being_started(name: str) -> ConflictError:
    return ConflictError(
        f"the cluster {name} is being started already",
        cause="another operation has begun it",
        remedy="wait for that one: mesheryctl operation list",
        code="meshery.cluster.starting",
    )


def _range(name: str) -> str:
    """Addresses of a cluster's services: others for another name, as a rule."""
    return f"127.{180 + crc32(name.encode()) % 60}.0.0/16"


def _runs(status: ProcessStatus) -> bool:
    return status.state == "running"


def _last_lines(log: Path) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-5:])
    except OSError:
        return "its log cannot be read"
