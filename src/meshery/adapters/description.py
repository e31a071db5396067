"""What an adapter says of itself: its mesh as data, without the functions behind it."""

import hashlib

import msgspec

from meshery.adapters.library import Adapter, Task
from meshery.adapters.mesh import Mesh, Operation
from meshery.adapters.model import Description, MigrationInfo, OperationInfo, VersionList
from meshery.adapters.schemas import behaviour_kinds, schema_of


def description_of(adapter: Adapter, versions: VersionList) -> Description:
    """The description of an adapter with the versions that are known now."""
    mesh = adapter.mesh
    made = Description(
        name=mesh.name,
        title=mesh.title,
        smp=mesh.smp,
        adapter=adapter.build,
        status=mesh.status,
        versions=versions,
        injection=mesh.injection,
        profiles=mesh.profiles,
        charts=mesh.charts,
        trust=mesh.trust,
        add_ons=mesh.add_ons,
        kinds=mesh.kinds,
        behaviours=behaviour_kinds(),
        operations=tuple(_operations(adapter)),
        validators=tuple(mesh.validators),
        migrations=tuple(MigrationInfo(each.to, each.why) for each in mesh.migrations),
        fingerprints=adapter.fingerprints,
        is_network=mesh.is_network,
    )
    return msgspec.structs.replace(made, digest=digest_of(made))


def digest_of(description: Description) -> str:
    """The digest of a description, its own apart."""
    whole = msgspec.structs.replace(description, digest="")
    return hashlib.sha256(msgspec.json.encode(whole, order="sorted")).hexdigest()


def offline_versions(mesh: Mesh, *, note: str = "") -> VersionList:
    """The list that the mesh brings along."""
    known = mesh.versions
    return VersionList(
        known=known.known,
        as_of=known.as_of,
        source=known.source,
        ordering=known.ordering,
        index=known.index,
        origin="offline",
        note=note,
    )


def _operations(adapter: Adapter) -> list[OperationInfo]:
    """Those of the mesh, then the tasks that are not among them."""
    told = [_of_mesh(each, adapter.tasks.get(each.key)) for each in adapter.mesh.operations]
    keys = {each.key for each in told}
    return told + [_of_task(task) for key, task in adapter.tasks.items() if key not in keys]


def _of_mesh(operation: Operation, task: Task | None) -> OperationInfo:
    own = _of_task(task) if task else None
    return OperationInfo(
        key=operation.key,
        text=operation.text,
        category=operation.category,
        does=operation.does,
        argument=operation.argument,
        steps=own.steps if own else (),
        removal_steps=own.removal_steps if own else (),
        input_schema=own.input_schema if own else {},
        is_rendered=operation.manifests is not None,
    )


def _of_task(task: Task) -> OperationInfo:
    steps, removal = (task.named_steps(is_removal=each) for each in (False, True))
    return OperationInfo(
        key=task.key,
        text=task.text,
        category=task.category,
        steps=tuple(step.name for step in steps),
        removal_steps=tuple(step.name for step in removal),
        input_schema=schema_of(task.input),
    )
