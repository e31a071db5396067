"""May a run be believed? One verdict with its reasons, from what the injector saw of itself.

A load generator that falls behind measures itself. Each check compares one such sign with a limit;
one past it makes the run degraded (visible, but it wins no comparison), two of them can make it
invalid: requests that were never sent, and an own delay as large as what is measured.

    sent / planned        degraded below 99.5 %, invalid below 95 %
    own delay p99         degraded above max(0.5 ms, 20 % of service p50), invalid above service p99
    injector CPU          degraded above 85 % of its core
    run-queue delay       degraded above 2 % of the time
    steal by the host     degraded above 1 % of the time
    busy host             degraded above 95 % of all processors (open loop): targets waited too
    Little's law          degraded when |N - X R| / N > 5 %
    arms answered alike   degraded when their shares of errors differ by more than 1 %,
                          invalid by more than 5 %: a refusal is quick, and no work
    lost load workers     degraded when any was lost; likewise a clock error above 1 ms

A run that executed nothing, or whose mesh died under it, is invalid too.
"""

from collections.abc import Iterator

import msgspec

from meshery.performance.model import Validity
from meshery.performance.result import Check

MIN_SENT, LEAST_SENT = 0.995, 0.95
OWN_DELAY_FLOOR_US, OWN_DELAY_SHARE = 500.0, 0.2
MAX_CPU, MAX_RUN_QUEUE, MAX_STEAL, MAX_LITTLE = 0.85, 0.02, 0.01, 0.05
MAX_BUSY = 0.95
MAX_UNLIKE, TOO_UNLIKE = 0.01, 0.05
MAX_CLOCK_ERROR_MS = 1.0
# Below this many requests in flight on average the rounding of N itself passes 5 %.
LITTLE_FROM = 0.05


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of how a run went; shares are 0..1, `mean_in_flight` counts unanswered ones.

    `error_shares`: of each arm, errors among what it sent.
    """

    mode: str
    planned: int
    sent: int
    completed: int
    own_delay_p99_us: float = 0.0
    service_p50_us: float = 0.0
    service_p99_us: float = 0.0
    service_mean_us: float = 0.0
    throughput_rps: float = 0.0
    mean_in_flight: float = 0.0
    injector_cpu_share: float = 0.0
    run_queue_share: float = 0.0
    steal_share: float = 0.0
    busy_share: float = 0.0
    workers_lost: int = 0
    clock_error_ms: float = 0.0
    lost_proxies: tuple[str, ...] = ()
    error_shares: dict[str, float] = {}


class Verdict(msgspec.Struct, frozen=True):
    """The worst of the checks; `reasons` are the sentences of those not passed."""

    validity: Validity
    reasons: tuple[str, ...]
    checks: tuple[Check, ...]


def judge(evidence: Evidence) -> Verdict:
    """The verdict on a run."""
    checks = tuple(_checks(evidence))
    worst = max((check.verdict for check in checks), key=lambda each: each.rank)
    failed = sorted((c for c in checks if c.verdict.rank), key=lambda c: -c.verdict.rank)
    return Verdict(worst, tuple(check.text for check in failed), checks)


def worst_of(verdicts: Iterator[Validity]) -> Validity:
    """The worst verdict of several runs; valid when there are none."""
    return max(verdicts, key=lambda each: each.rank, default=Validity.VALID)


def _checks(seen: Evidence) -> Iterator[Check]:
    yield _answered(seen)
    if seen.mode == "open":
        yield _sent(seen)
        yield _own_delay(seen)
        yield _share(
            "host_busy",
            seen.busy_share,
            MAX_BUSY,
            "the host's processors were busy {seen} of the time (limit {limit}), "
            "so what was measured waited for them too",
        )
    yield _share(
        "injector_cpu",
        seen.injector_cpu_share,
        MAX_CPU,
        "the injector used {seen} of its core (limit {limit}), so it may have been the bottleneck",
    )
    yield _share(
        "run_queue_delay",
        seen.run_queue_share,
        MAX_RUN_QUEUE,
        "the injector waited {seen} of the time for a processor (limit {limit}): "
        "other work on this host was in the way",
    )
    yield _share(
        "steal",
        seen.steal_share,
        MAX_STEAL,
        "the host's hypervisor took {seen} of the processor time away (limit {limit})",
    )
    yield from _little(seen)
    yield from _alike(seen)
    yield from _losses(seen)


def _answered(seen: Evidence) -> Check:
    verdict = Validity.VALID if seen.completed else Validity.INVALID
    text = f"{seen.completed:,} of {seen.sent:,} requests were answered"
    if not seen.completed:
        text = f"none of {seen.sent:,} requests was answered, so nothing was measured"
    return Check(
        name="answered",
        value=seen.completed,
        limit=1,
        unit="requests",
        verdict=verdict,
        text=text,
    )


def _sent(seen: Evidence) -> Check:
    share = seen.sent / seen.planned if seen.planned else 0.0
    verdict = _grade(share < MIN_SENT, invalid=share < LEAST_SENT)
    text = (
        f"{_percent(share)} of {seen.planned:,} planned requests were sent "
        f"(limit {_percent(MIN_SENT)})"
    )
    return Check(name="sent", value=share, limit=MIN_SENT, unit="share", verdict=verdict, text=text)


def _own_delay(seen: Evidence) -> Check:
    limit = max(OWN_DELAY_FLOOR_US, OWN_DELAY_SHARE * seen.service_p50_us)
    delay = seen.own_delay_p99_us
    verdict = _grade(delay > limit, invalid=delay > seen.service_p99_us > 0)
    beside = f"limit {limit:,.0f} us"
    if verdict is Validity.INVALID:
        beside = f"more than the {seen.service_p99_us:,.0f} us that answers took at p99"
    text = f"the injector's own delay was {delay:,.0f} us at p99 ({beside})"
    return Check(
        name="own_delay_p99", value=delay, limit=limit, unit="us", verdict=verdict, text=text
    )


def _little(seen: Evidence) -> Iterator[Check]:
    if seen.mean_in_flight < LITTLE_FROM:
        return
    expected = seen.throughput_rps * seen.service_mean_us / 1e6
    off = abs(seen.mean_in_flight - expected) / seen.mean_in_flight
    yield _share(
        "littles_law",
        off,
        MAX_LITTLE,
        f"requests in flight ({seen.mean_in_flight:.2f}) and rate times latency ({expected:.2f}) "
        "differ by {seen} (limit {limit}), so some time was not accounted for",
    )


def _alike(seen: Evidence) -> Iterator[Check]:
    """Arms are compared with each other: all must have been answered, or refused, alike."""
    if len(seen.error_shares) < 2:
        return
    least = min(seen.error_shares.items(), key=lambda item: item[1])
    most = max(seen.error_shares.items(), key=lambda item: item[1])
    apart = most[1] - least[1]
    text = (
        f"{_percent(most[1])} of the requests of {most[0]} ended in errors and "
        f"{_percent(least[1])} of those of {least[0]} (limit {_percent(MAX_UNLIKE)} apart)"
    )
    yield Check(
        name="answered_alike",
        value=apart,
        limit=MAX_UNLIKE,
        unit="share",
        verdict=_grade(apart > MAX_UNLIKE, invalid=apart > TOO_UNLIKE),
        text=text,
    )


def _losses(seen: Evidence) -> Iterator[Check]:
    yield Check(
        name="workers_lost",
        value=seen.workers_lost,
        limit=0,
        unit="workers",
        verdict=_grade(seen.workers_lost > 0),
        text=f"{seen.workers_lost} load workers were lost",
    )
    yield Check(
        name="clock_error",
        value=seen.clock_error_ms,
        limit=MAX_CLOCK_ERROR_MS,
        unit="ms",
        verdict=_grade(seen.clock_error_ms > MAX_CLOCK_ERROR_MS),
        text=f"clocks of load workers were off by {seen.clock_error_ms:.2f} ms (limit 1 ms)",
    )
    if seen.lost_proxies:
        names = ", ".join(seen.lost_proxies)
        yield Check(
            name="proxies_lost",
            value=len(seen.lost_proxies),
            limit=0,
            unit="proxies",
            verdict=Validity.INVALID,
            text=f"{names} ended while it was measured",
        )


def _share(name: str, value: float, limit: float, text: str) -> Check:
    sentence = text.format(seen=_percent(value), limit=_percent(limit))
    verdict = _grade(value > limit)
    return Check(name=name, value=value, limit=limit, unit="share", verdict=verdict, text=sentence)


def _grade(degraded: bool, *, invalid: bool = False) -> Validity:
    if invalid:
        return Validity.INVALID
    return Validity.DEGRADED if degraded else Validity.VALID


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"
