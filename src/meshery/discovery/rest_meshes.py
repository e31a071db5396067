"""REST of meshes: those found in the connected clusters, and the landscape of all there are."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from meshery.core.page import Page, PageQuery
from meshery.discovery.inventory import MeshInventory
from meshery.discovery.meshes import MeshItem
from meshery.operations.request import PlatformDep
from meshery.web.paging import page_query
from meshery.web.respond import json_response

ORDER = ("name", "mesh", "cluster", "namespace", "state", "version")

router = APIRouter(prefix="/api/meshes", tags=["meshes"])


def inventory_of(platform: PlatformDep) -> MeshInventory:
    """The inventory on this server's platform."""
    return MeshInventory(platform)


InventoryDep = Annotated[MeshInventory, Depends(inventory_of)]
MeshPage = Annotated[PageQuery, Depends(page_query(*ORDER, default="name"))]
Clusters = Annotated[
    list[str] | None,
    Query(alias="cluster", description="A context's name or a cluster's id; may be repeated"),
]


@router.get("", summary="List meshes found in connected clusters")
async def list_meshes(
    inventory: InventoryDep, query: MeshPage, clusters: Clusters = None
) -> Response:
    """By evidence, from what the watch of each cluster stored last."""
    words = query.search.lower()
    found = [
        each
        for each in await inventory.meshes(clusters or ())
        if words in f"{each.name} {each.title} {each.namespace} {each.build}".lower()
    ]
    found.sort(key=lambda each: _key(each, query.order_field), reverse=query.descending)
    items = found[query.offset : query.offset + query.page_size]
    return json_response(Page.of(items, query, total=len(found)))


@router.get("/landscape", summary="Every mesh there is or was")
async def show_landscape(inventory: InventoryDep) -> Response:
    """How each project stands, what it is good at and supports, and what is found of it here."""
    items = list(await inventory.landscape())
    return json_response(Page.of(items, PageQuery(page_size=len(items)), total=len(items)))


@router.get("/{mesh_id:path}", summary="One mesh in one cluster")
async def get_mesh(inventory: InventoryDep, mesh_id: str) -> Response:
    """By its id or its name."""
    return json_response(await inventory.mesh(mesh_id))


def _key(item: MeshItem, field: str) -> tuple[str, str]:
    return str(getattr(item, field)), item.name
