"""What a sandbox shows of itself: its state from the store and from the processes that are seen.

`up` needs both: the store says it should run, and every process runs. The store alone is a wish.
"""

from collections.abc import Iterator, Mapping

from meshery.behaviours.document import behaviour_document
from meshery.behaviours.model import Behaviour
from meshery.processes.model import ProcessStatus
from meshery.processes.usage import read_usage
from meshery.sandbox.layout import process_names
from meshery.sandbox.model import Instance, World
from meshery.sandbox.render.fidelity import judge
from meshery.sandbox.store import SandboxRow
from meshery.sandbox.view import (
    BehaviourView,
    InstanceView,
    PartState,
    PartView,
    SandboxView,
    State,
)

Processes = Mapping[str, ProcessStatus]
"""The processes of a sandbox, as its supervisor tells them, by name."""


def sandbox_view(row: SandboxRow, world: World, processes: Processes | None) -> SandboxView:
    """The sandbox in one line. Without `processes` (its host is silent) it is `unknown`."""
    ready = sum(instance_state(world, each, processes or {}) == "ready" for each in world.instances)
    state, reason = _state(row, ready=ready, wanted=len(world.instances), processes=processes)
    return SandboxView(
        name=row.name,
        state=state,
        reason=reason,
        host=row.host,
        services=sum(service.name != "gateway" for service in world.services),
        sidecars=len(world.instances),
        ready=ready,
        mtls=world.mtls,
        behaviours=len(world.behaviours),
        url=gateway_url(world),
        created_at=row.created_at,
        ready_s=row.ready_s,
    )


def instance_views(world: World, processes: Processes | None) -> Iterator[InstanceView]:
    """All instances with their addresses and processes."""
    for instance in world.instances:
        yield InstanceView(
            name=instance.name,
            service=instance.service,
            version=instance.version,
            role=instance.role,
            state=instance_state(world, instance, processes or {}),
            inbound=_address(instance.host, instance.inbound_port),
            outbound=_address(instance.host, instance.outbound_port),
            direct=_address(instance.app_host, instance.app_port),
            parts=tuple(_parts(world, instance, processes or {})),
            echo=tuple(
                f"{protocol}://{instance.app_host}:{port}"
                for protocol, port in instance.echo_ports.items()
            ),
        )


def behaviour_views(world: World) -> list[BehaviourView]:
    """The behaviours in effect with their fidelity, the last changed one last."""
    return [_behaviour_view(world, behaviour) for behaviour in world.behaviours]


def instance_state(world: World, instance: Instance, processes: Processes) -> PartState:
    """`ready` when all of its processes run, `down` when none does."""
    states = [_part_state(processes.get(name)) for name in process_names(world.name, instance)]
    if all(state == "ready" for state in states):
        return "ready"
    return "down" if all(state == "down" for state in states) else "starting"


def gateway_url(world: World) -> str:
    """The URL of the ingress gateway, empty without one."""
    for instance in world.instances:
        if instance.role == "gateway":
            return f"http://{instance.host}:{instance.inbound_port}"
    return ""


def _state(
    row: SandboxRow, *, ready: int, wanted: int, processes: Processes | None
) -> tuple[State, str]:
    if row.phase != "up":
        return row.phase, row.reason
    if processes is None:
        return "unknown", "its host does not answer"
    if not processes:
        return "lost", "its processes are gone"
    if ready < wanted:
        return "degraded", f"{wanted - ready} of {wanted} instances are not ready"
    return "up", row.reason


def _parts(world: World, instance: Instance, processes: Processes) -> Iterator[PartView]:
    for name in process_names(world.name, instance):
        process = processes.get(name)
        usage = read_usage(process.pid) if process and process.state == "running" else None
        yield PartView(
            name=name.rpartition("/")[2],
            state=_part_state(process),
            pid=process.pid if process else 0,
            restarts=process.restarts if process else 0,
            cpu_s=usage.cpu_ns / 1e9 if usage else 0.0,
            memory_mb=round(usage.proportional_bytes / 1_048_576, 1) if usage else 0.0,
        )


def _part_state(process: ProcessStatus | None) -> PartState:
    if process is None or process.state == "exited":
        return "down"
    return "ready" if process.state == "running" else "starting"


def _behaviour_view(world: World, behaviour: Behaviour) -> BehaviourView:
    fidelity, notes = judge(world, behaviour)
    return BehaviourView(
        name=behaviour.name,
        kind=behaviour.kind.value,
        target=behaviour.target.service,
        source=behaviour.source or "",
        fidelity=fidelity.value,
        notes=notes,
        document=behaviour_document(behaviour),
    )


def _address(host: str, port: int) -> str:
    return f"http://{host}:{port}" if port else ""
