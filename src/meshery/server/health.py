"""What those ask who watch a server: does it live, is it ready, and its metrics.

The health checks are open to anybody who reaches the port, so they say a word and nothing more.
"""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from meshery.core.page import PageQuery
from meshery.core.telemetry import gauge, registry, watch_process
from meshery.operations.model import OperationState
from meshery.operations.request import PlatformDep
from meshery.operations.service import OperationFilter, Operations
from meshery.web.respond import json_response

router = APIRouter(tags=["health"])

watch_process()
operations_gauge = gauge("operations", "Operations stored, by state", ("state",))


@router.get("/healthz/live", summary="Does the process answer?")
async def live() -> Response:
    """Always, while the event loop runs."""
    return json_response({"status": "live"})


@router.get("/healthz/ready", summary="Can it do its work?")
async def ready(platform: PlatformDep) -> Response:
    """Whether rows can be read; 503 otherwise. A bus that is away for a while does no harm."""
    await platform.database.now()
    return json_response({"status": "ready"})


@router.get("/metrics", summary="Metrics of this server, for Prometheus")
async def metrics(platform: PlatformDep) -> Response:
    """Process, requests, refusals, operations by state, subscribers of events."""
    await _count_operations(platform.operations)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


async def _count_operations(operations: Operations) -> None:
    for state in OperationState:
        page = await operations.list(PageQuery(page_size=1), only=OperationFilter(states=(state,)))
        operations_gauge.labels(state.value).set(page.total)
