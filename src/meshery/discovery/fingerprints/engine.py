"""From the objects of one cluster to the meshes in it. Pure: nothing is read but the snapshot.

A mesh is found when something of it runs: a control plane recognised by its image (with its labels
where the image's name is a common one), a proxy in a pod, or an agent on the nodes. Names of
namespaces and containers, and what a removed mesh leaves behind, never make one.
"""

from dataclasses import dataclass

from meshery.discovery.fingerprints.cluster import Cluster, read_cluster
from meshery.discovery.fingerprints.cni import works_as_mesh
from meshery.discovery.fingerprints.dataplanes import describe
from meshery.discovery.fingerprints.findings import Finding, mesh_found
from meshery.discovery.fingerprints.injection import (
    Injector,
    Wanted,
    injector_webhooks,
    resolved,
)
from meshery.discovery.fingerprints.instances import Instance, instances_of
from meshery.discovery.fingerprints.model import MeshFound
from meshery.discovery.fingerprints.parts import Parts, crd_evidence, find_parts
from meshery.discovery.fingerprints.planes import PlaneFound, find_planes, revision_tags
from meshery.discovery.fingerprints.pods import Pod
from meshery.discovery.fingerprints.proxies import Carried, find_carried
from meshery.discovery.fingerprints.snapshot import Snapshot
from meshery.discovery.fingerprints.table import CommonTable, Fingerprints, MeshTable
from meshery.discovery.fingerprints.view import View, is_candidate
from meshery.discovery.fingerprints.weighing import Scale


def find_meshes(snapshot: Snapshot, tables: Fingerprints) -> tuple[MeshFound, ...]:
    """All meshes of the cluster, in the order of the tables, with their evidence."""
    return meshes_in(read_cluster(snapshot), tables)


def meshes_in(cluster: Cluster, tables: Fingerprints) -> tuple[MeshFound, ...]:
    """The same of a cluster that was read already."""
    sights = (Sight(table, tables.common, cluster) for table in tables.meshes)
    return tuple(found for sight in sights for found in _find(sight))


@dataclass(frozen=True, slots=True)
class Sight:
    """One table held against one cluster."""

    table: MeshTable
    common: CommonTable
    cluster: Cluster

    @property
    def scale(self) -> Scale:
        """How observations weigh."""
        return Scale(self.common.weights)


def _find(sight: Sight) -> list[MeshFound]:
    table, cluster, flavours = sight.table, sight.cluster, sight.common.flavours
    parts = find_parts(table, cluster, sight.scale)
    tags = revision_tags(table, cluster)
    planes = find_planes(table, parts, cluster, flavours)
    carried = find_carried(
        table, cluster, parts, revisions=_Revisions(planes, tags).of, flavours=flavours
    )
    if not _anchored(parts, carried):
        return _outside(sight)
    instances = instances_of(table, cluster, planes, carried)
    views = _views(sight, parts, instances, tags)
    return [
        _finding(sight, parts, instance, view)
        for instance, view in zip(instances, views, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Revisions:
    """The revision a pod belongs to, from the name or tag that it carries."""

    planes: tuple[PlaneFound, ...]
    tags: dict[str, str]

    def of(self, said: str) -> str:
        """Behind a tag; for a pod that names none the default one, or the only one there is."""
        found = resolved(said, self.tags)
        known = {each.plane.revision for each in self.planes}
        return next(iter(known)) if not said and found not in known and len(known) == 1 else found


def _anchored(parts: Parts, carried: tuple[Carried, ...]) -> bool:
    """Whether more is there than components that also live without the mesh."""
    anchors = any(each.component.anchor for each in parts.components)
    return bool(anchors or parts.managed or parts.agents or carried)


def _outside(sight: Sight) -> list[MeshFound]:
    """A mesh that only its injector speaks for: something answers it, here or outside."""
    cluster = sight.cluster
    served = any(
        each.url or cluster.behind(*each.service)
        for each in injector_webhooks(sight.table, cluster)
    )
    if not served or not crd_evidence(sight.table, cluster, sight.scale):
        return []
    nothing, instance = Parts((), (), ()), Instance((), [], [])
    view = _view(sight, nothing, instance, _injector(sight, nothing, [instance], {}), [])
    return [_finding(sight, nothing, instance, view)]


def _finding(sight: Sight, parts: Parts, instance: Instance, view: View) -> MeshFound:
    crds = crd_evidence(sight.table, sight.cluster, sight.scale)
    return mesh_found(
        Finding(sight.table, sight.cluster, parts, instance, describe(view), crds, sight.scale)
    )


def _views(
    sight: Sight, parts: Parts, instances: list[Instance], tags: dict[str, str]
) -> list[View]:
    injector = _injector(sight, parts, instances, tags)
    carried = {(each.pod.namespace, each.pod.name) for one in instances for each in one.carried}
    own = parts.owners()
    others: list[list[tuple[Pod, Wanted | None]]] = [[] for _ in instances]
    for pod in sight.cluster.pods:
        known = pod.owner in own or (pod.namespace, pod.name) in carried
        if known or not is_candidate(pod, sight.common):
            continue
        wanted = injector.wanted(pod)
        home = _home(instances, resolved(wanted.revision if wanted else "", tags))
        others[home].append((pod, wanted))
    shares = [parts, *[Parts((), (), ())] * (len(instances) - 1)]
    return [
        _view(sight, share, instance, injector, rest)
        for share, instance, rest in zip(shares, instances, others, strict=True)
    ]


def _view(
    sight: Sight,
    parts: Parts,
    instance: Instance,
    injector: Injector,
    others: list[tuple[Pod, Wanted | None]],
) -> View:
    return View(
        sight.table,
        sight.common,
        sight.cluster,
        planes=instance.planes,
        carried=tuple(instance.carried),
        agents=parts.agents,
        others=tuple(others),
        injector=injector,
        captures_nodes=sight.table.node_capture
        and works_as_mesh(sight.table, parts, sight.cluster) is True,
    )


def _injector(
    sight: Sight, parts: Parts, instances: list[Instance], tags: dict[str, str]
) -> Injector:
    planes = [each for one in instances for each in one.planes]
    webhooks = injector_webhooks(sight.table, sight.cluster)
    return Injector(sight.table, sight.cluster, parts, tuple(planes), tags, webhooks)


def _home(instances: list[Instance], revision: str) -> int:
    for position, instance in enumerate(instances):
        if any(each.plane.revision == revision for each in instance.planes):
            return position
    return 0
