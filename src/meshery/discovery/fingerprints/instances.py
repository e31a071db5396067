"""Control planes and pods sorted into instances of a mesh.

Several revisions with one mesh id and one trust domain are one mesh. A mesh without revisions is
one instance for each namespace that its control plane stands in.
"""

from dataclasses import dataclass

from meshery.discovery.fingerprints.cluster import Cluster
from meshery.discovery.fingerprints.identity import find_identity
from meshery.discovery.fingerprints.parts import ComponentFound
from meshery.discovery.fingerprints.planes import PlaneFound
from meshery.discovery.fingerprints.proxies import Carried
from meshery.discovery.fingerprints.sources import Place, place_of
from meshery.discovery.fingerprints.table import MeshTable


@dataclass(frozen=True, slots=True)
class Instance:
    """One mesh: its control planes, the pods it carries, and the places that tell who it is."""

    planes: tuple[PlaneFound, ...]
    carried: list[Carried]
    places: list[Place]


def instances_of(
    table: MeshTable,
    cluster: Cluster,
    planes: tuple[PlaneFound, ...],
    carried: tuple[Carried, ...],
) -> list[Instance]:
    """The instances, that of the first control plane first; one even where none was found."""
    groups: dict[tuple[str, str], list[PlaneFound]] = {}
    for plane in planes:
        key = _key(table, cluster, plane)
        if not plane.plane.primary and key not in groups and groups:
            key = next(iter(groups))
        groups.setdefault(key, []).append(plane)
    found = [
        Instance(tuple(group), [], [place for each in group if (place := _place(each, cluster))])
        for group in groups.values()
    ] or [Instance((), [], [])]
    for each in carried:
        _instance_for(each, found).carried.append(each)
    for instance in found:
        sample = next((each for each in instance.carried if each.container), None)
        if sample:
            instance.places.append(place_of(sample.pod, cluster))
    return found


def _key(table: MeshTable, cluster: Cluster, plane: PlaneFound) -> tuple[str, str]:
    if table.revisions is None:
        return "", plane.plane.namespace
    place = _place(plane, cluster)
    known = find_identity(table, cluster, [place] if place else [])
    return known.mesh_id, known.trust_domain


def _place(plane: PlaneFound, cluster: Cluster) -> Place | None:
    if not isinstance(plane.origin, ComponentFound):
        return None
    return place_of(plane.origin.workload, cluster, revision=plane.plane.revision)


def _instance_for(carried: Carried, instances: list[Instance]) -> Instance:
    for instance in instances:
        for each in instance.planes:
            if carried.home and carried.home == each.plane.namespace:
                return instance
            if carried.revision and carried.revision == each.plane.revision:
                return instance
    return instances[0]
