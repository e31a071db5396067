"""Proofs against rigged servers with known answers; `test_sandbox.py` has real proxies."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from meshery.sandbox.probe import Answer, Ask
from meshery.sandbox.proof import (
    VERSION_HEADER,
    Proof,
    prove_always,
    prove_fault,
    prove_shares,
    prove_traits,
    status_of,
)

Rig = Callable[[random.Random, bytes], tuple[float, int, str]]
"""How a server answers a request's head: seconds to wait, status, version."""


@asynccontextmanager
async def rigged(rig: Rig) -> AsyncIterator[Ask]:
    luck = random.Random(7)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                wait_s, status, version = rig(luck, await reader.readuntil(b"\r\n\r\n"))
                if wait_s:
                    await asyncio.sleep(wait_s)
                head = f"HTTP/1.1 {status} X\r\nx-version: {version}\r\ncontent-length: 0\r\n\r\n"
                writer.write(head.encode())
        except asyncio.IncompleteReadError:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield Ask("127.0.0.1", server.sockets[0].getsockname()[1], "api")


def by_chance(share: float, then: str, otherwise: str) -> Rig:
    return lambda luck, _: (0, 200, then if luck.random() < share else otherwise)


async def split(request: Ask, shares: dict[str, float]) -> Proof:
    def version(answer: Answer) -> str:
        return answer.headers[VERSION_HEADER]

    return await prove_shares(request, shares, version, kind="split", name="canary")


async def test_a_right_split_passes() -> None:
    async with rigged(by_chance(0.9, "v1", "v2")) as request:
        proof = await split(request, {"v1": 90.0, "v2": 10.0})
    assert proof.passed
    assert proof.samples == 1_000
    assert proof.expected == {"v1": 90.0, "v2": 10.0}
    assert sum(proof.observed.values()) == 100
    assert proof.accepted["v2"] == (5.6, 15.1)


async def test_a_wrong_split_fails() -> None:
    async with rigged(by_chance(0.8, "v1", "v2")) as request:
        proof = await split(request, {"v1": 90.0, "v2": 10.0})
    assert not proof.passed


async def test_an_unknown_version_fails_a_split() -> None:
    async with rigged(by_chance(0.98, "v1", "v3")) as request:
        proof = await split(request, {"v1": 100.0})
    assert not proof.passed
    assert proof.notes
    assert proof.notes[0].endswith("answers were v3")


async def test_delays_are_counted_and_measured() -> None:
    async with rigged(lambda luck, _: (0.05 * (luck.random() < 0.5), 200, "v1")) as request:
        proof = await prove_fault(request, name="slow", delay_ms=50, delay_percent=50)
        wrong = await prove_fault(request, name="slow", delay_ms=50, delay_percent=75)
    assert proof.passed
    assert proof.expected == {"delay_ms": 50, "delay_percent": 50}
    assert 50 <= proof.observed["delay_ms"] < 100
    assert not wrong.passed


async def test_a_timer_that_fires_early_delayed_all_the_same() -> None:
    """Envoy was seen to delay by 95 ms instead of 100 when many requests came in one turn."""

    def early(luck: random.Random, _: bytes) -> tuple[float, int, str]:
        return (luck.choice((0.095, 0.1)) if luck.random() < 0.5 else 0.0), 200, "v1"

    async with rigged(early) as request:
        proof = await prove_fault(request, name="slow", delay_ms=100, delay_percent=50)
    assert proof.passed, proof


async def test_aborts_are_counted() -> None:
    async with rigged(lambda luck, _: (0, 503 if luck.random() < 0.2 else 200, "v1")) as request:
        proof = await prove_fault(request, name="broken", abort_status=503, abort_percent=20)
        wrong = await prove_fault(request, name="broken", abort_status=503, abort_percent=40)
        other = await prove_fault(request, name="broken", abort_status=500, abort_percent=20)
    assert proof.passed
    assert not wrong.passed
    assert not other.passed


async def test_certain_answers_allow_no_exception() -> None:
    seen = iter(range(100_000))
    async with rigged(lambda *_: (0, 200 if next(seen) != 70 else 403, "v1")) as request:
        asked = ({"web": request}, {"web": 200}, status_of)
        first = await prove_always(*asked, kind="access", name="a")
        second = await prove_always(*asked, kind="access", name="a")
    assert not first.passed
    assert first.observed == {"web": {"200": 99, "403": 1}}
    assert second.passed
    assert second.observed == {"web": 200}


def version_of(_word: str, answer: Answer) -> str:
    return answer.headers[VERSION_HEADER]


async def test_a_trait_of_one_answer_may_not_differ() -> None:
    seen = iter(range(100_000))

    def traits(answer: Answer) -> dict[str, str]:
        return {"version": answer.headers[VERSION_HEADER]}

    async with rigged(lambda *_: (0, 200, "v2" if next(seen) == 7 else "v1")) as request:
        first = await prove_traits(request, {"version": "v1"}, traits, kind="route", name="r")
        second = await prove_traits(request, {"version": "v1"}, traits, kind="route", name="r")
        unseen = await prove_traits(request, {"path": "/"}, traits, kind="route", name="r")
    assert not first.passed
    assert first.observed == {"version": {"v1": 99, "v2": 1}}
    assert second.passed
    assert not unseen.passed


async def test_nothing_asked_and_nothing_expected_is_no_success() -> None:
    async with rigged(by_chance(1, "v1", "v1")) as request:
        nobody = await prove_always({}, {}, status_of, kind="access", name="a")
        nothing = await prove_traits(request, {}, lambda _: {}, kind="route", name="r")
        idle = await prove_always(
            {"a": request}, {"a": 200}, status_of, kind="a", name="a", samples=0
        )
        few = await prove_shares(request, {"": 100.0}, lambda _: "", kind="s", name="s", samples=0)
    assert not nobody.passed
    assert not nothing.passed
    assert not idle.passed
    assert few.samples == 1_000


async def test_routes_go_to_one_version() -> None:
    def rig(_: random.Random, head: bytes) -> tuple[float, int, str]:
        return 0, 200, "v2" if b"x-user: jason" in head else "v1"

    async with rigged(rig) as request:
        jason = Ask(request.host, request.port, "api", headers=(("x-user", "jason"),))
        requests = {"others": request, "jason": jason}
        right = {"others": "v1", "jason": "v2"}
        proof = await prove_always(requests, right, version_of, kind="route", name="r")
        false = right | {"others": "v2"}
        wrong = await prove_always(requests, false, version_of, kind="route", name="r")
    assert proof.passed
    assert proof.samples == 200
    assert not wrong.passed
