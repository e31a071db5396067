"""Whole results, made from replayed runs."""

import os

from meshery.performance.bench import Bench
from meshery.performance.model import OverheadRequest
from meshery.performance.overhead import Hop, run_overhead
from meshery.performance.result import Result
from meshery.performance.store import Histograms
from performance.recordings import ENDPOINT, Replay


async def overhead_result(
    result_id: str = "r1", *, shift_us: float = 300.0, name: str = "hop", profile_id: str = ""
) -> tuple[Result, Histograms]:
    request = OverheadRequest(
        sandbox="shop", rate_rps=200, duration_s=4, warmup_s=0, lower_rate=False, name=name
    )
    facts: dict[str, str | dict[str, str]] = {"mesh": "sandbox", "sandbox": "shop"}
    hop = Hop(off=ENDPOINT, on=ENDPOINT, proxies={"p": os.getpid()}, facts=facts)
    bench = Bench(generator=Replay({"on": shift_us}), result_id=result_id, operation_id="o1")
    return await run_overhead(request, hop, bench=bench)
