"""The verbs of sandboxes, for every face and for other rooms.

What changes a sandbox is an operation on the sandbox's host; reading asks the store and, on that
host, the supervisor and the proxies. A sandbox is shown `up` only while its processes are seen.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from meshery.apply.target import Change, Object, Ref, ref_of
from meshery.behaviours.model import OBJECT_KIND
from meshery.core.errors import ConflictError, NotFoundError, UnavailableError
from meshery.core.yamlfile import YamlDocument
from meshery.operations.model import Operation, Subject
from meshery.operations.platform import Platform
from meshery.sandbox.documents import objects_of_document
from meshery.sandbox.envoy.log import read_log
from meshery.sandbox.layout import Places
from meshery.sandbox.model import World
from meshery.sandbox.observe import observe_graph
from meshery.sandbox.probe import Ask, ask
from meshery.sandbox.proof import Proof
from meshery.sandbox.proving.kinds import prove
from meshery.sandbox.spec import SandboxSpec, spec_object
from meshery.sandbox.status import Processes, behaviour_views, instance_views, sandbox_view
from meshery.sandbox.store import SandboxRow, Store
from meshery.sandbox.target import SandboxTarget
from meshery.sandbox.view import BehaviourView, Graph, RequestView, SandboxStatus, SandboxView
from meshery.sandbox.ways import way_to
from meshery.sandbox.world import build_world

_BODY_SHOWN = 65_536


class SandboxService:
    """All sandboxes of an installation. NotFoundError for a name that is not there."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._store = Store(platform.database)

    async def up(self, spec: SandboxSpec, *, actor: str, idempotency_key: str = "") -> Operation:
        """Start a sandbox. ConflictError when one by that name runs, unless this key started it."""
        operations = self._platform.operations
        earlier = await operations.submitted("sandbox.up", actor=actor, key=idempotency_key)
        if earlier is None:
            await self._refuse_running(spec.name)
        return await self._submit(
            "sandbox.up", spec.name, {"spec": spec_object(spec)}, actor, idempotency_key
        )

    async def down(self, name: str, *, actor: str, idempotency_key: str = "") -> Operation:
        """Stop a sandbox and forget it."""
        await self._store.get(name)
        return await self._submit("sandbox.down", name, {}, actor, idempotency_key)

    async def restore(self, name: str, *, actor: str, idempotency_key: str = "") -> Operation:
        """Start the processes of a sandbox again that lost them."""
        await self._store.get(name)
        return await self._submit("sandbox.restore", name, {}, actor, idempotency_key)

    async def rotate(self, name: str, *, actor: str, idempotency_key: str = "") -> Operation:
        """Give every sidecar a new certificate of a new authority."""
        await self._store.get(name)
        return await self._submit("sandbox.rotate", name, {}, actor, idempotency_key)

    async def apply(
        self, name: str, documents: Sequence[Object], *, actor: str, idempotency_key: str = ""
    ) -> Operation:
        """Apply behaviours or other objects. InvalidInputError at once for what cannot be used."""
        objects = as_objects(documents)
        await self.plan(name, objects)
        return await self._submit(
            "sandbox.apply", name, {"objects": objects}, actor, idempotency_key
        )

    async def plan(self, name: str, documents: Sequence[Object]) -> list[Change]:
        """What applying would change; nothing is changed."""
        return await self.target(name).apply(as_objects(documents), dry_run=True)

    async def undo(
        self, name: str, behaviours: Sequence[str], *, actor: str, idempotency_key: str = ""
    ) -> Operation:
        """Take behaviours away by name; none named means all of them."""
        _, objects = await self._store.snapshot(name)
        held = [ref_of(document) for document in objects if document["kind"] == OBJECT_KIND]
        refs = [_named(held, behaviour, name) for behaviour in behaviours] if behaviours else held
        return await self._submit(
            "sandbox.undo", name, {"refs": msgspec.to_builtins(refs)}, actor, idempotency_key
        )

    async def list(self) -> Sequence[SandboxView]:
        """All sandboxes by name."""
        return [await self._view(row) for row in await self._store.all()]

    async def get(self, name: str) -> SandboxView:
        """One sandbox."""
        return await self._view(await self._store.get(name))

    async def status(self, name: str) -> SandboxStatus:
        """One sandbox with all its parts."""
        row = await self._store.get(name)
        world = await self.world(name)
        processes = await self._processes(row)
        return SandboxStatus(
            sandbox=sandbox_view(row, world, processes),
            instances=tuple(instance_views(world, processes)),
            behaviours=tuple(behaviour_views(world)),
        )

    async def behaviours(self, name: str) -> Sequence[BehaviourView]:
        """The behaviours in effect, the last changed one last."""
        return behaviour_views(await self.world(name))

    async def graph(self, name: str) -> Graph:
        """The call graph with what was seen on its edges."""
        row = await self._store.get(name)
        return await observe_graph(await self.world(name), await self._processes(row))

    async def prove(self, name: str, behaviour: str, *, samples: int = 1_000) -> Proof:
        """Send requests and say whether a behaviour does what it says."""
        world = await self.world(name)
        for found in world.behaviours:
            if found.name == behaviour:
                return await prove(world, found, samples=samples)
        raise _no_behaviour(name, behaviour)

    async def request(
        self,
        name: str,
        service: str,
        *,
        path: str = "/",
        method: str = "GET",
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
        source: str = "",
        direct: bool = False,
        timeout_s: float = 15.0,
    ) -> RequestView:
        """One request to a service: by the gateway, from `source`'s sidecar, or off the mesh."""
        world = await self.world(name)
        way = way_to(world, service, source=source, direct=direct)
        answer = await ask(
            Ask(way.host, way.port, service, path, method, headers, body), timeout_s=timeout_s
        )
        return RequestView(
            url=f"http://{service}{path}",
            via=way.words,
            status=answer.status,
            elapsed_ms=round(answer.elapsed_s * 1000, 3),
            headers=dict(answer.headers),
            body=answer.body[:_BODY_SHOWN].decode("utf-8", "replace"),
        )

    async def logs(self, name: str, instance: str, *, part: str, lines: int = 100) -> str:
        """The last lines that an instance's `app` or `proxy` wrote, on this host."""
        row = await self._store.get(name)
        if row.host != self._platform.host:
            raise UnavailableError(
                f"the logs of sandbox {name} are on its host, {row.host}",
                remedy="look at them there",
            )
        (await self.world(name)).instance(instance)
        text = read_log(self.places(name).log(instance, part))
        return "".join(text.splitlines(keepends=True)[-lines:])

    async def world(self, name: str) -> World:
        """The whole of a sandbox as it is rendered."""
        row = await self._store.get(name)
        _, objects = await self._store.snapshot(name)
        return build_world(name, objects, layout=row.layout, places=self.places(name))

    def places(self, name: str) -> Places:
        """Where its files are on its host."""
        return Places(self._platform.settings.home_path, name)

    def target(self, name: str) -> SandboxTarget:
        """The sandbox as a Target; changing through it is for processes on the sandbox's host."""
        return SandboxTarget(self._platform, name)

    async def _view(self, row: SandboxRow) -> SandboxView:
        _, objects = await self._store.snapshot(row.name)
        world = build_world(row.name, objects, layout=row.layout, places=self.places(row.name))
        return sandbox_view(row, world, await self._processes(row))

    async def _submit(
        self, kind: str, name: str, document: dict[str, Any], actor: str, key: str
    ) -> Operation:
        row = await self._store.find(name)
        return await self._platform.operations.submit(
            kind,
            subject=Subject("sandbox", name, name),
            input={"sandbox": name, **document},
            actor=actor,
            host=row.host if row else None,
            idempotency_key=key,
        )

    async def _refuse_running(self, name: str) -> None:
        row = await self._store.find(name)
        if row is not None and row.phase not in {"failed", "lost"}:
            raise ConflictError(
                f"there is a sandbox {name} already, and it is {row.phase}",
                remedy=f"look at it: mesheryctl sandbox status {name}; "
                f"or stop it first: mesheryctl sandbox down {name}",
                code="meshery.sandbox.exists",
            )

    async def _processes(self, row: SandboxRow) -> Processes | None:
        """The sandbox's processes by name; None when its host cannot be asked."""
        supervisor = self._platform.supervisor
        if supervisor is None or row.host != self._platform.host:
            return None
        try:
            found = await supervisor.list(self.places(row.name).group())
        except UnavailableError:
            return None
        return {process.name: process for process in found}


def as_objects(documents: Sequence[Object]) -> list[Object]:
    """Objects of documents that may also be plain behaviours.

    InvalidInputError tells the faults of every document, each path with its document's number.
    """
    whole = YamlDocument(list(documents), {}, "what is to be applied")
    return objects_of_document(whole)


def _named(held: Sequence[Ref], behaviour: str, sandbox: str) -> Ref:
    for ref in held:
        if ref.name == behaviour:
            return ref
    raise _no_behaviour(sandbox, behaviour)


def _no_behaviour(sandbox: str, behaviour: str) -> NotFoundError:
    return NotFoundError(
        f"sandbox {sandbox} has no behaviour {behaviour}",
        remedy=f"mesheryctl sandbox status {sandbox} shows those it has",
        code="meshery.sandbox.no_behaviour",
    )
