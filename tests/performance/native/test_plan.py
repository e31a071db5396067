from typing import Any

import msgspec
import pytest

from meshery.core.errors import InvalidInputError
from meshery.performance.native.exchange import Exchange, request_bytes
from meshery.performance.native.plan import ArmPlan, EndpointPlan, Plan, Step, check_plan
from performance.native.running import arm, endpoint, plan_for


def problems(plan: Plan) -> set[str]:
    with pytest.raises(InvalidInputError) as refused:
        check_plan(plan)
    return {problem.path for problem in refused.value.problems}


def test_a_usual_plan_passes() -> None:
    check_plan(plan_for(arm(80)))
    check_plan(plan_for(arm(80), mode="closed", rate_rps=0.0))
    check_plan(plan_for(arm(80), schedule="steps", steps=(Step(rate_rps=5.0, duration_s=1.0),)))


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"rate_rps": 0.0}, "rate_rps"),
        ({"rate_rps": float("nan")}, "rate_rps"),
        ({"rate_rps": 1e9}, "rate_rps"),
        ({"duration_s": 0.0}, "duration_s"),
        ({"warmup_s": -1.0}, "warmup_s"),
        ({"timeout_s": 0.0}, "timeout_s"),
        ({"block_s": 0.3}, "block_s"),
        ({"block_s": 0.0}, "block_s"),
        ({"connections": 0}, "connections"),
        ({"slowest": -1}, "slowest"),
        ({"schedule": "ramp"}, "ramp_to_rps"),
        ({"schedule": "steps"}, "duration_s"),
    ],
)
def test_each_fault_is_named(fields: dict[str, Any], path: str) -> None:
    assert path in problems(plan_for(arm(80), **fields))


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"port": 0}, "port"),
        ({"path": "no-slash"}, "path"),
        ({"path": "/a b"}, "path"),
        ({"path": "/a\r\nX: y"}, "path"),
        ({"method": "GET /"}, "method"),
        ({"headers": {"X": "a\r\nY: b"}}, "headers.X"),
        ({"headers": {"X Y": "a"}}, "headers.X Y"),
        ({"headers": {"Content-Length": "5"}}, "headers.Content-Length"),
    ],
)
def test_each_fault_of_an_endpoint_is_named(fields: dict[str, Any], path: str) -> None:
    usual: dict[str, Any] = {"name": "e", "host": "h", "port": 80}
    faulty = EndpointPlan(**(usual | fields))
    plan = plan_for(ArmPlan(name="load", endpoints=(faulty,)))
    assert problems(plan) == {f"arms.0.endpoints.0.{path}"}


def test_all_faults_come_at_once() -> None:
    twice = (endpoint(80), endpoint(81))
    plan = plan_for(
        ArmPlan(name="a", endpoints=()), ArmPlan(name="a", endpoints=twice), timeout_s=0
    )
    assert problems(plan) == {"timeout_s", "arms", "arms.0.endpoints", "arms.1.endpoints"}


def test_a_plan_goes_over_the_wire_unchanged() -> None:
    plan = plan_for(arm(80, body=b"\x00\xff", headers={"A": "b"}), seed=7)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(plan), type=Plan) == plan


@pytest.mark.parametrize(
    ("fields", "host"),
    [
        ({"host": "web", "port": 80}, b"web"),
        ({"host": "web", "port": 8080}, b"web:8080"),
        ({"host": "web", "port": 443, "tls": True}, b"web"),
        ({"host": "::1", "port": 81}, b"[::1]:81"),
        ({"host": "x", "port": 81, "headers": {"hOsT": "api.shop"}}, b"api.shop"),
    ],
)
def test_the_authority(fields: dict[str, Any], host: bytes) -> None:
    request = request_bytes(EndpointPlan(name="e", **fields))
    hosts = [line for line in request.split(b"\r\n") if line.lower().startswith(b"host:")]
    assert [line.split(b": ")[1] for line in hosts] == [host]


def test_answers_that_differ_each_time_are_not_kept() -> None:
    exchange = Exchange(endpoint(80), place=(0, 0))
    for number in range(5000):
        exchange.learn(b"%d" % number, 200)
    assert exchange.lookup(b"4999") is None


def test_large_answers_are_not_looked_up() -> None:
    exchange = Exchange(endpoint(80), place=(0, 0))
    exchange.learn(b"small", 200)
    assert exchange.lookup(b"small") == 200
    exchange.learn(b"x" * 5000, 200)
    assert exchange.lookup(b"small") is None
