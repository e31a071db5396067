"""What the injector counts for each kind of answer a server can give."""

import re

import pytest

from meshery.performance.native.plan import ArmPlan
from performance.native.running import arm, endpoint, plan_for, run
from performance.native.servers import OK, Answer, Behaviour, Request, later, raw, says, serving

CHUNKED = b"HTTP/1.1 200 OK\r\nTRANSFER-ENCODING: Chunked\r\n\r\n"

WHOLE = {
    "content-length": (raw(OK), 200),
    "odd header case": (raw(b"HTTP/1.1 200 OK\r\ncOnTeNt-LeNgTh: 2\r\n\r\nok"), 200),
    "chunked": (raw(CHUNKED + b"2\r\nok\r\n0\r\n\r\n"), 200),
    "chunked in pieces with trailer": (
        raw(CHUNKED, b"2;x=y\r\no", b"k\r\n1\r\n", b"!\r\n0\r\nT: v\r\n", b"\r\n", pause_s=0.002),
        200,
    ),
    "large": (lambda _: says(200, b"x" * 300_000), 200),
    "no content": (raw(b"HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n"), 204),
    "not modified": (raw(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"), 304),
    "continue first": (raw(b"HTTP/1.1 100 Continue\r\n\r\n" + OK), 200),
    "until close": (raw(b"HTTP/1.1 200 OK\r\n\r\nall that is left", close=True), 200),
    "connection close": (lambda _: says(200, headers="Connection: close\r\n", close=True), 200),
    "HTTP/1.0": (raw(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", close=True), 200),
    "server error": (lambda _: says(503), 503),
    "byte by byte": (raw(*(OK[place : place + 1] for place in range(len(OK)))), 200),
}

BROKEN = {
    "garbage": (raw(b"\x00\x01 this is no HTTP\r\n\r\n", close=True), "bad response: status line"),
    "early end": (
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", close=True),
        "connection closed within the response",
    ),
    "nothing": (raw(b"", close=True), "connection closed before the response"),
    "two lengths": (
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok"),
        "bad response: content-length",
    ),
    "bad chunk": (raw(CHUNKED + b"zz\r\n"), "bad response: chunk size"),
    "too much": (raw(OK + b"more"), "bad response: bytes after its end"),
}


@pytest.mark.parametrize("mode", ["open", "closed"])
@pytest.mark.parametrize(("behave", "status"), WHOLE.values(), ids=WHOLE)
async def test_whole_answers_are_counted_by_status(
    behave: Behaviour, status: int, mode: str
) -> None:
    with serving(behave) as server:
        outcome = await run(plan_for(arm(server.port), mode=mode, duration_s=0.3, warmup_s=0.0))
    counters = outcome.arm().counters
    assert outcome.statuses() == {status: counters.completed}
    assert counters.failed == counters.timed_out == 0
    assert counters.completed == counters.sent > 0
    if mode == "open":
        assert counters.completed == counters.planned == 30


@pytest.mark.parametrize("mode", ["open", "closed"])
@pytest.mark.parametrize(("behave", "reason"), BROKEN.values(), ids=BROKEN)
async def test_broken_answers_fail_with_their_reason(
    behave: Behaviour, reason: str, mode: str
) -> None:
    with serving(behave) as server:
        outcome = await run(plan_for(arm(server.port), mode=mode, duration_s=0.3, warmup_s=0.0))
    counters = outcome.arm().counters
    assert outcome.arm().failures == {reason: counters.failed}
    assert counters.failed == counters.sent > 0
    assert counters.completed == 0


async def test_head_has_no_body_whatever_its_length_says() -> None:
    with serving(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")) as server:
        outcome = await run(plan_for(arm(server.port, method="HEAD"), duration_s=0.3))
        assert {request.method for request in server.requests} == {"HEAD"}
    assert outcome.statuses() == {200: 30}


async def test_statuses_are_split() -> None:
    def behave(request: Request) -> Answer:
        return says(500 if request.number % 5 == 0 else 200)

    with serving(behave) as server:
        outcome = await run(plan_for(arm(server.port), warmup_s=0.0))
    assert outcome.statuses() == {200: 80, 500: 20}


async def test_requests_are_sent_as_planned() -> None:
    sent = {"Host": "web.shop:8080", "X-Trace": "a b"}
    with serving() as server:
        plan = plan_for(
            arm(server.port, method="POST", path="/a?b=c", headers=sent, body=b"12345"),
            duration_s=0.1,
        )
        await run(plan)
    request = server.requests[0]
    assert (request.method, request.path, request.body) == ("POST", "/a?b=c", b"12345")
    assert re.findall(r"(?im)^(host|x-trace|content-length): (.*?)\r?$", request.head) == [
        ("Host", "web.shop:8080"),
        ("X-Trace", "a b"),
        ("Content-Length", "5"),
    ]


async def test_a_body_larger_than_the_socket_buffer_arrives_whole() -> None:
    body = b"x" * 3_000_000
    with serving() as server:
        plan = plan_for(arm(server.port, method="POST", body=body), rate_rps=10, duration_s=0.3)
        outcome = await run(plan)
        assert {len(request.body) for request in server.requests} == {len(body)}
    assert outcome.statuses() == {200: 3}


async def test_endpoints_take_turns_and_are_split() -> None:
    with serving(lambda request: says(404 if request.path == "/b" else 200)) as server:
        pair = tuple(endpoint(server.port, name, path=f"/{name}") for name in "ab")
        outcome = await run(plan_for(ArmPlan(name="load", endpoints=pair)))
    counted = {(c.endpoint, c.status): sum(c.corrected.values()) for c in outcome.arm().cells}
    assert counted == {("a", 200): 50, ("b", 404): 50}


async def test_a_refused_connection_fails_every_slot() -> None:
    with serving() as server:
        port = server.port
    outcome = await run(plan_for(arm(port), duration_s=0.5))
    counters = outcome.arm().counters
    assert outcome.arm().failures == {"connection refused": 50}
    assert (counters.planned, counters.sent, counters.failed) == (50, 50, 50)


async def test_an_answer_that_comes_too_late_is_a_timeout() -> None:
    with serving(later(5.0)) as server:
        plan = plan_for(
            arm(server.port), rate_rps=40, duration_s=0.5, timeout_s=0.3, connections=64
        )
        outcome = await run(plan)
    counters = outcome.arm().counters
    assert (counters.timed_out, counters.completed, counters.unsent) == (20, 0, 0)


async def test_too_few_connections_make_slots_wait_or_stay_unsent() -> None:
    with serving(later(0.1)) as server:
        plan = plan_for(arm(server.port), connections=2, timeout_s=0.5, warmup_s=0.0)
        outcome = await run(plan)
        assert server.connections == 2
    counters = outcome.arm().counters
    assert counters.planned == 100 == counters.sent + counters.unsent
    assert counters.completed == counters.sent
    assert 20 <= counters.sent <= 34  # two connections, ten answers a second each, 1.5 s
    assert outcome.ms(outcome.service(), 90) < 150
    assert outcome.ms(outcome.corrected(), 90) > 300
    assert sum(outcome.arm().wait.values()) >= counters.sent - 2
    assert outcome.ms(outcome.arm().own_delay, 90) < 10  # the wait was not ours
