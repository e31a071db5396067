"""Starts and stops the processes of a sandbox through the supervisor, and waits until they serve.

An instance is ready when its application answers and its sidecar listens. On the way down a sidecar
first stops taking new connections and lets requests end.
"""

import asyncio
import hashlib
import shutil
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from meshery.core.durations import parse_duration
from meshery.core.errors import (
    ConflictError,
    DeadlineError,
    MesheryError,
    UnavailableError,
)
from meshery.core.paths import private_dir, write_private
from meshery.operations.platform import Platform
from meshery.processes.client import SupervisorClient
from meshery.processes.model import ProcessSpec, Restart
from meshery.sandbox.authority import Authority
from meshery.sandbox.envoy.admin import AdminClient
from meshery.sandbox.envoy.files import write_sidecar
from meshery.sandbox.envoy.log import read_log
from meshery.sandbox.envoy.readiness import wait_ready
from meshery.sandbox.envoy.sidecar import Sidecar, envoy_argv
from meshery.sandbox.layout import Places
from meshery.sandbox.model import Instance, World
from meshery.sandbox.preflight import envoy_path
from meshery.sandbox.probe import Ask, ask
from meshery.sandbox.render.application import app_config
from meshery.sandbox.render.names import BOOTSTRAP
from meshery.sandbox.render.world import render_world

OnReady = Callable[[int, int], Awaitable[None]]
"""Called with how many instances are ready, and how many there are."""

_POLL_S = 0.02
_DRAIN_S = 1.5
_STOP_GRACE_S = 3.0
_APP_CONFIG = "app.json"
_AUTHORITY = "authority"


class Runner:
    """The processes of one world. Methods take instances of it, all of them when none are named."""

    def __init__(self, platform: Platform, world: World, places: Places) -> None:
        self._supervisor = supervisor_of(platform)
        self.lifetime_s = parse_duration(platform.settings.sandbox.certificate_lifetime)
        self._world = world
        self._places = places
        self._read_from: dict[Path, int] = {}

    @property
    def sidecars(self) -> dict[str, Sidecar]:
        """All sidecars by the names of their instances."""
        return {each.name: sidecar_of(each, self._places) for each in self._world.instances}

    def prepare(self, instances: Iterable[Instance] | None = None) -> None:
        """Write everything they need before they start: rendered anew, with new certificates."""
        rendered = render_world(self._world)
        authority = open_authority(self._places)
        private_dir(self._places.sockets)
        private_dir(self._places.logs)
        for instance in self._chosen(instances):
            leaf = authority.issue(
                self._world.identity(instance.account), lifetime_s=self.lifetime_s
            )
            directory = Path(instance.directory)
            write_sidecar(directory, rendered[instance.name], leaf=leaf, trust=authority.trust_pem)
            if instance.has_app:
                config = msgspec.json.encode(app_config(self._world, instance))
                write_private(directory / _APP_CONFIG, config)

    async def start(self, instances: Iterable[Instance] | None = None) -> None:
        """Have their processes running. Equal ones that run already are left alone."""
        chosen = self._chosen(instances)
        await self.start_sidecars(chosen)
        await self.start_applications(chosen)

    async def start_sidecars(self, instances: Iterable[Instance] | None = None) -> None:
        """Have their sidecars running."""
        await self._start([proxy_spec(each, self._places) for each in self._chosen(instances)])

    async def start_applications(self, instances: Iterable[Instance] | None = None) -> None:
        """Have their applications running."""
        chosen = self._chosen(instances)
        await self._start([self._app_spec(each) for each in chosen if each.has_app])

    async def wait_sidecars(self, *, timeout_s: float) -> None:
        """Wait until all sidecars serve, whether or not their applications answer."""
        await asyncio.gather(
            *(self._wait_sidecar(each, timeout_s) for each in self._world.instances)
        )

    async def _start(self, specs: Sequence[ProcessSpec]) -> None:
        async with asyncio.TaskGroup() as group:
            for spec in specs:
                self._log_from(Path(spec.log_file))
                group.create_task(self._supervisor.start(spec), name=f"start {spec.name}")

    async def wait_ready(
        self,
        instances: Iterable[Instance] | None = None,
        *,
        timeout_s: float,
        on_ready: OnReady | None = None,
    ) -> None:
        """Wait until all serve. The first failure is raised: a taken port, a bad start, no time."""
        chosen = self._chosen(instances)
        done = 0

        async def one(instance: Instance) -> MesheryError | None:
            nonlocal done
            try:
                await self._wait_one(instance, timeout_s)
            except MesheryError as error:
                return error
            done += 1
            if on_ready is not None:
                await on_ready(done, len(chosen))
            return None

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(each), name=f"ready {each.name}") for each in chosen]
        for task in tasks:
            error = task.result()
            if error is not None:
                raise error

    async def stop(self, instances: Iterable[Instance] | None = None) -> None:
        """Drain the sidecars, gateways first, then end all their processes. Gone is no error."""
        chosen = self._chosen(instances)
        for is_gateway in (True, False):
            await asyncio.gather(
                *(_drain(each) for each in chosen if (each.role == "gateway") is is_gateway)
            )
        await asyncio.gather(
            *(self._supervisor.stop_group(self._places.group(each.name)) for each in chosen)
        )

    async def remove(self) -> None:
        """End whatever is left of the sandbox and delete its files; its logs stay."""
        await remove_all(self._supervisor, self._places)

    def _chosen(self, instances: Iterable[Instance] | None) -> tuple[Instance, ...]:
        return self._world.instances if instances is None else tuple(instances)

    def _log_from(self, log: Path) -> int:
        """Where what is said since a start begins in a log: its size when first asked for."""
        return self._read_from.setdefault(log, _size(log))

    def _app_spec(self, instance: Instance) -> ProcessSpec:
        path = Path(instance.directory) / _APP_CONFIG
        return ProcessSpec(
            name=f"{self._places.group(instance.name)}app",
            argv=(sys.executable, "-m", "meshery.sandbox.app", "--config", str(path)),
            environment={"MESHERY_CONFIGURATION": _digest(path)},
            restart=Restart.ALWAYS,
            log_file=str(self._places.log(instance.name, "app")),
            stop_grace_s=_STOP_GRACE_S,
        )

    async def _wait_one(self, instance: Instance, timeout_s: float) -> None:
        waiting = [self._wait_sidecar(instance, timeout_s)]
        if instance.has_app:
            log = self._places.log(instance.name, "app")
            waiting.append(
                _wait_app(instance, log, timeout_s=timeout_s, log_from=self._log_from(log))
            )
        await asyncio.gather(*waiting)

    async def _wait_sidecar(self, instance: Instance, timeout_s: float) -> None:
        sidecar = sidecar_of(instance, self._places)
        log_from = self._log_from(sidecar.log_file)
        await wait_ready(sidecar, timeout_s=timeout_s, log_from=log_from)


def supervisor_of(platform: Platform) -> SupervisorClient:
    """The supervisor of this host. UnavailableError where there is none."""
    if platform.supervisor is None:
        raise UnavailableError(
            "this process has no supervisor, so it can start nothing",
            remedy="start the server: mesheryctl system start",
            code="meshery.sandbox.no_supervisor",
        )
    return platform.supervisor


def sidecar_of(instance: Instance, places: Places) -> Sidecar:
    """The sidecar of an instance."""
    return Sidecar(instance, places.log(instance.name, "proxy"))


def proxy_spec(instance: Instance, places: Places) -> ProcessSpec:
    """The process of a sidecar whose files are written.

    Its specification holds a digest of what it only reads at its start: two equal specifications
    are one process, so a changed one makes another.
    """
    return ProcessSpec(
        name=f"{places.group(instance.name)}proxy",
        argv=envoy_argv(instance, envoy_path()),
        environment={"MESHERY_CONFIGURATION": _digest(Path(instance.directory) / BOOTSTRAP)},
        restart=Restart.ALWAYS,
        log_file=str(places.log(instance.name, "proxy")),
        stop_grace_s=_STOP_GRACE_S,
    )


def open_authority(places: Places) -> Authority:
    """The sandbox's certificate authority, made when first asked for."""
    directory = places.root / _AUTHORITY
    try:
        return Authority.load(directory)
    except FileNotFoundError:
        private_dir(places.root)
        return Authority.create(directory)


async def remove_all(supervisor: SupervisorClient, places: Places) -> None:
    """End every process of a sandbox and delete its files and sockets."""
    await supervisor.stop_group(places.group())
    for directory in (places.root, places.sockets):
        await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


async def _drain(instance: Instance) -> None:
    try:
        async with AdminClient(instance.admin_socket, timeout_s=1.0) as admin:
            await admin.drain(timeout_s=_DRAIN_S)
    except UnavailableError:
        return  # it does not run, so it has no requests to let end


async def _wait_app(instance: Instance, log: Path, *, timeout_s: float, log_from: int) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    request = Ask(instance.app_host, instance.app_port, instance.service, "/healthz")
    while True:
        try:
            if (await ask(request, timeout_s=1.0)).status == 200:
                return
        except (UnavailableError, DeadlineError) as error:
            words = read_log(log, start=log_from).strip().rpartition("\n")[2]
            if "cannot listen" in words:
                raise ConflictError(
                    f"{instance.name}: {words}",
                    remedy="stop who listens there, or take the sandbox down and up again",
                    code="meshery.sandbox.port_taken",
                ) from error
            if loop.time() > deadline:
                raise DeadlineError(
                    f"the application of {instance.name} does not answer after {timeout_s:g} s",
                    cause=words or error.cause,
                    remedy="look at its log: mesheryctl sandbox logs",
                    code="meshery.sandbox.not_ready",
                ) from error
        await asyncio.sleep(_POLL_S)
