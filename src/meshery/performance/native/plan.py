"""What an injector is asked to do: arms, their endpoints, the schedule of slots, the limits.

A plan is complete in itself, so the injector reads no settings and no database. Rates are requests
per second and hold **per arm**: three arms at 1,000 send 3,000 altogether. Durations are seconds.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

from meshery.core.errors import InvalidInputError, Problem

Mode = Literal["open", "closed"]
ScheduleKind = Literal["uniform", "poisson", "ramp", "steps"]
Scheduling = Literal["nice", "fifo", "normal"]
MAX_RATE_RPS = 1_000_000.0
_HOP_HEADERS = frozenset({"content-length", "transfer-encoding", "connection"})


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One stair of the `steps` schedule; `rate_rps` per arm."""

    rate_rps: float
    duration_s: float


class EndpointPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One request, sent again and again.

    `host` and `port` are where to connect; a `Host` header in `headers` names another authority.
    TLS: `server_name` is the name asked for and checked (empty = `host`), `verify=False` accepts
    any certificate, `ca_file` replaces the system's authorities.
    """

    name: str
    host: str
    port: int
    tls: bool = False
    method: str = "GET"
    path: str = "/"
    headers: dict[str, str] = {}
    body: bytes = b""
    server_name: str = ""
    verify: bool = True
    ca_file: str = ""


class ArmPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One of several interleaved streams; its endpoints take turns.

    `connections` caps its open connections (0 = the plan's).
    """

    name: str
    endpoints: tuple[EndpointPlan, ...]
    connections: int = 0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One run of an injector.

    `open`: every arm gets `rate_rps` slots a second, on time whatever the answers do. Slots come in
    rounds: one per arm, in an order drawn from `seed`. `closed`: every connection sends its next
    request when the last is answered; `rate_rps` and `schedule` are ignored, throughput is the
    result.

    `ramp` goes linearly from `rate_rps` to `ramp_to_rps`, `steps` follows `steps` and ignores
    `duration_s`. `warmup_s` comes first, at the first rate, and is left out of every histogram.
    A request is given up `timeout_s` after its write, a slot without a connection after as long.
    `scheduling` is what the injector asks of the host for itself (`nice` -10, or the real-time
    class `fifo`, which an open loop gives back when it needs most of a core); what it got is
    reported.
    """

    arms: tuple[ArmPlan, ...]
    mode: Mode = "open"
    schedule: ScheduleKind = "uniform"
    rate_rps: float = 100.0
    ramp_to_rps: float = 0.0
    steps: tuple[Step, ...] = ()
    duration_s: float = 10.0
    warmup_s: float = 1.0
    block_s: float = 0.5
    seed: int = 1
    timeout_s: float = 10.0
    connections: int = 16
    slowest: int = 1000
    scheduling: Scheduling = "nice"

    @property
    def length_s(self) -> float:
        """Seconds of the measured part."""
        if self.mode == "open" and self.schedule == "steps":
            return sum(step.duration_s for step in self.steps)
        return self.duration_s

    def connections_of(self, arm: ArmPlan) -> int:
        """The cap of an arm's open connections."""
        return arm.connections or self.connections


def check_plan(plan: Plan) -> None:
    """Raise InvalidInputError with every fault of the plan at once."""
    problems = [*_check_run(plan), *_check_schedule(plan), *_check_arms(plan)]
    if problems:
        raise InvalidInputError(
            "The load plan cannot be run",
            cause="; ".join(f"{problem.path}: {problem.message}" for problem in problems),
            remedy="correct the fields named",
            problems=problems,
        )


def _check_run(plan: Plan) -> Iterator[Problem]:
    if not plan.length_s > 0:
        yield Problem("duration_s", "must be longer than 0 s")
    if not plan.warmup_s >= 0:
        yield Problem("warmup_s", "must not be negative")
    if not plan.timeout_s > 0:
        yield Problem("timeout_s", "must be longer than 0 s")
    if not (0 < plan.block_s <= 1 and abs(1 / plan.block_s - round(1 / plan.block_s)) < 1e-9):
        yield Problem("block_s", "must divide one second evenly", hint="0.5")
    if plan.connections < 1:
        yield Problem("connections", "must be at least 1")
    if plan.slowest < 0:
        yield Problem("slowest", "must not be negative")


def _check_schedule(plan: Plan) -> Iterator[Problem]:
    if plan.mode == "closed":
        return
    rates = {"rate_rps": plan.rate_rps}
    if plan.schedule == "ramp":
        rates["ramp_to_rps"] = plan.ramp_to_rps
    if plan.schedule == "steps":
        rates = {f"steps.{place}.rate_rps": step.rate_rps for place, step in enumerate(plan.steps)}
        if not all(step.duration_s > 0 for step in plan.steps):
            yield Problem("steps", "every step must be longer than 0 s")
    for path, rate in rates.items():
        if not 0 < rate <= MAX_RATE_RPS:
            yield Problem(path, f"must be above 0 and at most {MAX_RATE_RPS:.0f}")


def _check_arms(plan: Plan) -> Iterator[Problem]:
    if not plan.arms:
        yield Problem("arms", "at least one arm is needed")
    if len({arm.name for arm in plan.arms}) != len(plan.arms):
        yield Problem("arms", "names must differ")
    for place, arm in enumerate(plan.arms):
        if arm.connections < 0:
            yield Problem(f"arms.{place}.connections", "must not be negative")
        if not arm.endpoints:
            yield Problem(f"arms.{place}.endpoints", "at least one endpoint is needed")
        if len({endpoint.name for endpoint in arm.endpoints}) != len(arm.endpoints):
            yield Problem(f"arms.{place}.endpoints", "names must differ")
        for number, endpoint in enumerate(arm.endpoints):
            yield from _check_endpoint(endpoint, f"arms.{place}.endpoints.{number}")


def _check_endpoint(endpoint: EndpointPlan, path: str) -> Iterator[Problem]:
    if not endpoint.host:
        yield Problem(f"{path}.host", "is empty")
    if not 0 < endpoint.port < 65536:
        yield Problem(f"{path}.port", "must be between 1 and 65535")
    if not endpoint.path.startswith("/") or not _printable(endpoint.path) or " " in endpoint.path:
        yield Problem(f"{path}.path", "must begin with / and hold no space or control character")
    if not endpoint.method.isalpha():
        yield Problem(f"{path}.method", "must be a word such as GET")
    for name, value in endpoint.headers.items():
        if not name or not _printable(name) or set(name) & set(" :") or not _printable(value):
            yield Problem(f"{path}.headers.{name}", "cannot stand in a request")
        elif name.lower() in _HOP_HEADERS:
            yield Problem(f"{path}.headers.{name}", "is set by the injector itself")


def _printable(text: str) -> bool:
    return text.isprintable() and text.isascii()
