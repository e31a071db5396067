"""GraphQL of meshes: those found, their control and data planes, and the landscape. Thin."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from enum import StrEnum
from typing import Any, TypeVar

import strawberry

from meshery.discovery.fingerprints.model import Reason
from meshery.discovery.inventory import MeshInventory
from meshery.discovery.landscape import Standing, Support
from meshery.discovery.mesh_feed import MeshesSeen, followed_meshes
from meshery.discovery.meshes import LandscapeItem, MeshItem
from meshery.discovery.planes import (
    ControlPlaneItem,
    DataPlaneItem,
    control_plane_items,
    data_plane_items,
)
from meshery.operations.request import platform_of
from meshery.web.graphql.door import Door, Info, connection_of
from meshery.web.graphql.fields import asked, connection, followed, many
from meshery.web.graphql.lists import FIRST, Direction, Slice, slice_query, sliced
from meshery.web.graphql.nouns import noun, words

T = TypeVar("T", MeshItem, ControlPlaneItem, DataPlaneItem)

words(Reason, name="NotInjectedReason")
words(Standing, name="LandscapeStanding")
words(Support, name="LandscapeSupport")
MeshNoun = noun(MeshItem, name="Mesh")
ControlPlaneNoun = noun(ControlPlaneItem, name="FoundControlPlane")
DataPlaneNoun = noun(DataPlaneItem, name="FoundDataPlane")


@strawberry.enum(description="What meshes are ordered by.")
class MeshField(StrEnum):
    """What meshes are ordered by."""

    NAME = "name"
    MESH = "mesh"
    CLUSTER = "cluster"
    NAMESPACE = "namespace"
    STATE = "state"
    VERSION = "version"


@strawberry.enum(description="What control planes are ordered by.")
class ControlPlaneField(StrEnum):
    """What control planes are ordered by."""

    MESH_NAME = "mesh_name"
    NAMESPACE = "namespace"
    NAME = "name"
    VERSION = "version"
    HEALTH = "health"


@strawberry.enum(description="What data planes are ordered by.")
class DataPlaneField(StrEnum):
    """What data planes are ordered by."""

    MESH_NAME = "mesh_name"
    NAMESPACE = "namespace"
    NAME = "name"
    ROLE = "role"
    PODS = "pods"


@strawberry.input(description="The order of meshes.")
class MeshOrder:
    """The order of meshes."""

    field: MeshField = MeshField.NAME
    direction: Direction = Direction.ASCENDING


@strawberry.input(description="The order of control planes.")
class ControlPlaneOrder:
    """The order of control planes."""

    field: ControlPlaneField = ControlPlaneField.MESH_NAME
    direction: Direction = Direction.ASCENDING


@strawberry.input(description="The order of data planes.")
class DataPlaneOrder:
    """The order of data planes."""

    field: DataPlaneField = DataPlaneField.MESH_NAME
    direction: Direction = Direction.ASCENDING


@strawberry.input(description="Which ones; what is left out lets all pass.")
class MeshesOnly:
    """Clusters by a context's name or their id; the mesh by its name, such as istio."""

    clusters: list[str] = strawberry.field(default_factory=list)
    mesh: str = ""
    namespace: str = ""


@strawberry.type
class MeshQuery:
    """What may be asked."""

    @asked(connection(MeshNoun), "Meshes found in connected clusters.")
    async def meshes(
        self,
        info: Info,
        *,
        first: int = FIRST,
        after: str | None = None,
        order_by: MeshOrder | None = None,
        search: str = "",
        only: MeshesOnly | None = None,
    ) -> Slice[MeshItem]:
        """By evidence, from what the watch of each cluster stored last."""
        query = slice_query(first, after, order=order_by or MeshOrder(), search=search)
        said = query.search.lower()
        found = [
            each
            for each in await _meshes(info, only)
            if said in f"{each.name} {each.title} {each.namespace} {each.build}".lower()
        ]
        return sliced(_within(found, only), query, key=_mesh_key)

    @asked(MeshNoun, "One mesh in one cluster.")
    async def mesh(self, info: Info, id: strawberry.ID) -> MeshItem:  # noqa: A002
        """By its id or its name."""
        return await _inventory(info).mesh(id)

    @asked(connection(ControlPlaneNoun), "Control planes of all meshes.")
    async def control_planes(
        self,
        info: Info,
        *,
        first: int = FIRST,
        after: str | None = None,
        order_by: ControlPlaneOrder | None = None,
        search: str = "",
        only: MeshesOnly | None = None,
    ) -> Slice[ControlPlaneItem]:
        """By mesh."""
        query = slice_query(first, after, order=order_by or ControlPlaneOrder(), search=search)
        found = control_plane_items(await _meshes(info, only))
        named = _named(_within(found, only), query.search)
        return sliced(named, query, key=_control_plane_key)

    @asked(
        connection(DataPlaneNoun),
        "Data planes of all meshes: the proxies of each workload.",
    )
    async def data_planes(
        self,
        info: Info,
        *,
        first: int = FIRST,
        after: str | None = None,
        order_by: DataPlaneOrder | None = None,
        search: str = "",
        only: MeshesOnly | None = None,
    ) -> Slice[DataPlaneItem]:
        """By mesh."""
        query = slice_query(first, after, order=order_by or DataPlaneOrder(), search=search)
        found = data_plane_items(await _meshes(info, only))
        return sliced(_named(_within(found, only), query.search), query, key=_data_plane_key)

    @asked(
        many(noun(LandscapeItem, name="LandscapeMesh")),
        "Every mesh there is or was, and what is found of it here.",
    )
    async def landscape(self, info: Info) -> list[LandscapeItem]:
        """In the landscape's own order."""
        return list(await _inventory(info).landscape())


@strawberry.type
class MeshSubscription:
    """What may be followed."""

    @followed(
        noun(MeshesSeen),
        "All meshes now, then all whenever one came, changed or went. It begins with "
        "all of them, so whoever was away misses nothing.",
    )
    async def meshes(
        self, info: Info, *, clusters: list[str] | None = None
    ) -> AsyncGenerator[MeshesSeen]:
        """Of these clusters, all by default."""
        platform = platform_of(connection_of(info))
        async with aclosing(followed_meshes(platform, clusters or ())) as meshes:
            async for seen in meshes:
                yield seen


DOOR = Door(query=MeshQuery, subscription=MeshSubscription)


def _inventory(info: Info) -> MeshInventory:
    return MeshInventory(platform_of(connection_of(info)))


async def _meshes(info: Info, only: MeshesOnly | None) -> Iterable[MeshItem]:
    wanted = only or MeshesOnly()
    found = await _inventory(info).meshes(wanted.clusters)
    return [each for each in found if wanted.mesh in ("", each.mesh)]


def _within(items: Iterable[T], only: MeshesOnly | None) -> list[T]:
    namespace = only.namespace if only else ""
    return [each for each in items if namespace in ("", each.namespace)]


def _named(items: Iterable[T], said: str) -> list[T]:
    return [each for each in items if said.lower() in f"{each.namespace}/{each.name}".lower()]


def _mesh_key(each: MeshItem, field: str) -> tuple[Any, ...]:
    return getattr(each, field), each.name, each.id


def _control_plane_key(each: ControlPlaneItem, field: str) -> tuple[Any, ...]:
    own = (each.namespace, each.kind, each.component, each.revision)
    return getattr(each, field), each.name, each.mesh_item_id, *own


def _data_plane_key(each: DataPlaneItem, field: str) -> tuple[Any, ...]:
    own = (each.namespace, each.kind, each.role)
    return getattr(each, field), each.name, each.mesh_item_id, *own
