"""The work behind `demo.run`: one parent, and a child for each thing that takes long.

    sandbox      up (left alone when it runs already)
    overhead     off, on and null on one hop
    functions    what each function of the mesh costs
    behaviours   a canary and a delay: applied, proven by requests, undone

It resumes: finished steps are not repeated, and children are found again by their keys. A
behaviour that does not do what it says ends the demo as `partial`, with the whole report.
"""

import asyncio
import time
from typing import Any

import msgspec

from meshery.apply.target import Object, ref_of
from meshery.client.home import read_server_file
from meshery.core.errors import NotFoundError, OperationFailedError, error_from_dict
from meshery.core.telemetry import get_logger
from meshery.demo.model import DemoReport, DemoRequest, SandboxReport, overhead_report
from meshery.demo.service import KIND
from meshery.operations.model import (
    Operation,
    OperationState,
    OwnerLoss,
    Subject,
    WorkIncompleteError,
    WorkKind,
)
from meshery.operations.run import Run
from meshery.performance.model import FunctionsRequest, OverheadRequest
from meshery.performance.service import KIND_FUNCTIONS, KIND_RUN, PerformanceService
from meshery.sandbox.service import SandboxService, as_objects
from meshery.sandbox.spec import bundled_spec, spec_object

_PARTS = ("sandbox", "overhead", "functions", "split", "fault")
_CLEAN_UP_S = 8.0

_log = get_logger("demo")


async def run_demo(run: Run) -> dict[str, Any]:
    """Do the main job and return its report (`meshery.demo/1`)."""
    request = msgspec.convert(run.input, DemoRequest)
    started_at = await run.step("begin", _now, as_type=float)
    sandbox = await _sandbox(run, request)
    overhead_id = await _overhead(run, request)
    functions_id = await _functions(run, request)
    proofs = [
        await _proven(run, request, _canary(request)),
        await _proven(run, request, _delay(request)),
    ]
    performance = PerformanceService(run.platform)
    report = DemoReport(
        sandbox=sandbox,
        overhead=overhead_report(
            await performance.get_result(overhead_id), await performance.get_result(functions_id)
        ),
        behaviours=tuple(proofs),
        duration_s=round(time.time() - started_at, 3),
        url=_page(run, overhead_id),
    )
    return _told(msgspec.to_builtins(report), proofs)


async def _now() -> float:
    return time.time()


async def _sandbox(run: Run, request: DemoRequest) -> SandboxReport:
    service = SandboxService(run.platform)

    async def runs() -> bool:
        try:
            return (await service.get(request.sandbox)).state == "up"
        except NotFoundError:
            return False

    if not await run.step("look", runs):
        spec = {"spec": spec_object(bundled_spec(request.sandbox))}
        await _child(
            run, request, "sandbox.up", {"sandbox": request.sandbox, **spec}, part="sandbox"
        )
    view = await service.get(request.sandbox)
    return SandboxReport(
        name=view.name,
        services=view.services,
        sidecars=view.sidecars,
        ready_s=round(view.ready_s or 0.0, 3),
    )


async def _overhead(run: Run, request: DemoRequest) -> str:
    wanted = OverheadRequest(
        sandbox=request.sandbox,
        source=request.source,
        destination=request.destination,
        rate_rps=request.rate_rps,
        duration_s=request.duration_s,
    )
    document = {"overhead": msgspec.to_builtins(wanted)}
    return await _measured(run, request, KIND_RUN, document, part="overhead")


async def _functions(run: Run, request: DemoRequest) -> str:
    wanted = FunctionsRequest(
        sandbox=request.sandbox,
        source=request.source,
        destination=request.destination,
        duration_s=request.function_duration_s,
    )
    document = {"functions": msgspec.to_builtins(wanted)}
    return await _measured(run, request, KIND_FUNCTIONS, document, part="functions")


async def _measured(
    run: Run, request: DemoRequest, kind: str, document: dict[str, Any], *, part: str
) -> str:
    ended = await _child(run, request, kind, document, part=part)
    assert ended.result is not None  # noqa: S101 - a succeeded measurement has one
    return str(ended.result["result_id"])


def _canary(request: DemoRequest) -> Object:
    return {
        "name": "demo-canary",
        "kind": "split",
        "target": {"service": request.destination},
        "params": {"backends": [{"subset": "v1", "weight": 90}, {"subset": "v2", "weight": 10}]},
    }


def _delay(request: DemoRequest) -> Object:
    return {
        "name": "demo-delay",
        "kind": "fault",
        "target": {"service": request.destination},
        "params": {"delay": {"duration": "100ms", "percent": 50}},
    }


async def _proven(run: Run, request: DemoRequest, behaviour: Object) -> dict[str, Any]:
    """Apply a behaviour, prove it by requests, and undo it, whatever happens in between."""
    part, name = behaviour["kind"], behaviour["name"]
    service = SandboxService(run.platform)
    objects = as_objects([behaviour])
    document = {"sandbox": request.sandbox, "objects": objects}
    taken = {
        "sandbox": request.sandbox,
        "refs": msgspec.to_builtins([ref_of(each) for each in objects]),
    }

    async def prove() -> Any:
        return await service.prove(request.sandbox, name)

    try:
        await _child(run, request, "sandbox.apply", document, part=part)
        proof = await run.step(f"prove {part}", prove)
    except BaseException:
        await asyncio.shield(_undo_quietly(run, request, name))
        raise
    await _child(run, request, "sandbox.undo", taken, part=part)
    return dict(proof)


async def _undo_quietly(run: Run, request: DemoRequest, behaviour: str) -> None:
    """Leave no behaviour of ours behind; what went wrong before is what gets reported."""
    try:
        async with asyncio.timeout(_CLEAN_UP_S):
            await SandboxService(run.platform).undo(
                request.sandbox, [behaviour], actor=run.operation.actor
            )
    except Exception as error:  # noqa: BLE001 - the first error matters; this one is logged
        _log.warning("demo.undo_failed", behaviour=behaviour, cause=str(error))


async def _child(
    run: Run, request: DemoRequest, kind: str, document: dict[str, Any], *, part: str
) -> Operation:
    """A child to its good end, its progress shown as ours; the child's error else."""
    subject = Subject("sandbox", request.sandbox, request.sandbox)
    child = await run.child(kind, subject=subject, input=document, key=f"{part} {kind}")
    following = asyncio.create_task(_forward(run, child.id, part), name=f"follow-{part}")
    try:
        ended = await run.wait(child.id)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    if ended.state is OperationState.SUCCEEDED:
        return ended
    reported = ended.error or {"what": f"{kind} ended as {ended.state.value}"}
    raise OperationFailedError(
        f"the demo stopped at {part}: {error_from_dict(reported).what}",
        cause=str(reported.get("cause", "")),
        remedy=str(reported.get("remedy", "")),
        code=str(reported.get("code", "")),
    )


async def _forward(run: Run, child_id: str, part: str) -> None:
    """Show a child's progress as the parent's."""
    place = _PARTS.index(part)
    async for child in run.platform.operations.watch(child_id):
        share = child.progress.done / child.progress.total if child.progress.total else 0.0
        message = f"{part}: {child.progress.message}" if child.progress.message else part
        await run.progress(place + min(share, 1.0), len(_PARTS), unit="parts", message=message)


def _page(run: Run, result_id: str) -> str:
    server = read_server_file(run.platform.settings.home_path)
    return f"{server.url if server else ''}/performance/results/{result_id}"


def _told(report: dict[str, Any], proofs: list[dict[str, Any]]) -> dict[str, Any]:
    failed = [proof for proof in proofs if not proof["passed"]]
    if not failed:
        return report
    raise WorkIncompleteError(
        f"{len(failed)} of {len(proofs)} behaviours did not do what they say",
        cause="; ".join(
            f"{proof['kind']}: expected {proof['expected']}, observed {proof['observed']}"
            for proof in failed
        ),
        remedy="run the demo again; if it stays, report it with this operation's id",
    ).with_result(report)


KINDS = (
    WorkKind(
        name=KIND,
        run=run_demo,
        on_owner_loss=OwnerLoss.RESUME,
        host_bound=True,
        timeout_s=900.0,
        title="Demo",
    ),
)
