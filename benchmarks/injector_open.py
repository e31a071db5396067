"""The open loop at 10,000 requests a second: who keeps the rate, and who tells how late it was.

Every generator loads the same target, which notes when each request arrives. From that: the rate
reached, the gap between requests, and the share that came in bursts (less than 10 us after the one
before, where an even stream has 100 us). What a tool prints of latency is shown as it prints it:
none of the peers says how late it sent, so a late generator looks like a fast target.
"""

import array
import asyncio
import re
import statistics
import tempfile
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path

from harness import Strangers, claim, in_turn, medians, show, take_precedence
from injector_closed import found
from peers import CONNECTIONS, Peer, target

from meshery.performance.histogram import percentiles_ns
from meshery.performance.native.generator import NativeGenerator
from meshery.performance.native.plan import ArmPlan, EndpointPlan, Plan
from meshery.performance.sample import Final

ROUNDS = 5
RATE_RPS = 10_000.0
SECONDS = 4.0
PEERS = ("h2load", "hey", "k6", "fortio")
MOST_RATE_ERROR = 0.001
MOST_OWN_DELAY_US = 100.0
_BURST_NS = 10_000
_EDGE_S = 0.5


@dataclass(frozen=True)
class Seen:
    """One run as the target saw it, and what the generator said."""

    rate_error: float
    burst_share: float
    gap_p99_us: float
    cpu_cores: float
    own_delay_p99_us: float | None = None
    says: str = ""


def main() -> None:
    """Measure, print rows and claims."""
    take_precedence()
    peers, _ = found(PEERS)
    contenders = {"native": native} | {
        name: partial(observed, peer) for name, peer in peers.items()
    }
    strangers = Strangers()
    taken = in_turn(contenders, rounds=ROUNDS)
    foreign = strangers.share()
    show(f"{'':<8} rate error  bursts  gap p99 us  cores  own delay p99 us  it says")
    for name, runs in taken.items():
        show(row(name, runs))
    ours = taken["native"]
    error = statistics.median(run.rate_error for run in ours)
    errors = medians({name: [run.rate_error for run in runs] for name, runs in taken.items()})
    claim(
        "injector, open loop, 10,000 rps: rate error",
        ratio=error,
        target=f"<= {MOST_RATE_ERROR}",
        met=error <= MOST_RATE_ERROR,
        detail=", ".join(f"{name} {value:.4f}" for name, value in errors.items()),
        foreign=foreign,
    )
    delay = statistics.median(run.own_delay_p99_us or 0.0 for run in ours)
    claim(
        "injector, open loop, 10,000 rps: own delay p99 against 100 us",
        ratio=delay / MOST_OWN_DELAY_US,
        target="<= 1.0",
        met=delay <= MOST_OWN_DELAY_US,
        detail=f"{delay:.0f} us; h2load, hey, k6 and fortio hide theirs",
        foreign=foreign,
    )


def row(name: str, runs: list[Seen]) -> str:
    """A generator in one line."""
    middle = {
        field: statistics.median(getattr(run, field) for run in runs)
        for field in ("rate_error", "burst_share", "gap_p99_us", "cpu_cores")
    }
    delays = [run.own_delay_p99_us for run in runs if run.own_delay_p99_us is not None]
    own = f"{statistics.median(delays):.0f}" if delays else "hidden"
    return (
        f"{name:<8} {middle['rate_error']:>10.3%} {middle['burst_share']:>7.0%} "
        f"{middle['gap_p99_us']:>11.0f} {middle['cpu_cores']:>6.2f} {own:>17}  {runs[-1].says}"
    )


def native() -> Seen:
    """Ours, by what the target noted, with its own account of its delay."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "arrivals"
        with target(log) as (url, _):
            final = asyncio.run(_run(int(url.rsplit(":", 1)[1].strip("/"))))
        arrivals = array.array("q", log.read_bytes())
    arm = final.arms["load"]
    delay_us = percentiles_ns(arm.own_delay, [99.0])[0] / 1e3
    p50, p99 = (value / 1e3 for value in percentiles_ns(arm.cells[0].corrected, [50.0, 99.0]))
    says = f"corrected p50 {p50:.0f} us, p99 {p99:.0f} us"
    return replace(_seen(arrivals, final.health.cpu_share, says=says), own_delay_p99_us=delay_us)


def observed(peer: Peer) -> Seen:
    """A peer, by what the target noted in the middle of its run."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "arrivals"
        with target(log) as (url, _):
            run = peer.run(url, seconds=SECONDS, rate_rps=RATE_RPS)
        arrivals = array.array("q", log.read_bytes())
    return _seen(arrivals, run.cpu_s / SECONDS, says=said(peer.name, run.output))


def _seen(arrivals: "array.array[int]", cores: float, *, says: str) -> Seen:
    begin, end = arrivals[0] + int(_EDGE_S * 1e9), arrivals[-1] - int(_EDGE_S * 1e9)
    inner = [at for at in arrivals if begin <= at < end]
    gaps = sorted(late - early for early, late in pairwise(inner))
    rate = len(inner) / ((end - begin) / 1e9)
    return Seen(
        rate_error=abs(rate / RATE_RPS - 1),
        burst_share=sum(gap < _BURST_NS for gap in gaps) / len(gaps),
        gap_p99_us=gaps[int(0.99 * len(gaps))] / 1e3,
        cpu_cores=cores,
        says=says,
    )


def said(name: str, output: str) -> str:
    """The latency a peer printed, in its own words."""
    patterns = {
        "h2load": r"(time for request: .*)",
        "hey": r"(99% in .*)",
        "k6": r'("p50".*)\}',
        "fortio": r'("Percentile": 99,\s*"Value": [\d.e-]+)',
    }
    match = re.search(patterns[name], output)
    return re.sub(r"\s+", " ", match[1]) if match else "nothing"


async def _run(port: int) -> Final:
    endpoint = EndpointPlan(name="GET /", host="127.0.0.1", port=port)
    plan = Plan(
        arms=(ArmPlan(name="load", endpoints=(endpoint,)),),
        rate_rps=RATE_RPS,
        duration_s=SECONDS,
        warmup_s=0.5,
        connections=CONNECTIONS,
        scheduling="fifo",
    )
    async with aclosing(NativeGenerator().run(plan)) as samples:
        async for sample in samples:
            if isinstance(sample, Final):
                return sample
    raise RuntimeError("the run had no end")


if __name__ == "__main__":
    main()
