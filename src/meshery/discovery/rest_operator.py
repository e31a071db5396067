"""REST of our operator in connected clusters. Thin: the service does the work."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from meshery.core.page import Page, PageQuery
from meshery.discovery.leaf_nodes import LeafService
from meshery.discovery.operators import OperatorService
from meshery.operations.request import PlatformDep
from meshery.web.idempotency import IdempotencyKey
from meshery.web.identity import ActorDep
from meshery.web.respond import accepted, json_response, no_content

router = APIRouter(prefix="/api/kubernetes/contexts/{connection_id}/operator", tags=["kubernetes"])


def service_of(platform: PlatformDep) -> OperatorService:
    """The service on this server's platform."""
    return OperatorService(platform)


def leaf_service_of(platform: PlatformDep) -> LeafService:
    """The service of leaf nodes on this server's platform."""
    return LeafService(platform)


LeafServiceDep = Annotated[LeafService, Depends(leaf_service_of)]
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


@router.get("/leaf", summary="Whether a cluster's broker connects to us")
async def leaf_state(service: LeafServiceDep, connection_id: str) -> Response:
    """Whether it may, as a NATS leaf node, and whether it does."""
    return json_response(await service.state(connection_id))


@router.post("/leaf", summary="Have a cluster's broker connect to us", status_code=201)
async def issue_leaf(
    service: LeafServiceDep,
    actor: ActorDep,
    connection_id: str,
    *,
    namespace: Place = "",
    dry_run: DryRun = False,
) -> Response:
    """201 with what is applied in the cluster; its credentials are told this once.

    Credentials of before hold no more. With `dry_run` 200 with the same but for the credentials.
    """
    if dry_run:
        return json_response(await service.plan(connection_id, namespace=namespace))
    granted = await service.issue(connection_id, actor=actor, namespace=namespace)
    return json_response(granted, status=201)


@router.delete("/leaf", summary="Let a cluster's broker connect to us no more", status_code=204)
async def revoke_leaf(service: LeafServiceDep, actor: ActorDep, connection_id: str) -> Response:
    """It is disconnected; the cluster is followed by port-forward or watched from here again."""
    await service.revoke(connection_id, actor=actor)
    return no_content()
