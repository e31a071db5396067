"""Pages of discovery: meshes and their landscape, objects of all clusters and their changes."""

from meshery.core.errors import NotFoundError
from meshery.core.page import PageQuery
from meshery.discovery.inventory import MeshInventory
from meshery.discovery.service import DiscoveryService
from meshery.discovery.views.change_feed import ChangeFeed
from meshery.discovery.views.landscape_page import draw_landscape
from meshery.discovery.views.mesh_list import MeshList
from meshery.discovery.views.mesh_view import MeshView
from meshery.discovery.views.places import (
    CHANGES,
    LANDSCAPE,
    MESHES,
    RESOURCES,
    landscape_href,
    mesh_href,
    resource_href,
)
from meshery.discovery.views.resource_list import ResourceList
from meshery.discovery.views.resource_view import draw_resource
from meshery.operations.platform import Platform
from meshery.ui.context import PageContext
from meshery.ui.page import Hit, Page

HITS = 4


async def meshes_page(context: PageContext) -> None:
    """The inventory."""
    await MeshList(context).draw()


async def mesh_page(context: PageContext) -> None:
    """One mesh in one cluster, by its id."""
    inventory = MeshInventory(context.state)
    try:
        item = await inventory.mesh(context.path["id"])
    except NotFoundError as error:
        raise NotFoundError(
            "This mesh is not found in the connected clusters",
            cause="It was removed, its cluster was disconnected, or it is not read yet",
            remedy="Choose one of those that are there under Meshes",
        ) from error
    await MeshView(context, inventory, item).draw()


async def resources_page(context: PageContext) -> None:
    """Objects, chosen and searched."""
    await ResourceList(context).draw()


async def resource_page(context: PageContext) -> None:
    """One object."""
    await draw_resource(context, context.path["id"])


async def changes_page(context: PageContext) -> None:
    """What changes, live."""
    await ChangeFeed(context).draw()


async def _search_meshes(platform: Platform, words: str) -> list[Hit]:
    inventory = MeshInventory(platform)
    found = [
        Hit("mesh", each.name, mesh_href(each.id))
        for each in await inventory.meshes()
        if words.lower() in f"{each.name} {each.title}".lower()
    ]
    entries = [
        Hit("landscape", each.title, landscape_href(each.mesh))
        for each in await inventory.landscape()
        if words.lower() in f"{each.mesh} {each.title}".lower()
    ]
    return [*found[:HITS], *entries[:HITS]]


async def _search_resources(platform: Platform, words: str) -> list[Hit]:
    query = PageQuery(page_size=HITS, order="name", search=words)
    page = await DiscoveryService(platform).resources(query)
    return [
        Hit(each.kind, "/".join(filter(None, (each.namespace, each.name))), resource_href(each.id))
        for each in page.items
    ]


PAGES = (
    Page(MESHES, "Meshes", "device_hub", 0, 1, meshes_page, search=_search_meshes),
    Page(LANDSCAPE, "Landscape", "device_hub", 0, 1, draw_landscape, in_navigation=False),
    Page(f"{MESHES}/{{id}}", "Mesh", "device_hub", 0, 1, mesh_page, in_navigation=False),
    Page(RESOURCES, "Resources", "category", 0, 1, resources_page, search=_search_resources),
    Page(CHANGES, "Changes", "category", 0, 1, changes_page, in_navigation=False),
    Page(f"{RESOURCES}/{{id}}", "Resource", "category", 0, 1, resource_page, in_navigation=False),
)
