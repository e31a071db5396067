"""One measurement: a recording, its verdict, its blocks, and what the proxies used meanwhile.

The parts that need processor time (numbers of every second, the bootstrap) run after the load or
in small pieces, since they share the host with what is measured.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from meshery.core.errors import OperationFailedError
from meshery.performance import summary
from meshery.performance.blocks import BlockTable, percentile_intervals
from meshery.performance.cost import ProxyMeter, ProxySeries, metering
from meshery.performance.environment import load_average
from meshery.performance.generator import LoadGenerator
from meshery.performance.histogram import merged, to_blob
from meshery.performance.native.plan import Plan
from meshery.performance.recording import Recording, SecondListener, record
from meshery.performance.result import ArmResult, Environment
from meshery.performance.sample import Counters
from meshery.performance.store import Histograms
from meshery.performance.validity import Evidence, Verdict, judge


@dataclass(frozen=True)
class Measured:
    """A recording with its verdict; `proxies` by arm."""

    recording: Recording
    verdict: Verdict
    proxies: Mapping[str, ProxySeries]
    load_average_before: tuple[float, ...]

    @property
    def duration_s(self) -> float:
        """How long was measured."""
        return self.recording.plan.length_s

    @property
    def seed(self) -> int:
        """What the bootstrap draws from."""
        return self.recording.plan.seed

    @property
    def started_at(self) -> str:
        """When the measured part began, RFC 3339."""
        at = datetime.fromtimestamp(self.recording.started.started_at, UTC)
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def table(self) -> BlockTable:
        """The blocks of all arms, ready for the bootstrap."""
        return BlockTable.of(self.recording.blocks)

    def arms(self, table: BlockTable) -> dict[str, ArmResult]:
        """The numbers of each arm with their intervals."""
        intervals = {
            name: percentile_intervals(table, name, seed=self.seed) for name in table.counts
        }
        return summary.arm_results(self.recording, intervals)

    def answered_blocks(self, arm: str) -> list[float]:
        """Answers of an arm per block."""
        return [float(sum(block.values())) for block in self.recording.blocks[arm]]


async def measure(
    generator: LoadGenerator,
    plan: Plan,
    *,
    meters: Mapping[str, ProxyMeter] | None = None,
    on_second: SecondListener | None = None,
) -> Measured:
    """Run a plan with the proxies of each arm metered beside it, and judge it.

    OperationFailedError when nothing was answered: nothing was measured then.
    """
    before, meters = load_average(), meters or {}
    async with metering(meters):
        recording = await record(generator, plan, on_second=on_second)
    _demand_answers(recording)
    started = recording.started.slot_zero_ns
    count = len(next(iter(recording.blocks.values())))
    proxies = {
        arm: meter.series(start_ns=started, block_s=plan.block_s, blocks=count)
        for arm, meter in meters.items()
    }
    lost = tuple(name for series in proxies.values() for name in series.lost)
    return Measured(recording, judge(evidence_of(recording, lost=lost)), proxies, before)


def evidence_of(recording: Recording, *, lost: tuple[str, ...] = ()) -> Evidence:
    """What the verdict is drawn from, all arms together."""
    arms = recording.final.arms.values()
    health = recording.final.health
    service = summary.Distribution.of(merged(cell.service for arm in arms for cell in arm.cells))
    own_delay = summary.Distribution.of(merged(arm.own_delay for arm in arms))
    told = _sum_of(recording)
    return Evidence(
        mode=recording.plan.mode,
        planned=told.planned,
        sent=told.sent,
        completed=told.completed,
        own_delay_p99_us=own_delay.quantile_us(0.99),
        service_p50_us=service.quantile_us(0.5),
        service_p99_us=service.quantile_us(0.99),
        service_mean_us=health.mean_service_s * 1e6,
        throughput_rps=health.throughput_rps,
        mean_in_flight=health.mean_in_flight,
        injector_cpu_share=max(health.cpu_share, 0.0),
        run_queue_share=max(health.run_queue_share, 0.0),
        steal_share=max(health.steal_share, 0.0),
        busy_share=max(health.busy_share, 0.0),
        lost_proxies=lost,
        error_shares={
            name: summary.errors_of(arm) / arm.counters.sent
            for name, arm in recording.final.arms.items()
            if arm.counters.sent
        },
    )


def histograms_of(recording: Recording) -> Histograms:
    """What is stored beside a result: HDR blobs of each arm, and its blocks."""
    encoded = {}
    for name, arm in recording.final.arms.items():
        encoded[name, "corrected"] = to_blob(summary.corrected_of(arm.cells))
        encoded[name, "service"] = to_blob(merged(cell.service for cell in arm.cells))
        encoded[name, "connect"] = to_blob(arm.connect)
    return Histograms(encoded=encoded, blocks=recording.blocks)


def environment_of(
    host: Environment, measured: Measured, **facts: str | dict[str, str]
) -> Environment:
    """The host's description with what was true during a measurement."""
    recording = measured.recording
    health = recording.final.health
    return msgspec.structs.replace(
        host,
        load_generator=f"{recording.started.generator} {recording.started.version}".strip(),
        scheduling=recording.final.scheduling or recording.started.scheduling,
        load_average_before=measured.load_average_before,
        load_average_after=load_average(),
        steal_share=max(health.steal_share, 0.0),
        cpu_busy_share=max(health.busy_share, 0.0),
        **facts,
    )


def _demand_answers(recording: Recording) -> None:
    told = _sum_of(recording)
    if told.completed:
        return
    reasons: dict[str, int] = {}
    for arm in recording.final.arms.values():
        for reason, count in arm.failures.items():
            reasons[reason] = reasons.get(reason, 0) + count
    causes = ", ".join(f"{count:,} x {reason}" for reason, count in reasons.items())
    raise OperationFailedError(
        f"none of {told.sent:,} requests was answered, so nothing was measured",
        cause=causes or f"{told.timed_out:,} timed out, {told.unsent:,} were never sent",
        remedy="check that the target runs and answers, with one request by hand",
        code="meshery.performance.no_answer",
    )


def _sum_of(recording: Recording) -> Counters:
    names = Counters.__struct_fields__
    arms = recording.final.arms.values()
    return Counters(**{name: sum(getattr(arm.counters, name) for arm in arms) for name in names})
