"""REST of our operator in connected clusters. Thin: the service does the work."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from meshery.core.page import Page, PageQuery
from meshery.discovery.operators import OperatorService
from meshery.operations.request import PlatformDep
from meshery.web.idempotency import IdempotencyKey
from meshery.web.identity import ActorDep
from meshery.web.respond import accepted, json_response

router = APIRouter(prefix="/api/kubernetes/contexts/{connection_id}/operator", tags=["kubernetes"])


def service_of(platform: PlatformDep) -> OperatorService:
    """The service on this server's platform."""
    return OperatorService(platform)


ServiceDep = Annotated[OperatorService, Depends(service_of)]
Place = Annotated[str, Query(description="Namespace; meshery by default")]
DryRun = Annotated[bool, Query(description="Tell what would change, and change nothing")]


@router.get("", summary="How the operator is in a cluster")
async def state(service: ServiceDep, connection_id: str) -> Response:
    """Whether it is deployed, connected, and how far behind we are."""
    return json_response(await service.state(connection_id))


@router.post("", summary="Deploy the operator to a cluster", status_code=202)
async def deploy(
    service: ServiceDep,
    actor: ActorDep,
    connection_id: str,
    *,
    key: IdempotencyKey = "",
    namespace: Place = "",
    dry_run: DryRun = False,
) -> Response:
    """202 with the operation; with `dry_run` 200 with what would change."""
    if dry_run:
        changes = await service.plan(connection_id, namespace=namespace)
        query = PageQuery(page_size=max(1, len(changes)))
        return json_response(Page.of(list(changes), query, total=len(changes)))
    return accepted(
        await service.deploy(connection_id, actor=actor, namespace=namespace, idempotency_key=key)
    )


@router.delete("", summary="Remove the operator from a cluster", status_code=202)
async def remove(
    service: ServiceDep, actor: ActorDep, connection_id: str, *, key: IdempotencyKey = ""
) -> Response:
    """202 with the operation; nothing of it is left in the cluster afterwards."""
    return accepted(await service.remove(connection_id, actor=actor, idempotency_key=key))
