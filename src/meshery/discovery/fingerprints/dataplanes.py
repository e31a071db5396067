"""Data planes of one mesh: proxies, coverage, versions, skew, and pods that were left out."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from meshery.discovery.fingerprints.census import take_census
from meshery.discovery.fingerprints.cluster import Cluster
from meshery.discovery.fingerprints.fields import conditions, dig, name, namespace, text
from meshery.discovery.fingerprints.model import (
    UNKNOWN,
    DataPlanes,
    NodeAgent,
    Orphan,
    Skew,
    Waypoint,
    WorkloadProxies,
)
from meshery.discovery.fingerprints.nodes import captured, node_agents, release
from meshery.discovery.fingerprints.patterns import fits
from meshery.discovery.fingerprints.planes import PlaneFound, by_revision
from meshery.discovery.fingerprints.proxies import CONTROL_PLANE, Carried
from meshery.discovery.fingerprints.sources import first_value, place_of
from meshery.discovery.fingerprints.table import MeshTable
from meshery.discovery.fingerprints.versions import minor, order
from meshery.discovery.fingerprints.view import View

GATEWAYS = ("Gateway", "gateway.networking.k8s.io")


def describe(view: View) -> DataPlanes:
    """Count and name everything."""
    carried = (*view.carried, *captured(view))
    proxies = [each for each in carried if each.container and each.role != CONTROL_PLANE]
    roles = Counter(each.role for each in carried)
    agents = node_agents(view)
    node_proxies = sum(agent.ready for agent in agents if agent.role == "proxy")
    census = take_census(view, carried)
    return DataPlanes(
        proxies=len(proxies) + node_proxies,
        sidecars=roles["sidecar"] + roles["native-sidecar"],
        node_proxies=node_proxies,
        control_plane_proxies=roles[CONTROL_PLANE],
        workloads=len(census.workloads),
        meshed=census.meshed,
        eligible=census.eligible,
        coverage=round(census.meshed / census.eligible, 4) if census.eligible else None,
        versions=_versions(proxies, agents, view),
        skewed=(*_skews(proxies, view), *_node_skews(view, agents)),
        not_injected=tuple(census.left_out),
        unasked=tuple(census.unasked),
        orphaned=tuple(_orphans(proxies, view)),
        ambient=roles["ambient"],
        native_sidecars=roles["native-sidecar"],
        gateways=roles["gateway"],
        node_agents=agents,
        waypoints=_waypoints(view.table, view.cluster),
        by_workload=_by_workload(carried),
    )


def _versions(
    proxies: Iterable[Carried], agents: Iterable[NodeAgent], view: View
) -> dict[str, int]:
    counts = Counter(each.version for each in proxies)
    for found, agent in zip(view.agents, agents, strict=True):
        if agent.role == "proxy" and agent.ready:
            counts[release(found, view)] += agent.ready
    return dict(sorted(counts.items(), key=lambda item: order(item[0])))


def _skews(proxies: Iterable[Carried], view: View) -> Iterable[Skew]:
    planes = _compared(view)
    for each in proxies:
        plane = planes.get(each.revision if view.table.revisions else "")
        if plane and differ(each.version, plane.plane.version, view.table.skew):
            yield Skew(
                each.pod.namespace,
                each.pod.owner.name,
                each.pod.name,
                each.version,
                plane.plane.version,
                plane.plane.revision,
            )


def _node_skews(view: View, agents: Iterable[NodeAgent]) -> Iterable[Skew]:
    """Node proxies against their revision; one that names none may be of any revision's version."""
    planes = _compared(view)
    for found, agent in zip(view.agents, agents, strict=True):
        rows = view.table.revisions
        place = place_of(found.workload, view.cluster)
        named = planes.get(first_value(rows.control_plane, place)) if rows else None
        allowed = [named] if named else list(planes.values())
        if agent.role == "proxy" and allowed:
            expected = max((each.plane for each in allowed), key=lambda p: order(p.version))
            rule, version = view.table.skew, release(found, view)
            if all(differ(version, each.plane.version, rule) for each in allowed):
                yield Skew(
                    agent.namespace, agent.name, "", version, expected.version, expected.revision
                )


def differ(version: str, expected: str, rule: str) -> bool:
    """Whether a proxy is not of its control plane's version; unknown versions never differ."""
    if rule == "none" or UNKNOWN in {version, expected}:
        return False
    return minor(version) != minor(expected) if rule == "minor" else version != expected


def _compared(view: View) -> Mapping[str, PlaneFound]:
    against = view.table.skew_against
    if against:
        return {p.plane.revision: p for p in view.planes if p.plane.component == against}
    return by_revision(view.planes)


def _orphans(proxies: Iterable[Carried], view: View) -> Iterable[Orphan]:
    if not view.table.revisions or not view.planes:
        return
    known = {each.plane.revision for each in view.planes}
    for each in proxies:
        if each.revision and each.revision not in known:
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


def _waypoints(table: MeshTable, cluster: Cluster) -> tuple[Waypoint, ...]:
    if not table.waypoint_classes:
        return ()
    return tuple(
        Waypoint(namespace(each), name(each), conditions(each).get("Programmed") == "True")
        for each in cluster.snapshot.of(*GATEWAYS)
        if fits(text(dig(each, "spec.gatewayClassName")), table.waypoint_classes)
    )
