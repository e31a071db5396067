"""The original's contract, served: `meshes.MeshService`, for its servers and clients.

An operation that is accepted runs on, and its outcome is an event. A stream of events ends with its
listener; nothing sleeps between two of them.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from meshery._proto.meshes import meshops_pb2 as pb
from meshery.adapters.choosing import chosen_version
from meshery.adapters.components import native_object
from meshery.adapters.legacy_events import Events, Outcomes
from meshery.adapters.legacy_oam import OamComponent, read_component, read_traits
from meshery.adapters.legacy_traits import objects_of
from meshery.adapters.legacy_words import COMPONENT, NO_ERROR, component_kind
from meshery.adapters.library import Adapter, Task
from meshery.adapters.model import Cluster, Description, Object, Order
from meshery.adapters.operating import Operating, failure
from meshery.adapters.rpc import Handler
from meshery.core.errors import MesheryError, OperationFailedError, UnsupportedError

LAST_WORDS_S = 2.0
"""How long operations that were told to end may take to say so."""

_CATEGORIES = {
    "install": pb.INSTALL,
    "sample": pb.SAMPLE_APPLICATION,
    "configure": pb.CONFIGURE,
    "validate": pb.VALIDATE,
    "custom": pb.CUSTOM,
}


class _Applying(NamedTuple):
    """Where a request's objects go, and whether they are taken away."""

    clusters: tuple[Cluster, ...]
    is_removal: bool


class Legacy:
    """An adapter behind the original's contract. `description` answers what it says of itself."""

    def __init__(
        self, adapter: Adapter, operating: Operating, description: Callable[[], Description]
    ) -> None:
        self._adapter = adapter
        self._description = description
        self._events = Events(adapter.mesh)
        self._outcomes = Outcomes(adapter.mesh, operating, self._events, description)
        self._instance = ""
        self._work: set[asyncio.Task[Any]] = set()

    def methods(self) -> dict[str, Handler]:
        """The methods by their names."""
        return {
            "CreateMeshInstance": self._create_mesh_instance,
            "MeshName": self._mesh_name,
            "MeshVersions": self._mesh_versions,
            "ApplyOperation": self._apply_operation,
            "SupportedOperations": self._supported_operations,
            "StreamEvents": self._stream_events,
            "ProcessOAM": self._process_oam,
            "ComponentInfo": self._component_info,
        }

    @property
    def listeners(self) -> int:
        """How many listen to events."""
        return self._events.feed.listeners

    async def close(self) -> None:
        """End all streams, after the last events of operations, which have been told to end."""
        if self._work:
            await asyncio.wait(self._work, timeout=LAST_WORDS_S)
        for work in self._work:
            work.cancel()
        self._events.feed.close()

    async def _create_mesh_instance(self, request: pb.CreateMeshInstanceRequest, _: Any) -> Any:
        # Old servers send the login once, then orders without one. It is held, never written.
        self._instance = request.k8sConfig.decode("utf-8", "replace")
        return pb.CreateMeshInstanceResponse()

    async def _mesh_name(self, _request: Any, _context: Any) -> Any:
        return pb.MeshNameResponse(name=self._adapter.mesh.smp)

    async def _mesh_versions(self, _request: Any, _context: Any) -> Any:
        known = self._description().versions.known
        return pb.MeshVersionsResponse(version=[each.name for each in known])

    async def _component_info(self, _request: Any, _context: Any) -> Any:
        build = self._adapter.build
        return pb.ComponentInfoResponse(
            type=COMPONENT,
            name=self._adapter.mesh.smp,
            version=build.version,
            git_sha=build.git_sha,
        )

    async def _supported_operations(self, _request: Any, _context: Any) -> Any:
        operations = [
            pb.SupportedOperation(
                key=each.key, value=each.text, category=_CATEGORIES[each.category]
            )
            for each in self._description().operations
        ]
        return pb.SupportedOperationsResponse(ops=operations, error=NO_ERROR)

    async def _stream_events(self, _request: Any, context: Any) -> AsyncIterator[Any]:
        with self._events.feed.listening() as listener:
            await context.send_initial_metadata(())  # whoever waits for it knows that it listens
            async for event in listener:
                yield event
            if listener.has_missed:
                yield self._events.event("", pb.WARN, "Events were missed", "Listen again.")

    async def _apply_operation(self, request: pb.ApplyRuleRequest, _context: Any) -> Any:
        order = Order(
            operation=request.opName,
            operation_id=request.operation_id or str(uuid.uuid4()),
            version=request.version,
            namespace=request.namespace,
            is_removal=request.delete_op,
            input={"custom_body": request.custom_body} if request.custom_body else None,
            clusters=self._clusters(request.kube_configs),
        )
        work = asyncio.create_task(self._outcomes.carry_out(order))
        self._work.add(work)
        work.add_done_callback(self._work.discard)
        return pb.ApplyRuleResponse(error="", operation_id=request.operation_id)

    async def _process_oam(self, request: pb.ProcessOAMRequest, _context: Any) -> Any:
        # All of it is read, and refused, before anything is touched.
        components = [read_component(text) for text in request.oam_comps]
        traits = self._traits(request)
        applying = _Applying(self._clusters(request.kube_configs), request.delete_op)
        work: list[Callable[[], Awaitable[pb.EventsResponse]]] = [
            partial(self._component, each, applying) for each in components
        ]
        work += [partial(self._applied, name, made, applying) for name, made in traits]
        if request.delete_op:
            work.reverse()
        events = [await do() for do in work]
        failed = [each for each in events if each.event_type == pb.ERROR]
        message = "\n".join(
            f"{each.summary}: {each.details}" if each in failed else each.summary for each in events
        )
        if failed:
            raise OperationFailedError(message)
        return pb.ProcessOAMResponse(message=message)

    def _traits(self, request: pb.ProcessOAMRequest) -> list[tuple[str, Sequence[Object]]]:
        version = chosen_version("", self._description().versions.known)
        return [
            (
                trait.name,
                objects_of(self._adapter, trait, version=version, is_removal=request.delete_op),
            )
            for trait in read_traits(request.oam_config)
        ]

    async def _component(self, asked: OamComponent, applying: _Applying) -> pb.EventsResponse:
        """Install, or apply, what a component stands for; the event that tells of it."""
        component = asked.component
        task = self._task_of(asked.type)
        if task is not None:
            order = Order(
                operation=task.key,
                operation_id=str(uuid.uuid4()),
                version=asked.version,
                namespace=component.namespace,
                is_removal=applying.is_removal,
                input=dict(component.settings) if task.input is not None else None,
                clusters=applying.clusters,
            )
            return await self._outcomes.carry_out(order)
        known = {(each.api_version, each.kind): each for each in self._adapter.mesh.kinds}
        kind = known.get((component.api_version, component.kind))
        is_namespaced = kind is None or kind.is_namespaced
        made = native_object(component, "default" if is_namespaced else "")
        return await self._applied(component.name, [made], applying)

    async def _applied(
        self, name: str, objects: Sequence[Object], applying: _Applying
    ) -> pb.EventsResponse:
        """Apply or delete objects; the event that tells of it."""
        operation_id = str(uuid.uuid4())
        try:
            await self._apply(objects, applying)
        except Exception as error:  # noqa: BLE001 - the applier is the vendor's
            known = error if isinstance(error, MesheryError) else None
            told = known or failure(error, f"{name} was not applied", applying.clusters)
            failed = self._events.failure(operation_id, f"Error while applying {name}", told)
            return self._events.publish(failed)
        word = "deleted" if applying.is_removal else "applied"
        done = self._events.event(operation_id, pb.INFO, f"{name} {word} successfully")
        return self._events.publish(done)

    async def _apply(self, objects: Sequence[Object], applying: _Applying) -> None:
        if self._adapter.applier is None:
            raise UnsupportedError(
                "this adapter does not apply objects by itself",
                remedy="apply them on a Meshery server, which does",
            )
        await self._adapter.applier(applying.clusters, objects, is_removal=applying.is_removal)

    def _task_of(self, kind: str) -> Task | None:
        """The task of a component's kind; the mesh itself is the first that installs."""
        own = component_kind(self._adapter.mesh.smp, self._adapter.mesh.title)
        for task in self._adapter.tasks.values():
            if task.component == kind or (
                kind == own and not task.component and task.category == "install"
            ):
                return task
        return None

    def _clusters(self, texts: Sequence[str]) -> tuple[Cluster, ...]:
        given = list(texts) or ([self._instance] if self._instance else [])
        return tuple(Cluster(f"cluster {number}", text) for number, text in enumerate(given, 1))
