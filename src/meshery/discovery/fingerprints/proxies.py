"""Pods that a mesh carries: by a proxy of their own, or by their node's (ambient)."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from meshery.discovery.fingerprints.cluster import Cluster
from meshery.discovery.fingerprints.model import UNKNOWN, Evidence
from meshery.discovery.fingerprints.parts import Parts
from meshery.discovery.fingerprints.patterns import fits, image_strength, plain
from meshery.discovery.fingerprints.pods import Container, Pod
from meshery.discovery.fingerprints.rows import Proxy
from meshery.discovery.fingerprints.sources import first_value, mark_fits, place_of
from meshery.discovery.fingerprints.table import MeshTable
from meshery.discovery.fingerprints.versions import looks_like_version, normal
from meshery.discovery.fingerprints.weighing import Scale

RUNNING = "Running"
CONTROL_PLANE = "control-plane"
"""The role of a proxy beside a part of the mesh itself."""


@dataclass(frozen=True, slots=True)
class Carried:
    """One running pod in the mesh; `container` is None where its node carries it."""

    pod: Pod
    role: str
    container: Container | None
    version: str = ""
    revision: str = ""
    home: str = ""

    @property
    def is_mesh_itself(self) -> bool:
        """A pod that is nothing but a proxy, or a part of the mesh, has no application to mesh."""
        return self.role in {"gateway", "waypoint", CONTROL_PLANE}


def find_carried(
    table: MeshTable,
    cluster: Cluster,
    parts: Parts,
    *,
    revisions: Callable[[str], str],
    flavours: tuple[str, ...],
) -> tuple[Carried, ...]:
    """All running pods with a proxy of the mesh or its node's; node agents are not among them."""
    own = parts.owners()
    found: dict[int, Carried] = {}
    for position in _candidates(table, cluster):
        pod = cluster.pods[position]
        if pod.phase == RUNNING:
            carried = _sidecar(table, pod, cluster, revisions, flavours)
            if carried and pod.owner in own:
                carried = _beside(carried)
            if carried:
                found[position] = carried
    if parts.components or parts.agents or parts.managed:
        # the annotation alone, long after its mesh went, carries nothing
        for position, pod in enumerate(cluster.pods):
            if pod.phase == RUNNING and position not in found and pod.owner not in own:
                carried = _ambient(table, pod, cluster, revisions)
                if carried:
                    found[position] = carried
    return tuple(found[position] for position in sorted(found))


def _candidates(table: MeshTable, cluster: Cluster) -> list[int]:
    names = {name for row in table.proxies for name in row.containers}
    return cluster.pod_index.candidates([row.images for row in table.proxies], containers=names)


def proxy_evidence(carried: tuple[Carried, ...], scale: Scale) -> tuple[Evidence, ...]:
    """One observation for each name of a proxy's image."""
    groups: dict[str, list[Carried]] = {}
    for each in carried:
        if each.container:
            groups.setdefault(each.container.image.basename, []).append(each)
    return tuple(
        scale.evidence(
            "proxy",
            f"Pod/{group[0].pod.namespace}/{group[0].pod.name}",
            f"{group[0].container.image_text if group[0].container else ''} in {len(group)} pods",
        )
        for _, group in sorted(groups.items())
    )


def proxy_container(row: Proxy, table: MeshTable, pod: Pod, cluster: Cluster) -> Container | None:
    """The container of a pod that a row describes."""
    if not all(
        any(fits(plain(each.image.basename), (wanted,)) for each in pod.containers)
        for wanted in row.alongside
    ):
        return None
    marked = any(mark_fits(mark, pod, cluster) for mark in row.marks)
    for container in pod.containers:
        if not container.runs:
            continue
        grade = image_strength(container.image, row.images, table.organisations)
        known = grade in {"distinct", "organisation"}
        if known or (marked and (grade or container.name in row.containers)):
            return container
    return None


def pod_revision(
    table: MeshTable, pod: Pod, cluster: Cluster, revisions: Callable[[str], str]
) -> str:
    """The revision that a pod belongs to; `revisions` resolves the name or tag it carries."""
    if table.revisions is None:
        return ""
    return revisions(first_value(table.revisions.pod, place_of(pod, cluster)))


def _sidecar(
    table: MeshTable,
    pod: Pod,
    cluster: Cluster,
    revisions: Callable[[str], str],
    flavours: tuple[str, ...],
) -> Carried | None:
    for row in table.proxies:
        container = proxy_container(row, table, pod, cluster)
        if container is None:
            continue
        place = place_of(pod, cluster)
        said = first_value(row.version, place) or cluster.digests.tag(container.image)
        version = normal(said, flavours) if looks_like_version(said) else UNKNOWN
        return Carried(
            pod,
            _role(row, container, pod, cluster),
            container,
            version=version,
            revision=pod_revision(table, pod, cluster, revisions),
            home=first_value((table.pod_home,), place) if table.pod_home else "",
        )
    return None


def _beside(carried: Carried) -> Carried | None:
    """The proxy beside a part of the mesh; None where it is that part."""
    return None if carried.role == "gateway" else replace(carried, role=CONTROL_PLANE)


def _role(row: Proxy, container: Container, pod: Pod, cluster: Cluster) -> str:
    if any(mark_fits(mark, pod, cluster) for mark in row.gateways):
        return "gateway"
    if any(mark_fits(mark, pod, cluster) for mark in row.own):
        return CONTROL_PLANE
    words = {part for word in container.words for part in word.split()}
    if words & set(row.waypoint_arguments):
        return "waypoint"
    if container.native_sidecar:
        return "native-sidecar"
    others = [each for each in pod.containers if each.runs and each is not container]
    return "sidecar" if others else "gateway"


def _ambient(
    table: MeshTable, pod: Pod, cluster: Cluster, revisions: Callable[[str], str]
) -> Carried | None:
    for injection in table.injection:
        if injection.captured and mark_fits(injection.captured, pod, cluster):
            revision = pod_revision(table, pod, cluster, revisions)
            return Carried(pod, injection.mode, None, revision=revision)
    return None
