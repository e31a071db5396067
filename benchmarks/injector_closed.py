"""Requests per CPU-second of load generators at full speed over 16 connections, on one target.

A load generator shares its machine with what it measures, so what counts is how much CPU a request
costs it, not how many it sends. Peers are charged with their whole process; k6 and Locust, which
start slowly, with what a longer run takes more than a shorter one; `native` with the window that it
measures.
"""

import asyncio
import resource
import statistics
from collections.abc import Callable
from contextlib import aclosing
from functools import partial

from harness import Strangers, claim, in_turn, missing, show, take_precedence
from peers import CONNECTIONS, MissingPeerError, Peer, Run, find, target

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
            name: partial(peer_run, peer, url) for name, peer in peers.items()
        }
        strangers = Strangers(pid)
        taken = in_turn(contenders, rounds=ROUNDS)
        foreign = strangers.share()
    efficiency = {
        name: median_of(runs, lambda run: run.requests / run.cpu_s) for name, runs in taken.items()
    }
    kernel_us = {
        name: median_of(runs, lambda run: run.kernel_s / run.requests * 1e6)
        for name, runs in taken.items()
    }
    show("         requests per CPU-second   us per request, of which the kernel's")
    for name, rate in sorted(efficiency.items(), key=lambda item: -item[1]):
        show(f"{name:<8} {rate:>23,.0f} {1e6 / rate:>16.2f} {kernel_us[name]:>10.2f}")
    for name, limit in LIMITS.items():
        title = f"injector, closed loop, 16 connections: requests per CPU-second against {name}"
        wanted = f">= {limit}"
        if name in absent:
            missing(title, target=wanted, reason=absent[name])
            continue
        ours, theirs = efficiency["native"], efficiency[name]
        ratio = ours / theirs
        detail = f"native {ours:,.0f}, {name} {theirs:,.0f}, {ROUNDS} rounds"
        if ratio < limit:
            detail += (
                f"; the target means {1e6 / theirs / limit:.2f} us per request, of native's "
                f"{1e6 / ours:.2f} us {kernel_us['native']:.2f} are read, write and epoll"
            )
        claim(title, ratio=ratio, target=wanted, met=ratio >= limit, detail=detail, foreign=foreign)


def median_of(runs: list[Run], value: Callable[[Run], float]) -> float:
    """The median over the rounds."""
    return statistics.median(value(run) for run in runs)


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


def peer_run(peer: Peer, url: str) -> Run:
    """A peer at full speed."""
    if peer.name not in SLOW_STARTERS:
        return peer.run(url, seconds=SECONDS)
    short, long = (peer.run(url, seconds=seconds) for seconds in SLOW_SECONDS)
    return long.without(short)


def native(url: str) -> Run:
    """Ours: CPU of its window, divided into accounts as its whole process was."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    final = asyncio.run(_run(int(url.rsplit(":", 1)[1].strip("/"))))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    kernel_s = after.ru_stime - before.ru_stime
    kernel = kernel_s / (kernel_s + after.ru_utime - before.ru_utime)
    cpu_s = final.health.cpu_share * final.health.wall_s
    completed = final.arms["load"].counters.completed
    return Run(completed, cpu_s * (1 - kernel), cpu_s * kernel)


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
