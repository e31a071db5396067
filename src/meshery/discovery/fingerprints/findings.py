"""What is said of one mesh in the end: state, version, build, evidence."""

from collections.abc import Iterable
from dataclasses import dataclass

from meshery.discovery.fingerprints.builds import Specimen, find_build
from meshery.discovery.fingerprints.cluster import Cluster
from meshery.discovery.fingerprints.cni import works_as_mesh
from meshery.discovery.fingerprints.identity import find_identity, find_zone_role
from meshery.discovery.fingerprints.images import ImageReference, parse_image
from meshery.discovery.fingerprints.instances import Instance
from meshery.discovery.fingerprints.model import (
    UNKNOWN,
    DataPlanes,
    Evidence,
    Health,
    MeshFound,
    MeshState,
)
from meshery.discovery.fingerprints.parts import ComponentFound, Parts
from meshery.discovery.fingerprints.patterns import fits
from meshery.discovery.fingerprints.peers import find_peers
from meshery.discovery.fingerprints.proxies import proxy_evidence
from meshery.discovery.fingerprints.table import MeshTable
from meshery.discovery.fingerprints.versions import order
from meshery.discovery.fingerprints.weighing import Scale, confidence


@dataclass(frozen=True, slots=True)
class Finding:
    """All that was seen of one instance."""

    table: MeshTable
    cluster: Cluster
    parts: Parts
    instance: Instance
    data_planes: DataPlanes
    crds: tuple[Evidence, ...]
    scale: Scale


def mesh_found(finding: Finding) -> MeshFound:
    """The instance as others read it."""
    table, cluster, instance = finding.table, finding.cluster, finding.instance
    planes = tuple(each.plane for each in instance.planes)
    known = find_identity(table, cluster, instance.places)
    evidence = tuple(_evidence(finding))
    return MeshFound(
        mesh=table.mesh,
        title=table.title,
        build=find_build(table, cluster, _specimens(finding)),
        version=_version(finding),
        versions=_versions(finding),
        cluster=cluster.snapshot.cluster_name,
        cluster_id=cluster.snapshot.cluster_id,
        namespace=_namespace(finding),
        state=_state(finding),
        control_planes=planes,
        data_planes=finding.data_planes,
        evidence=evidence,
        confidence=confidence(evidence),
        revisions=tuple(dict.fromkeys(each.revision for each in planes if each.revision)),
        mesh_id=known.mesh_id,
        trust_domain=known.trust_domain,
        network=known.network,
        zone=known.zone,
        zone_role=find_zone_role(table, cluster, instance.places, has_plane=bool(planes)),
        peers=find_peers(table, cluster, instance.places),
        notes=tuple(_notes(finding)),
    )


def _state(finding: Finding) -> MeshState:
    instance, agents = finding.instance, finding.data_planes.node_agents
    if finding.table.ended:
        return MeshState.ENDED
    if finding.table.mesh_when:
        switched = works_as_mesh(finding.table, finding.parts, finding.cluster)
        if switched is not True:
            return MeshState.UNVERIFIED if switched is None else MeshState.CNI_ONLY
    elif not instance.planes:
        return _state_without_plane(finding)
    if not all(each.sure for each in instance.planes):
        return MeshState.UNVERIFIED
    healthy = all(each.plane.health is Health.HEALTHY for each in instance.planes)
    ready = all(agent.ready >= agent.desired for agent in agents)
    return MeshState.INSTALLED if healthy and ready else MeshState.DEGRADED


def _state_without_plane(finding: Finding) -> MeshState:
    if finding.instance.carried:
        return MeshState.DATA_PLANE_ONLY
    roles = {agent.role for agent in finding.data_planes.node_agents}
    if not roles:
        return MeshState.UNVERIFIED
    return MeshState.CNI_ONLY if roles == {"cni"} else MeshState.DATA_PLANE_ONLY


def _versions(finding: Finding) -> tuple[str, ...]:
    """Those of the component that gives the mesh its version."""
    ranks = {each.name: rank for rank, each in enumerate(finding.table.components)}
    known = [
        each.plane for each in finding.instance.planes if each.plane.version not in {"", UNKNOWN}
    ]
    if known:
        first = min((not each.primary, ranks.get(each.component, 0)) for each in known)
        best = [e for e in known if (not e.primary, ranks.get(e.component, 0)) == first]
        return tuple(sorted({each.version for each in best}, key=order))
    return ()


def _version(finding: Finding) -> str:
    known = _versions(finding)
    if known:
        return known[-1]
    seen = {key: count for key, count in finding.data_planes.versions.items() if key != UNKNOWN}
    seen = seen or {agent.version: 1 for agent in finding.data_planes.node_agents}
    return max(seen, key=lambda version: (seen[version], order(version)), default=UNKNOWN)


def _namespace(finding: Finding) -> str:
    homes = [each.plane.namespace for each in finding.instance.planes if each.plane.namespace]
    there = finding.cluster.namespaces
    homes += [each.home for each in finding.instance.carried if each.home in there]
    homes += [agent.namespace for agent in finding.data_planes.node_agents]
    return next(iter(homes), "")


def _evidence(finding: Finding) -> Iterable[Evidence]:
    table, cluster, scale = finding.table, finding.cluster, finding.scale
    for each in finding.instance.planes:
        if isinstance(each.origin, ComponentFound):
            yield from each.origin.evidence
        else:
            yield each.origin.evidence
    yield from (each.evidence for each in finding.parts.agents)
    yield from proxy_evidence(tuple(finding.instance.carried), scale)
    yield from finding.crds
    names = (*table.webhooks.injectors, *table.webhooks.validators)
    hooks = {each.configuration: each for each in cluster.webhooks if each.named(names)}
    for name, hook in sorted(hooks.items()):
        target = hook.url or "/".join(hook.service)
        kind = "Mutating" if hook.mutating else "Validating"
        yield scale.evidence("webhook", f"{kind}WebhookConfiguration/{name}", target)
    homes = {each.plane.namespace for each in finding.instance.planes} - {""}
    for home, name in sorted(cluster.config_maps):
        if home in homes and fits(name, table.config_maps):
            yield scale.evidence("config-map", f"ConfigMap/{home}/{name}", name)
    for home in sorted(homes & set(table.namespaces)):
        yield scale.evidence("namespace", f"Namespace/{home}", home)


def _specimens(finding: Finding) -> Iterable[Specimen]:
    for each in finding.instance.planes:
        plane = each.plane
        workload = each.origin.workload if isinstance(each.origin, ComponentFound) else None
        yield Specimen(
            parse_image(plane.image) if plane.image else ImageReference(),
            workload.labels if workload else {},
            workload.annotations if workload else {},
            plane.revision,
        )
    for agent in finding.parts.agents:
        yield Specimen(agent.container.image, agent.workload.labels, agent.workload.annotations)
    seen = {(e.container.image, e.revision) for e in finding.instance.carried if e.container}
    yield from (Specimen(image, {}, {}, revision) for image, revision in sorted(seen, key=str))


def _notes(finding: Finding) -> Iterable[str]:
    if finding.table.ended:
        yield f"the project behind {finding.table.title} has ended; see the landscape for advice"
    homes = {each.home for each in finding.instance.carried} - {"", *finding.cluster.namespaces}
    if not finding.instance.planes:
        for home in sorted(homes):
            yield f"its proxies look for a control plane in {home}, a namespace that is not there"
    for each in finding.instance.planes:
        if not each.sure:
            yield f"{each.plane.namespace}/{each.plane.name} runs an image that is not recognised"
    for hook in finding.cluster.webhooks:
        if hook.url and hook.named(finding.table.webhooks.injectors):
            yield f"the injector {hook.configuration} calls a control plane outside: {hook.url}"
