"""Lowering the rate until a run is valid, without wasting whole runs on finding out.

Short pilots go down a stair of rates until one is valid; the full run starts there. When it turns
out worse than its pilot, it is tried once more a stair lower. The best full run is the result:
by validity, then by rate. Every try is told with its reasons.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar

from meshery.performance.model import Validity
from meshery.performance.result import Attempt
from meshery.performance.validity import Verdict

STAIRS = (1.0, 0.7, 0.5, 0.35, 0.2)
MOST_FULL_RUNS = 2
# What less load can mend; a dead proxy it cannot.
_MENDED_BY_LESS = frozenset(
    {"sent", "own_delay_p99", "injector_cpu", "run_queue_delay", "steal", "host_busy"}
)

AttemptKind = Literal["pilot", "full"]


class Judged(Protocol):
    """Any measurement with a verdict."""

    @property
    def verdict(self) -> Verdict:
        """Whether it may be believed."""
        ...

    @property
    def duration_s(self) -> float:
        """How long was measured."""
        ...


M = TypeVar("M", bound=Judged)


@dataclass(frozen=True)
class Settled(Generic[M]):
    """The best full run, its rate, and everything that was tried."""

    measured: M
    rate_rps: float
    attempts: tuple[Attempt, ...]


async def settle(
    measure: Callable[[AttemptKind, float], Awaitable[M]], *, rate_rps: float, lower: bool
) -> Settled[M]:
    """Find a rate that this host can do, and measure at it. `lower=False` measures once."""
    attempts: list[Attempt] = []

    async def attempt(kind: AttemptKind, rate: float) -> M:
        measured = await measure(kind, rate)
        attempts.append(_told(kind, rate, measured))
        return measured

    stair = await _find_stair(attempt, rate_rps) if lower else 0
    best: tuple[M, float] | None = None
    for factor in STAIRS[stair:][: MOST_FULL_RUNS if lower else 1]:
        rate = _rounded(rate_rps * factor)
        measured = await attempt("full", rate)
        if best is None or _rank(measured) < _rank(best[0]):
            best = (measured, rate)
        if not less_would_help(measured.verdict):
            break
    assert best is not None  # noqa: S101 - the stairs always hold one more
    return Settled(best[0], best[1], tuple(attempts))


async def _find_stair(
    attempt: Callable[[AttemptKind, float], Awaitable[M]], rate_rps: float
) -> int:
    """The highest stair with the best verdict; it stops at the first valid one."""
    ranks: list[int] = []
    for factor in STAIRS:
        measured = await attempt("pilot", _rounded(rate_rps * factor))
        ranks.append(_rank(measured))
        if not less_would_help(measured.verdict):
            break
    return ranks.index(min(ranks))


def less_would_help(verdict: Verdict) -> bool:
    """Whether a lower rate could make the verdict better."""
    failed = {check.name for check in verdict.checks if check.verdict is not Validity.VALID}
    return bool(failed & _MENDED_BY_LESS)


def _told(kind: AttemptKind, rate_rps: float, measured: Judged) -> Attempt:
    return Attempt(
        kind=kind,
        rate_rps=rate_rps,
        duration_s=measured.duration_s,
        validity=measured.verdict.validity,
        reasons=measured.verdict.reasons,
    )


def _rank(measured: Judged) -> int:
    return measured.verdict.validity.rank


def _rounded(rate_rps: float) -> float:
    return float(round(rate_rps)) if rate_rps >= 10 else round(rate_rps, 3)
