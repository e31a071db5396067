"""Meshes found in clusters, joined with what the landscape says of each: the items of `mesh list`.

Pure: what was found comes from the fingerprints, dated by who read the cluster.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from meshery.core.errors import InvalidInputError, NotFoundError
from meshery.discovery.fingerprints.certificates import earliest
from meshery.discovery.fingerprints.model import UNKNOWN, AddOnFound, MeshFound
from meshery.discovery.fingerprints.survey import Survey
from meshery.discovery.landscape import Fact, LandscapeEntry, Standing, landscape
from meshery.discovery.model import object_id
from meshery.discovery.view import WatchState

_ANY_TIME = datetime.fromtimestamp(0, UTC)


class ClusterSurvey(msgspec.Struct, frozen=True):
    """What fingerprints tell of one cluster; `read_at` is when its stored objects were read.

    `watch` is how the watch of the cluster stands: a stale one tells what was.
    """

    cluster_id: str
    cluster: str
    read_at: datetime
    survey: Survey
    watch: WatchState = "none"

    def watched(self, state: WatchState) -> "ClusterSurvey":
        """The same, beside how the watch stands now."""
        return msgspec.structs.replace(self, watch=state)


class MeshItem(MeshFound, frozen=True, kw_only=True):
    """A mesh in a cluster, beside how its project stands.

    `name` is `CLUSTER/MESH`, with the namespace behind it where a cluster has several of a mesh.
    `certificate_expires_at` is the first end of all its control planes' certificates, RFC 3339 or
    `unknown`. `current` is the newest release, `advice` what to do with a mesh that ended.
    """

    id: str
    name: str
    read_at: datetime
    watch: WatchState
    standing: Standing
    certificate_expires_at: str = UNKNOWN
    current: Fact | None = None
    advice: Fact | None = None
    add_ons: tuple[AddOnFound, ...] = ()

    def undated(self) -> "MeshItem":
        """The same, whenever it was read: to be compared."""
        return msgspec.structs.replace(self, read_at=_ANY_TIME)


class FoundHere(msgspec.Struct, frozen=True):
    """Where a mesh of the landscape runs."""

    id: str
    name: str
    cluster: str
    namespace: str
    state: str
    version: str
    proxies: int


class LeftHere(msgspec.Struct, frozen=True):
    """What a mesh left behind in a cluster: kinds or webhooks that nothing stands behind."""

    cluster: str
    type: str
    objects: tuple[str, ...]


class LandscapeItem(LandscapeEntry, frozen=True, kw_only=True):
    """A mesh of the landscape, and what is found of it here."""

    name: str
    found: tuple[FoundHere, ...] = ()
    leftovers: tuple[LeftHere, ...] = ()


def mesh_items(surveys: Iterable[ClusterSurvey]) -> tuple[MeshItem, ...]:
    """All meshes of these clusters, by cluster, mesh and namespace."""
    entries = {each.mesh: each for each in landscape()}
    found = [
        _item(mesh, one, entries[mesh.mesh], _name(mesh, one))
        for one in surveys
        for mesh in one.survey.meshes
    ]
    return tuple(sorted(found, key=lambda each: (each.cluster, each.mesh, each.namespace)))


def the_mesh(items: Iterable[MeshItem], name: str) -> MeshItem:
    """One by its id, its name, or the mesh's name where only one cluster has it.

    NotFoundError when there is none, InvalidInputError when several have that name.
    """
    known = list(items)
    exact = [each for each in known if name in {each.id, each.name}]
    found = exact or [each for each in known if each.mesh == name]
    if not found:
        raise NotFoundError(
            f"no mesh {name} is found in the connected clusters",
            remedy="`mesheryctl mesh list` shows those that are",
        )
    if len(found) > 1:
        names = ", ".join(each.name for each in found)
        raise InvalidInputError(f"several meshes are called {name}", remedy=f"say which: {names}")
    return found[0]


def landscape_items(surveys: Iterable[ClusterSurvey]) -> tuple[LandscapeItem, ...]:
    """The whole landscape in its own order, each mesh with what is found of it here."""
    known = list(surveys)
    items = mesh_items(known)
    return tuple(
        LandscapeItem(
            **msgspec.structs.asdict(entry),
            name=entry.mesh,
            found=tuple(_found(each) for each in items if each.mesh == entry.mesh),
            leftovers=tuple(_left(entry.mesh, known)),
        )
        for entry in landscape()
    )


def _item(mesh: MeshFound, one: ClusterSurvey, entry: LandscapeEntry, name: str) -> MeshItem:
    certificates = tuple(each for plane in mesh.control_planes for each in plane.certificates)
    marks = ("mesh", mesh.mesh, mesh.namespace, mesh.mesh_id, mesh.trust_domain)
    return MeshItem(
        **msgspec.structs.asdict(mesh),
        id=object_id(one.cluster_id, "/".join(marks)),
        name=name,
        read_at=one.read_at,
        watch=one.watch,
        standing=entry.standing,
        certificate_expires_at=earliest(certificates),
        current=entry.version,
        advice=entry.advice,
        add_ons=one.survey.addons,
    )


def _name(mesh: MeshFound, one: ClusterSurvey) -> str:
    same = Counter(each.mesh for each in one.survey.meshes)[mesh.mesh] > 1
    return "/".join((one.cluster, mesh.mesh, *([mesh.namespace] if same else ())))


def _found(item: MeshItem) -> FoundHere:
    return FoundHere(
        id=item.id,
        name=item.name,
        cluster=item.cluster,
        namespace=item.namespace,
        state=item.state,
        version=item.version,
        proxies=item.data_planes.proxies,
    )


def _left(mesh: str, surveys: Iterable[ClusterSurvey]) -> Iterable[LeftHere]:
    for one in surveys:
        for each in one.survey.leftovers:
            if each.mesh == mesh:
                yield LeftHere(one.cluster, each.type, each.objects)
