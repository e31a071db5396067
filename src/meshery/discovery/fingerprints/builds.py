"""Which build of a mesh it is: the project's own, or a vendor's."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from meshery.discovery.fingerprints.cluster import Cluster
from meshery.discovery.fingerprints.images import ImageReference
from meshery.discovery.fingerprints.patterns import fits, plain
from meshery.discovery.fingerprints.rows import Signal
from meshery.discovery.fingerprints.table import MeshTable

UPSTREAM = "upstream"


@dataclass(frozen=True, slots=True)
class Specimen:
    """One thing of the mesh as builds are told by: its image, marks and revision."""

    image: ImageReference
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    revision: str = ""


def find_build(table: MeshTable, cluster: Cluster, specimens: Iterable[Specimen]) -> str:
    """The name of the first build whose sign is there, else `upstream`."""
    seen = list(specimens)
    for build in table.builds:
        if any(_told(signal, cluster, seen) for signal in build.signals):
            return build.name
    return UPSTREAM


def _told(signal: Signal, cluster: Cluster, seen: list[Specimen]) -> bool:
    if signal.crd:
        return any(fits(crd, (signal.crd,)) for crd in cluster.snapshot.crds())
    return any(_fits(signal, each) for each in seen)


def _fits(signal: Signal, each: Specimen) -> bool:
    image = each.image
    checks = (
        (signal.tag, lambda: re.search(signal.tag, image.tag)),
        (signal.image, lambda: fits(plain(image.basename), (signal.image,))),
        (signal.segment, lambda: signal.segment in image.segments),
        (signal.registry, lambda: fits(image.registry, (signal.registry,))),
        (signal.label, lambda: _has(each.labels, signal.label, signal.value)),
        (signal.annotation, lambda: _has(each.annotations, signal.annotation, signal.value)),
        (signal.revision, lambda: re.fullmatch(signal.revision, each.revision)),
    )
    return all(not wanted or check() for wanted, check in checks)


def _has(marks: Mapping[str, str], key: str, value: str) -> bool:
    return fits(marks.get(key, ""), (value or "*",))
