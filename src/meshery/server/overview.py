"""All that the dashboard tells, read at once: what runs, what needs a person, what was measured."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from meshery.connections.model import Connection, ConnectionState
from meshery.connections.pages import href_of
from meshery.connections.service import ConnectionService
from meshery.core.page import PageQuery
from meshery.discovery.inventory import MeshInventory
from meshery.discovery.meshes import MeshItem
from meshery.discovery.next_step import next_steps
from meshery.discovery.service import DiscoveryService
from meshery.discovery.view import ClusterView
from meshery.discovery.views.places import mesh_href
from meshery.discovery.views.watch_words import is_read
from meshery.operations.model import Operation
from meshery.operations.operation_list import ACTIVE, TROUBLED
from meshery.operations.platform import Platform
from meshery.operations.service import OperationFilter
from meshery.performance.result import ResultRow
from meshery.performance.service import PerformanceService
from meshery.sandbox.service import SandboxService
from meshery.sandbox.view import SandboxView
from meshery.server.components import Component, components
from meshery.server.state import ServerState
from meshery.ui.context import PageContext

SHOWN = 8
TROUBLE_AGE = timedelta(days=1)


class ClusterSummary(msgspec.Struct, frozen=True):
    """One connected cluster, and what runs in it; `remedy` where it does not answer.

    `is_read` is false while its objects are not all known: then no mesh does not mean none.
    """

    name: str
    href: str
    state: str
    is_read: bool
    objects: int
    meshes: tuple[str, ...]
    remedy: str = ""


class MeshNeed(msgspec.Struct, frozen=True):
    """What one mesh needs most."""

    name: str
    words: str
    urgency: str
    href: str


class Overview(msgspec.Struct, frozen=True):
    """What the dashboard draws."""

    sandboxes: list[SandboxView]
    clusters: list[ClusterSummary]
    mesh_needs: list[MeshNeed]
    active: list[Operation]
    troubled: list[Operation]
    parts: list[Component]
    results: list[ResultRow]
    operations: int

    @property
    def is_new(self) -> bool:
        """Whether nothing has been done here yet."""
        return not (self.sandboxes or self.clusters or self.results or self.operations)

    @property
    def has_more_trouble(self) -> bool:
        """Whether more operations are in trouble than are shown."""
        return len(self.troubled) == SHOWN

    @property
    def meshes(self) -> int:
        """Meshes in all clusters."""
        return sum(len(cluster.meshes) for cluster in self.clusters)

    @property
    def away(self) -> list[ClusterSummary]:
        """Clusters that do not answer."""
        well = {ConnectionState.REACHABLE.value, ConnectionState.UNKNOWN.value}
        return [cluster for cluster in self.clusters if cluster.state not in well]

    @property
    def lost(self) -> list[SandboxView]:
        """Sandboxes that should run and do not."""
        return [sandbox for sandbox in self.sandboxes if sandbox.state in {"failed", "lost"}]

    @property
    def needs(self) -> int:
        """How many things need a person."""
        ours = len(self.lost) + len(self.parts) + len(self.troubled)
        return ours + len(self.away) + len(self.mesh_needs)


async def read_overview(context: PageContext) -> Overview:
    """Read it now."""
    platform: Platform = context.state
    state: ServerState = context.app.state.server
    operations = platform.operations
    few = PageQuery(page_size=SHOWN)
    active = await operations.list(few, only=OperationFilter(states=ACTIVE))
    troubled = await operations.list(few, only=OperationFilter(states=TROUBLED))
    now = datetime.now(UTC)
    connections = await ConnectionService(platform).all()
    meshes = await MeshInventory(platform).meshes() if connections else ()
    views = await DiscoveryService(platform).status() if connections else []
    return Overview(
        sandboxes=list(await SandboxService(platform).list()),
        clusters=list(cluster_summaries(connections, views, meshes)),
        mesh_needs=list(_needs(meshes, now)),
        active=active.items,
        troubled=[one for one in troubled.items if one.created_at > now - TROUBLE_AGE],
        parts=[part for part in await components(platform, state.parts) if part.state != "ok"],
        results=(await PerformanceService(platform).list_results(PageQuery(page_size=6))).items,
        operations=(await operations.list(PageQuery(page_size=1))).total,
    )


def cluster_summaries(
    connections: Sequence[Connection], views: Sequence[ClusterView], meshes: Sequence[MeshItem]
) -> Iterator[ClusterSummary]:
    """One for each cluster, by the first of its contexts; those that never answered, each."""
    by_id = {view.cluster_id: view for view in views}
    seen: set[str] = set()
    for connection in connections:
        if connection.cluster_id and connection.cluster_id in seen:
            continue
        seen.add(connection.cluster_id)
        view = by_id.get(connection.cluster_id)
        mine = [each for each in meshes if each.cluster_id == connection.cluster_id]
        yield ClusterSummary(
            name=connection.name,
            href=href_of(connection),
            state=connection.state.value,
            is_read=view is not None and is_read(view),
            objects=view.objects if view else 0,
            meshes=tuple(f"{each.title} {each.version}" for each in mine),
            remedy=connection.remedy,
        )


def _needs(meshes: Sequence[MeshItem], now: datetime) -> Iterator[MeshNeed]:
    """The most urgent of each mesh; what merely could be known better is on its own page."""
    for each in meshes:
        step = next(iter(next_steps(each, now=now)), None)
        if step is not None and step.urgency != "info":
            yield MeshNeed(each.name, step.words, step.urgency, mesh_href(each.id, step.part))
