"""Recordings as a generator would give them, of arms whose latency is known."""

from collections.abc import AsyncGenerator
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from meshery.performance.generator import Capabilities, Probe
from meshery.performance.native.plan import ArmPlan, EndpointPlan, Plan
from meshery.performance.recording import Recording, record
from meshery.performance.sample import (
    ArmCounts,
    Block,
    Cell,
    Counters,
    Final,
    Health,
    Sample,
    Second,
    Slow,
    Started,
)
from performance.synthetic import counts

Latencies = npt.NDArray[np.float64]
ENDPOINT = EndpointPlan(name="GET /", host="127.0.0.1", port=80)


def plan_of(*arms: str, rate_rps: float = 200.0, duration_s: float = 4.0) -> Plan:
    return Plan(
        arms=tuple(ArmPlan(name=name, endpoints=(ENDPOINT,)) for name in arms),
        rate_rps=rate_rps,
        duration_s=duration_s,
        warmup_s=0.0,
    )


class Replay:
    """Plays a run of known latencies: a generator whose truth the test chose.

    `shifts_us` moves an arm, `by_port_us` whatever is sent to a port; `stop_before_final` ends as
    a lost injector does, `ended` cancelled as one that somebody stopped.
    """

    name: ClassVar[str] = "replay"
    capabilities: ClassVar[Capabilities] = Capabilities(
        protocols=("http/1.1",),
        open_loop=True,
        closed_loop=True,
        corrected=True,
        own_delay=True,
        arms=True,
        raw_samples=False,
        histogram="exact",
    )

    def __init__(
        self,
        shifts_us: dict[str, float],
        *,
        by_port_us: dict[int, float] | None = None,
        health: Health | None = None,
        status: int = 200,
        stop_before_final: bool = False,
        ended: Literal["complete", "cancelled"] = "complete",
        slot_zero_ns: int = 0,
    ) -> None:
        self._shifts_us = shifts_us
        self._by_port_us = by_port_us or {}
        self._health = health or Health(wall_s=4.0, cpu_share=0.1, run_queue_share=0.001)
        self._status = status
        self._stop_before_final = stop_before_final
        self._ended = ended
        self._slot_zero_ns = slot_zero_ns

    async def probe(self) -> Probe:
        return Probe(available=True, version="1")

    async def run(self, plan: Plan) -> AsyncGenerator[Sample, None]:
        per_block = round(plan.rate_rps * plan.block_s)
        blocks = round(plan.duration_s / plan.block_s)
        drawn = _draw(plan, self._shifts_of(plan), per_block, blocks)
        in_second = round(1 / plan.block_s)
        planned = {arm.name: per_block * blocks for arm in plan.arms}
        yield Started(
            generator=self.name,
            version="1",
            pid=1,
            scheduling="nice -10",
            open_files=1024,
            slot_zero_ns=self._slot_zero_ns,
            started_at=1_700_000_000.25,
            planned=planned,
        )
        for number in range(blocks):
            yield Block(
                block=number,
                corrected={name: counts(values[number]) for name, values in drawn.items()},
            )
            begun = number + 1 - in_second
            if begun % in_second == 0:
                yield Second(
                    second=number // in_second,
                    arms={
                        name: self._arm(np.concatenate(values[begun : number + 1]), 0)
                        for name, values in drawn.items()
                    },
                )
        if self._stop_before_final:
            return
        yield Final(
            arms={
                name: self._arm(np.concatenate(values), planned[name])
                for name, values in drawn.items()
            },
            warmup={},
            health=self._health,
            ended=self._ended,
            slowest=tuple(
                Slow(
                    arm=name,
                    endpoint="GET /",
                    status=self._status,
                    at_s=1.0,
                    corrected_ns=int(max(block.max() for block in values)),
                    service_ns=1000,
                )
                for name, values in drawn.items()
            ),
        )

    def _shifts_of(self, plan: Plan) -> dict[str, float]:
        ports = {arm.name: arm.endpoints[0].port for arm in plan.arms}
        return {
            arm: self._shifts_us.get(arm, 0.0) + self._by_port_us.get(port, 0.0)
            for arm, port in ports.items()
        }

    def _arm(self, values: Latencies, planned: int) -> ArmCounts:
        sparse = counts(values)
        total = len(values)
        return ArmCounts(
            counters=Counters(planned=planned, sent=total, completed=total),
            cells=(Cell(endpoint="GET /", status=self._status, corrected=sparse, service=sparse),),
            own_delay=counts(np.full(total, 20_000.0)),
        )


class Silent(Replay):
    """Nobody answers."""

    def _arm(self, values: Latencies, planned: int) -> ArmCounts:
        lost = Counters(planned=planned, sent=len(values), failed=len(values))
        return ArmCounts(counters=lost, failures={"connection refused": len(values)})


class Late(Replay):
    """Every second has one answer that comes after the second was told."""

    async def run(self, plan: Plan) -> AsyncGenerator[Sample, None]:
        async for sample in super().run(plan):
            yield sample
            if isinstance(sample, Second):
                late = {name: self._arm(np.array([9e9]), 0) for name in sample.arms}
                yield Second(second=sample.second, arms=late)


def _draw(
    plan: Plan, shifts_us: dict[str, float], per_block: int, blocks: int
) -> dict[str, list[Latencies]]:
    generator = np.random.default_rng(plan.seed)
    return {
        arm.name: [
            80_000 * generator.lognormal(0, 0.4, per_block) + shifts_us.get(arm.name, 0.0) * 1000
            for _ in range(blocks)
        ]
        for arm in plan.arms
    }


async def recording_of(shifts_us: dict[str, float], plan: Plan | None = None) -> Recording:
    return await record(Replay(shifts_us), plan or plan_of(*shifts_us))
