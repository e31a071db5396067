"""What stored objects may be chosen by: their kinds and namespaces, with how many there are."""

from collections import Counter
from collections.abc import Iterable

import msgspec
from sqlalchemy import func, select

from meshery.core.database import Database
from meshery.discovery.ingest.tables import kube_object, kube_watch
from meshery.discovery.model import group_of


class KindFacet(msgspec.Struct, frozen=True):
    """One kind. `group` is told where several groups have a kind of this name."""

    kind: str
    objects: int
    group: str | None = None

    @property
    def value(self) -> str:
        """`Pod`, or `Gateway.networking.istio.io`; see `parse_kind`."""
        return self.kind if self.group is None else f"{self.kind}.{self.group}"


class Facets(msgspec.Struct, frozen=True):
    """Of one cluster or of all: kinds and namespaces by name, and how many objects in all."""

    kinds: tuple[KindFacet, ...]
    namespaces: tuple[str, ...]
    objects: int


def parse_kind(value: str) -> tuple[str, str | None]:
    """Kind and group of a facet's value; the group is None where any will do."""
    kind, has_group, group = value.partition(".")
    return kind, group if has_group else None


async def facets(database: Database, cluster_id: str = "") -> Facets:
    """Read them, from indices alone."""
    table = kube_object.c
    mine = [table.cluster_id == cluster_id] if cluster_id else []
    counted = select(table.kind, func.count().label("objects")).where(*mine).group_by(table.kind)
    counts = {row.kind: row.objects for row in await database.fetch(counted)}
    named = select(table.namespace).where(*mine).distinct()
    namespaces = {row.namespace for row in await database.fetch(named)}
    watched = select(kube_watch.c.kind, kube_watch.c.api_version, kube_watch.c.objects)
    if cluster_id:
        watched = watched.where(kube_watch.c.cluster_id == cluster_id)
    groups: dict[str, Counter[str]] = {}
    for row in await database.fetch(watched):
        groups.setdefault(row.kind, Counter())[group_of(row.api_version)] += row.objects
    return Facets(
        kinds=tuple(_kinds(sorted(counts.items()), groups)),
        namespaces=tuple(sorted(namespaces - {""})),
        objects=sum(counts.values()),
    )


def _kinds(
    counts: Iterable[tuple[str, int]], groups: dict[str, Counter[str]]
) -> Iterable[KindFacet]:
    for kind, objects in counts:
        several = groups.get(kind, Counter())
        if len(several) < 2:
            yield KindFacet(kind, objects)
            continue
        for group, some in sorted(several.items()):
            yield KindFacet(kind, some, group)
