"""What removed meshes left behind: CRDs and webhooks that nothing stands behind any more."""

from collections.abc import Iterable

from meshery.discovery.fingerprints.model import Leftover, MeshFound
from meshery.discovery.fingerprints.patterns import fits
from meshery.discovery.fingerprints.snapshot import Snapshot
from meshery.discovery.fingerprints.table import Fingerprints, MeshTable
from meshery.discovery.fingerprints.webhooks import read_webhooks


def find_leftovers(
    snapshot: Snapshot, tables: Fingerprints, found: Iterable[MeshFound]
) -> tuple[Leftover, ...]:
    """Notes on the meshes that are not among those `found`."""
    there = {mesh.mesh for mesh in found}
    return tuple(
        left
        for table in tables.meshes
        if table.mesh not in there
        for left in (_crds(table, snapshot), _webhooks(table, snapshot))
        if left.objects
    )


def _crds(table: MeshTable, snapshot: Snapshot) -> Leftover:
    names = sorted(
        crd
        for crd in snapshot.crds()
        if fits(crd.partition(".")[2], table.crd_groups) or fits(crd, table.crds)
    )
    return Leftover(table.mesh, "crd", tuple(names))


def _webhooks(table: MeshTable, snapshot: Snapshot) -> Leftover:
    patterns = (*table.webhooks.injectors, *table.webhooks.validators)
    named = {each.configuration for each in read_webhooks(snapshot) if each.named(patterns)}
    return Leftover(table.mesh, "webhook", tuple(sorted(named)))
