"""A Kubernetes control plane of real processes, for as long as a block lasts.

    async with control_plane(root) as plane:
        async with plane.client() as client:
            await client.get("/api/v1/namespaces")

etcd, kube-apiserver, kube-controller-manager and kube-scheduler are the real ones; kwok plays the
kubelet, so nodes are ready and pods run without any container. All of it listens on 127.0.0.1, and
all that is kept lies below `root`. Nothing survives the block, nor the death of this process.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from meshery.core.paths import private_dir
from meshery.kube.local.access import context_name, write_access
from meshery.kube.local.binaries import (
    API_SERVER,
    CONTROLLERS,
    ETCD,
    KWOK,
    SCHEDULER,
    Binaries,
    find,
)
from meshery.kube.local.certificates import ensure_certificates
from meshery.kube.local.component import Component
from meshery.kube.local.components import argv_of
from meshery.kube.local.history import forget_history
from meshery.kube.local.nodes import create_node, is_schedulable
from meshery.kube.local.options import Layout, PlaneOptions, Ports
from meshery.kube.local.ports import free_ports, require_free
from meshery.kube.local.ready import until_ready

DEFAULTS = PlaneOptions()

_BEHIND_API = (CONTROLLERS, SCHEDULER, KWOK)
_REQUEST_S = 30.0


@asynccontextmanager
async def control_plane(
    root: Path, *, options: PlaneOptions = DEFAULTS, binaries: Binaries | None = None
) -> "AsyncIterator[ControlPlane]":
    """A control plane that is ready, stopped at the end of the block.

    `binaries` are those `find` finds. Raises UnsupportedError when a program is missing,
    ConflictError when the port asked for is taken, UnavailableError or DeadlineError when a
    component ends or is not ready in time, with the last lines of its log.
    """
    plane = ControlPlane(root, options=options, binaries=binaries or find())
    try:
        await plane.start()
        yield plane
    finally:
        await plane.stop()


class ControlPlane:
    """The processes of one control plane and the ways to reach it.

    It may be used from several event loops in turn, and started again on what it kept.
    """

    def __init__(self, root: Path, *, options: PlaneOptions, binaries: Binaries) -> None:
        self.options = options
        self.binaries = binaries
        self.layout = Layout(root.resolve())
        self._etcd, self._api = self._component(ETCD), self._component(API_SERVER)
        behind = () if options.is_api_only else _BEHIND_API
        self._behind = tuple(self._component(name) for name in behind)
        self._tokens: Mapping[str, str] = {}
        self._trust: ssl.SSLContext | None = None
        api, etcd, peer = free_ports(3)
        self.ports = Ports(options.api_port or api, etcd, peer)

    @property
    def url(self) -> str:
        """The address of the API server."""
        return self.ports.api_url

    @property
    def kubeconfig(self) -> Path:
        """A file with a context for each user; the first user's, the admin's, is current."""
        return self.layout.kubeconfig

    @property
    def ca_file(self) -> Path:
        """The authority that clients trust (PEM)."""
        return self.layout.authority

    @property
    def pids(self) -> Mapping[str, int]:
        """The processes that run, by the component's name."""
        return {part.name: part.pid for part in self._parts if part.is_running}

    def token(self, user: str = "") -> str:
        """A user's token; without a name the first user's. KeyError for an unknown one."""
        return self._tokens[user or self.options.users[0].name]

    def context(self, user: str = "") -> str:
        """The name of a user's context in the kubeconfig."""
        return context_name(self.options, user or self.options.users[0].name)

    def client(self, user: str = "", *, timeout_s: float = _REQUEST_S) -> httpx2.AsyncClient:
        """A client that speaks as a user; paths are relative to the API server."""
        if self._trust is None:
            self._trust = ssl.create_default_context(cafile=str(self.ca_file))
        return httpx2.AsyncClient(
            base_url=self.url,
            headers={"authorization": f"Bearer {self.token(user)}"},
            verify=self._trust,
            timeout=timeout_s,
            trust_env=False,
        )

    async def start(self) -> None:
        """Start every component, each when what it needs is ready; errors as `control_plane`."""
        private_dir(self.layout.root)
        require_free(self.ports.api, what=API_SERVER)
        ensure_certificates(self.layout.certificates, service_ip=self.options.service_ip)
        self._tokens = write_access(self.layout, self.options, url=self.url)
        await self.start_etcd()
        await self.start_api_server()
        if self._behind:
            await self._start_behind()

    async def stop(self) -> None:
        """End every component, those that need others first. Nothing is left, even if cancelled."""
        try:
            await asyncio.gather(*(part.stop() for part in self._behind))
            await self._api.stop()
            await self._etcd.stop()
        finally:
            for part in self._parts:
                part.kill_now()

    async def start_api_server(self) -> None:
        """Start the API server where it is not running, and wait until it is ready.

        Controllers and scheduler begin anew: by themselves they would come back late, since they
        wait longer after each try that failed, or not at all, where they had only begun. kwok
        stays: another one would have to wait for the leases of its nodes.
        """
        began = [part for part in self._behind if part.pid and part.name != KWOK]
        lost = [] if self._api.is_running else began
        await asyncio.gather(*(part.kill() for part in lost))
        if not self._api.is_running:
            self._launch(self._api)
        async with self.client(timeout_s=5) as client:
            await self._until(self._api, lambda: _is_ok(client, "/readyz"))
        for part in lost:
            self._launch(part)

    async def kill_api_server(self) -> None:
        """Kill the API server as `kill -9` does; it stays away until it is started."""
        await self._api.kill()

    async def restart_api_server(self) -> None:
        """Stop the API server and start it: open watches end, what is stored stays."""
        await self._api.stop()
        await self.start_api_server()

    async def start_etcd(self) -> None:
        """Start etcd on what it kept, and wait until it is healthy."""
        if not self._etcd.is_running:
            self._launch(self._etcd)
        async with httpx2.AsyncClient(base_url=self.ports.etcd_url, trust_env=False) as client:
            await self._until(self._etcd, lambda: _is_ok(client, "/health"))

    async def kill_etcd(self) -> None:
        """Kill etcd; the API server stays, and fails requests until etcd is started."""
        await self._etcd.kill()

    async def compact(self) -> int:
        """Forget every state but the present: older resource versions are answered with 410.

        The API server is restarted, since its watch cache would remember them. Returns the
        present revision.
        """
        revision = await forget_history(self.ports.etcd_url)
        await self.restart_api_server()
        return revision

    async def add_node(self, name: str) -> None:
        """Add a node and wait until pods can be put on it. Needs the controllers and kwok."""
        kwok = next(part for part in self._behind if part.name == KWOK)
        async with self.client() as client:
            await create_node(client, name)
            await self._until(kwok, lambda: is_schedulable(client, name))

    @property
    def _parts(self) -> tuple[Component, ...]:
        return (*self._behind, self._api, self._etcd)

    async def _start_behind(self) -> None:
        for part in self._behind:
            self._launch(part)
        async with asyncio.TaskGroup() as tasks:
            for name in self.options.nodes:
                tasks.create_task(self.add_node(name), name=f"node {name}")

    def _component(self, name: str) -> Component:
        return Component(name, self.layout.log(name))

    def _launch(self, part: Component) -> None:
        part.start(
            argv_of(
                part.name,
                binaries=self.binaries,
                layout=self.layout,
                ports=self.ports,
                options=self.options,
            )
        )

    async def _until(self, part: Component, is_ready: Callable[[], Awaitable[bool]]) -> None:
        await until_ready(part, is_ready, timeout_s=self.options.ready_timeout_s)


async def _is_ok(client: httpx2.AsyncClient, path: str) -> bool:
    return (await client.get(path)).status_code == 200
