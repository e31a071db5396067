"""REST of performance: profiles, runs, results, comparisons. Thin: the service does the work.

Durations are Go strings, percentiles microseconds with the unit in the name. A load test changes
something outside, so `?dry_run=true` on POST of a run checks and tells without starting it.
"""

from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Body, Depends, Query, Request, Response

from meshery.core.errors import InvalidInputError
from meshery.core.page import Page, PageQuery
from meshery.operations.model import Operation
from meshery.operations.request import PlatformDep
from meshery.operations.sse import frame, frames_of, sse_response
from meshery.performance import store
from meshery.performance.live import LiveSecond
from meshery.performance.model import Profile, RunRequest, StoredProfile
from meshery.performance.order import Order, parse_order
from meshery.performance.profile import parse_profile, profile_document
from meshery.performance.service import PerformanceService
from meshery.web.etag import check_if_match, etag_of, tagged_response
from meshery.web.idempotency import IdempotencyKey
from meshery.web.identity import ActorDep
from meshery.web.paging import page_query
from meshery.web.respond import accepted, created, json_response, no_content

router = APIRouter(prefix="/api/performance", tags=["performance"])

ProfilePage = Annotated[PageQuery, Depends(page_query(*store.PROFILE_ORDER, default="name"))]
ResultPage = Annotated[PageQuery, Depends(page_query(*store.RESULT_ORDER))]


def service_of(platform: PlatformDep) -> PerformanceService:
    """The service on this server's platform."""
    return PerformanceService(platform)


ServiceDep = Annotated[PerformanceService, Depends(service_of)]


class ComparisonRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which results; `force` compares them although their environments differ."""

    base_id: str
    other_id: str
    force: bool = False


@router.get("/profiles", summary="List profiles")
async def list_profiles(service: ServiceDep, query: ProfilePage) -> Response:
    """By name."""
    page = await service.list_profiles(query)
    items = [profile_view(stored) for stored in page.items]
    return json_response(Page.of(items, query, total=page.total))


@router.post("/profiles", summary="Store a profile", status_code=201)
async def create_profile(service: ServiceDep, request: Request) -> Response:
    """The body is a profile, JSON or YAML; one of the same name is replaced (200)."""
    profile = await _profile(request)
    saved = await service.save_profile(profile)
    if saved.version > 1:
        return _tagged(saved)
    location = f"/api/performance/profiles/{saved.id}"
    return created(profile_view(saved), location=location, etag=etag_of(_identity(saved)))


@router.get("/profiles/{reference}", summary="One profile, by id or name")
async def get_profile(service: ServiceDep, reference: str) -> Response:
    """With its ETag."""
    return _tagged(await service.get_profile(reference))


@router.put("/profiles/{reference}", summary="Replace a profile")
async def put_profile(service: ServiceDep, request: Request, reference: str) -> Response:
    """412 when `If-Match` is no longer its tag."""
    profile = await _profile(request)
    stored = await service.get_profile(reference)
    check_if_match(request, _identity(stored))
    saved = await service.save_profile(
        profile, profile_id=stored.id, if_version=_version(request, stored)
    )
    return _tagged(saved)


@router.delete("/profiles/{reference}", summary="Delete a profile", status_code=204)
async def delete_profile(service: ServiceDep, request: Request, reference: str) -> Response:
    """Its results stay."""
    stored = await service.get_profile(reference)
    check_if_match(request, _identity(stored))
    await service.delete_profile(stored.id, if_version=_version(request, stored))
    return no_content()


@router.post("/runs", summary="Start a run", status_code=202)
async def create_run(
    service: ServiceDep,
    actor: ActorDep,
    request: Request,
    *,
    dry_run: bool = False,
    key: IdempotencyKey = "",
) -> Response:
    """A profile (by name, id or inline), a hop of a sandbox, or its functions; see the docs.

    202 with the operation; its result names the stored result. A target that is not ours needs
    `"consent": true`.
    """
    order = parse_order(await request.body())
    if order.overhead or order.functions:
        return await _measure(service, order, actor=actor, dry_run=dry_run, key=key)
    load = await _load_request(service, order)
    if dry_run:
        await service.check_run(load)
        return json_response({"would_run": profile_document(load.profile)})
    return accepted(await service.run(load, actor=actor, idempotency_key=key))


@router.get("/runs/{operation_id}/live", summary="Follow a run (text/event-stream)")
async def follow_run(platform: PlatformDep, service: ServiceDep, operation_id: str) -> Response:
    """A `second` a second with each arm's numbers, from now on; nothing is repeated."""
    await platform.operations.get(operation_id)

    async def frames() -> Any:
        async with service.follow_live(operation_id) as seconds:
            async for part in frames_of(seconds, _second_frame):
                yield part

    return sse_response(frames())


@router.get("/results", summary="List results")
async def list_results(
    service: ServiceDep,
    query: ResultPage,
    *,
    kind: str = "",
    sandbox: str = "",
    profile_id: str = "",
    operation_id: str = "",
) -> Response:
    """Newest first."""
    page = await service.list_results(
        query, kind=kind, sandbox=sandbox, profile_id=profile_id, operation_id=operation_id
    )
    return json_response(page)


@router.get("/results/{result_id}", summary="One result")
async def get_result(service: ServiceDep, request: Request, result_id: str) -> Response:
    """Whole, without its histograms."""
    return tagged_response(request, await service.get_result(result_id))


@router.get("/results/{result_id}/export", summary="A result as a file")
async def export_result(
    service: ServiceDep,
    result_id: str,
    form: Annotated[Literal["json", "csv", "csv-percentiles", "hdr"], Query()] = "json",
) -> Response:
    """JSON with HDR histograms, CSV of seconds or percentiles, or an HdrHistogram log."""
    file = await service.export_result(result_id, form)
    disposition = f'attachment; filename="{file.file_name}"'
    return Response(
        file.content, media_type=file.media_type, headers={"Content-Disposition": disposition}
    )


@router.delete("/results/{result_id}", summary="Delete a result", status_code=204)
async def delete_result(service: ServiceDep, result_id: str) -> Response:
    """With its histograms."""
    await service.delete_result(result_id)
    return no_content()


@router.post("/comparisons", summary="Compare two results")
async def create_comparison(service: ServiceDep, body: Annotated[Any, Body()]) -> Response:
    """409 listing the differences when their environments differ, unless `force`."""
    try:
        wanted = msgspec.convert(body, ComparisonRequest)
    except msgspec.ValidationError as error:
        raise InvalidInputError(
            "the comparison cannot be read",
            cause=str(error),
            remedy='send {"base_id": "...", "other_id": "...", "force": false}',
        ) from error
    return json_response(await service.compare(wanted.base_id, wanted.other_id, force=wanted.force))


def profile_view(stored: StoredProfile) -> dict[str, Any]:
    """A stored profile as it goes out: durations as Go writes them."""
    view: dict[str, Any] = msgspec.to_builtins(stored)
    view["profile"] = profile_document(stored.profile)
    view["name"] = stored.profile.name
    return view


def _identity(stored: StoredProfile) -> dict[str, Any]:
    """What the ETag stands for: runs of a profile do not change it."""
    return {"id": stored.id, "version": stored.version}


def _tagged(stored: StoredProfile) -> Response:
    return json_response(profile_view(stored), headers={"ETag": etag_of(_identity(stored))})


async def _profile(request: Request) -> Profile:
    return parse_profile(await request.body(), source="the profile sent")


def _version(request: Request, stored: StoredProfile) -> int | None:
    """Who sent a tag means exactly that version, even when somebody is faster now."""
    return stored.version if request.headers.get("if-match") else None


async def _load_request(service: PerformanceService, order: Order) -> RunRequest:
    if order.profile is not None:
        return RunRequest(profile=order.profile, name=order.name, consent=order.consent)
    stored = await service.get_profile(order.reference)
    return RunRequest(
        profile=stored.profile, profile_id=stored.id, name=order.name, consent=order.consent
    )


async def _measure(
    service: PerformanceService, order: Order, *, actor: str, dry_run: bool, key: str
) -> Response:
    request = order.overhead or order.functions
    assert request is not None  # noqa: S101 - an order holds one of them
    service.check_measurement(request, arms=3 if order.overhead else 2)
    if dry_run:
        return json_response({"would_run": request})
    operation: Operation
    if order.overhead is not None:
        operation = await service.run_overhead(order.overhead, actor=actor, idempotency_key=key)
    else:
        assert order.functions is not None  # noqa: S101 - the other one was None
        operation = await service.functions(order.functions, actor=actor, idempotency_key=key)
    return accepted(operation)


def _second_frame(second: LiveSecond) -> bytes:
    return frame("second", second)
