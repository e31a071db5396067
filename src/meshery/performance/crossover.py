"""Two halves in which the arms change places, as one measurement.

Two processes of the same program differ by themselves: by where their memory lies, by which core
they prefer. When each carries each arm for one half, that difference is in both arms alike, and
what remains is the arms' own (a crossover: S. Senn, Cross-over Trials in Clinical Research, 2002).

Blocks of one number are laid over each other. So every block that the bootstrap draws holds as much
of one assignment as of the other, and the processes' difference does not widen the interval.
"""

from collections.abc import Callable, Mapping
from itertools import zip_longest

import msgspec

from meshery.performance.cost import ProxySeries
from meshery.performance.histogram import merged
from meshery.performance.measure import Measured, evidence_of
from meshery.performance.native.plan import Plan
from meshery.performance.recording import Recording, added, added_counters
from meshery.performance.sample import Final, Health, Second, Slow, SparseCounts, Started
from meshery.performance.validity import judge

BLOCK_S = 0.25


def half_of(plan: Plan, number: int) -> Plan:
    """Half number 0 or 1 of a plan: half as long, in an order of slots of its own."""
    return msgspec.structs.replace(
        plan, duration_s=plan.duration_s / 2, block_s=BLOCK_S, seed=plan.seed + number
    )


def crossed(first: Measured, second: Measured) -> Measured:
    """Both halves together, judged anew. Each arm's proxies are those that carried it."""
    recording = _joined(first.recording, second.recording)
    proxies = {arm: _both(first.proxies[arm], second.proxies[arm]) for arm in first.proxies}
    lost = tuple(name for series in proxies.values() for name in series.lost)
    verdict = judge(evidence_of(recording, lost=lost))
    return Measured(recording, verdict, proxies, first.load_average_before)


def _joined(first: Recording, second: Recording) -> Recording:
    one, two = first.plan, second.plan
    return Recording(
        plan=msgspec.structs.replace(one, duration_s=one.duration_s + two.duration_s),
        started=_started(first.started, second.started),
        blocks=_overlaid(first.blocks, second.blocks),
        seconds=[*first.seconds, *_later(second.seconds, by=len(first.seconds))],
        final=_final(first.final, second.final, after_s=one.duration_s, slowest=one.slowest),
    )


def _overlaid(
    first: Mapping[str, list[SparseCounts]], second: Mapping[str, list[SparseCounts]]
) -> dict[str, list[SparseCounts]]:
    return {
        arm: [merged(pair) for pair in zip(blocks, second[arm], strict=True)]
        for arm, blocks in first.items()
    }


def _both(first: ProxySeries, second: ProxySeries) -> ProxySeries:
    """Processor time of blocks of one number together; memory as the larger was."""
    memory = {
        name: max(first.memory_mb.get(name, 0.0), second.memory_mb.get(name, 0.0))
        for name in {**first.memory_mb, **second.memory_mb}
    }
    return ProxySeries(
        cpu_us=tuple(map(sum, zip_longest(first.cpu_us, second.cpu_us, fillvalue=0.0))),
        memory_mb=memory,
        lost=tuple(dict.fromkeys((*first.lost, *second.lost))),
        known=first.known and second.known,
    )


def _started(first: Started, second: Started) -> Started:
    planned = {arm: count + second.planned[arm] for arm, count in first.planned.items()}
    return msgspec.structs.replace(first, planned=planned)


def _later(seconds: list[Second], *, by: int) -> list[Second]:
    return [msgspec.structs.replace(each, second=each.second + by) for each in seconds]


def _final(first: Final, second: Final, *, after_s: float, slowest: int) -> Final:
    slow = [*first.slowest, *(_slow_later(each, after_s) for each in second.slowest)]
    slow.sort(key=lambda each: -each.corrected_ns)
    return Final(
        arms={name: added(arm, second.arms[name]) for name, arm in first.arms.items()},
        warmup={
            name: added_counters(told, second.warmup[name]) for name, told in first.warmup.items()
        },
        health=_health(first.health, second.health),
        slowest=tuple(slow[:slowest]),
        scheduling=first.scheduling,
        connections=dict(first.connections),
    )


def _slow_later(slow: Slow, by_s: float) -> Slow:
    return msgspec.structs.replace(slow, at_s=slow.at_s + by_s)


def _health(first: Health, second: Health) -> Health:
    """Shares and averages over time weigh by time; the mean latency weighs by answers."""
    over_time = _mean_by(first.wall_s, second.wall_s)
    over_answers = _mean_by(
        first.throughput_rps * first.wall_s, second.throughput_rps * second.wall_s
    )
    return Health(
        wall_s=first.wall_s + second.wall_s,
        cpu_share=over_time(first.cpu_share, second.cpu_share),
        run_queue_share=over_time(first.run_queue_share, second.run_queue_share),
        steal_share=over_time(first.steal_share, second.steal_share),
        busy_share=over_time(first.busy_share, second.busy_share),
        mean_in_flight=over_time(first.mean_in_flight, second.mean_in_flight),
        throughput_rps=over_time(first.throughput_rps, second.throughput_rps),
        mean_service_s=over_answers(first.mean_service_s, second.mean_service_s),
        first_slot_lag_ns=max(first.first_slot_lag_ns, second.first_slot_lag_ns),
        connections_opened=first.connections_opened + second.connections_opened,
        connections_peak=max(first.connections_peak, second.connections_peak),
        overdue_s=max(first.overdue_s, second.overdue_s),
    )


def _mean_by(first_weight: float, second_weight: float) -> Callable[[float, float], float]:
    whole = first_weight + second_weight

    def mean(first: float, second: float) -> float:
        if not whole:
            return (first + second) / 2
        return (first * first_weight + second * second_weight) / whole

    return mean
