"""Proof by requests: a behaviour does what it says, or the proof says what was seen instead.

Where chance decides (split, mirror, fault, abort) at least 1,000 requests are made and the counts
are held against exact binomial bounds (`sandbox/bounds.py`): a right behaviour fails such a proof
with a probability below one in a million, all counts of the proof together. Where nothing is left
to chance (access, mtls, route, ratelimit, retry) a single wrong answer fails it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from meshery.sandbox.bounds import FALSE_FAILURE, acceptance
from meshery.sandbox.probe import Answer, Ask, count_by, sample

MIN_SAMPLES = 1_000
VERSION_HEADER = "x-version"

Label = Callable[[Answer], str]

# A delayed request waits at least the delay; Envoy's timers count whole milliseconds.
_TIMER_MS = 1.0


class Proof(msgspec.Struct, frozen=True):
    """What was expected and what `samples` requests showed. Shares are percentages.

    `accepted` holds, for each expected share, the least and greatest one that passes.
    """

    kind: str
    name: str
    expected: dict[str, Any]
    observed: dict[str, Any]
    samples: int
    passed: bool
    accepted: dict[str, tuple[float, float]] = {}
    notes: tuple[str, ...] = ()


async def prove_shares(
    request: Ask,
    shares: Mapping[str, float],
    label: Label,
    *,
    kind: str,
    name: str,
    samples: int = MIN_SAMPLES,
    connections: int = 16,
) -> Proof:
    """Answers carry labels in the given shares (percent, 100 in all), and no other label."""
    counts: dict[str, int] = {}
    for answer in await sample(request, samples=samples, connections=connections):
        counts[label(answer)] = counts.get(label(answer), 0) + 1
    observed = {word: counts.pop(word, 0) for word in shares}
    accepted, within = _judge(observed, shares, samples)
    return Proof(
        kind=kind,
        name=name,
        expected=dict(shares),
        observed={word: _percent(count, samples) for word, count in observed.items()},
        samples=samples,
        passed=within and not counts,
        accepted=accepted,
        notes=tuple(f"{count} answers were {word or 'unmarked'}" for word, count in counts.items()),
    )


async def prove_fault(
    request: Ask,
    *,
    name: str,
    delay_ms: float = 0.0,
    delay_percent: float = 0.0,
    abort_status: int = 0,
    abort_percent: float = 0.0,
    samples: int = MIN_SAMPLES,
) -> Proof:
    """Shares of the requests are delayed, aborted, or both, independently of each other."""
    answers = await sample(request, samples=samples, connections=32, timeout_s=60 + delay_ms / 10)
    expected: dict[str, Any] = {}
    observed: dict[str, Any] = {}
    counts: dict[str, int] = {}
    shares: dict[str, float] = {}
    if delay_ms:
        delayed = [each.elapsed_s * 1000 for each in answers]
        delayed = [elapsed_ms for elapsed_ms in delayed if elapsed_ms >= delay_ms - _TIMER_MS]
        shares["delay_percent"], counts["delay_percent"] = delay_percent, len(delayed)
        expected["delay_ms"] = delay_ms
        observed["delay_ms"] = _median(delayed)
    if abort_status:
        aborted = [answer for answer in answers if answer.status == abort_status]
        shares["abort_percent"], counts["abort_percent"] = abort_percent, len(aborted)
        expected["abort_status"] = observed["abort_status"] = abort_status
    accepted, within = _judge(counts, shares, samples)
    broken = sum(answer.status == 0 for answer in answers)
    return Proof(
        kind="fault",
        name=name,
        expected=expected | shares,
        observed=observed | {what: _percent(count, samples) for what, count in counts.items()},
        samples=samples,
        passed=within and not broken,
        accepted=accepted,
        notes=(f"{broken} connections broke",) if broken else (),
    )


async def prove_statuses(
    requests: Mapping[str, Ask],
    expected: Mapping[str, int],
    *,
    kind: str,
    name: str,
    samples: int = 100,
) -> Proof:
    """Each kind of request (by a word for it) is always answered with one status, 0: refused."""
    observed: dict[str, Any] = {}
    passed = True
    for word, request in requests.items():
        answers = await sample(request, samples=samples, connections=4)
        statuses = _statuses(answers)
        passed = passed and set(statuses) == {str(expected[word])}
        observed[word] = int(next(iter(statuses))) if len(statuses) == 1 else statuses
    return Proof(
        kind=kind,
        name=name,
        expected=dict(expected),
        observed=observed,
        samples=samples * len(requests),
        passed=passed,
    )


async def prove_served_by(
    requests: Mapping[str, Ask],
    expected: Mapping[str, str],
    *,
    kind: str,
    name: str,
    samples: int = 100,
) -> Proof:
    """Each kind of request (by a word for it) is always answered by one version."""
    observed: dict[str, Any] = {}
    passed = True
    for word, request in requests.items():
        counts = count_by(await sample(request, samples=samples, connections=4), VERSION_HEADER)
        passed = passed and set(counts) == {expected[word]}
        observed[word] = next(iter(counts)) if len(counts) == 1 else counts
    return Proof(
        kind=kind,
        name=name,
        expected=dict(expected),
        observed=observed,
        samples=samples * len(requests),
        passed=passed,
    )


def _judge(
    counts: Mapping[str, int], shares: Mapping[str, float], samples: int
) -> tuple[dict[str, tuple[float, float]], bool]:
    """The accepted shares in percent, and whether every count lies within."""
    accepted: dict[str, tuple[float, float]] = {}
    within = True
    for what, share in shares.items():
        low, high = acceptance(samples, share / 100, false_failure=FALSE_FAILURE / len(shares))
        within = within and low <= counts[what] <= high
        accepted[what] = (_percent(low, samples), _percent(high, samples))
    return accepted, within


def _percent(count: int, samples: int) -> float:
    return round(100 * count / samples, 3) if samples else 0.0


def _median(values: Sequence[float]) -> float:
    return round(sorted(values)[len(values) // 2], 3) if values else 0.0


def _statuses(answers: Sequence[Answer]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for answer in answers:
        counts[str(answer.status)] = counts.get(str(answer.status), 0) + 1
    return counts
