"""Rows for pages to show: as many as asked for, with figures that are made up and look like it.

They are written straight into the tables, since ten thousand real runs would take days.
"""

import asyncio
import math
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import insert

from meshery.core.database import Database
from meshery.core.errors import UnavailableError
from meshery.core.settings import Settings
from meshery.operations.tables import event, operation, step
from meshery.performance import store
from meshery.performance.model import Endpoint, OverheadRequest, Profile, Validity
from meshery.performance.result import (
    ArmResult,
    Attempt,
    Bucket,
    Check,
    Counters,
    CurvePoint,
    Environment,
    FunctionCost,
    Injector,
    Interval,
    Percentiles,
    ProxyUse,
    Result,
    Second,
    Slow,
)

NOW = datetime.now(UTC)
KINDS = ("sandbox.up", "sandbox.apply", "performance.run", "demo.run", "sandbox.undo")
STATES = ("succeeded", "succeeded", "succeeded", "failed", "cancelled", "partial", "interrupted")
TROUBLE = UnavailableError(
    "the sidecar web-v1-0 did not become ready",
    cause="its port 15001 was taken by another process",
    remedy="end that process, then start the sandbox again",
).as_dict()


def identity(kind: int, number: int) -> str:
    return str(UUID(int=(kind << 64) + number))


def sample_result(number: int = 0, *, validity: Validity = Validity.VALID) -> Result:
    """An overhead result with every part a page can show."""
    draw = random.Random(number)
    shift = 300 + draw.randrange(40)
    arms = {"off": _arm(210), "on": _arm(210 + shift), "null": _arm(211)}
    reasons = (
        () if validity is Validity.VALID else ("other processes used 14 % of the CPU (limit 10 %)",)
    )
    return Result(
        id=identity(1, number),
        name=f"shop web → api, run {number}",
        kind="overhead",
        operation_id=identity(2, number),
        started_at="2026-01-02T03:04:05Z",
        duration_s=10,
        warmup_s=1,
        rate_rps=1000,
        path="web->api",
        hops=1,
        sentence=f"At 1,000 requests per second the mesh adds {shift} us at the median "
        f"({shift - 12} to {shift + 13}), 455 us at p90 and 910 us at p99; the injector kept up "
        "and the two arms off the mesh agree, so the difference is its.",
        validity=validity,
        reasons=reasons,
        checks=(
            Check(
                name="own_delay_p99", value=17, limit=100, unit="us", verdict=Validity.VALID,
                text="the injector was at most 17 us late for 99 % of its requests",
            ),
            Check(
                name="foreign_cpu", value=0.14, limit=0.1, unit="share", verdict=validity,
                text="other processes used 14 % of the CPU (limit 10 %)",
            ),
        ),
        arms=arms,
        delta_us={
            "p50": Interval(shift, shift - 12, shift + 13),
            "p90": Interval(455, 437, 478),
            "p99": Interval(910, 810, 1060),
        },
        null_delta_us={"p50": Interval(1, -3, 4), "p90": Interval(1, -5, 6)},
        proxy=ProxyUse(
            cpu_us_per_request=118, cpu_us_per_request_low=114, cpu_us_per_request_high=122,
            memory_mb=31.6, memory_mb_per_proxy={"client": 15.7, "server": 15.9},
        ),
        functions=tuple(_functions()),
        series=tuple(_seconds(draw, shift)),
        slowest=(
            Slow(
                arm="on", endpoint="web", at_s=3.2, corrected_us=5120, service_us=5090, status=200,
            ),
        ),
        attempts=(
            Attempt(kind="pilot", rate_rps=2000, duration_s=2, validity=Validity.INVALID,
                    reasons=("the injector was late",)),
            Attempt(kind="full", rate_rps=1000, duration_s=10, validity=validity),
        ),
        injector=Injector(
            name="native", version="1", cpu_share=0.31, run_queue_share=0.004, wall_s=10.0,
            own_delay=Percentiles(count=30000, p50_us=4, p99_us=17), mean_in_flight=1.3,
            scheduling="normal",
        ),
        request=msgspec.to_builtins(OverheadRequest(sandbox="shop")),
        environment=Environment(
            host="example", platform="Linux x86_64", kernel="6.1.0", cpu_model="Some CPU",
            cpu_count=2, memory_mb=8000, meshery_version="0.1.0", python_version="3.11.7",
            envoy_version="1.40.0", mesh="sandbox", sandbox="shop", load_generator="native",
            proxy_settings={"concurrency": "1"}, load_average_before=(0.4, 0.3, 0.2),
            steal_share=-1,
        ),
    )  # fmt: skip


def _arm(base: float) -> ArmResult:
    places = [step / 10 for step in range(40)]
    curve = tuple(
        CurvePoint((1 - 10**-x) * 100, base * math.exp(0.46 * x + 0.02 * x * x)) for x in places
    )
    edges = [base * 0.6 * 1.12**n for n in range(22)]
    bars = tuple(
        Bucket(low, low * 1.12, round(3000 * math.exp(-((n - 6) ** 2) / 14)))
        for n, low in enumerate(edges)
    )
    p50, p90, p99 = base * 1.15, base * 1.6, base * 2.7
    return ArmResult(
        requests=10_000,
        errors=0,
        rate_rps=1000,
        p50_us=p50,
        p90_us=p90,
        p99_us=p99,
        interval_us={
            "p50": Interval(p50, p50 * 0.97, p50 * 1.03),
            "p90": Interval(p90, p90 * 0.95, p90 * 1.05),
            "p99": Interval(p99, p99 * 0.9, p99 * 1.1),
        },
        counters=Counters(planned=10_000, sent=10_000, completed=10_000),
        corrected=Percentiles(
            count=10_000, p50_us=p50, p99_us=p99, p999_us=base * 4, max_us=base * 9
        ),
        statuses={"200": 10_000},
        curve=curve,
        distribution=bars,
    )


def _seconds(draw: random.Random, shift: float) -> list[Second]:
    levels = {"off": 370.0, "on": 370.0 + 3 * shift, "null": 372.0}
    return [
        Second(
            second=second,
            arm=arm,
            requests=1000,
            errors=0,
            rate_rps=1000,
            p50_us=level / 2,
            p90_us=level * 0.8,
            p99_us=level * draw.uniform(0.9, 1.15),
        )
        for second in range(10)
        for arm, level in levels.items()
    ]


def _functions() -> list[FunctionCost]:
    rows = (
        ("mtls", "Mutual TLS", 41, 34, 48, 21),
        ("access", "Access rule", 6, -3, 15, 4),
        ("route", "Header route", 9, 1, 17, 6),
        ("retries", "Retries", 3, -6, 12, 2),
        ("ratelimit", "Rate limit", 12, 4, 20, 9),
    )
    return [
        FunctionCost(
            name=name,
            title=title,
            delta_us={"p50": Interval(value, low, high)},
            cpu_us_per_request=Interval(cpu, cpu - 2, cpu + 2),
            distinguishable=low > 0,
        )
        for name, title, value, low, high, cpu in rows
    ]


async def fill(home: Path, *, operations: int, events: int, results: int) -> None:
    """Write rows into the database of a home, whether its server runs or not."""
    database = await Database.open(Settings(home=str(home)))
    try:
        async with database.write() as connection:
            for rows in _batches([_operation_row(n) for n in range(operations)]):
                await connection.execute(insert(operation), rows)
            for rows in _batches([row for n in range(min(operations, 50)) for row in _steps(n)]):
                await connection.execute(insert(step), rows)
            for rows in _batches([_event_row(n) for n in range(events)]):
                await connection.execute(insert(event), rows)
        async with database.write() as connection:
            verdicts = (Validity.VALID, Validity.DEGRADED, Validity.VALID, Validity.INVALID)
            for number in range(results):
                result = sample_result(number, validity=verdicts[number % 4])
                await store.insert_result(connection, result, store.Histograms())
            if results:
                await store.insert_profile(connection, _profile())
    finally:
        await database.close()


def _profile() -> Profile:
    return Profile(
        name="shop-web",
        endpoints=(Endpoint(url="http://127.0.0.1:8080/"),),
        rate_rps=200,
        duration_s=30,
    )


def _batches(rows: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    return [rows[at : at + 1000] for at in range(0, len(rows), 1000)]


def _operation_row(number: int) -> dict[str, Any]:
    state = STATES[number % len(STATES)]
    created = NOW - timedelta(minutes=7 * number, seconds=90)
    bad = state in {"failed", "partial"}
    return {
        "id": identity(2, number),
        "kind": KINDS[number % len(KINDS)],
        "subject_kind": "sandbox",
        "subject_id": "shop",
        "subject_name": "shop",
        "state": state,
        "input": {},
        "progress": None,
        "result": None if bad else {"sandbox": "shop", "ready_s": 1.9},
        "error": TROUBLE if bad else None,
        "actor": "local",
        "parent_id": "",
        "idempotency_key": None,
        "host": "",
        "on_owner_loss": "resume",
        "created_at": created,
        "started_at": created + timedelta(seconds=1),
        "ended_at": created + timedelta(seconds=12),
        "published_at": created,
        "publishes": 1,
        "owner": "",
        "fence": 1,
        "lease_until": None,
        "attempt": 1,
        "asked": False,
    }


def _steps(number: int) -> list[dict[str, Any]]:
    begun = NOW - timedelta(minutes=7 * number, seconds=88)
    names = ("check the machine", "issue certificates", "start sidecars", "wait until ready")
    return [
        {
            "operation_id": identity(2, number),
            "name": name,
            "position": place,
            "state": "failed" if number % 7 == 3 and place == 3 else "succeeded",
            "result": None,
            "started_at": begun + timedelta(seconds=2 * place),
            "ended_at": begun + timedelta(seconds=2 * place + 2),
            "attempt": 1,
        }
        for place, name in enumerate(names)
    ]


def _event_row(number: int) -> dict[str, Any]:
    severity = ("info", "info", "warning", "info", "error")[number % 5]
    words = {
        "info": "Sandbox shop is up: 6 sidecars in 1.9 s",
        "warning": "The sidecar api-v2-0 ended and was started again",
        "error": "Starting the sandbox shop failed: a port was taken",
    }
    return {
        "id": f"{number:026d}",
        "seq": 1_000_000 - number,
        "at": NOW - timedelta(minutes=number),
        "operation_id": identity(2, number % 50),
        "actor": "local",
        "category": "sandbox",
        "severity": severity,
        "subject_kind": "sandbox",
        "subject_id": "shop",
        "subject_name": "shop",
        "text": words[severity],
        "error": TROUBLE if severity == "error" else None,
    }


if __name__ == "__main__":
    count = int(sys.argv[2])
    asyncio.run(fill(Path(sys.argv[1]), operations=count, events=count, results=min(count, 300)))
