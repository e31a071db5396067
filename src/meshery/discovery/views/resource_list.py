"""Objects of all clusters: searched, chosen and paged by the server, renewed as they change."""

from collections.abc import Mapping, Sequence
from time import monotonic

import msgspec

from meshery.core.page import PageQuery
from meshery.discovery.facets import Facets, facets
from meshery.discovery.service import DiscoveryService
from meshery.discovery.view import ClusterView, ResourceRow
from meshery.discovery.views.follow import follow
from meshery.discovery.views.places import RESOURCES, resource_href, resources_href
from meshery.discovery.views.resource_filter_bar import Chosen, ResourceFilterBar
from meshery.discovery.views.resource_tabs import draw_head, draw_no_cluster
from meshery.discovery.views.watch_words import draw_watches
from meshery.operations.platform import Platform
from meshery.ui.address import address, show_address
from meshery.ui.context import PageContext
from meshery.ui.format import ago, clock, plural
from meshery.ui.widgets.column import Column, Row
from meshery.ui.widgets.data_table import DataTable, TablePage, TableQuery
from meshery.ui.widgets.html import Tag, tag

FACETS_S = 5.0
"""Kinds and namespaces to choose from are counted no more often."""
_CLUSTER = Column("cluster_id", "Cluster", sortable=True)
_COLUMNS = (
    Column("kind", "Kind", "pair", sortable=True),
    Column("name", "Name", "link", sortable=True),
    Column("namespace", "Namespace", sortable=True),
    Column("labels", "Labels", "labels"),
    _CLUSTER,
    Column("created_at", "Created", "time", sortable=True),
)


class ResourceList:
    """The page."""

    def __init__(self, context: PageContext) -> None:
        platform: Platform = context.state
        self._context = context
        self._database = platform.database
        self._service = DiscoveryService(platform)
        self._clusters: Sequence[ClusterView] = ()
        self._shown: object = None
        self._facets_at_s = float("-inf")

    async def draw(self) -> None:
        """All of it."""
        draw_head(RESOURCES)
        self._nothing: Tag = tag("div")
        with self._nothing:
            draw_no_cluster()
        self._place: Tag = tag("div", classes="stack")
        with self._place:
            self._words: Tag = tag("p", classes="sentence")
            self._watches: Tag = tag("div", classes="stack tight")
            self._objects: Tag = tag("div", classes="stack")
        self._clusters = await self._service.status()
        columns = [each for each in _COLUMNS if each != _CLUSTER or len(self._clusters) > 1]
        with self._objects:
            with tag("div", classes="stack tight"):
                self._bar = ResourceFilterBar(Chosen.of(self._context.query), self._choose)
                with tag("p", classes="secondary cluster") as self._found:
                    self._count: Tag = tag("span", "", aria_live="polite")
                    tag("a", "Show all", href=RESOURCES)
            self._table = DataTable(
                columns, self._load, noun="object", order="name", searchable=False
            )
        await self._renew()
        follow(self._context, self._renew)

    async def _choose(self) -> None:
        show_address(address(RESOURCES, msgspec.structs.asdict(self._bar.chosen)))
        self._facets_at_s = float("-inf")
        await self._offer()
        self._tell(await self._table.restart())

    async def _load(self, query: TableQuery) -> TablePage:
        page = await self._service.resources(
            PageQuery(query.page, query.page_size, query.order), only=self._bar.chosen.filter
        )
        return TablePage([_row(each) for each in page.items], page.total)

    async def _renew(self) -> None:
        self._clusters = await self._service.status()
        is_empty = not self._clusters
        self._nothing.set_visibility(is_empty)
        self._place.set_visibility(not is_empty)
        if is_empty:
            return
        await self._offer()
        self._tell(await self._table.refresh())
        shown = [msgspec.structs.replace(each, reported_at=None) for each in self._clusters]
        if shown != self._shown:
            self._shown = shown
            self._watches.clear()
            with self._watches:
                draw_watches(self._clusters)

    async def _offer(self) -> None:
        if monotonic() - self._facets_at_s < FACETS_S:
            return
        found = await facets(self._database, self._bar.chosen.cluster)
        self._bar.offer(found, self._names())
        self._words.text = _sentence(found, self._clusters, self._names())
        self._objects.set_visibility(bool(found.objects) or self._bar.chosen != Chosen())
        self._facets_at_s = monotonic()

    def _names(self) -> Mapping[str, str]:
        return {each.cluster_id: each.cluster or each.cluster_id for each in self._clusters}

    def _tell(self, total: int) -> None:
        chosen = self._bar.chosen
        words = f"{plural(total, 'object')} {'is' if total == 1 else 'are'} like that"
        self._count.text = "" if chosen == Chosen() or self._table.is_broken else words
        self._found.set_visibility(chosen != Chosen())


def _sentence(found: Facets, clusters: Sequence[ClusterView], names: Mapping[str, str]) -> str:
    if not found.objects:
        return "Nothing is read of the clusters so far; what is found appears by itself."
    kinds = plural(len(found.kinds), "kind")
    shown = plural(len(names), "cluster") if len(names) > 1 else next(iter(names.values()))
    state = "followed live" if all(c.state == "watching" for c in clusters) else "as seen last"
    return f"{plural(found.objects, 'object')} of {kinds} in {shown}, {state}."


def _row(each: ResourceRow) -> Row:
    version = each.api_version
    return {
        "id": each.id,
        "kind": [each.kind, "", version],
        "name": [each.name, resource_href(each.id)],
        "namespace": each.namespace or "-",
        "labels": [
            [f"{key}={value}", resources_href(label=f"{key}={value}")]
            for key, value in each.labels.items()
        ],
        "cluster_id": each.cluster,
        "created_at": [ago(each.created_at), clock(each.created_at)] if each.created_at else None,
    }
