"""What stands behind a result, folded away: checks, attempts, slowest requests, environment."""

from collections.abc import Iterator

import msgspec

from meshery.performance.arm_names import arm_name
from meshery.performance.result import Check, Environment, Injector, Result
from meshery.ui.format import microseconds, percent, rate, seconds, size, whole
from meshery.ui.widgets.panel import fold
from meshery.ui.widgets.plain_table import Cell, plain_table

_SHOWN_SLOWEST = 20


def draw_evidence(result: Result) -> None:
    """Draw each part that the result has."""
    if result.checks:
        with fold("How the verdict was made", _checks_note(result)):
            plain_table(
                ("Check", "Seen", "Limit", "Verdict", "In words"),
                [_check_row(check) for check in result.checks],
                numbers=(1, 2),
                label="Checks",
            )
    if result.injector is not None:
        with fold(
            "The injector", f"own delay p99 {microseconds(result.injector.own_delay.p99_us)}"
        ):
            plain_table(("What", "Value"), list(_injector_rows(result.injector)), label="Injector")
    if len(result.attempts) > 1:
        with fold("Attempts", f"{len(result.attempts)}, the last one counts"):
            _draw_attempts(result)
    if result.slowest:
        with fold("Slowest requests", f"the {min(len(result.slowest), _SHOWN_SLOWEST)} slowest"):
            _draw_slowest(result)
    with fold("Environment", _environment_note(result.environment)):
        rows = list(_environment_rows(result.environment))
        plain_table(("What", "Value"), rows, label="Environment")


def _checks_note(result: Result) -> str:
    passed = sum(check.verdict == "valid" for check in result.checks)
    return f"{passed} of {len(result.checks)} checks passed"


def _check_row(check: Check) -> list[str | Cell]:
    tone = {"valid": "ok", "degraded": "warn", "invalid": "bad"}[check.verdict.value]
    return [
        check.name.replace("_", " "),
        _quantity(check.value, check.unit),
        _quantity(check.limit, check.unit),
        Cell(check.verdict.value, classes=tone),
        Cell(check.text, classes="wrap"),
    ]


def _quantity(value: float, unit: str) -> str:
    if unit == "us":
        return microseconds(value)
    if unit == "share":
        return percent(value)
    return f"{value:g} {unit}".strip()


def _injector_rows(injector: Injector) -> Iterator[tuple[str, str]]:
    yield "Name", f"{injector.name} {injector.version}".strip()
    yield "CPU", percent(injector.cpu_share) + " of one core"
    if injector.run_queue_share >= 0:
        yield "Waited for a CPU", percent(injector.run_queue_share) + " of the time"
    yield "Own delay, p50 and p99", _pair(injector.own_delay.p50_us, injector.own_delay.p99_us)
    wait = injector.wait_connection
    yield "Waited for a connection, p50 and p99", _pair(wait.p50_us, wait.p99_us)
    yield "In flight, mean", f"{injector.mean_in_flight:.1f} requests"
    yield "Wall time", seconds(injector.wall_s)
    yield "Scheduling", injector.scheduling


def _pair(one: float, other: float) -> str:
    return f"{microseconds(one)}, {microseconds(other)}"


def _draw_attempts(result: Result) -> None:
    plain_table(
        ("Attempt", "Rate", "Length", "Verdict", "Why"),
        [
            [
                attempt.kind,
                rate(attempt.rate_rps),
                seconds(attempt.duration_s),
                attempt.validity.value,
                Cell("; ".join(attempt.reasons), classes="wrap"),
            ]
            for attempt in result.attempts
        ],
        numbers=(1, 2),
        label="Attempts",
    )


def _draw_slowest(result: Result) -> None:
    plain_table(
        ("At", "Arm", "Endpoint", "Status", "Corrected", "Service"),
        [
            [
                seconds(slow.at_s),
                arm_name(slow.arm),
                slow.endpoint,
                str(slow.status),
                microseconds(slow.corrected_us),
                microseconds(slow.service_us),
            ]
            for slow in result.slowest[:_SHOWN_SLOWEST]
        ],
        numbers=(0, 3, 4, 5),
        label="Slowest requests",
    )


def _environment_note(environment: Environment) -> str:
    known = [
        environment.host,
        f"{environment.cpu_count} CPUs" if environment.cpu_count else "",
        f"Envoy {environment.envoy_version}" if environment.envoy_version else "",
    ]
    return ", ".join(word for word in known if word)


def _environment_rows(environment: Environment) -> Iterator[tuple[str, str]]:
    for name, value in msgspec.to_builtins(environment).items():
        words = _written(name, value)
        if words:
            yield _title(name), words


def _title(name: str) -> str:
    words = name.removesuffix("_share").removesuffix("_mb").replace("_", " ")
    return (words[:1].upper() + words[1:]).replace("Cpu", "CPU").replace(" cpu", " CPU")


def _written(name: str, value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in sorted(value.items()))
    if isinstance(value, (list, tuple)):
        return ", ".join(f"{item:.2f}" if isinstance(item, float) else str(item) for item in value)
    if name.endswith("_share") and isinstance(value, float):
        return percent(value) if value >= 0 else "not told by this host"
    if name.endswith("_mb") and isinstance(value, int):
        return size(value * 1e6) if value else ""
    return whole(value) if isinstance(value, int) and value else str(value or "")
