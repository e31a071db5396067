"""What one room's nouns have of another's. Rooms name each other by id; here ids are followed.

What the items of a list ask for at one moment is read at once. Nothing is kept beyond that, since a
socket may live for days.
"""

from collections.abc import Iterable
from functools import cache
from typing import TypeVar

from strawberry.dataloader import DataLoader

from meshery.connections.model import Connection as KubernetesContext
from meshery.connections.service import ConnectionService
from meshery.discovery.inventory import MeshInventory
from meshery.discovery.meshes import MeshItem
from meshery.discovery.service import DiscoveryService
from meshery.discovery.view import ClusterView
from meshery.operations.model import Event, Operation
from meshery.operations.platform import Platform
from meshery.operations.request import platform_of
from meshery.performance.result import ResultRow
from meshery.web.graphql.door import Info, connection_of
from meshery.web.graphql.fields import many, maybe
from meshery.web.graphql.nouns import join, noun

T = TypeVar("T", KubernetesContext, MeshItem)

_JOINS = "joins"


@cache
def join_rooms() -> None:
    """Add the fields, once."""
    join(
        ClusterView,
        contexts_of,
        kind=many(noun(KubernetesContext)),
        name="contexts",
        description="Through which it is reached.",
    )
    join(
        ClusterView,
        meshes_of,
        kind=many(noun(MeshItem)),
        name="meshes",
        description="Found in it.",
    )
    for struct, name in ((KubernetesContext, "cluster"), (MeshItem, "in_cluster")):
        join(
            struct,
            cluster_of,
            kind=maybe(noun(ClusterView)),
            name=name,
            description="How the watch of its cluster stands.",
        )
    for part in (Event, ResultRow):
        join(
            part,
            operation_of,
            kind=maybe(noun(Operation)),
            name="operation",
            description="What it belongs to; null where nothing, or where it is not kept.",
        )


async def contexts_of(root: ClusterView, info: Info) -> list[KubernetesContext]:
    """The connected contexts of a cluster."""
    return await _joins(info).contexts.load(root.cluster_id)


async def meshes_of(root: ClusterView, info: Info) -> list[MeshItem]:
    """The meshes of a cluster; none of one that nobody is connected to any more."""
    return await _joins(info).meshes.load(root.cluster_id)


async def cluster_of(root: KubernetesContext | MeshItem, info: Info) -> ClusterView | None:
    """The cluster of a context or mesh."""
    return await _joins(info).clusters.load(root.cluster_id)


async def operation_of(root: Event | ResultRow, info: Info) -> Operation | None:
    """The operation that an event or result is of."""
    if not root.operation_id:
        return None
    return await _joins(info).operations.load(root.operation_id)


class _Joins:
    """The loaders of a request or socket, each by ids."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self.contexts = DataLoader(self._contexts, cache=False)
        self.meshes = DataLoader(self._meshes, cache=False)
        self.clusters = DataLoader(self._clusters, cache=False)
        self.operations = DataLoader(self._operations, cache=False)

    async def _contexts(self, ids: list[str]) -> list[list[KubernetesContext]]:
        return _by_cluster(await ConnectionService(self._platform).all(), ids)

    async def _meshes(self, ids: list[str]) -> list[list[MeshItem]]:
        connected = await DiscoveryService(self._platform).cluster_names()
        wanted = [each for each in ids if each in connected]
        # Of none that are named the inventory would tell all.
        found = await MeshInventory(self._platform).meshes(wanted) if wanted else ()
        return _by_cluster(found, ids)

    async def _clusters(self, ids: list[str]) -> list[ClusterView | None]:
        found = {each.cluster_id: each for each in await DiscoveryService(self._platform).status()}
        return [found.get(each) for each in ids]

    async def _operations(self, ids: list[str]) -> list[Operation | None]:
        found = await self._platform.operations.kept(ids)
        return [found.get(each) for each in ids]


def _by_cluster(items: Iterable[T], ids: Iterable[str]) -> list[list[T]]:
    found: dict[str, list[T]] = {}
    for each in items:
        found.setdefault(each.cluster_id, []).append(each)
    return [found.get(each, []) for each in ids]


def _joins(info: Info) -> _Joins:
    if _JOINS not in info.context:
        info.context[_JOINS] = _Joins(platform_of(connection_of(info)))
    joins: _Joins = info.context[_JOINS]
    return joins
