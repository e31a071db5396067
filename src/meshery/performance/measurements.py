"""What one operation measures, on a bench that tells its seconds to those who watch."""

from meshery.operations.run import Run
from meshery.performance.bench import Bench
from meshery.performance.functions import run_functions
from meshery.performance.generators import open_generator
from meshery.performance.hop import open_hop, twin_opener
from meshery.performance.live import LiveSecond, publish_second
from meshery.performance.load import run_load
from meshery.performance.model import FunctionsRequest, OverheadRequest, RunRequest
from meshery.performance.overhead import run_overhead
from meshery.performance.result import Result
from meshery.performance.service import result_id_of
from meshery.performance.store import Histograms
from meshery.performance.targets import sandbox_facts


async def overhead(run: Run, request: OverheadRequest) -> tuple[Result, Histograms]:
    """Off, on and null on one hop of a sandbox."""
    facts = await sandbox_facts(run.platform, request.sandbox)
    async with open_hop(run.platform, request, facts=facts) as hop:
        return await run_overhead(request, hop, bench=_bench(run))


async def functions(run: Run, request: FunctionsRequest) -> tuple[Result, Histograms]:
    """Functions of the mesh, each on twin pairs of sidecars."""
    facts = await sandbox_facts(run.platform, request.sandbox)
    open_twins = twin_opener(run.platform, request)
    return await run_functions(request, open_twins, bench=_bench(run), facts=facts)


async def load(run: Run, request: RunRequest) -> tuple[Result, Histograms]:
    """A profile against its endpoints."""
    return await run_load(request, bench=_bench(run, name=request.profile.load_generator))


def _bench(run: Run, *, name: str = "native") -> Bench:
    async def tell(second: LiveSecond) -> None:
        await publish_second(run.platform.bus, run.operation.id, second)
        await run.progress(second.second + 1, second.duration_s, unit="s", message=_message(second))

    return Bench(
        generator=open_generator(name, run.platform),
        result_id=result_id_of(run.operation.id),
        operation_id=run.operation.id,
        tell=tell,
    )


def _message(second: LiveSecond) -> str:
    arms = "per arm " if len(second.arms) > 1 else ""
    rate = f"{second.rate_rps:,.0f} requests per second {arms}".strip()
    if second.phase == "pilot":
        return f"trying {rate}"
    return f"measuring {second.label} at {rate}" if second.label else f"measuring at {rate}"
