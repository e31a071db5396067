"""What a vendor writes: a mesh as data, and the operations that their adapter carries out.

    ACME = Mesh(name="acme", title="Acme", smp="ACME", port=10100, ...)

    async def fetch(call: Call) -> dict[str, str]: ...
    async def install(call: Call) -> None: ...

    adapter = Adapter(ACME, tasks=(Task("acme", "Acme Service Mesh", steps=(fetch, install)),))

    if __name__ == "__main__":
        run(adapter)                        # meshery.adapters.serving

Everything else follows: the contract of ours and the original's, streaming, heartbeats,
cancellation, resuming, events, health, reflection, TLS and tokens. To do a thing otherwise, inherit
from `Adapter`. Only the extra `adapter` is needed.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from meshery.adapters.call import Call
from meshery.adapters.components import render_component
from meshery.adapters.mesh import Mesh, Operation
from meshery.adapters.model import (
    Build,
    Cluster,
    Component,
    ComponentRendering,
    Finding,
    Translation,
)
from meshery.behaviours.model import Behaviour, Fidelity
from meshery.behaviours.rendering import Outcome, Rendering, World
from meshery.core.errors import NotFoundError, UnsupportedError

Object = dict[str, Any]
Do = Callable[[Call], Awaitable[Any]]


class Step(msgspec.Struct, frozen=True):
    """A named step. What it answers (JSON) is in `call.state` of the steps that follow."""

    name: str
    do: Do


class Task(msgspec.Struct, frozen=True):
    """An operation that the adapter carries out, its steps in order; functions name themselves.

    `removal` undoes it. `input` is the class of what it takes beside version and namespace;
    `component` the kind of the original's components that comes to it, such as `IstioMesh`.
    """

    key: str
    text: str
    steps: tuple[Step | Do, ...]
    removal: tuple[Step | Do, ...] = ()
    category: Literal["install", "sample", "configure", "validate", "custom"] = "install"
    input: Any = None
    component: str = ""

    def named_steps(self, *, is_removal: bool) -> tuple[Step, ...]:
        """The steps of it, or of its removal."""
        return tuple(map(_named, self.removal if is_removal else self.steps))


class Applier(Protocol):
    """Brings native objects into clusters, or takes them away.

    The library has no client of Kubernetes: an adapter that works for servers of the original,
    which leave the applying to it, brings one.
    """

    async def __call__(
        self, clusters: Sequence[Cluster], objects: Sequence[Object], *, is_removal: bool
    ) -> None:
        """Apply or delete; whatever fails is raised."""
        ...


class Adapter:
    """A mesh's adapter."""

    def __init__(
        self,
        mesh: Mesh,
        *,
        tasks: Sequence[Task] = (),
        build: Build | None = None,
        fingerprints: Sequence[Mapping[str, Any]] = (),
        applier: Applier | None = None,
    ) -> None:
        self.mesh = mesh
        self.build = build or Build()
        self.fingerprints = tuple(fingerprints)
        self.applier = applier
        rendered = [_applying(self, each) for each in mesh.operations if each.manifests and applier]
        self.tasks: dict[str, Task] = {task.key: task for task in [*rendered, *tasks]}

    def render(self, behaviours: Sequence[Behaviour], world: World) -> Rendering:
        """Neutral behaviours as native objects."""
        return self.mesh.render(behaviours, world)

    def render_component(self, component: Component, world: World) -> ComponentRendering:
        """A component as its native object, if this version of the mesh has its kind."""
        return render_component(self.mesh, component, world)

    def render_operation(self, key: str, world: World) -> ComponentRendering:
        """The objects of an operation made of manifests; UnsupportedError for any other."""
        operation = self.operation(key)
        if operation.manifests is None:
            raise UnsupportedError(
                f"the operation {key} is not made of manifests",
                cause=f"it is of the kind {operation.does}",
                remedy="start it as an operation",
            )
        objects = tuple(operation.manifests(world))
        return ComponentRendering(objects, Outcome(key, Fidelity.EXACT))

    def operation(self, key: str) -> Operation:
        """An operation of the mesh. NotFoundError names those there are."""
        for each in self.mesh.operations:
            if each.key == key:
                return each
        raise no_operation(key, [each.key for each in self.mesh.operations])

    def validate(self, objects: Sequence[Object], names: Sequence[str] = ()) -> list[Finding]:
        """What the mesh's checks say of native objects. NotFoundError for a check there is not."""
        validators = self.mesh.validators
        for name in names:
            if name not in validators:
                raise NotFoundError(
                    f"there is no check {name}", remedy="known: " + ", ".join(validators)
                )
        return [
            Finding(
                validator=name,
                path=problem.path,
                message=problem.message,
                line=problem.line,
                hint=problem.hint,
            )
            for name in names or validators
            for problem in validators[name](objects)
        ]

    def translate(self, to: str, objects: Sequence[Object]) -> Translation:
        """Native objects as neutral behaviours, on the way to another mesh. NotFoundError."""
        for migration in self.mesh.migrations:
            if migration.to == to:
                documents, left = migration.read(objects)
                return Translation(tuple(documents), tuple(left))
        ways = ", ".join(each.to for each in self.mesh.migrations)
        raise NotFoundError(
            f"{self.mesh.title} knows no way to {to}",
            remedy=f"known: {ways}" if ways else "this mesh has no migrations",
        )


def no_operation(key: str, known: Sequence[str]) -> NotFoundError:
    """The error for an operation that there is not."""
    return NotFoundError(
        f"there is no operation {key}", remedy="known: " + (", ".join(known) or "none")
    )


def _named(step: Step | Do) -> Step:
    if isinstance(step, Step):
        return step
    return Step(step.__name__.strip("_").replace("_", "-"), step)


def _applying(adapter: Adapter, operation: Operation) -> Task:
    """An operation made of manifests, as one that applies them."""

    async def apply(call: Call) -> None:
        order = call.order
        world = World(version=call.version, namespace=order.namespace or "default")
        objects = adapter.render_operation(operation.key, world).objects
        if adapter.applier is not None:
            await adapter.applier(order.clusters, objects, is_removal=order.is_removal)

    return Task(operation.key, operation.text, (apply,), (apply,), category=operation.category)
