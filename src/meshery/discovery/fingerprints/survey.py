"""All that fingerprints tell of one cluster, from one reading of it."""

import msgspec

from meshery.discovery.fingerprints.addons import addons_in
from meshery.discovery.fingerprints.cluster import read_cluster
from meshery.discovery.fingerprints.engine import meshes_in
from meshery.discovery.fingerprints.leftovers import find_leftovers
from meshery.discovery.fingerprints.model import AddOnFound, Leftover, MeshFound
from meshery.discovery.fingerprints.snapshot import Snapshot
from meshery.discovery.fingerprints.table import Fingerprints


class Survey(msgspec.Struct, frozen=True):
    """Meshes, the tools beside them, and what removed meshes left behind."""

    meshes: tuple[MeshFound, ...]
    addons: tuple[AddOnFound, ...]
    leftovers: tuple[Leftover, ...]


def survey(snapshot: Snapshot, tables: Fingerprints) -> Survey:
    """Find everything."""
    cluster = read_cluster(snapshot)
    meshes = meshes_in(cluster, tables)
    return Survey(
        meshes=meshes,
        addons=addons_in(cluster, tables),
        leftovers=find_leftovers(snapshot, tables, meshes),
    )
