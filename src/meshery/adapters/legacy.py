"""The original's contract, served: `meshes.MeshService`, for its servers and clients.

An operation that is accepted runs on, and its outcome is an event. A stream of events ends with its
listener; nothing sleeps between two of them.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from meshery._proto.meshes import meshops_pb2 as pb
from meshery.adapters.components import native_object
from meshery.adapters.legacy_events import Events, Outcomes
from meshery.adapters.legacy_oam import OamComponent, read_component, read_traits
from meshery.adapters.legacy_words import (
    COMPONENT,
    NO_ERROR,
    component_kind,
)
from meshery.adapters.library import Adapter, Task
from meshery.adapters.model import (
    Cluster,
    Description,
    Order,
)
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
        components = [read_component(text) for text in request.oam_comps]
        traits = read_traits(request.oam_config)
        if traits:
            # Said before anything is touched: half of a request would be worse than none of it.
            names = ", ".join(dict.fromkeys(trait.name for trait in traits))
            raise UnsupportedError(
                f"this adapter takes no traits: {names}",
                remedy="apply a behaviour, such as mtls, or join namespaces to the mesh",
            )
        clusters = self._clusters(request.kube_configs)
        ordered = reversed(components) if request.delete_op else components
        messages, failed = [], False
        for each in ordered:
            message, is_done = await self._component(each, clusters, is_removal=request.delete_op)
            messages.append(message)
            failed = failed or not is_done
        if failed:
            raise OperationFailedError("\n".join(messages))
        return pb.ProcessOAMResponse(message="\n".join(messages))

    async def _component(
        self, asked: OamComponent, clusters: Sequence[Cluster], *, is_removal: bool
    ) -> tuple[str, bool]:
        """Install, or apply, what a component stands for: what to say of it, and whether it did."""
        task = self._task_of(asked.type)
        operation_id = str(uuid.uuid4())
        if task is not None:
            order = Order(
                operation=task.key,
                operation_id=operation_id,
                version=asked.version,
                namespace=asked.component.namespace,
                is_removal=is_removal,
                input=dict(asked.component.settings) if task.input is not None else None,
                clusters=tuple(clusters),
            )
            event = await self._outcomes.carry_out(order)
        else:
            event = await self._applied(asked, operation_id, clusters, is_removal=is_removal)
        is_done = event.event_type != pb.ERROR
        return event.summary if is_done else f"{event.summary}: {event.details}", is_done

    async def _applied(
        self,
        asked: OamComponent,
        operation_id: str,
        clusters: Sequence[Cluster],
        *,
        is_removal: bool,
    ) -> pb.EventsResponse:
        name = asked.component.name
        try:
            await self._apply(asked, clusters, is_removal=is_removal)
        except Exception as error:  # noqa: BLE001 - the applier is the vendor's
            known = error if isinstance(error, MesheryError) else None
            told = known or failure(error, f"{name} was not applied", clusters)
            failed = self._events.failure(operation_id, f"Error while applying {name}", told)
            return self._events.publish(failed)
        word = "deleted" if is_removal else "applied"
        done = self._events.event(operation_id, pb.INFO, f"{name} {word} successfully")
        return self._events.publish(done)

    async def _apply(
        self, asked: OamComponent, clusters: Sequence[Cluster], *, is_removal: bool
    ) -> None:
        component = asked.component
        if self._adapter.applier is None:
            raise UnsupportedError(
                f"this adapter does not apply {component.kind} by itself",
                remedy="apply it on a Meshery server, which does",
            )
        known = {(each.api_version, each.kind): each for each in self._adapter.mesh.kinds}
        kind = known.get((component.api_version, component.kind))
        is_namespaced = kind is None or kind.is_namespaced
        made = native_object(component, "default" if is_namespaced else "")
        await self._adapter.applier(clusters, [made], is_removal=is_removal)

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
