"""REST of connected clusters. Thin: the service does the work.

The body of a POST is a kubeconfig, YAML or JSON. The answer has one outcome for each context; a
single context that is refused is a problem. No answer holds a login.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from meshery.connections.model import Outcome
from meshery.connections.service import ConnectionService
from meshery.connections.store import ORDER
from meshery.core.errors import InvalidInputError, LimitError, Problem
from meshery.core.page import Page, PageQuery
from meshery.core.yamlfile import MAX_BYTES
from meshery.operations.request import PlatformDep
from meshery.web.identity import ActorDep
from meshery.web.paging import page_query
from meshery.web.respond import accepted, json_response, no_content

router = APIRouter(prefix="/api/kubernetes/contexts", tags=["kubernetes"])


def service_of(platform: PlatformDep) -> ConnectionService:
    """The service on this server's platform."""
    return ConnectionService(platform)


ServiceDep = Annotated[ConnectionService, Depends(service_of)]
ContextPage = Annotated[PageQuery, Depends(page_query(*ORDER, default="name"))]
Contexts = Annotated[
    list[str] | None, Query(alias="context", description="Only these; all of the file if none")
]
DryRun = Annotated[bool, Query(description="Tell what would be connected, and connect nothing")]
LeaveOperator = Annotated[
    bool, Query(description="Disconnect at once, and leave our operator in the cluster")
]
InCluster = Annotated[bool, Query(description="The cluster the server is a pod of; no body")]


@router.get("", summary="List connected clusters")
async def list_contexts(service: ServiceDep, query: ContextPage) -> Response:
    """Each as it answered last."""
    return json_response(await service.list(query))


@router.post("", summary="Connect the contexts of a kubeconfig", status_code=201)
async def connect(
    service: ServiceDep,
    actor: ActorDep,
    request: Request,
    *,
    contexts: Contexts = None,
    dry_run: DryRun = False,
    in_cluster: InCluster = False,
) -> Response:
    """201 when a connection is new, 200 when all were there before and renewed their login."""
    if in_cluster:
        return _said(await service.connect_own_pod(actor=actor))
    raw = await _body(request)
    if dry_run:
        wanted = set(contexts or ())
        found = [
            each for each in await service.preview(raw) if not wanted or each.context in wanted
        ]
        return json_response(_all_of(found))
    return _said(await service.connect(raw, contexts=contexts or (), actor=actor))


@router.get("/{connection_id}", summary="One connected cluster")
async def get_context(service: ServiceDep, connection_id: str) -> Response:
    """As it answered last."""
    return json_response(await service.get(connection_id))


@router.delete("/{connection_id}", summary="Disconnect a cluster", status_code=204)
async def disconnect(
    service: ServiceDep,
    actor: ActorDep,
    connection_id: str,
    *,
    leave_operator: LeaveOperator = False,
) -> Response:
    """Its login is forgotten; the cluster itself is not touched.

    202 with an operation where our operator is in the cluster: it is removed first.
    """
    if leave_operator:
        await service.disconnect(connection_id, actor=actor, leave_operator=True)
        return no_content()
    operation = await service.leave(connection_id, actor=actor)
    return accepted(operation) if operation else no_content()


@router.post("/{connection_id}/ping", summary="Ask a cluster whether it answers")
async def ping(service: ServiceDep, connection_id: str) -> Response:
    """The connection as it is now."""
    return json_response(await service.ping(connection_id))


async def _body(request: Request) -> bytes:
    """The kubeconfig, read no further than its limit."""
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_BYTES:
            raise LimitError(
                f"a kubeconfig has at most {MAX_BYTES} bytes",
                remedy="send the contexts you need: `kubectl config view --raw --flatten --minify`",
                code="meshery.kubeconfig.size",
            )
    return bytes(raw)


def _said(outcomes: Sequence[Outcome]) -> Response:
    if not outcomes:
        raise InvalidInputError(
            "the kubeconfig has no contexts",
            remedy="send one that has: `kubectl config view --raw --flatten`",
            code="meshery.kubeconfig.context",
        )
    if len(outcomes) == 1 and outcomes[0].error is not None:
        raise _as_raised(outcomes[0].error)
    is_new = any(each.connection and not each.updated for each in outcomes)
    return json_response(_all_of(outcomes), status=201 if is_new else 200)


def _all_of(items: Sequence[object]) -> Page[object]:
    query = PageQuery(page_size=max(1, len(items)))
    return Page.of(list(items), query, total=len(items))


def _as_raised(error: dict[str, Any]) -> InvalidInputError:
    return InvalidInputError(
        error["what"],
        cause=error["cause"],
        remedy=error["remedy"],
        code=error["code"],
        problems=[Problem(**fault) for fault in error["problems"]],
    )
