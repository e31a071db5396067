"""Parameters that keep callers well: retry, timeout, limits, ejection, trip.

"Circuit breaker" means three things in the meshes; here they are three kinds: `limits` (pools and
bulkheads), `ejection` (outlier detection) and `trip` (open on errors, perhaps with a fallback).
"""

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from meshery.behaviours.shape import (
    Count,
    Duration,
    Fault,
    Params,
    Percent,
    Positive,
    at_least_one,
    exactly_one,
)

RETRY_CONDITIONS = (
    "5xx",
    "gateway-error",
    "connect-failure",
    "refused-stream",
    "reset",
)
GRPC_CONDITIONS = (
    "cancelled",
    "deadline-exceeded",
    "internal",
    "resource-exhausted",
    "unavailable",
)


class Backoff(Params, frozen=True):
    """Waits between tries: `base` doubles up to `max`, with jitter."""

    base_ms: Duration = 25.0
    max_ms: Duration = 250.0

    def faults(self) -> Iterator[Fault]:
        """Base above the maximum."""
        if self.base_ms <= 0:
            yield Fault("base", "must be more than 0")
        if self.max_ms < self.base_ms:
            yield Fault("max", "is less than base")


class RetryBudget(Params, frozen=True):
    """Retries allowed as a percentage of requests, with a floor, counted over `ttl`."""

    ratio: Percent = 20.0
    min_per_second: Count = 10
    ttl_ms: Duration = 10_000.0


class Retry(Params, frozen=True):
    """Try again: `attempts` retries after the first try, on the conditions in `on`."""

    attempts: Annotated[int, msgspec.Meta(ge=1, le=100)] = 2
    per_try_timeout_ms: Duration | None = None
    on: tuple[str, ...] = ("5xx", "connect-failure", "reset")
    backoff: Backoff = Backoff()
    budget: RetryBudget | None = None
    idempotent_only: bool = False

    def faults(self) -> Iterator[Fault]:
        """Conditions that no mesh knows."""
        if not self.on:
            yield Fault("on", "is empty", "leave it out for 5xx, connect-failure and reset")
        known = (*RETRY_CONDITIONS, *GRPC_CONDITIONS)
        for position, condition in enumerate(self.on):
            is_status = condition.isdecimal() and 400 <= int(condition) <= 599
            if condition not in known and not is_status:
                hint = f"one of {', '.join(known)}, or a status code from 400 to 599"
                yield Fault(f"on[{position}]", f"{condition!r} is no condition", hint)


class Timeout(Params, frozen=True):
    """Limits in time: of a request, one try, silence, connecting, and the response's headers."""

    request_ms: Duration | None = None
    per_try_ms: Duration | None = None
    idle_ms: Duration | None = None
    connect_ms: Duration | None = None
    response_headers_ms: Duration | None = None

    def faults(self) -> Iterator[Fault]:
        """No limit given, or a limit of nothing."""
        fields = ("request_ms", "per_try_ms", "idle_ms", "connect_ms", "response_headers_ms")
        yield from at_least_one(self, *fields)
        for field in ("per_try_ms", "connect_ms", "response_headers_ms"):
            if getattr(self, field) == 0:
                yield Fault("perTry" if field == "per_try_ms" else field, "must be more than 0")


class Limits(Params, frozen=True):
    """Pool limits of each caller towards the target; requests above are refused at once (503)."""

    max_connections: Positive | None = None
    max_pending: Count | None = None
    max_requests: Positive | None = None
    max_retries: Count | None = None
    per_connection_requests: Positive | None = None
    scope: Literal["target", "subset", "port"] = "target"

    def faults(self) -> Iterator[Fault]:
        """No limit given."""
        yield from at_least_one(
            self,
            "max_connections",
            "max_pending",
            "max_requests",
            "max_retries",
            "per_connection_requests",
        )


class Ejection(Params, frozen=True):
    """Outlier detection: an instance that fails in a row gets no requests for a while."""

    consecutive_errors: Positive = 5
    gateway_errors_only: bool = False
    interval_ms: Duration = 10_000.0
    base_ejection_ms: Duration = 30_000.0
    max_percent: Percent = 50.0
    min_healthy_percent: Percent = 0.0

    def faults(self) -> Iterator[Fault]:
        """Times of nothing, and an ejection that can never happen."""
        if self.interval_ms <= 0:
            yield Fault("interval", "must be more than 0")
        if self.base_ejection_ms <= 0:
            yield Fault("baseEjection", "must be more than 0")
        if self.max_percent == 0:
            yield Fault("maxPercent", "0 would never eject anything")


class Trip(Params, frozen=True):
    """A breaker that opens for `openFor` on a ratio of errors, a latency, or a count of errors."""

    error_ratio: Percent | None = None
    latency_ms: Duration | None = None
    count: Positive | None = None
    open_for_ms: Duration = 30_000.0
    fallback: str | None = None

    def faults(self) -> Iterator[Fault]:
        """No reason to open, or more than one."""
        yield from exactly_one(self, "error_ratio", "latency_ms", "count")
        if self.open_for_ms <= 0:
            yield Fault("openFor", "must be more than 0")
