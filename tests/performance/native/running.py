"""Running the native generator in tests: small plans, and everything that came."""

import os
import signal
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from meshery.performance.histogram import merged, percentiles_ns
from meshery.performance.native.generator import NativeGenerator
from meshery.performance.native.plan import ArmPlan, EndpointPlan, Plan
from meshery.performance.sample import (
    ArmCounts,
    Block,
    Final,
    Sample,
    Second,
    SparseCounts,
    Started,
)


def endpoint(port: int, name: str = "e", **fields: Any) -> EndpointPlan:
    return EndpointPlan(name=name, host="127.0.0.1", port=port, **fields)


def arm(port: int, name: str = "load", **fields: Any) -> ArmPlan:
    return ArmPlan(name=name, endpoints=(endpoint(port, **fields),))


def plan_for(*arms: ArmPlan, **fields: Any) -> Plan:
    """A short open-loop plan; fields replace its defaults."""
    usual: dict[str, Any] = {
        "rate_rps": 100.0,
        "duration_s": 1.0,
        "warmup_s": 0.2,
        "timeout_s": 1.0,
    }
    return Plan(arms=arms, **(usual | {"connections": 8} | fields))


@dataclass
class Outcome:
    """Everything one run streamed."""

    started: Started
    final: Final
    blocks: list[Block] = field(default_factory=list)
    seconds: list[Second] = field(default_factory=list)

    def arm(self, name: str = "load") -> ArmCounts:
        return self.final.arms[name]

    def statuses(self, name: str = "load") -> dict[int, int]:
        return {
            status: sum(
                sum(cell.corrected.values())
                for cell in self.arm(name).cells
                if cell.status == status
            )
            for status in sorted({cell.status for cell in self.arm(name).cells})
        }

    def corrected(self, name: str = "load") -> SparseCounts:
        return merged(cell.corrected for cell in self.arm(name).cells)

    def service(self, name: str = "load") -> SparseCounts:
        return merged(cell.service for cell in self.arm(name).cells)

    def ms(self, counts: SparseCounts, percentile: float) -> float:
        return percentiles_ns(counts, [percentile])[0] / 1e6


async def run(plan: Plan, generator: NativeGenerator | None = None) -> Outcome:
    """Run to the final account."""
    started: list[Started] = []
    finals: list[Final] = []
    blocks: list[Block] = []
    seconds: list[Second] = []
    async with aclosing((generator or NativeGenerator()).run(plan)) as samples:
        async for sample in samples:
            match sample:
                case Started():
                    started.append(sample)
                case Block():
                    blocks.append(sample)
                case Second():
                    seconds.append(sample)
                case Final():
                    finals.append(sample)
    assert len(started) == len(finals) == 1
    return Outcome(started[0], finals[0], blocks, seconds)


async def signal_after_start(
    plan: Plan, number: signal.Signals, generator: NativeGenerator | None = None
) -> tuple[int, list[Sample]]:
    """Send the injector a signal when it is ready; its pid, and all that came."""
    pid = 0
    seen: list[Sample] = []
    async with aclosing((generator or NativeGenerator()).run(plan)) as samples:
        async for sample in samples:
            seen.append(sample)
            if isinstance(sample, Started):
                pid = sample.pid
                os.kill(pid, number)
    return pid, seen
