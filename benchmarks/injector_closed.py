"""Requests per CPU-second of load generators at full speed over 16 connections, on one target.

A load generator shares its machine with what it measures, so what counts is how much CPU a request
costs it, not how many it sends. Peers are charged with their whole process; k6 and Locust, which
start slowly, with what a longer run takes more than a shorter one; `native` with the window that it
measures.
"""

import asyncio
import statistics
from contextlib import aclosing
from functools import partial

from harness import Strangers, claim, in_turn, missing, show, take_precedence
from peers import CONNECTIONS, MissingPeerError, Peer, find, target

from meshery.performance.native.generator import NativeGenerator
from meshery.performance.native.plan import ArmPlan, EndpointPlan, Plan
from meshery.performance.sample import Final

ROUNDS = 5
SECONDS = 3.0
SLOW_SECONDS = (3.0, 6.0)
SLOW_STARTERS = ("k6", "locust")
LIMITS = {"wrk": 1.0, "fortio": 3.0, "hey": 3.0, "k6": 3.0, "locust": 10.0}
SHOWN = ("h2load",)


def main() -> None:
    """Measure, print rows and claims."""
    take_precedence()
    peers, absent = found((*LIMITS, *SHOWN))
    with target() as (url, pid):
        contenders = {"native": partial(native, url)} | {
            name: partial(efficiency, peer, url) for name, peer in peers.items()
        }
        strangers = Strangers(pid)
        taken = in_turn(contenders, rounds=ROUNDS)
        foreign = strangers.share()
    rates = {name: statistics.median(values) for name, values in taken.items()}
    for name, rate in sorted(rates.items(), key=lambda item: -item[1]):
        spread = f"[{min(taken[name]):,.0f} .. {max(taken[name]):,.0f}]"
        show(f"{name:<8} {rate:>10,.0f} requests per CPU-second {spread}")
    for name, limit in LIMITS.items():
        title = f"injector, closed loop, 16 connections: requests per CPU-second against {name}"
        wanted = f">= {limit}"
        if name in absent:
            missing(title, target=wanted, reason=absent[name])
            continue
        ratio = rates["native"] / rates[name]
        detail = f"native {rates['native']:,.0f}, {name} {rates[name]:,.0f}, {ROUNDS} rounds"
        claim(title, ratio=ratio, target=wanted, met=ratio >= limit, detail=detail, foreign=foreign)


def found(names: tuple[str, ...]) -> tuple[dict[str, Peer], dict[str, str]]:
    """The peers that are here, and why others are not."""
    peers: dict[str, Peer] = {}
    absent: dict[str, str] = {}
    for name in names:
        try:
            peers[name] = find(name)
        except MissingPeerError as error:
            absent[name] = str(error)
            show(str(error))
    return peers, absent


def efficiency(peer: Peer, url: str) -> float:
    """Requests per CPU-second of a peer."""
    if peer.name not in SLOW_STARTERS:
        run = peer.run(url, seconds=SECONDS)
        return run.requests / run.cpu_s
    short, long = (peer.run(url, seconds=seconds) for seconds in SLOW_SECONDS)
    return (long.requests - short.requests) / max(long.cpu_s - short.cpu_s, 1e-3)


def native(url: str) -> float:
    """Requests per CPU-second of ours."""
    final = asyncio.run(_run(int(url.rsplit(":", 1)[1].strip("/"))))
    completed = final.arms["load"].counters.completed
    return completed / (final.health.cpu_share * final.health.wall_s)


async def _run(port: int) -> Final:
    endpoint = EndpointPlan(name="GET /", host="127.0.0.1", port=port)
    plan = Plan(
        arms=(ArmPlan(name="load", endpoints=(endpoint,)),),
        mode="closed",
        duration_s=SECONDS,
        warmup_s=0.3,
        connections=CONNECTIONS,
        scheduling="normal",  # peers stand where we stand
    )
    async with aclosing(NativeGenerator().run(plan)) as samples:
        async for sample in samples:
            if isinstance(sample, Final):
                return sample
    raise RuntimeError("the run had no end")


if __name__ == "__main__":
    main()
