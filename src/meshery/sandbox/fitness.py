"""What a sandbox can do of what is asked, and whether it has done it."""

import asyncio
from collections.abc import Sequence

import msgspec

from meshery.apply.target import Change, Ref
from meshery.behaviours.model import Behaviour, Fidelity
from meshery.core.errors import UnavailableError, UnsupportedError
from meshery.processes.client import SupervisorClient
from meshery.processes.model import ProcessStatus
from meshery.sandbox.edits import Plan
from meshery.sandbox.envoy.admin import AdminClient
from meshery.sandbox.envoy.subscriptions import versions
from meshery.sandbox.layout import Places, process_names
from meshery.sandbox.model import Instance, World
from meshery.sandbox.render.fidelity import judge
from meshery.sandbox.render.world import SidecarConfig, render_world


def annotate(plan: Plan, world: World) -> list[Change]:
    """The changes with notes on what is not exact. UnsupportedError for what cannot be done."""
    behaviours = {each.name: each for each in world.behaviours}
    changes = []
    for change in plan.changes:
        behaviour = behaviours.get(change.ref.name) if change.ref.kind == "Behaviour" else None
        notes = _notes(world, behaviour) if behaviour else ()
        changes.append(msgspec.structs.replace(change, notes=notes))
    return changes


async def what_is_missing(
    supervisor: SupervisorClient, world: World, ref: Ref, places: Places
) -> str:
    """What an object lacks to be in effect, in words; empty when it is.

    A Behaviour needs every sidecar's word that it serves the present configuration; a Deployment
    and a Service need their instances. Other objects are in effect as soon as they are kept.
    """
    if ref.kind in {"Deployment", "Service"}:
        return await _missing_processes(supervisor, world, ref, places)
    if ref.kind not in {"Behaviour", "Sandbox"}:
        return ""
    configs = render_world(world)
    found = await asyncio.gather(
        *(_missing_files(each, configs[each.name]) for each in world.instances)
    )
    return "; ".join(word for word in found if word)


def has_processes(running: Sequence[ProcessStatus], world: World) -> bool:
    """Whether the supervisor keeps every process of a world; it may be bringing one back."""
    kept = {process.name for process in running}
    return all(name in kept for each in world.instances for name in process_names(world.name, each))


def _notes(world: World, behaviour: Behaviour) -> tuple[str, ...]:
    fidelity, notes = judge(world, behaviour)
    if fidelity is Fidelity.UNSUPPORTED:
        raise UnsupportedError(
            f"this sandbox cannot do {behaviour.name} ({behaviour.kind.value})",
            cause="; ".join(notes),
            remedy="change the behaviour; nothing was changed here",
            code="meshery.sandbox.unsupported",
        )
    words = () if fidelity is Fidelity.EXACT else (f"{fidelity.value}: {'; '.join(notes)}",)
    return words or notes


async def _missing_processes(
    supervisor: SupervisorClient, world: World, ref: Ref, places: Places
) -> str:
    running = {
        process.name
        for process in await supervisor.list(places.group())
        if process.state == "running"
    }
    wanted = [
        name
        for instance in world.instances
        if ref.name in {instance.service, f"{instance.service}-{instance.version}"}
        for name in process_names(world.name, instance)
    ]
    absent = [name for name in wanted if name not in running]
    return f"not running: {', '.join(absent)}" if absent else ""


async def _missing_files(instance: Instance, config: SidecarConfig) -> str:
    try:
        async with AdminClient(instance.admin_socket) as client:
            served = await versions(client, config.files)
    except UnavailableError as error:
        return f"{instance.name} does not answer: {error.cause}"
    late = [
        file
        for file, content in config.files.items()
        if served[file] != str(content["version_info"])
    ]
    return f"{instance.name} has not taken {', '.join(late)}" if late else ""
