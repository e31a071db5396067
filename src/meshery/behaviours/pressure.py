"""Parameters that put a service under pressure or shield it: fault, ratelimit."""

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from meshery.behaviours.match import Match
from meshery.behaviours.shape import (
    Count,
    Duration,
    Fault,
    HttpStatus,
    Params,
    Percent,
    Positive,
    exactly_one,
)


class Delay(Params, frozen=True):
    """A fixed wait before a share of the requests is served."""

    duration_ms: Duration
    percent: Percent = 100.0

    def faults(self) -> Iterator[Fault]:
        """No wait."""
        if self.duration_ms <= 0:
            yield Fault("duration", "must be more than 0")


class Abort(Params, frozen=True):
    """A share of the requests is answered with a status instead of being served."""

    status: HttpStatus | None = None
    grpc_status: Annotated[int, msgspec.Meta(ge=0, le=16)] | None = None
    percent: Percent = 100.0

    def faults(self) -> Iterator[Fault]:
        """Not exactly one status."""
        yield from exactly_one(self, "status", "grpc_status")


class Bandwidth(Params, frozen=True):
    """Responses are slowed down to so many kilobits (1000 bits) per second."""

    kbps: Positive
    percent: Percent = 100.0


class FaultInjection(Params, frozen=True):
    """Faults on purpose, for the requests that match."""

    delay: Delay | None = None
    abort: Abort | None = None
    bandwidth: Bandwidth | None = None
    match: Match = Match()

    def faults(self) -> Iterator[Fault]:
        """No fault given."""
        if self.delay is None and self.abort is None and self.bandwidth is None:
            yield Fault("", "says nothing", "give at least one of delay, abort, bandwidth")


class RateLimit(Params, frozen=True):
    """At most `requests` per `per`, with `burst` more at once; others are answered with `status`.

    `keyBy` counts each value apart: `source` (the caller), `path`, or `header:NAME`.
    """

    requests: Positive
    scope: Literal["local", "global"] = "local"
    per: Literal["second", "minute", "hour"] = "second"
    burst: Count = 0
    key_by: tuple[str, ...] = ()
    status: HttpStatus = 429
    service: str | None = None
    fail_open: bool | None = None

    def faults(self) -> Iterator[Fault]:
        """Unknown keys."""
        if self.status < 400:
            yield Fault("status", "must be an error, from 400 to 599")
        for position, key in enumerate(self.key_by):
            kind, _, name = key.partition(":")
            if key not in {"source", "path"} and not (kind == "header" and name):
                hint = "source, path or header:NAME"
                yield Fault(f"keyBy[{position}]", f"{key!r} is no key", hint)
