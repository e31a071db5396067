"""The nouns of performance: what a person asks for. What comes back is in `result.py`.

    Profile           a stored description of load: endpoints, rate, schedule, duration, thresholds
    RunRequest        a profile, stored or given inline, made to run once
    OverheadRequest   one hop of a sandbox: off the mesh, on it, and off it again, in one run
    FunctionsRequest  the same, once per function of the mesh, on twin sidecar pairs

Rates are requests per second, durations seconds (Go durations outside), latencies microseconds.
No I/O here.
"""

from datetime import datetime
from enum import StrEnum
from typing import Literal

import msgspec

Mode = Literal["open", "closed"]
Schedule = Literal["uniform", "poisson", "ramp", "steps"]
FUNCTIONS = ("mtls", "access", "route", "retries", "ratelimit")


class Validity(StrEnum):
    """May the number be believed? Degraded results stay visible but win no comparison."""

    VALID = "valid"
    DEGRADED = "degraded"
    INVALID = "invalid"

    @property
    def rank(self) -> int:
        """0 is best."""
        return (Validity.VALID, Validity.DEGRADED, Validity.INVALID).index(self)


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One address that gets requests. `url` is absolute, http or https; `body` is sent as UTF-8."""

    url: str
    method: str = "GET"
    headers: dict[str, str] = {}
    body: str = ""


class RateStep(msgspec.Struct, frozen=True, kw_only=True):
    """One stair of the `steps` schedule."""

    rate_rps: float
    duration_s: float


class Thresholds(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a result must keep; None is not judged. Violated ones make commands exit with 4."""

    p50_us: float | None = None
    p90_us: float | None = None
    p99_us: float | None = None
    error_rate: float | None = None
    min_rate_rps: float | None = None


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A description of load.

    Open loop sends on absolute slots whatever the answers do (latency); closed loop keeps
    `connections` busy (throughput only). `ramp` goes from `rate_rps` to `ramp_to_rps`; `steps`
    follows `steps` and ignores `duration_s`.
    """

    name: str
    endpoints: tuple[Endpoint, ...]
    description: str = ""
    load_generator: str = "native"
    mode: Mode = "open"
    schedule: Schedule = "uniform"
    rate_rps: float = 100.0
    ramp_to_rps: float = 0.0
    steps: tuple[RateStep, ...] = ()
    connections: int = 8
    duration_s: float = 10.0
    warmup_s: float = 1.0
    timeout_s: float = 10.0
    seed: int = 1
    labels: dict[str, str] = {}
    thresholds: Thresholds = Thresholds()


class StoredProfile(msgspec.Struct, frozen=True, kw_only=True):
    """A profile with its identity; `version` grows by one with each change."""

    id: str
    version: int
    profile: Profile
    created_at: datetime
    updated_at: datetime
    last_run_at: datetime | None = None
    results: int = 0


class RunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a profile. `consent`: somebody agreed to load a target that is not ours."""

    profile: Profile
    profile_id: str = ""
    name: str = ""
    consent: bool = False


class OverheadRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The cost of one hop of a sandbox.

    `rate_rps` is per arm; `lower_rate` allows to lower it until the run is valid.
    """

    sandbox: str
    source: str = "web"
    destination: str = "api"
    rate_rps: float = 1000.0
    duration_s: float = 10.0
    warmup_s: float = 1.0
    connections: int = 16
    path: str = "/"
    lower_rate: bool = True
    seed: int = 1
    name: str = ""


class FunctionsRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Cost per function of the mesh; `duration_s` and `rate_rps` (per arm) are each row's."""

    sandbox: str
    source: str = "web"
    destination: str = "api"
    functions: tuple[str, ...] = FUNCTIONS
    rate_rps: float = 500.0
    duration_s: float = 5.0
    warmup_s: float = 0.5
    connections: int = 16
    path: str = "/"
    seed: int = 1
    name: str = ""
