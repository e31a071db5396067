"""The nouns that come out of a run: one document, drawn, compared and exported as it stands.

Every latency is in microseconds and corrected for coordinated omission unless its name says
`service` (write to last byte) or `connect`. An arm is one of several interleaved streams of
requests of the same run; a plain run has one, `load`.
"""

from datetime import datetime
from typing import Any, Literal

import msgspec

from meshery.performance.model import Validity

SCHEMA = "meshery.result/1"
ResultKind = Literal["load", "overhead", "functions"]


class Interval(msgspec.Struct, frozen=True):
    """An estimate and its 95 % interval; its unit stands in the name of the field holding it."""

    value: float
    low: float
    high: float

    @property
    def holds_zero(self) -> bool:
        """True when the interval cannot tell the value from nothing."""
        return self.low <= 0.0 <= self.high


class Percentiles(msgspec.Struct, frozen=True, kw_only=True):
    """A distribution in a few numbers."""

    count: int = 0
    min_us: float = 0.0
    mean_us: float = 0.0
    p50_us: float = 0.0
    p90_us: float = 0.0
    p99_us: float = 0.0
    p999_us: float = 0.0
    p9999_us: float = 0.0
    max_us: float = 0.0


class CurvePoint(msgspec.Struct, frozen=True, array_like=True):
    """One point of a percentile curve, `[percentile 0..100, value_us]`, dense towards 100."""

    percentile: float
    value_us: float


class Bucket(msgspec.Struct, frozen=True, array_like=True):
    """One bar of a distribution: `[low_us, high_us, count]`; edges grow by a constant factor."""

    low_us: float
    high_us: float
    count: int


class Counters(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the planned requests.

    planned = sent + unsent; sent = completed + failed + timed_out + in flight at the end.
    """

    planned: int = 0
    sent: int = 0
    completed: int = 0
    failed: int = 0
    timed_out: int = 0
    unsent: int = 0


class ArmResult(msgspec.Struct, frozen=True, kw_only=True):
    """One arm.

    `errors` = failed, timed out, or answered with status 400 and above; percentiles hold every
    answer.
    """

    requests: int
    errors: int
    rate_rps: float
    p50_us: float
    p90_us: float
    p99_us: float
    interval_us: dict[str, Interval] = {}
    counters: Counters = Counters()
    corrected: Percentiles = Percentiles()
    service: Percentiles = Percentiles()
    connect: Percentiles = Percentiles()
    statuses: dict[str, int] = {}
    endpoints: dict[str, Percentiles] = {}
    curve: tuple[CurvePoint, ...] = ()
    service_curve: tuple[CurvePoint, ...] = ()
    distribution: tuple[Bucket, ...] = ()


class Second(msgspec.Struct, frozen=True, kw_only=True):
    """One second of one arm; second 0 starts after the warm-up."""

    second: int
    arm: str
    requests: int
    errors: int
    rate_rps: float
    p50_us: float
    p90_us: float
    p99_us: float


class Slow(msgspec.Struct, frozen=True, kw_only=True):
    """One of the slowest requests; `at_s` counts from the end of the warm-up."""

    arm: str
    endpoint: str
    at_s: float
    corrected_us: float
    service_us: float
    status: int


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One test of the verdict: the value seen, the limit it met, and the sentence for a reader."""

    name: str
    value: float
    limit: float
    unit: str
    verdict: Validity
    text: str


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try of a run that lowers its rate until it is valid; pilots are short, never shown."""

    kind: Literal["pilot", "full"]
    rate_rps: float
    duration_s: float
    validity: Validity
    reasons: tuple[str, ...] = ()


class ProxyUse(msgspec.Struct, frozen=True, kw_only=True):
    """What the sidecars of one arm used while it was measured."""

    cpu_us_per_request: float
    cpu_us_per_request_low: float
    cpu_us_per_request_high: float
    memory_mb: float
    memory_mb_per_proxy: dict[str, float] = {}
    cpu_cores: float = 0.0


class Injector(msgspec.Struct, frozen=True, kw_only=True):
    """How the load generator itself did: the ground of every validity verdict."""

    name: str
    cpu_share: float = 0.0
    run_queue_share: float = 0.0
    own_delay: Percentiles = Percentiles()
    wait_connection: Percentiles = Percentiles()
    wall_s: float = 0.0
    mean_in_flight: float = 0.0
    scheduling: str = ""
    version: str = ""


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """Where and with what a run was taken; differing ones are not compared unless forced."""

    host: str = ""
    platform: str = ""
    kernel: str = ""
    cpu_model: str = ""
    cpu_count: int = 0
    memory_mb: int = 0
    meshery_version: str = ""
    python_version: str = ""
    envoy_version: str = ""
    mesh: str = ""
    sandbox: str = ""
    sandbox_digest: str = ""
    proxy_settings: dict[str, str] = {}
    load_generator: str = ""
    scheduling: str = ""
    load_average_before: tuple[float, ...] = ()
    load_average_after: tuple[float, ...] = ()
    steal_share: float = 0.0
    cpu_busy_share: float = 0.0


class FunctionCost(msgspec.Struct, frozen=True, kw_only=True):
    """The cost of one function of the mesh: the pair with it minus its twin without it."""

    name: str
    title: str
    delta_us: dict[str, Interval]
    cpu_us_per_request: Interval
    distinguishable: bool
    validity: Validity = Validity.VALID
    reasons: tuple[str, ...] = ()
    rate_rps: float = 0.0
    requests: int = 0
    arms: dict[str, ArmResult] = {}
    notes: tuple[str, ...] = ()


class Violation(msgspec.Struct, frozen=True, kw_only=True):
    """A threshold of the profile that the result did not keep."""

    name: str
    value: float
    limit: float
    text: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The stored document of one run. Keys are only ever added."""

    schema: str = SCHEMA
    id: str
    name: str
    kind: ResultKind
    operation_id: str = ""
    profile_id: str = ""
    started_at: str = ""
    duration_s: float = 0.0
    warmup_s: float = 0.0
    mode: str = "open"
    schedule: str = "uniform"
    rate_rps: float = 0.0
    path: str = ""
    hops: int = 0
    sentence: str = ""
    validity: Validity
    reasons: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    arms: dict[str, ArmResult] = {}
    delta_us: dict[str, Interval] = {}
    null_delta_us: dict[str, Interval] = {}
    proxy: ProxyUse | None = None
    functions: tuple[FunctionCost, ...] = ()
    series: tuple[Second, ...] = ()
    slowest: tuple[Slow, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    injector: Injector | None = None
    violations: tuple[Violation, ...] = ()
    request: dict[str, Any] = {}
    environment: Environment = Environment()


class ResultRow(msgspec.Struct, frozen=True, kw_only=True):
    """A result in a list: what one sorts and searches by.

    Percentiles are None where a result has no arm of its own, as that of functions.
    """

    id: str
    name: str
    kind: str
    operation_id: str
    profile_id: str
    sandbox: str
    mesh: str
    validity: Validity
    rate_rps: float
    requests: int
    errors: int
    p50_us: float | None
    p90_us: float | None
    p99_us: float | None
    delta_p50_us: float | None
    created_at: datetime
