"""Who a mesh says it is: its id, trust domain, network, zone, and its part among several."""

from dataclasses import dataclass

from meshery.discovery.fingerprints.cluster import Cluster
from meshery.discovery.fingerprints.fields import name
from meshery.discovery.fingerprints.rows import Role, Source
from meshery.discovery.fingerprints.sources import Place, first_value
from meshery.discovery.fingerprints.table import MeshTable


@dataclass(frozen=True, slots=True)
class Known:
    """The identity of one instance; empty where nothing tells."""

    mesh_id: str
    trust_domain: str
    network: str
    zone: str


def find_identity(table: MeshTable, cluster: Cluster, places: list[Place]) -> Known:
    """Ask the control plane first, then a proxy; the first that tells holds."""
    rows = table.identity
    trust_domain = _ask(rows.trust_domain, places) or rows.default_trust_domain
    return Known(
        mesh_id=_ask(rows.mesh_id, places) or _named_by_objects(table, cluster),
        trust_domain=trust_domain,
        network=_ask(rows.network, places),
        zone=_ask(rows.zone, places),
    )


def find_zone_role(
    table: MeshTable, cluster: Cluster, places: list[Place], *, has_plane: bool
) -> str:
    """The first role whose sign is there."""
    for role in table.identity.zone_roles:
        if _holds(role, cluster, places, has_plane=has_plane):
            return role.role
    return ""


def _holds(role: Role, cluster: Cluster, places: list[Place], *, has_plane: bool) -> bool:
    if role.data_plane_only:
        return not has_plane
    if role.kind:
        return bool(cluster.snapshot.of(role.kind, role.group))
    if role.source:
        value = _ask((role.source,), places)
        return bool(value) and (not role.values or value in role.values)
    return has_plane


def _ask(sources: tuple[Source, ...], places: list[Place]) -> str:
    return next((value for place in places if (value := first_value(sources, place))), "")


def _named_by_objects(table: MeshTable, cluster: Cluster) -> str:
    if table.identity.mesh_id_objects is None:
        return ""
    kind, group = table.identity.mesh_id_objects
    return ",".join(sorted(name(each) for each in cluster.snapshot.of(kind, group)))
