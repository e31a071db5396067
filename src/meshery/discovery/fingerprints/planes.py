"""Control planes: version, revision, health and certificates of each."""

from collections.abc import Iterable
from dataclasses import dataclass

from meshery.discovery.fingerprints.certificates import earliest, find_certificates
from meshery.discovery.fingerprints.cluster import Cluster
from meshery.discovery.fingerprints.fields import labels, name
from meshery.discovery.fingerprints.model import UNKNOWN, ControlPlane, Health
from meshery.discovery.fingerprints.parts import ComponentFound, ManagedFound, Parts, version_of
from meshery.discovery.fingerprints.rows import Revisions
from meshery.discovery.fingerprints.sources import DEFAULT_REVISION, first_value, place_of
from meshery.discovery.fingerprints.table import MeshTable


@dataclass(frozen=True, slots=True)
class PlaneFound:
    """A control plane and what it was read from."""

    plane: ControlPlane
    origin: ComponentFound | ManagedFound

    @property
    def sure(self) -> bool:
        """Whether more than labels speak for it."""
        return isinstance(self.origin, ManagedFound) or self.origin.sure


def find_planes(
    table: MeshTable, parts: Parts, cluster: Cluster, flavours: tuple[str, ...]
) -> tuple[PlaneFound, ...]:
    """All control planes of a mesh in the cluster, primary ones first."""
    tags = revision_tags(table, cluster)
    found = [
        PlaneFound(_in_cluster(table, each, cluster, tags, flavours), each)
        for each in parts.components
    ]
    found += [PlaneFound(_managed(each, tags), each) for each in parts.managed]
    return tuple(
        sorted(
            found,
            key=lambda each: (
                not each.plane.primary,
                each.plane.namespace,
                each.plane.revision,
                each.plane.name,
            ),
        )
    )


def revision_tags(table: MeshTable, cluster: Cluster) -> dict[str, str]:
    """The revision that each tag stands for, as webhooks and Services of tags say."""
    rows = table.revisions
    if rows is None or not rows.tag_label:
        return {}
    marked = [webhook.labels for webhook in cluster.webhooks]
    marked += [labels(service) for service in cluster.services.values()]
    return {
        each[rows.tag_label]: each[rows.webhook_label]
        for each in marked
        if each.get(rows.tag_label) and each.get(rows.webhook_label)
    }


def _in_cluster(
    table: MeshTable,
    found: ComponentFound,
    cluster: Cluster,
    tags: dict[str, str],
    flavours: tuple[str, ...],
) -> ControlPlane:
    workload, home = found.workload, found.workload.owner.namespace
    revision = _revision(table.revisions, found, cluster)
    certificates = find_certificates(table, cluster, home=home, revision=revision)
    image = found.container or next(iter(workload.containers), None)
    return ControlPlane(
        component=found.component.name,
        kind=workload.owner.kind,
        namespace=home,
        name=workload.owner.name,
        version=version_of(found.container, dict(workload.labels), cluster, flavours),
        image=image.image_text if image else "",
        revision=revision,
        ready=workload.ready,
        desired=workload.desired,
        health=workload.health,
        certificate_expires_at=earliest(certificates),
        certificates=certificates,
        tags=_tags_of(revision, tags),
        primary=found.component.primary,
    )


def _managed(found: ManagedFound, tags: dict[str, str]) -> ControlPlane:
    revision = name(found.document)
    return ControlPlane(
        component=found.row.component,
        kind=found.row.kind,
        namespace="",
        name=revision,
        version=UNKNOWN,
        image="",
        revision=revision,
        ready=int(found.ready),
        desired=1,
        health=Health.HEALTHY if found.ready else Health.DOWN,
        tags=_tags_of(revision, tags),
        primary=True,
        managed=True,
    )


def _revision(rows: Revisions | None, found: ComponentFound, cluster: Cluster) -> str:
    if rows is None:
        return ""
    place = place_of(found.workload, cluster)
    return first_value(rows.control_plane, place) or DEFAULT_REVISION


def _tags_of(revision: str, tags: dict[str, str]) -> tuple[str, ...]:
    return tuple(
        sorted(tag for tag, target in tags.items() if target == revision and tag != target)
    )


def by_revision(planes: Iterable[PlaneFound]) -> dict[str, PlaneFound]:
    """The primary control plane of each revision."""
    found: dict[str, PlaneFound] = {}
    for each in planes:
        if each.plane.primary:
            found.setdefault(each.plane.revision, each)
    return found
