"""REST of discovery. Thin: the service does the work."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from meshery.core.page import Page, PageQuery
from meshery.discovery.filter import ResourceFilter
from meshery.discovery.service import RESOURCE_ORDER, DiscoveryService
from meshery.operations.request import PlatformDep
from meshery.web.identity import ActorDep
from meshery.web.paging import page_query
from meshery.web.respond import json_response

router = APIRouter(prefix="/api/discovery", tags=["discovery"])


def service_of(platform: PlatformDep) -> DiscoveryService:
    """The service on this server's platform."""
    return DiscoveryService(platform)


def resource_filter(
    *,
    cluster_id: Annotated[str, Query(description="UID of the namespace kube-system")] = "",
    kind: str = "",
    group: Annotated[str | None, Query(description="API group; empty for the core group")] = None,
    namespace: str = "",
    label: Annotated[
        list[str] | None, Query(description="key=value, or key alone; may be repeated")
    ] = None,
) -> ResourceFilter:
    """Which objects."""
    return ResourceFilter(
        cluster_id=cluster_id,
        kind=kind,
        group=group,
        namespace=namespace,
        labels=tuple(label or ()),
    )


ServiceDep = Annotated[DiscoveryService, Depends(service_of)]
ResourcePage = Annotated[PageQuery, Depends(page_query(*RESOURCE_ORDER, default="name"))]
ResourceFilterDep = Annotated[ResourceFilter, Depends(resource_filter)]
Clusters = Annotated[
    list[str] | None, Query(alias="cluster_id", description="All by default; may be repeated")
]


@router.get("/resources", summary="List objects of all clusters")
async def list_resources(
    service: ServiceDep, query: ResourcePage, only: ResourceFilterDep
) -> Response:
    """As they were seen last, in every connected cluster."""
    return json_response(await service.resources(query, only=only))


@router.get("/resources/{resource_id}", summary="One object")
async def get_resource(service: ServiceDep, resource_id: str) -> Response:
    """Whole, with YAML, relations and history; values of Secrets and ConfigMaps are redacted."""
    return json_response(await service.resource(resource_id))


@router.get("/changes", summary="What came, changed and went")
async def changes(
    service: ServiceDep,
    *,
    after: Annotated[int | None, Query(ge=0, description="`next` of the answer before")] = None,
    kind: str = "",
    namespace: str = "",
) -> Response:
    """The oldest first. Without `after` there are no items, and `next` is from now on."""
    return json_response(await service.changes(after=after, kind=kind, namespace=namespace))


@router.get("/status", summary="How the watches of the clusters stand")
async def status(service: ServiceDep) -> Response:
    """Each cluster, kind by kind."""
    found = await service.status()
    return json_response(Page.of(found, PageQuery(page_size=max(1, len(found))), total=len(found)))


@router.post("/resync", summary="Read everything again", status_code=202)
async def resync(service: ServiceDep, _actor: ActorDep, clusters: Clusters = None) -> Response:
    """The clusters whose watchers were asked; `synced_at` of their kinds tells when it is done."""
    asked = await service.resync(clusters or ())
    return json_response({"clusters": asked}, status=202)
