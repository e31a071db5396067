"""What removed meshes left behind: CRDs and webhooks that nothing stands behind any more."""

from meshery.discovery.fingerprints.engine import find_meshes
from meshery.discovery.fingerprints.model import Leftover
from meshery.discovery.fingerprints.patterns import fits
from meshery.discovery.fingerprints.snapshot import Snapshot
from meshery.discovery.fingerprints.table import Fingerprints, MeshTable
from meshery.discovery.fingerprints.webhooks import read_webhooks


def find_leftovers(snapshot: Snapshot, tables: Fingerprints) -> tuple[Leftover, ...]:
    """Notes on meshes of which nothing runs; a group of CRDs that two share counts for neither."""
    there = {found.mesh for found in find_meshes(snapshot, tables)}
    shared = {group for table in tables.meshes if table.mesh in there for group in table.crd_groups}
    return tuple(
        left
        for table in tables.meshes
        if table.mesh not in there
        for left in (_crds(table, snapshot, shared), _webhooks(table, snapshot))
        if left.objects
    )


def _crds(table: MeshTable, snapshot: Snapshot, shared: set[str]) -> Leftover:
    names = sorted(
        crd
        for crd in snapshot.crds()
        if crd.partition(".")[2] not in shared
        and (fits(crd.partition(".")[2], table.crd_groups) or fits(crd, table.crds))
    )
    return Leftover(table.mesh, "crd", tuple(names))


def _webhooks(table: MeshTable, snapshot: Snapshot) -> Leftover:
    patterns = (*table.webhooks.injectors, *table.webhooks.validators)
    named = {each.configuration for each in read_webhooks(snapshot) if each.named(patterns)}
    return Leftover(table.mesh, "webhook", tuple(sorted(named)))
