"""What a demo is asked for, and the report it ends with (`meshery.demo/1`.

Keys are only ever added).

Rates are requests per second and per arm, durations seconds, latencies and CPU microseconds, memory
megabytes.
"""

from typing import Any

import msgspec

from meshery.performance.result import FunctionCost, Interval, ProxyUse, Result

SCHEMA = "meshery.demo/1"


class DemoRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The main job with its defaults: about 90 s in all."""

    sandbox: str = "shop"
    source: str = "web"
    destination: str = "api"
    rate_rps: float = 1000.0
    duration_s: float = 10.0
    function_duration_s: float = 5.0


class ArmReport(msgspec.Struct, frozen=True, kw_only=True):
    """One arm of the measurement: off the mesh, on it, or off it again (null)."""

    requests: int
    errors: int
    p50_us: float
    p90_us: float
    p99_us: float


class FunctionReport(msgspec.Struct, frozen=True, kw_only=True):
    """The cost of one function; `distinguishable` is false where the interval of p50 holds zero."""

    name: str
    delta_us: dict[str, Interval]
    cpu_us_per_request: Interval
    distinguishable: bool
    validity: str
    reasons: tuple[str, ...] = ()


class ProxyReport(msgspec.Struct, frozen=True, kw_only=True):
    """What both sidecars of the hop used."""

    cpu_us_per_request: float
    memory_mb: float


class OverheadReport(msgspec.Struct, frozen=True, kw_only=True):
    """What the mesh costs on one hop, and whether the number may be believed."""

    validity: str
    reasons: tuple[str, ...]
    rate_rps: float
    path: str
    hops: int
    sentence: str
    arms: dict[str, ArmReport]
    delta_us: dict[str, Interval]
    null_delta_us: dict[str, Interval]
    proxy: ProxyReport | None
    functions: tuple[FunctionReport, ...]
    result_id: str
    functions_result_id: str


class SandboxReport(msgspec.Struct, frozen=True, kw_only=True):
    """The mesh that was started: how many services and sidecars, ready after how many seconds."""

    name: str
    services: int
    sidecars: int
    ready_s: float


class DemoReport(msgspec.Struct, frozen=True, kw_only=True):
    """The whole report."""

    schema: str = SCHEMA
    sandbox: SandboxReport
    overhead: OverheadReport
    behaviours: tuple[dict[str, Any], ...]
    duration_s: float
    url: str


def overhead_report(overhead: Result, functions: Result) -> OverheadReport:
    """Condense the stored results of the hop and of its functions."""
    return OverheadReport(
        validity=overhead.validity.value,
        reasons=overhead.reasons,
        rate_rps=overhead.rate_rps,
        path=overhead.path,
        hops=overhead.hops,
        sentence=overhead.sentence,
        arms={
            name: ArmReport(
                requests=arm.requests,
                errors=arm.errors,
                p50_us=arm.p50_us,
                p90_us=arm.p90_us,
                p99_us=arm.p99_us,
            )
            for name, arm in overhead.arms.items()
        },
        delta_us=overhead.delta_us,
        null_delta_us=overhead.null_delta_us,
        proxy=_proxy_report(overhead.proxy),
        functions=tuple(_function_report(cost) for cost in functions.functions),
        result_id=overhead.id,
        functions_result_id=functions.id,
    )


def _proxy_report(use: ProxyUse | None) -> ProxyReport | None:
    if use is None:
        return None
    return ProxyReport(cpu_us_per_request=use.cpu_us_per_request, memory_mb=use.memory_mb)


def _function_report(cost: FunctionCost) -> FunctionReport:
    return FunctionReport(
        name=cost.name,
        delta_us=cost.delta_us,
        cpu_us_per_request=cost.cpu_us_per_request,
        distinguishable=cost.distinguishable,
        validity=cost.validity.value,
        reasons=cost.reasons,
    )
