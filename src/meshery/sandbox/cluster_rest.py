"""REST of throw-away clusters. Thin: `Clusters` does the work."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Response

from meshery.core.page import Page, PageQuery
from meshery.operations.request import PlatformDep
from meshery.sandbox.cluster import NAME, Clusters
from meshery.web.idempotency import IdempotencyKey
from meshery.web.identity import ActorDep
from meshery.web.respond import accepted, json_response

router = APIRouter(prefix="/api/sandbox-clusters", tags=["sandboxes"])


def clusters_of(platform: PlatformDep) -> Clusters:
    """Those of this server's host."""
    return Clusters(platform)


ClustersDep = Annotated[Clusters, Depends(clusters_of)]


@router.get("", summary="List throw-away clusters")
async def list_clusters(clusters: ClustersDep) -> Response:
    """Each with its live state."""
    items = list(await clusters.list())
    query = PageQuery(page_size=max(1, len(items)), order="")
    return json_response(Page.of(items, query, total=len(items)))


@router.post("", summary="Start a throw-away cluster", status_code=202)
async def create_cluster(
    clusters: ClustersDep,
    actor: ActorDep,
    *,
    name: Annotated[str, Body(embed=True, max_length=63)] = NAME,
    key: IdempotencyKey = "",
) -> Response:
    """202 with the operation; its result tells where the kubeconfig is."""
    return accepted(await clusters.up(name, actor=actor, key=key))


@router.get("/{name}", summary="One throw-away cluster")
async def get_cluster(clusters: ClustersDep, name: str) -> Response:
    """With its live state."""
    return json_response(await clusters.get(name))


@router.delete("/{name}", summary="Stop a throw-away cluster", status_code=202)
async def delete_cluster(clusters: ClustersDep, actor: ActorDep, name: str) -> Response:
    """202 with the operation; all that it kept goes."""
    return accepted(await clusters.down(name, actor=actor))
