"""Data planes of one mesh: proxies, coverage, versions, skew, and pods that were left out."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from meshery.discovery.fingerprints.cluster import Cluster
from meshery.discovery.fingerprints.fields import conditions, dig, name, namespace, text
from meshery.discovery.fingerprints.injection import Injector, Wanted
from meshery.discovery.fingerprints.model import (
    UNKNOWN,
    DataPlanes,
    NodeAgent,
    NotInjected,
    Orphan,
    Reason,
    Skew,
    Waypoint,
    WorkloadProxies,
)
from meshery.discovery.fingerprints.parts import AgentFound, version_of
from meshery.discovery.fingerprints.patterns import fits
from meshery.discovery.fingerprints.planes import PlaneFound, by_revision
from meshery.discovery.fingerprints.pods import Pod
from meshery.discovery.fingerprints.proxies import RUNNING, Carried
from meshery.discovery.fingerprints.sources import first_value, place_of
from meshery.discovery.fingerprints.table import CommonTable, MeshTable
from meshery.discovery.fingerprints.versions import minor, order

GATEWAYS = ("Gateway", "gateway.networking.k8s.io")


@dataclass(slots=True)
class Census:
    """Pods counted for one mesh: those in it, those that may be, and those left out."""

    eligible: int = 0
    meshed: int = 0
    left_out: list[NotInjected] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Field:
    """What the data planes of one instance of a mesh are told from."""

    table: MeshTable
    common: CommonTable
    cluster: Cluster
    planes: tuple[PlaneFound, ...]
    carried: tuple[Carried, ...]
    agents: tuple[AgentFound, ...]
    others: tuple[tuple[Pod, Wanted | None], ...]
    injector: Injector
    captures_nodes: bool = False


def describe(field_: Field) -> DataPlanes:
    """Count and name everything."""
    carried = field_.carried
    proxies = [each for each in carried if each.container]
    agents = tuple(_agent(each, field_) for each in field_.agents)
    versions = Counter(each.version for each in proxies)
    for agent in agents:
        if agent.role == "proxy" and agent.ready:
            versions[agent.version] += agent.ready
    census = _census(field_)
    by_workload = _by_workload(carried)
    return DataPlanes(
        proxies=len(proxies),
        workloads=len({each.pod.owner for each in carried}),
        meshed=census.meshed,
        eligible=census.eligible,
        coverage=round(census.meshed / census.eligible, 4) if census.eligible else None,
        versions=dict(sorted(versions.items(), key=lambda item: order(item[0]))),
        skewed=(*_skews(proxies, field_), *_node_skews(field_, agents)),
        not_injected=tuple(census.left_out),
        orphaned=tuple(_orphans(carried, field_)),
        ambient=sum(each.role == "ambient" for each in carried),
        native_sidecars=sum(each.role == "native-sidecar" for each in carried),
        gateways=sum(each.role == "gateway" for each in carried),
        node_agents=agents,
        waypoints=_waypoints(field_.table, field_.cluster),
        by_workload=by_workload,
    )


def is_candidate(pod: Pod, common: CommonTable) -> bool:
    """A running pod outside the platform's own namespaces."""
    return pod.phase == RUNNING and not fits(pod.namespace, common.system_namespaces)


def _census(field_: Field) -> Census:
    census = Census()
    for each in field_.carried:
        candidate = is_candidate(each.pod, field_.common) and not each.pod.host_network
        if candidate and not each.is_mesh_itself:
            census.eligible += 1
            census.meshed += 1
    if field_.captures_nodes:
        _count_nodes(field_, census)
        return census
    homes = {each.pod.namespace for each in field_.carried if not each.is_mesh_itself}
    for pod, wanted in field_.others:
        _judge(pod, wanted, census, field_, homes)
    return census


def _judge(pod: Pod, wanted: Wanted | None, census: Census, field_: Field, homes: set[str]) -> None:
    injector = field_.injector
    if wanted is None:
        if pod.namespace in homes:
            message = "others in its namespace are in the mesh; neither it nor the namespace asks"
            _leave_out(census, pod, (Reason.LABEL_ABSENT, message))
    elif not wanted.inject:
        if injector.opted_out(pod):
            _leave_out(census, pod, (Reason.DISABLED_ON_POD, f"{wanted.decided} on the pod"))
    elif pod.host_network:
        message = "it uses its node's network, where no proxy can stand in between"
        _leave_out(census, pod, (Reason.HOST_NETWORK, message), wanted)
    else:
        census.eligible += 1
        _leave_out(census, pod, injector.why_not(pod, wanted), wanted, eligible=True)


def _leave_out(
    census: Census,
    pod: Pod,
    why: tuple[Reason, str],
    wanted: Wanted | None = None,
    *,
    eligible: bool = False,
) -> None:
    reason, message = why
    revision = wanted.revision if wanted else ""
    census.left_out.append(
        NotInjected(
            pod.namespace, pod.owner.name, pod.name, reason, message, eligible, revision=revision
        )
    )


def _count_nodes(field_: Field, census: Census) -> None:
    """A mesh without proxies in pods carries those on nodes where its agent runs."""
    agents = {each.workload.owner for each in field_.agents if each.agent.role == "proxy"}
    pods = field_.cluster.pods
    nodes = {pod.node for pod in pods if pod.owner in agents and pod.ready and pod.node}
    for pod, _ in field_.others:
        if not pod.host_network:
            census.eligible += 1
            census.meshed += pod.node in nodes


def _skews(proxies: Iterable[Carried], field_: Field) -> Iterable[Skew]:
    planes = _compared(field_)
    for each in proxies:
        plane = planes.get(each.revision if field_.table.revisions else "")
        if plane and differ(each.version, plane.plane.version, field_.table.skew):
            yield Skew(
                each.pod.namespace,
                each.pod.owner.name,
                each.pod.name,
                each.version,
                plane.plane.version,
                plane.plane.revision,
            )


def _node_skews(field_: Field, agents: Iterable[NodeAgent]) -> Iterable[Skew]:
    """Node proxies against their revision; one that names none may be of any revision's version."""
    planes = _compared(field_)
    for found, agent in zip(field_.agents, agents, strict=True):
        rows = field_.table.revisions
        place = place_of(found.workload, field_.cluster)
        named = planes.get(first_value(rows.control_plane, place)) if rows else None
        allowed = [named] if named else list(planes.values())
        if agent.role == "proxy" and allowed:
            expected = max((each.plane for each in allowed), key=lambda p: order(p.version))
            rule, version = field_.table.skew, agent.version
            if all(differ(version, each.plane.version, rule) for each in allowed):
                yield Skew(
                    agent.namespace, agent.name, "", version, expected.version, expected.revision
                )


def differ(version: str, expected: str, rule: str) -> bool:
    """Whether a proxy is not of its control plane's version; unknown versions never differ."""
    if rule == "none" or UNKNOWN in {version, expected}:
        return False
    return minor(version) != minor(expected) if rule == "minor" else version != expected


def _compared(field_: Field) -> Mapping[str, PlaneFound]:
    against = field_.table.skew_against
    if against:
        return {p.plane.revision: p for p in field_.planes if p.plane.component == against}
    return by_revision(field_.planes)


def _orphans(carried: Iterable[Carried], field_: Field) -> Iterable[Orphan]:
    if not field_.table.revisions or not field_.planes:
        return
    known = {each.plane.revision for each in field_.planes}
    for each in carried:
        if each.container and each.revision and each.revision not in known:
            yield Orphan(each.pod.namespace, each.pod.name, each.revision, each.version)


def _by_workload(carried: Sequence[Carried]) -> tuple[WorkloadProxies, ...]:
    groups: defaultdict[tuple[str, str, str, str], Counter[str]] = defaultdict(Counter)
    for each in carried:
        owner = each.pod.owner
        groups[owner.namespace, owner.kind, owner.name, each.role][each.version] += 1
    return tuple(
        WorkloadProxies(*key, pods=counts.total(), versions={k: v for k, v in counts.items() if k})
        for key, counts in sorted(groups.items())
    )


def _agent(found: AgentFound, field_: Field) -> NodeAgent:
    workload = found.workload
    return NodeAgent(
        name=workload.owner.name,
        namespace=workload.owner.namespace,
        role=found.agent.role,
        version=version_of(
            found.container, dict(workload.labels), field_.cluster, field_.common.flavours
        ),
        ready=workload.ready,
        desired=workload.desired,
    )


def _waypoints(table: MeshTable, cluster: Cluster) -> tuple[Waypoint, ...]:
    if not table.waypoint_classes:
        return ()
    return tuple(
        Waypoint(namespace(each), name(each), conditions(each).get("Programmed") == "True")
        for each in cluster.snapshot.of(*GATEWAYS)
        if fits(text(dig(each, "spec.gatewayClassName")), table.waypoint_classes)
    )
