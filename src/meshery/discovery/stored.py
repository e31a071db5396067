"""The stored objects of one cluster as fingerprints read them.

Only the kinds that they ask for are read, and each object is decoded when it is looked at: what is
kept of ten thousand pods is their bytes. Of definitions of kinds the name is enough.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, overload

import msgspec
from sqlalchemy import select

from meshery.core.database import Database
from meshery.discovery.fingerprints.table import Fingerprints, MeshTable
from meshery.discovery.ingest.tables import discovery_cursor, kube_object

Position = tuple[str, int]
"""A stream, and how far it is stored: equal when nothing was stored between."""

Key = tuple[str, str]
"""Kind and group without version."""

DEFINITION = ("CustomResourceDefinition", "apiextensions.k8s.io")
_ALWAYS = frozenset(
    {
        *((kind, "") for kind in ("Namespace", "Node", "Pod", "Service", "ConfigMap", "Secret")),
        *((kind, "apps") for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")),
        ("MutatingWebhookConfiguration", "admissionregistration.k8s.io"),
        ("ValidatingWebhookConfiguration", "admissionregistration.k8s.io"),
        ("Gateway", "gateway.networking.k8s.io"),
    }
)


class Documents(Sequence[Mapping[str, Any]]):
    """Objects as JSON, decoded one by one; not kept."""

    def __init__(self, raw: Sequence[bytes]) -> None:
        self._raw = raw

    def __len__(self) -> int:
        return len(self._raw)

    @overload
    def __getitem__(self, index: int) -> Mapping[str, Any]: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Mapping[str, Any]]: ...

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return Documents(self._raw[index])
        return msgspec.json.decode(self._raw[index])

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return map(msgspec.json.decode, self._raw)


class StoredSnapshot:
    """A `Snapshot` of rows that were read at one moment."""

    def __init__(
        self,
        *,
        cluster_id: str,
        cluster_name: str,
        objects: Mapping[Key, Sequence[bytes]],
        definitions: Collection[str],
    ) -> None:
        self.cluster_id = cluster_id
        self.cluster_name = cluster_name
        self._objects = objects
        self._definitions = definitions

    def of(self, kind: str, group: str = "") -> Sequence[Mapping[str, Any]]:
        """All objects of a kind."""
        return Documents(self._objects.get((kind, group), ()))

    def crds(self) -> Collection[str]:
        """Names of the kinds' definitions."""
        return self._definitions


async def stored_position(database: Database) -> Position | None:
    """How far it is stored; None before anything was."""
    columns = (discovery_cursor.c.stream, discovery_cursor.c.position)
    row = next(iter(await database.fetch(select(*columns))), None)
    return (row.stream, row.position) if row is not None else None


async def read_snapshot(
    database: Database, tables: Fingerprints, *, cluster_id: str, cluster_name: str
) -> StoredSnapshot:
    """What is stored of a cluster now, of the kinds that the tables need."""
    kinds = needed_kinds(tables)
    mine = kube_object.c.cluster_id == cluster_id
    columns = (kube_object.c.kind, kube_object.c.api_group, kube_object.c.document)
    names = sorted({kind for kind, _ in kinds})
    rows = await database.fetch(
        select(*columns)
        .where(mine, kube_object.c.kind.in_(names))
        .order_by(kube_object.c.kind, kube_object.c.namespace, kube_object.c.name)
    )
    objects: dict[Key, list[bytes]] = {}
    for row in rows:
        if (row.kind, row.api_group) in kinds:
            objects.setdefault((row.kind, row.api_group), []).append(row.document)
    definition = (kube_object.c.kind == DEFINITION[0]) & (kube_object.c.api_group == DEFINITION[1])
    found = await database.fetch(select(kube_object.c.name).where(mine, definition))
    return StoredSnapshot(
        cluster_id=cluster_id,
        cluster_name=cluster_name,
        objects=objects,
        definitions=frozenset(row.name for row in found),
    )


def needed_kinds(tables: Fingerprints) -> frozenset[Key]:
    """Every kind that the engine may ask a snapshot for, but for definitions."""
    return _ALWAYS.union(*(_kinds_of(table) for table in tables.meshes))


def _kinds_of(table: MeshTable) -> set[Key]:
    found = {(row.kind, row.group) for row in table.managed}
    found |= {(row.kind, row.group) for row in table.peers}
    found |= {(role.kind, role.group) for role in table.identity.zone_roles}
    found |= {table.identity.mesh_id_objects} if table.identity.mesh_id_objects else set()
    return {each for each in found if each[0]}
