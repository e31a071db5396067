"""One mesh in one cluster, whole; renewed as its cluster changes."""

from meshery.core.errors import NotFoundError
from meshery.discovery.inventory import MeshInventory
from meshery.discovery.meshes import MeshItem
from meshery.discovery.views.follow import follow
from meshery.discovery.views.mesh_parts import draw_parts
from meshery.discovery.views.mesh_tables import EVIDENCE, OUT_OF_LINE, WORKLOADS, TableSection
from meshery.discovery.views.mesh_words import mesh_summary
from meshery.discovery.views.places import LANDSCAPE, MESHES, landscape_href, resources_href
from meshery.ui.context import PageContext
from meshery.ui.format import ago, clock
from meshery.ui.widgets.action import link_action
from meshery.ui.widgets.html import Tag, tag
from meshery.ui.widgets.page_header import page_header
from meshery.ui.widgets.sentence import sentence
from meshery.ui.widgets.status_chip import status_chip


class MeshView:
    """The page of `item`."""

    def __init__(self, context: PageContext, inventory: MeshInventory, item: MeshItem) -> None:
        self._context = context
        self._inventory = inventory
        self._item = item

    async def draw(self) -> None:
        """All of it."""
        item = self._item
        header = page_header(f"{item.title} in {item.cluster}", trail=[("Meshes", MESHES)])
        self._state: Tag = header.state
        with header.actions:
            link_action("Landscape", landscape_href(item.mesh), icon="map")
            if item.namespace:
                href = resources_href(cluster=item.cluster_id, namespace=item.namespace)
                link_action("Its resources", href, icon="category")
        self._gone: Tag = tag("div")
        self._place: Tag = tag("div", classes="stack")
        self._tables = [TableSection(each, item) for each in (*OUT_OF_LINE, WORKLOADS, EVIDENCE)]
        await self._show(item)
        follow(self._context, self._renew)

    async def _renew(self) -> bool:
        current = await self._inventory.is_current()
        self._gone.clear()
        try:
            found = await self._inventory.mesh(self._item.id)
        except NotFoundError:
            self._say_gone()
            return current
        if found.undated() != self._item.undated():
            await self._show(found)
        return current

    async def _show(self, item: MeshItem) -> None:
        self._item = item
        self._state.clear()
        with self._state:
            status_chip(item.state.value)
            status_chip(item.standing.value, label=f"project {item.standing.value}")
        self._place.clear()
        with self._place:
            sentence(mesh_summary(item))
            draw_parts(item)
        for table in self._tables:
            await table.show(item)

    def _say_gone(self) -> None:
        read_at = self._item.read_at
        with self._gone, tag("section", classes="validity degraded", role="alert"):
            words = f"This mesh is not found any more. Below is what was seen {ago(read_at)}"
            tag("p", f"{words} ({clock(read_at)}).")
            with tag("p", classes="cluster"):
                tag("a", "The meshes that are there", href=MESHES)
                tag("a", "The landscape", href=LANDSCAPE)
