"""The inventory: one row for each mesh in each cluster, and what each needs."""

from datetime import UTC, datetime

from meshery.discovery.inventory import MeshInventory
from meshery.discovery.meshes import MeshItem
from meshery.discovery.next_step import expiry_of, next_steps
from meshery.discovery.service import DiscoveryService
from meshery.discovery.view import ClusterView
from meshery.discovery.views.follow import follow
from meshery.discovery.views.mesh_words import (
    coverage_words,
    day,
    first_expiry,
    summary,
    until_tone,
    until_words,
    version_words,
)
from meshery.discovery.views.places import LANDSCAPE, RESOURCES, landscape_href, mesh_href
from meshery.discovery.views.watch_words import draw_watches, is_read
from meshery.operations.platform import Platform
from meshery.ui.context import PageContext
from meshery.ui.format import percent, plural, whole
from meshery.ui.widgets.action import link_action
from meshery.ui.widgets.column import Column, Row
from meshery.ui.widgets.data_table import DataTable, TablePage, TableQuery, rows_page
from meshery.ui.widgets.empty_state import empty_state
from meshery.ui.widgets.html import Tag, tag
from meshery.ui.widgets.page_header import page_header
from meshery.ui.widgets.sentence import sentence
from meshery.ui.widgets.tile import Tile, tiles

_COLUMNS = (
    Column("mesh", "Mesh", "pair", sortable=True),
    Column("version", "Version", "pair", sortable=True),
    Column("state", "State", "state", sortable=True),
    Column("project", "Project", "state", sortable=True),
    Column("coverage", "Pods in it", "meter", sortable=True),
    Column("skewed", "Skewed", "number", sortable=True),
    Column("certificate", "Certificate", "pair"),
    Column("next", "Next step", "pair"),
)


class MeshList:
    """The page; drawn once, renewed as the clusters change."""

    def __init__(self, context: PageContext) -> None:
        platform: Platform = context.state
        self._context = context
        self._inventory = MeshInventory(platform)
        self._discovery = DiscoveryService(platform)
        self._items: tuple[MeshItem, ...] = ()
        self._clusters: list[ClusterView] = []
        self._drawn: object = None

    async def draw(self) -> None:
        """All of it."""
        header = page_header("Meshes")
        with header.actions:
            link_action("Landscape", LANDSCAPE, icon="map")
        self._nothing: Tag = tag("div")
        self._head: Tag = tag("div", classes="stack")
        self._place: Tag = tag("div", classes="stack tight")
        with self._place:
            self._table = DataTable(_COLUMNS, self._load, noun="mesh", many="meshes", order="mesh")
        await self._renew()
        follow(self._context, self._renew)

    async def _load(self, query: TableQuery) -> TablePage:
        now = datetime.now(UTC)
        return rows_page([_row(each, now) for each in self._items], query)

    async def _renew(self) -> bool:
        current = await self._inventory.is_current()
        chosen = self._context.query.get("cluster", "")
        self._items = await self._inventory.meshes([chosen] if chosen else [])
        self._clusters = await self._discovery.status()
        shown = ([each.undated() for each in self._items], _states(self._clusters))
        if shown != self._drawn:
            self._drawn = shown
            self._redraw()
            await self._table.refresh()
        return current

    def _redraw(self) -> None:
        self._place.set_visibility(bool(self._items))
        self._head.clear()
        self._nothing.clear()
        if not self._items:
            with self._nothing:
                _draw_nothing(self._clusters)
            return
        with self._head:
            sentence(summary(self._items))
            _draw_tiles(self._items)
            draw_watches(self._clusters)


def _states(clusters: list[ClusterView]) -> list[tuple[str, str, bool]]:
    return [(each.cluster, each.state, is_read(each)) for each in clusters]


def _draw_tiles(items: tuple[MeshItem, ...]) -> None:
    planes = [each.data_planes for each in items]
    meshed, eligible = sum(p.meshed for p in planes), sum(p.eligible for p in planes)
    skewed = sum(len(p.skewed) for p in planes)
    left_out = sum(each.eligible for p in planes for each in p.not_injected)
    first, now = first_expiry(items), datetime.now(UTC)
    with tiles():
        clusters = plural(len({each.cluster_id for each in items}), "cluster")
        Tile("Meshes", whole(len(items)), f"in {clusters}")
        share = percent(meshed / eligible) if eligible else "-"
        Tile("Coverage", share, f"{whole(meshed)} of {whole(eligible)} pods")
        Tile("Skewed proxies", whole(skewed), "by version", tone="warn" if skewed else "")
        Tile(
            "Pods without proxy",
            whole(left_out),
            "that should have one",
            tone="warn" if left_out else "",
        )
        Tile(
            "First certificate",
            until_words(first, now=now),
            day(first) or "no end is known",
            tone="bad" if until_tone(first, now=now) == "bad" else "",
        )


def _draw_nothing(clusters: list[ClusterView]) -> None:
    if not clusters:
        with empty_state(
            "No cluster is connected",
            "Connect one, and the meshes in it are found by evidence: their versions, control "
            "planes, proxies and certificates.",
            icon="dns",
            command="mesheryctl kubernetes connect",
        ):
            link_action("Connect a cluster", "/connections", icon="add", weight="primary")
    elif all(map(is_read, clusters)):
        with empty_state(
            f"No mesh is found in {plural(len(clusters), 'cluster')}",
            "All kinds that tell of meshes were read. The landscape says which mesh is good at "
            "what; the sandbox lets you try one without a cluster.",
            icon="hub",
        ):
            link_action("Choose a mesh", LANDSCAPE, icon="map", weight="primary")
            link_action("What is in the clusters", RESOURCES, icon="category")
    else:
        with tag("div", classes="stack"):
            with empty_state(
                "The clusters are being read",
                "No mesh is found so far. This page follows by itself.",
                icon="hourglass_empty",
            ):
                link_action("How the connections are", "/connections", icon="dns")
            draw_watches(clusters)


def _row(item: MeshItem, now: datetime) -> Row:
    expires_at = expiry_of(item)
    steps = next_steps(item, now=now)
    step = ["Nothing", "", "", "quiet"]
    if steps:
        first = steps[0]
        is_of_project = first.part == "advice"
        href = landscape_href(item.mesh) if is_of_project else mesh_href(item.id, first.part)
        step = [first.words, href, f"and {len(steps) - 1} more" if len(steps) > 1 else "", ""]
    place = " · ".join(filter(None, (item.cluster, item.namespace)))
    return {
        "id": item.id,
        "mesh": [item.title, mesh_href(item.id), place],
        "version": [version_words(item), "", item.build, ""],
        "state": item.state.value,
        "project": item.standing.value,
        "coverage": [item.data_planes.coverage, coverage_words(item)],
        "skewed": len(item.data_planes.skewed),
        "certificate": [
            until_words(expires_at, now=now),
            "",
            day(expires_at),
            until_tone(expires_at, now=now),
        ],
        "next": step,
    }
