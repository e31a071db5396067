"""The work behind runs: a profile or a hop of a sandbox (`performance.run`), and functions.

Both kinds belong to one host and are not resumed: a measurement that lost its worker or its
injector is interrupted, never finished from the middle. A result is written in one fenced
transaction.

What measures is loaded with the first measurement, since it stands on numpy.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from meshery.operations.model import OwnerLoss, WorkInterruptedError, WorkKind
from meshery.operations.run import Run
from meshery.performance import store
from meshery.performance.generator import GeneratorLostError
from meshery.performance.model import FunctionsRequest, OverheadRequest, Profile, RunRequest
from meshery.performance.result import Result
from meshery.performance.result_feed import CATEGORY
from meshery.performance.service import (
    KIND_FUNCTIONS,
    KIND_RUN,
    PerformanceService,
)
from meshery.performance.store import Histograms

Measure = Callable[[], Awaitable[tuple[Result, Histograms]]]
_LONGEST_S = 24 * 3600.0


async def run_measurement(run: Run) -> dict[str, Any]:
    """Measure a hop of a sandbox, or run a profile."""
    from meshery.performance import measurements

    if "overhead" in run.input:
        request = msgspec.convert(run.input["overhead"], OverheadRequest)
        return await _measured(run, lambda: measurements.overhead(run, request))
    load = await _load_request(run)
    return await _measured(run, lambda: measurements.load(run, load))


async def run_function_costs(run: Run) -> dict[str, Any]:
    """Measure functions of the mesh one after the other."""
    from meshery.performance import measurements

    request = msgspec.convert(run.input["functions"], FunctionsRequest)
    return await _measured(run, lambda: measurements.functions(run, request))


async def _measured(run: Run, measure: Measure) -> dict[str, Any]:
    """Measure, keep the result, and tell of it."""

    async def measure_and_keep() -> dict[str, Any]:
        result, histograms = await _uninterrupted(measure)
        await run.event(
            "info" if result.validity.rank == 0 else "warning",
            result.sentence,
            category=CATEGORY,
            along=lambda connection: store.insert_result(connection, result, histograms),
        )
        return _told(result)

    return await run.step("measure", measure_and_keep)


async def _uninterrupted(measure: Measure) -> tuple[Result, Histograms]:
    try:
        return await measure()
    except GeneratorLostError as error:
        raise WorkInterruptedError(
            error.what,
            cause=error.cause or "its process ended before the final account",
            remedy="start the measurement again; nothing of this one is kept",
            code=error.specific_code,
        ) from error


async def _load_request(run: Run) -> RunRequest:
    """What was ordered; a stored profile that changed meanwhile is checked as any new one."""
    service = PerformanceService(run.platform)
    profile_id = str(run.input.get("profile_id") or "")
    if profile_id:
        profile = await service.profile_to_run(profile_id)
    else:
        profile = msgspec.convert(run.input["profile"], Profile)
    request = RunRequest(
        profile=profile,
        profile_id=profile_id,
        name=str(run.input.get("name") or ""),
        consent=bool(run.input.get("consent")),
    )
    await service.check_run(request)
    return request


def _told(result: Result) -> dict[str, Any]:
    return {
        "result_id": result.id,
        "kind": result.kind,
        "name": result.name,
        "validity": result.validity.value,
        "reasons": list(result.reasons),
        "sentence": result.sentence,
        "violations": msgspec.to_builtins(result.violations),
    }


KINDS = (
    WorkKind(
        name=KIND_RUN,
        run=run_measurement,
        on_owner_loss=OwnerLoss.INTERRUPT,
        host_bound=True,
        timeout_s=_LONGEST_S,
        title="Measurement",
    ),
    WorkKind(
        name=KIND_FUNCTIONS,
        run=run_function_costs,
        on_owner_loss=OwnerLoss.INTERRUPT,
        host_bound=True,
        timeout_s=3600.0,
        title="Cost of the mesh's functions",
    ),
)
