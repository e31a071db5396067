"""Proof by requests: a behaviour does what it says, or the proof says what was seen instead.

Where chance decides (split, mirror, fault, retry) at least 1,000 requests are made and the counts
are held against exact binomial bounds (`sandbox/bounds.py`): a right behaviour fails such a proof
with a probability below one in a million, all counts of the proof together. Where nothing is left
to chance a single wrong answer fails it. A proof of nothing - no request, no expectation - fails.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from meshery.sandbox.bounds import FALSE_FAILURE, acceptance
from meshery.sandbox.probe import Answer, Ask, sample

MIN_SAMPLES = 1_000
VERSION_HEADER = "x-version"

Label = Callable[[Answer], str]

# A delay counts from when Envoy's loop last looked at the clock: with a burst of requests in one
# turn of it, a timer of 100 ms was seen to fire 5 ms early for the caller.
_EARLY_MS = 10.0


class Proof(msgspec.Struct, frozen=True):
    """What was expected and what `samples` requests showed. Shares are percentages.

    `accepted` holds, for each expected share or count, the least and greatest one that passes.
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
    """Answers carry labels in the given shares (percent, 100 in all), and no other label.

    Fewer `samples` than 1,000 become 1,000.
    """
    samples = max(samples, MIN_SAMPLES)
    counts: dict[str, int] = {}
    for answer in await sample(request, samples=samples, connections=connections):
        counts[label(answer)] = counts.get(label(answer), 0) + 1
    observed = {word: counts.pop(word, 0) for word in shares}
    accepted, within = judge_shares(observed, shares, samples)
    return Proof(
        kind=kind,
        name=name,
        expected=dict(shares),
        observed={word: percent(count, samples) for word, count in observed.items()},
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
    """Shares of the requests are delayed, aborted, or both, independently of each other.

    Fewer `samples` than 1,000 become 1,000.
    """
    samples = max(samples, MIN_SAMPLES)
    answers = await sample(request, samples=samples, connections=32, timeout_s=60 + delay_ms / 10)
    expected: dict[str, Any] = {}
    observed: dict[str, Any] = {}
    counts: dict[str, int] = {}
    shares: dict[str, float] = {}
    if delay_ms:
        least_ms = max(delay_ms - _EARLY_MS, delay_ms / 2)
        delayed = [each.elapsed_s * 1000 for each in answers]
        delayed = [elapsed_ms for elapsed_ms in delayed if elapsed_ms >= least_ms]
        shares["delay_percent"], counts["delay_percent"] = delay_percent, len(delayed)
        expected["delay_ms"] = delay_ms
        observed["delay_ms"] = _median(delayed)
    if abort_status:
        aborted = [answer for answer in answers if answer.status == abort_status]
        shares["abort_percent"], counts["abort_percent"] = abort_percent, len(aborted)
        expected["abort_status"] = observed["abort_status"] = abort_status
    accepted, within = judge_shares(counts, shares, samples)
    broken = sum(answer.status == 0 for answer in answers)
    return Proof(
        kind="fault",
        name=name,
        expected=expected | shares,
        observed=observed | {what: percent(count, samples) for what, count in counts.items()},
        samples=samples,
        passed=within and not broken,
        accepted=accepted,
        notes=(f"{broken} connections broke",) if broken else (),
    )


async def prove_always(
    requests: Mapping[str, Ask],
    expected: Mapping[str, Any],
    label: Callable[[str, Answer], Any],
    *,
    kind: str,
    name: str,
    samples: int = 100,
) -> Proof:
    """Each kind of request (by a word for it) is always answered in one way.

    `label` tells the way, from the word and an answer.
    """
    seen = {}
    for word, request in requests.items():
        answers = await sample(request, samples=samples, connections=4)
        seen[word] = [label(word, answer) for answer in answers]
    return judge_always(seen, expected, kind=kind, name=name, samples=samples * len(requests))


async def prove_traits(
    request: Ask,
    expected: Mapping[str, Any],
    traits: Callable[[Answer], Mapping[str, Any]],
    *,
    kind: str,
    name: str,
    samples: int = 100,
) -> Proof:
    """Every answer to one request has all the expected traits, told by `traits`."""
    told = [traits(answer) for answer in await sample(request, samples=samples, connections=4)]
    seen = {word: [each.get(word) for each in told] for word in expected}
    return judge_always(seen, expected, kind=kind, name=name, samples=samples)


def judge_always(
    seen: Mapping[str, Sequence[Any]],
    expected: Mapping[str, Any],
    *,
    kind: str,
    name: str,
    samples: int,
) -> Proof:
    """A proof without chance: of each thing, all that was seen is what was expected."""
    return Proof(
        kind=kind,
        name=name,
        expected=dict(expected),
        observed={word: one_or_counts(seen[word]) for word in expected},
        samples=samples,
        passed=bool(expected) and all(set(seen[word]) == {expected[word]} for word in expected),
    )


def judge_shares(
    counts: Mapping[str, int], shares: Mapping[str, float], samples: int
) -> tuple[dict[str, tuple[float, float]], bool]:
    """The accepted shares in percent, and whether every count lies within."""
    accepted: dict[str, tuple[float, float]] = {}
    within = bool(shares) and samples > 0
    for what, share in shares.items():
        low, high = acceptance(samples, share / 100, false_failure=FALSE_FAILURE / len(shares))
        within = within and low <= counts[what] <= high
        accepted[what] = (percent(low, samples), percent(high, samples))
    return accepted, within


def percent(count: int, samples: int) -> float:
    """A count as a share of all samples."""
    return round(100 * count / samples, 3) if samples else 0.0


def status_of(_word: str, answer: Answer) -> int:
    """An answer by its status; 0: the connection broke."""
    return answer.status


def one_or_counts(seen: Sequence[Any]) -> Any:
    """What was seen, if always the same; else how often each."""
    counts: dict[str, int] = {}
    for each in seen:
        counts[str(each)] = counts.get(str(each), 0) + 1
    return seen[0] if len(counts) == 1 else counts


def _median(values: Sequence[float]) -> float:
    return round(sorted(values)[len(values) // 2], 3) if values else 0.0
