"""The instrument itself: known delays are measured, stalls are not hidden, arms do not mix."""

from collections import Counter

import pytest

from performance.native.running import arm, plan_for, run
from performance.native.servers import later, serving, stalling


async def test_a_rigged_arm_is_measured_as_slow_as_it_is() -> None:
    with serving() as plain, serving(later(0.005)) as slow:
        plan = plan_for(
            arm(plain.port, "off"), arm(slow.port, "on"), arm(plain.port, "null"), duration_s=2.0
        )
        outcome = await run(plan)
    p50 = {name: outcome.ms(outcome.corrected(name), 50) for name in ("off", "on", "null")}
    assert p50["on"] - p50["off"] == pytest.approx(5.0, abs=1.0)
    assert p50["null"] - p50["off"] == pytest.approx(0.0, abs=1.0)


async def test_a_stall_shows_in_corrected_and_not_in_service() -> None:
    with serving(stalling(period_s=1.0, stall_s=0.4)) as server:
        outcome = await run(plan_for(arm(server.port), rate_rps=200, duration_s=2.0, connections=4))
    assert outcome.statuses() == {200: 400}
    assert outcome.ms(outcome.corrected(), 90) > 150
    assert outcome.ms(outcome.service(), 90) < 50
    slowest = outcome.final.slowest[0]
    assert slowest.corrected_ns > 300_000_000
    assert slowest.corrected_ns >= outcome.final.slowest[-1].corrected_ns


async def test_arms_are_sent_equally_often_over_their_own_connections() -> None:
    with serving() as first, serving() as second:
        plan = plan_for(arm(first.port, "a"), arm(second.port, "b"), duration_s=1.5)
        outcome = await run(plan)
    for name in ("a", "b"):
        assert outcome.arm(name).counters.completed == 150
        assert outcome.final.warmup[name].completed == 20
        counted = Counter[int]()
        for block in outcome.blocks:
            counted[block.block] += sum(block.corrected[name].values())
        assert counted == {0: 50, 1: 50, 2: 50}
    assert len(first.requests) == len(second.requests) == 170


async def test_seconds_and_blocks_add_up_to_the_final_account() -> None:
    with serving() as server:
        outcome = await run(plan_for(arm(server.port), rate_rps=500, duration_s=2.2))
    sent = sum(second.arms["load"].counters.sent for second in outcome.seconds)
    counted = sum(sum(block.corrected["load"].values()) for block in outcome.blocks)
    assert sent == counted == outcome.arm().counters.planned == 1100
    assert sum(outcome.arm().own_delay.values()) == 1100
    assert {second.second for second in outcome.seconds} == {0, 1, 2}


async def test_a_closed_loop_keeps_its_connections_busy() -> None:
    with serving(later(0.01)) as server:
        outcome = await run(plan_for(arm(server.port), mode="closed", connections=5))
        assert server.connections == 5
    health = outcome.final.health
    assert health.mean_in_flight == pytest.approx(5.0, abs=0.3)
    assert health.little_error < 0.2
    assert 150 < health.throughput_rps < 500
    assert outcome.arm().counters.completed == outcome.arm().counters.sent


async def test_the_injector_tells_how_it_did() -> None:
    with serving() as server:
        outcome = await run(plan_for(arm(server.port)))
    health, started = outcome.final.health, outcome.started
    assert health.wall_s == pytest.approx(1.0, abs=0.1)
    assert 0 < health.cpu_share < 1.2
    assert health.run_queue_share >= 0
    assert 0 <= health.busy_share <= 1
    assert health.little_error < 0.05
    assert health.connections_opened == outcome.final.connections["load"] >= 1
    assert started.planned == {"load": 100}
    assert started.scheduling
    assert outcome.final.ended == "complete"
