"""REST of sandboxes. Thin: the service does the work.

A body is JSON or YAML. What changes a sandbox answers 202 with the operation; with `?dry_run=true`
it answers 200 with what would change.
"""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response

from meshery.core.errors import InvalidInputError
from meshery.core.page import Page, PageQuery
from meshery.core.yamlfile import parse_yaml
from meshery.operations.request import PlatformDep
from meshery.sandbox.documents import read_objects
from meshery.sandbox.service import SandboxService
from meshery.sandbox.spec import SandboxSpec, bundled_names, bundled_spec, parse_spec, spec_object
from meshery.web.idempotency import IdempotencyKey
from meshery.web.identity import ActorDep
from meshery.web.paging import page_query
from meshery.web.respond import accepted, json_response

router = APIRouter(prefix="/api/sandboxes", tags=["sandboxes"])

_SOURCE = "the request's body"


def service_of(platform: PlatformDep) -> SandboxService:
    """The service on this server's platform."""
    return SandboxService(platform)


ServiceDep = Annotated[SandboxService, Depends(service_of)]
SandboxPage = Annotated[PageQuery, Depends(page_query("name", "state", default="name"))]
DryRun = Annotated[bool, Query(description="Tell what would change, and change nothing")]


class SentRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request to send into a sandbox. `source` names the calling service; empty chooses one.

    `direct` goes to the application, off the mesh. `timeout` is in seconds.
    """

    service: str
    path: str = "/"
    method: str = "GET"
    headers: dict[str, str] = {}
    body: str = ""
    source: str = ""
    direct: bool = False
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=60)] = 15.0


@router.get("", summary="List sandboxes")
async def list_sandboxes(service: ServiceDep, query: SandboxPage) -> Response:
    """Each with its live state."""
    found = [view for view in await service.list() if query.search in view.name]
    found.sort(key=lambda view: getattr(view, query.order_field), reverse=query.descending)
    items = found[query.offset : query.offset + query.page_size]
    return json_response(Page.of(items, query, total=len(found)))


@router.post("", summary="Start a sandbox", status_code=202)
async def create_sandbox(
    service: ServiceDep,
    actor: ActorDep,
    request: Request,
    *,
    dry_run: DryRun = False,
    key: IdempotencyKey = "",
) -> Response:
    """The body is a Sandbox, or `{"bundled": NAME}` for one that comes with Meshery."""
    spec = _spec(await request.body())
    if dry_run:
        return json_response({"would_start": spec_object(spec), "sidecars": spec.sidecars})
    return accepted(await service.up(spec, actor=actor, idempotency_key=key))


@router.get("/bundled", summary="The sandboxes that come with Meshery")
async def list_bundled() -> Response:
    """Their Sandbox objects."""
    return json_response([spec_object(bundled_spec(name)) for name in bundled_names()])


@router.get("/{name}", summary="One sandbox")
async def get_sandbox(service: ServiceDep, name: str) -> Response:
    """With its live state."""
    return json_response(await service.get(name))


@router.delete("/{name}", summary="Stop a sandbox and forget it", status_code=202)
async def delete_sandbox(service: ServiceDep, actor: ActorDep, name: str) -> Response:
    """202 with the operation."""
    return accepted(await service.down(name, actor=actor))


@router.get("/{name}/status", summary="One sandbox with all its parts")
async def get_status(service: ServiceDep, name: str) -> Response:
    """Instances, processes, addresses and behaviours."""
    return json_response(await service.status(name))


@router.get("/{name}/graph", summary="The call graph with what was seen on its edges")
async def get_graph(service: ServiceDep, name: str) -> Response:
    """Nodes with positions, edges with rates."""
    return json_response(await service.graph(name))


@router.get("/{name}/logs", summary="The end of a process's log")
async def get_logs(
    service: ServiceDep,
    name: str,
    *,
    instance: str,
    part: Annotated[str, Query(pattern="^(app|proxy)$")] = "proxy",
    lines: Annotated[int, Query(ge=1, le=10_000)] = 100,
) -> Response:
    """As plain text, from the sandbox's host."""
    text = await service.logs(name, instance, part=part, lines=lines)
    return Response(text, media_type="text/plain")


@router.get("/{name}/behaviours", summary="Behaviours in effect")
async def list_behaviours(service: ServiceDep, name: str) -> Response:
    """With their fidelity; the last changed one last."""
    items = list(await service.behaviours(name))
    query = PageQuery(page_size=max(1, len(items)), order="")
    return json_response(Page.of(items, query, total=len(items)))


@router.post("/{name}/behaviours", summary="Apply behaviours or other objects", status_code=202)
async def apply_behaviours(
    service: ServiceDep,
    actor: ActorDep,
    request: Request,
    name: str,
    *,
    dry_run: DryRun = False,
    key: IdempotencyKey = "",
) -> Response:
    """The body is one document or a list of them, plain or in Kubernetes' shape."""
    objects = read_objects(await request.body(), source=_SOURCE)
    if dry_run:
        return json_response(await service.plan(name, objects))
    return accepted(await service.apply(name, objects, actor=actor, idempotency_key=key))


@router.delete("/{name}/behaviours", summary="Undo behaviours", status_code=202)
async def undo_several(
    service: ServiceDep,
    actor: ActorDep,
    name: str,
    *,
    behaviours: Annotated[list[str] | None, Query(alias="name", description="All if none")] = None,
) -> Response:
    """202 with the operation."""
    return accepted(await service.undo(name, behaviours or [], actor=actor))


@router.delete("/{name}/behaviours/{behaviour}", summary="Undo a behaviour", status_code=202)
async def undo(service: ServiceDep, actor: ActorDep, name: str, behaviour: str) -> Response:
    """202 with the operation."""
    return accepted(await service.undo(name, [behaviour], actor=actor))


@router.post("/{name}/behaviours/{behaviour}/prove", summary="Prove a behaviour by requests")
async def prove(
    service: ServiceDep,
    name: str,
    behaviour: str,
    *,
    samples: Annotated[int, Query(ge=100, le=20_000)] = 1_000,
) -> Response:
    """What was expected, what was observed, and whether it passed.

    Where chance decides 1,000 samples are the least; where it does not, as many as are needed.
    """
    return json_response(await service.prove(name, behaviour, samples=samples))


@router.post("/{name}/request", summary="Send one request into the sandbox")
async def send_request(service: ServiceDep, request: Request, name: str) -> Response:
    """The answer with its headers and the first 64 KiB of its body."""
    sent = _sent(await request.body())
    return json_response(
        await service.request(
            name,
            sent.service,
            path=sent.path,
            method=sent.method,
            headers=tuple(sent.headers.items()),
            body=sent.body.encode(),
            source=sent.source,
            direct=sent.direct,
            timeout_s=sent.timeout_s,
        )
    )


@router.post("/{name}/restore", summary="Start lost processes again", status_code=202)
async def restore(service: ServiceDep, actor: ActorDep, name: str) -> Response:
    """202 with the operation."""
    return accepted(await service.restore(name, actor=actor))


@router.post("/{name}/rotate", summary="Rotate all certificates", status_code=202)
async def rotate(service: ServiceDep, actor: ActorDep, name: str) -> Response:
    """202 with the operation; no request fails meanwhile."""
    return accepted(await service.rotate(name, actor=actor))


def _spec(raw: bytes) -> SandboxSpec:
    document = parse_yaml(raw, source=_SOURCE)
    data: Any = document.data
    if isinstance(data, dict) and set(data) == {"bundled"} and isinstance(data["bundled"], str):
        return bundled_spec(data["bundled"])
    return parse_spec(document)


def _sent(raw: bytes) -> SentRequest:
    try:
        sent = msgspec.json.decode(raw, type=SentRequest)
    except msgspec.DecodeError as error:
        raise InvalidInputError(
            "the request to send cannot be used",
            cause=str(error),
            remedy='send JSON such as {"service": "web", "path": "/"}',
        ) from error
    text = (sent.path, sent.method, *sent.headers, *sent.headers.values())
    if not sent.path.startswith("/") or any("\r" in part or "\n" in part for part in text):
        raise InvalidInputError(
            "the request to send cannot be used",
            cause="a path begins with /, and no part of a request holds a line break",
        )
    return sent
