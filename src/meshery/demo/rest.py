"""REST of the demo: one verb, answered with its operation."""

from fastapi import APIRouter, Request, Response

from meshery.demo.order import parse_order
from meshery.demo.service import DemoService
from meshery.operations.request import PlatformDep
from meshery.web.idempotency import IdempotencyKey
from meshery.web.identity import ActorDep
from meshery.web.respond import accepted

router = APIRouter()


@router.post("/api/demo", summary="Start the demo", status_code=202, tags=["demo"])
async def start_demo(
    request: Request, platform: PlatformDep, actor: ActorDep, key: IdempotencyKey = ""
) -> Response:
    """Start a sandbox, measure what it costs, prove what it does. The result is the report."""
    wanted = parse_order(await request.body())
    started = await DemoService(platform).start(wanted, actor=actor, idempotency_key=key)
    return accepted(started)
