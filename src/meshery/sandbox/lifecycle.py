"""The steps that bring a sandbox up, restore it and take it down; `work.py` puts them in order.

Each step may run twice: what is there already is left alone. A sandbox belongs to the operation
that made it (its id is the operation's), so that one who failed never takes away another's.
"""

import time
from collections.abc import Sequence

import msgspec

from meshery.apply.shape import stamp
from meshery.apply.target import Object
from meshery.core.durations import parse_duration
from meshery.operations.platform import Platform
from meshery.sandbox import preflight
from meshery.sandbox.layout import (
    Places,
    all_ports,
    allocate,
    instances_of,
    lost_ports,
    without,
)
from meshery.sandbox.model import World
from meshery.sandbox.objects import objects_of, workloads_of
from meshery.sandbox.render.world import inotify_needed
from meshery.sandbox.runner import OnReady, Runner, remove_all, supervisor_of
from meshery.sandbox.spec import SandboxSpec
from meshery.sandbox.status import gateway_url
from meshery.sandbox.store import SandboxRow, Store
from meshery.sandbox.world import build_world, sandbox_spec


class Started(msgspec.Struct, frozen=True):
    """What an `up` or a `restore` answers.

    Times count from the first file written: until all sidecars serve, and until all of it does.
    """

    name: str
    services: int
    sidecars: int
    sidecars_ready_s: float
    ready_s: float
    url: str


class Lifecycle:
    """One sandbox on this host."""

    def __init__(self, platform: Platform, name: str) -> None:
        self._platform = platform
        self.name = name
        self.store = Store(platform.database)
        self.places = Places(platform.settings.home_path, name)

    async def check(self, spec: SandboxSpec) -> None:
        """Refuse what this machine cannot carry, with one clear error, before anything is made."""
        preflight.envoy_path()
        if any("grpc" in service.echo for service in spec.services):
            preflight.check_grpc()
        supervisor_of(self._platform)
        objects = objects_of(spec)
        names = instances_of(workloads_of(objects))
        preflight.check_socket_paths(str(self.places.admin_socket(name)) for name in names)
        if spec.gateway_port:
            preflight.check_ports([spec.gateway_port])
        running = [row for row in await self._neighbours() if row.phase in {"starting", "up"}]
        preflight.check_room(
            running=sum(len(row.layout) for row in running),
            wanted=spec.sidecars,
            limit=self._platform.settings.sandbox.max_sidecars,
        )

    async def reserve(self, spec: SandboxSpec, *, owner: str) -> None:
        """Choose ports and keep the sandbox in phase `starting`. ConflictError when it is there."""
        row = await self.store.find(self.name)
        if row is not None and row.id == owner:
            return
        if row is not None and row.phase in {"failed", "lost"}:
            await self.remove()
        taken = {port for each in await self._neighbours() for port in all_ports(each.layout)}
        drafts = objects_of(spec)
        objects = [
            stamp(draft, None, resource_version=version)
            for version, draft in enumerate(drafts, start=1)
        ]
        layout = allocate(
            workloads_of(objects), kept={}, taken=taken, gateway_port=spec.gateway_port
        )
        world = build_world(self.name, objects, layout=layout, places=self.places)
        preflight.check_watches(wanted=inotify_needed(world))
        await self.store.create(
            self.name, owner=owner, host=self._platform.host, objects=objects, layout=layout
        )

    async def move(self) -> None:
        """Choose other ports for those that somebody took while the sandbox was down."""
        row, objects = await self._kept()
        ours = await supervisor_of(self._platform).list(self.places.group())
        if ours:
            return
        lost = lost_ports(row.layout)
        if not lost:
            return
        fixed = sandbox_spec(objects).gateway_port
        if fixed in lost:
            preflight.check_ports([fixed])
        taken = {port for each in await self._neighbours() for port in all_ports(each.layout)}
        layout = allocate(
            workloads_of(objects), kept=without(row.layout, lost), taken=taken, gateway_port=fixed
        )
        await self.store.set(self.name, layout=layout)

    async def configure(self) -> float:
        """Write all files anew; the time it began, in seconds since 1970."""
        began_at = time.time()
        (await self._runner()).prepare()
        return began_at

    async def start_sidecars(self, *, began_at: float) -> float:
        """Have all sidecars serving; how long that took since `began_at`, in seconds.

        They come before the applications: on a machine of few processors both at once would make
        every sidecar late, and all of it not a moment earlier.
        """
        runner = await self._runner()
        await runner.start_sidecars()
        await runner.wait_sidecars(timeout_s=self._ready_timeout_s)
        return round(time.time() - began_at, 4)

    async def start_applications(self) -> None:
        """Have all applications running."""
        await (await self._runner()).start_applications()

    async def start(self) -> None:
        """Have all processes running; those that run already are left alone."""
        await (await self._runner()).start()

    async def wait_ready(
        self, *, began_at: float, sidecars_ready_s: float, on_ready: OnReady
    ) -> Started:
        """Wait until everything serves, then call it `up`. `ready_s` counts from `began_at`."""
        runner = await self._runner()
        await runner.wait_ready(timeout_s=self._ready_timeout_s, on_ready=on_ready)
        ready_s = round(time.time() - began_at, 4)
        await self.store.set(self.name, phase="up", reason="", ready_s=ready_s)
        await self.store.mark_rotated(self.name)
        world = await self.world()
        return Started(
            name=self.name,
            services=len(world.services) - bool(gateway_url(world)),
            sidecars=len(world.instances),
            sidecars_ready_s=sidecars_ready_s,
            ready_s=ready_s,
            url=gateway_url(world),
        )

    async def drain(self) -> None:
        """Let requests end and stop all processes."""
        await (await self._runner()).stop()

    async def remove(self) -> None:
        """End what is left, delete its files and forget it. Gone already is no error."""
        await remove_all(supervisor_of(self._platform), self.places)
        await self.store.delete(self.name)

    async def belongs_to(self, owner: str) -> bool:
        """Whether the sandbox was made by this operation."""
        row = await self.store.find(self.name)
        return row is not None and row.id == owner

    async def world(self) -> World:
        """The sandbox as it is rendered."""
        row, objects = await self._kept()
        return build_world(self.name, objects, layout=row.layout, places=self.places)

    @property
    def _ready_timeout_s(self) -> float:
        return parse_duration(self._platform.settings.sandbox.ready_timeout)

    async def _runner(self) -> Runner:
        return Runner(self._platform, await self.world(), self.places)

    async def _kept(self) -> tuple[SandboxRow, Sequence[Object]]:
        row = await self.store.get(self.name)
        _, objects = await self.store.snapshot(self.name)
        return row, objects

    async def _neighbours(self) -> Sequence[SandboxRow]:
        rows = await self.store.all(host=self._platform.host)
        return [row for row in rows if row.name != self.name]
