"""A plain run: a profile's load on its endpoints, one arm, judged against its thresholds."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec

from meshery.performance.bench import Bench
from meshery.performance.measure import environment_of, histograms_of, measure
from meshery.performance.model import Endpoint, Profile, RunRequest, Thresholds
from meshery.performance.native.plan import ArmPlan, EndpointPlan, Plan, Step
from meshery.performance.result import ArmResult, Result, Violation
from meshery.performance.store import Histograms
from meshery.performance.summary import injector_account, series, slowest
from meshery.performance.words import load_sentence

ARM = "load"


async def run_load(request: RunRequest, *, bench: Bench) -> tuple[Result, Histograms]:
    """Run a profile once and account for it. Raises what `measure` does."""
    profile = request.profile
    plan = load_plan(profile)
    measured = await measure(
        bench.generator, plan, on_second=bench.listener(plan, phase="measuring")
    )
    arms = measured.arms(measured.table())
    target = _target(profile)
    result = Result(
        id=bench.result_id,
        name=request.name or profile.name,
        kind="load",
        operation_id=bench.operation_id,
        profile_id=request.profile_id,
        started_at=measured.started_at,
        duration_s=plan.length_s,
        warmup_s=plan.warmup_s,
        mode=plan.mode,
        schedule=plan.schedule,
        rate_rps=plan.rate_rps if plan.mode == "open" else arms[ARM].rate_rps,
        path=target,
        sentence=load_sentence(target, arms[ARM], mode=plan.mode, verdict=measured.verdict),
        validity=measured.verdict.validity,
        reasons=measured.verdict.reasons,
        checks=measured.verdict.checks,
        arms=arms,
        series=series(measured.recording),
        slowest=slowest(measured.recording),
        injector=injector_account(measured.recording),
        violations=tuple(violations(profile.thresholds, arms[ARM])),
        request=msgspec.to_builtins(without_header_values(profile)),
        environment=environment_of(bench.host, measured),
    )
    return result, histograms_of(measured.recording)


def load_plan(profile: Profile) -> Plan:
    """The injector's plan of a profile."""
    arm = ArmPlan(
        name=ARM,
        endpoints=tuple(
            endpoint_plan(endpoint, name=name)
            for endpoint, name in zip(profile.endpoints, _names(profile.endpoints), strict=True)
        ),
    )
    steps = tuple(Step(rate_rps=s.rate_rps, duration_s=s.duration_s) for s in profile.steps)
    return Plan(
        arms=(arm,),
        mode=profile.mode,
        schedule=profile.schedule,
        rate_rps=steps[0].rate_rps if profile.schedule == "steps" else profile.rate_rps,
        ramp_to_rps=profile.ramp_to_rps,
        steps=steps,
        duration_s=profile.duration_s,
        warmup_s=profile.warmup_s,
        seed=profile.seed,
        timeout_s=profile.timeout_s,
        connections=profile.connections,
        scheduling="fifo" if profile.mode == "open" else "nice",
    )


def endpoint_plan(endpoint: Endpoint, *, name: str) -> EndpointPlan:
    """One address as the injector wants it; a query string stays part of the path."""
    parts = urlsplit(endpoint.url)
    tls = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return EndpointPlan(
        name=name,
        host=parts.hostname or "",
        port=parts.port or (443 if tls else 80),
        tls=tls,
        method=endpoint.method,
        path=path,
        headers=endpoint.headers,
        body=endpoint.body.encode(),
    )


def violations(wanted: Thresholds, arm: ArmResult) -> Iterator[Violation]:
    """The thresholds that an arm did not keep."""
    asked = arm.counters.sent or 1
    seen = {
        "p50_us": (arm.p50_us, wanted.p50_us, "us"),
        "p90_us": (arm.p90_us, wanted.p90_us, "us"),
        "p99_us": (arm.p99_us, wanted.p99_us, "us"),
        "error_rate": (arm.errors / asked, wanted.error_rate, "of the requests"),
    }
    for name, (value, limit, unit) in seen.items():
        if limit is not None and value > limit:
            text = f"{name} was {value:,.4g} {unit}, more than {limit:,.4g}"
            yield Violation(name=name, value=value, limit=limit, text=text)
    least = wanted.min_rate_rps
    if least is not None and arm.rate_rps < least:
        text = f"{arm.rate_rps:,.1f} requests per second were answered, less than {least:,.1f}"
        yield Violation(name="min_rate_rps", value=arm.rate_rps, limit=least, text=text)


def without_header_values(profile: Profile) -> Profile:
    """The profile as it may be shown: names of headers stay, their values do not."""
    endpoints = tuple(
        msgspec.structs.replace(endpoint, headers=dict.fromkeys(endpoint.headers, "..."))
        for endpoint in profile.endpoints
    )
    return msgspec.structs.replace(profile, endpoints=endpoints)


def _target(profile: Profile) -> str:
    first = profile.endpoints[0].url
    rest = len(profile.endpoints) - 1
    return f"{first} and {rest} more" if rest else first


def _names(endpoints: tuple[Endpoint, ...]) -> list[str]:
    """Method and URL; a number is added where two are alike."""
    names: list[str] = []
    for endpoint in endpoints:
        name = f"{endpoint.method} {endpoint.url}"
        same = sum(1 for each in names if each == name or each.startswith(f"{name} #"))
        names.append(f"{name} #{same + 1}" if same else name)
    return names
