"""What one room's nouns have of another's. Rooms name each other by id; here ids are followed."""

from functools import cache

from meshery.connections.model import Connection as KubernetesContext
from meshery.connections.service import ConnectionService
from meshery.core.errors import NotFoundError
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
    connections = await ConnectionService(_platform(info)).all()
    return [each for each in connections if each.cluster_id == root.cluster_id]


async def meshes_of(root: ClusterView, info: Info) -> list[MeshItem]:
    """The meshes of a cluster; none of one that nobody is connected to any more."""
    inventory = MeshInventory(_platform(info))
    try:
        return list(await inventory.meshes([root.cluster_id]))
    except NotFoundError:
        return []


async def cluster_of(root: KubernetesContext | MeshItem, info: Info) -> ClusterView | None:
    """The cluster of a context or mesh."""
    clusters = await DiscoveryService(_platform(info)).status()
    return next((each for each in clusters if each.cluster_id == root.cluster_id), None)


async def operation_of(root: Event | ResultRow, info: Info) -> Operation | None:
    """The operation that an event or result is of."""
    if not root.operation_id:
        return None
    try:
        return await _platform(info).operations.get(root.operation_id)
    except NotFoundError:
        return None


def _platform(info: Info) -> Platform:
    return platform_of(connection_of(info))
