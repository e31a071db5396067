"""A sandbox as a Target: objects are rendered anew, acknowledged by the sidecars, then stored.

The order is what makes it safe. A change is worked out and rendered without touching anything;
new instances start first; every sidecar the change touches takes the new files; only then are the
objects stored. Whatever fails before that puts the old files back and stores nothing. One change at
a time: a lock on a file of the sandbox, so that two processes do not write over each other.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import msgspec

from meshery.apply.shape import check_uid
from meshery.apply.target import (
    Capabilities,
    Change,
    Endpoint,
    Object,
    Readiness,
    Ref,
    WatchEvent,
    ref_of,
)
from meshery.behaviours.model import Kind
from meshery.core.errors import ConflictError, InvalidInputError, NotFoundError, UnsupportedError
from meshery.core.tasks import outlasting
from meshery.operations.platform import Platform
from meshery.sandbox.convergence import converging, deliver_world
from meshery.sandbox.edits import Plan, plan_apply, plan_delete
from meshery.sandbox.filelock import only_one
from meshery.sandbox.fitness import annotate, has_processes, what_is_missing
from meshery.sandbox.layout import Places, all_ports, allocate, lacks_ports, layout_of
from meshery.sandbox.model import World
from meshery.sandbox.objects import KINDS, workloads_of
from meshery.sandbox.runner import supervisor_of
from meshery.sandbox.store import SandboxRow, Store
from meshery.sandbox.ways import first_instance, is_gateway
from meshery.sandbox.world import build_world, changed_world, sandbox_spec

_WATCH_POLL_S = 0.2
_READY_POLL_S = 0.05
_CURSOR_DIGITS = 19  # what a database counts with
_UNSUPPORTED = frozenset({Kind.LOCALITY.value})


Changes = list[Change]


class SandboxTarget:
    """One sandbox. Changing it is for processes on its own host."""

    def __init__(self, platform: Platform, name: str) -> None:
        self._platform = platform
        self._name = name
        self._store = Store(platform.database)
        self._places = Places(platform.settings.home_path, name)

    @property
    def name(self) -> str:
        """The sandbox's name."""
        return self._name

    async def capabilities(self) -> Capabilities:
        """The kinds it keeps, and every behaviour but those a single machine cannot show."""
        behaviours = frozenset(kind.value for kind in Kind) - _UNSUPPORTED
        return Capabilities(kinds=KINDS, behaviours=behaviours)

    async def apply(
        self,
        objects: Sequence[Object],
        *,
        dry_run: bool = False,
        wait: bool = True,
        force: bool = False,
        timeout_s: float = 30.0,
    ) -> list[Change]:
        """Put objects; done when every sidecar that carries the change has acknowledged it.

        What is stored is in effect here, so `wait` differs in nothing; fields have no owners.
        UnsupportedError for a behaviour this mesh cannot do; RejectedError with Envoy's own reason
        when a sidecar refuses; the old configuration serves on in both cases.
        """
        del wait, force
        if dry_run:
            row, current = await self._store.whole(self._name)
            plan = plan_apply(objects, current, version=row.version, dry_run=True)
            return annotate(plan, await self._planned(row, plan))
        async with self._alone(timeout_s):
            now = await self._running(timeout_s)
            plan = plan_apply(objects, now.objects, version=now.row.version, dry_run=False)
            after = await self._after(now, plan)
            changes = annotate(plan, after)
            await self._carry_out(plan, now, after, timeout_s=timeout_s)
        return changes

    async def get(self, ref: Ref, *, whole: bool = False) -> Object:
        """One object, always whole."""
        del whole
        found = await self._store.object(self._name, ref)
        if found is None:
            raise NotFoundError(f"there is no {ref} in sandbox {self._name}")
        return found

    async def has(self, ref: Ref) -> bool:
        """Whether there is such an object."""
        return await self._store.object(self._name, ref) is not None

    async def list(
        self, api_version: str, kind: str, *, namespace: str | None = None
    ) -> Sequence[Object]:
        """All objects of a kind, by namespace and name."""
        _, objects = await self._store.snapshot(self._name)
        found = [
            each
            for each in objects
            if (each["apiVersion"], each["kind"]) == (api_version, kind)
            and namespace in (None, each["metadata"]["namespace"])
        ]
        return sorted(found, key=_place)

    @asynccontextmanager
    async def watch(
        self, api_version: str, kind: str, *, after: str = ""
    ) -> AsyncIterator[AsyncIterator[WatchEvent]]:
        """Changes of a kind. ConflictError when those after `after` are no longer kept."""
        stream = self._events(api_version, kind, after)
        try:
            yield stream
        finally:
            await stream.aclose()

    async def delete(
        self, ref: Ref, *, uid: str = "", dry_run: bool = False, timeout_s: float = 30.0
    ) -> Change:
        """Take one object away; its effect is gone when this returns."""
        uids = {ref: uid}
        return (await self.delete_all([ref], uids=uids, dry_run=dry_run, timeout_s=timeout_s))[0]

    async def restore(self, stored: Object, *, timeout_s: float = 30.0) -> Change:
        """Put an object as it was; objects are kept whole here."""
        held = await self.get(ref_of(stored))
        check_uid(ref_of(stored), str(stored["metadata"].get("uid", "")), held)
        version = held["metadata"]["resourceVersion"]
        former = {**stored, "metadata": {**stored["metadata"], "resourceVersion": version}}
        return (await self.apply([former], timeout_s=timeout_s))[0]

    async def delete_all(
        self,
        refs: Sequence[Ref],
        *,
        uids: Mapping[Ref, str] | None = None,
        dry_run: bool = False,
        timeout_s: float = 30.0,
    ) -> Sequence[Change]:
        """Take objects away in one change. NotFoundError when one is not there.

        `uids` are those of the objects that are meant, ConflictError when others have their names.
        """
        if dry_run:
            _, current = await self._store.whole(self._name)
            return plan_delete(refs, current, uids=uids, dry_run=True).changes
        async with self._alone(timeout_s):
            now = await self._running(timeout_s)
            plan = plan_delete(refs, now.objects, uids=uids, dry_run=False)
            after = await self._after(now, plan)
            await self._carry_out(plan, now, after, timeout_s=timeout_s)
        return plan.changes

    async def ready(self, ref: Ref, *, timeout_s: float = 0.0) -> Readiness:
        """Whether the sidecars that carry an object have acknowledged it and its processes run."""
        loop, supervisor = asyncio.get_running_loop(), supervisor_of(self._platform)
        deadline = loop.time() + timeout_s
        while True:
            await self.get(ref)
            world = await self._world()
            missing = await what_is_missing(supervisor, world, ref, self._places)
            if not missing or loop.time() >= deadline:
                return Readiness(ref, ready=not missing, reason=missing)
            await asyncio.sleep(_READY_POLL_S)

    @asynccontextmanager
    async def reach(self, ref: Ref, *, port: int = 0) -> AsyncIterator[Endpoint]:
        """A Service's or Deployment's address on this machine: the application, or the gateway."""
        document = await self.get(ref)
        if ref.kind not in {"Service", "Deployment"}:
            raise UnsupportedError(f"{ref} has no address; a Service and a Deployment have one")
        if port not in {0, 80}:
            raise NotFoundError(f"{ref} has no port {port}; it has 80")
        world = await self._world()
        service = document["metadata"].get("labels", {}).get("app", ref.name)
        instance = first_instance(world, service)
        if is_gateway(world, service):
            yield Endpoint(instance.host, instance.inbound_port, service)
        else:
            yield Endpoint(instance.app_host, instance.app_port, service)

    async def settle(self, *, timeout_s: float = 10.0) -> None:
        """Bring the files back to what the store says, after a change that was cut off."""
        async with self._alone(timeout_s):
            world = await self._world()
            await deliver_world(self._platform, self._places, world, timeout_s=timeout_s)

    async def _carry_out(self, plan: Plan, now: "_Now", after: World, *, timeout_s: float) -> None:
        if not plan.edits:
            return
        layout = layout_of(after)
        async with converging(self._platform, self._places, now.world, after, timeout_s=timeout_s):
            version = now.row.version
            committing = self._store.commit(self._name, plan.edits, based_on=version, layout=layout)
            _, was_cancelled = await outlasting(committing)
        if was_cancelled:  # too late: what is stored stays in effect
            raise asyncio.CancelledError

    async def _after(self, now: "_Now", plan: Plan) -> World:
        """The world a plan leads to from the one that runs."""
        changed = changed_world(now.world, plan.edits, plan.objects)
        return changed or await self._planned(now.row, plan)

    async def _planned(self, row: SandboxRow, plan: Plan) -> World:
        """The world a plan leads to, with ports for what is new in it."""
        workloads = workloads_of(plan.objects)
        taken: list[int] = []
        if lacks_ports(workloads, row.layout):
            taken = [port for each in await self._store.all() for port in all_ports(each.layout)]
        fixed = sandbox_spec(plan.objects).gateway_port
        layout = allocate(workloads, kept=row.layout, taken=taken, gateway_port=fixed)
        return build_world(self._name, plan.objects, layout=layout, places=self._places)

    async def _world(self) -> World:
        return self._built(*await self._store.whole(self._name))

    def _built(self, row: SandboxRow, objects: Sequence[Object]) -> World:
        return build_world(self._name, objects, layout=row.layout, places=self._places)

    async def _events(self, api_version: str, kind: str, after: str) -> AsyncGenerator[WatchEvent]:
        version, objects = await self._store.snapshot(self._name)
        reached = _cursor(after) if after else version
        if not after:
            for stored in sorted(objects, key=_place):
                if (stored["apiVersion"], stored["kind"]) == (api_version, kind):
                    yield WatchEvent("added", stored, str(version))
        while True:
            for event in await self._store.changes(self._name, after=reached):
                reached = int(event.resource_version)
                if (event.stored["apiVersion"], event.stored["kind"]) == (api_version, kind):
                    yield event
            await asyncio.sleep(_WATCH_POLL_S)

    async def _running(self, timeout_s: float) -> "_Now":
        """What is there, once it runs: a start or a restoring writes all files anew.

        ConflictError when it does not run after `timeout_s`.
        """
        loop, supervisor = asyncio.get_running_loop(), supervisor_of(self._platform)
        deadline = loop.time() + timeout_s
        while True:
            (row, objects), running = await asyncio.gather(
                self._store.whole(self._name), supervisor.list(self._places.group())
            )
            if row.phase == "up" and has_processes(running, world := self._built(row, objects)):
                return _Now(row, objects, world)
            if loop.time() > deadline:
                raise _not_running(row)
            await asyncio.sleep(_READY_POLL_S)

    @asynccontextmanager
    async def _alone(self, timeout_s: float) -> AsyncIterator[None]:
        """One change at a time. ConflictError when another one takes longer than `timeout_s`."""
        busy = ConflictError(
            f"another change of sandbox {self._name} is in progress",
            remedy="look at `mesheryctl operation list`, and try again",
            code="meshery.sandbox.busy",
        )
        await self._until_placed(timeout_s)
        async with only_one(self._places.change_lock, timeout_s=timeout_s, busy=busy):
            yield

    async def _until_placed(self, timeout_s: float) -> None:
        """Wait until it has a directory: one that is just being started has none yet."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while not self._places.root.is_dir():
            row = await self._store.get(self._name)
            if loop.time() > deadline:
                raise _not_running(row)
            await asyncio.sleep(_READY_POLL_S)


class _Now(msgspec.Struct, frozen=True):
    """What is there before a change: as it is kept, and as it is rendered."""

    row: SandboxRow
    objects: Sequence[Object]
    world: World


def _cursor(after: str) -> int:
    """The version a watch resumes from. InvalidInputError when it is none of ours."""
    if not (after.isascii() and after.isdigit() and len(after) < _CURSOR_DIGITS):
        raise InvalidInputError(
            f"{after!r:.60} is no resource version of a sandbox",
            remedy="resume from a resource version that a watch told, or leave it out",
        )
    return int(after)


def _not_running(row: SandboxRow) -> ConflictError:
    return ConflictError(
        f"sandbox {row.name} is {row.phase}, so it cannot be changed",
        cause=row.reason or "its processes are gone",
        remedy=f"look at it: mesheryctl sandbox status {row.name}",
        code="meshery.sandbox.not_running",
    )


def _place(document: Object) -> tuple[str, str]:
    return (document["metadata"]["namespace"], document["metadata"]["name"])
