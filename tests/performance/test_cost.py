"""Processor time of a real process whose work is known, and cutting it into blocks."""

import asyncio
import subprocess
import sys
import time

import pytest

from meshery.performance.cost import ProxyMeter, ProxySeries, level_at, metering, proxy_use

BUSY = """
import time
print("ready", flush=True)
while True:
    end = time.perf_counter() + 0.02
    while time.perf_counter() < end:
        pass
    time.sleep(0.08)
"""


def test_levels_between_readings() -> None:
    readings = [(100, 10.0), (200, 20.0), (400, 20.0)]
    assert [level_at(readings, at) for at in (0, 100, 150, 300, 999)] == [10, 10, 15, 20, 20]


async def test_time_is_cut_at_the_edges_of_blocks() -> None:
    meter = ProxyMeter({}, readings=[(0, 0.0), (10**9, 1000.0), (2 * 10**9, 4000.0)])
    series = meter.series(start_ns=0, block_s=0.5, blocks=4)
    assert series.cpu_us == (500.0, 500.0, 1500.0, 1500.0)
    use = proxy_use(series, [10.0] * 4, block_s=0.5, seed=1)
    assert use is not None
    assert use.cpu_us_per_request == 100.0
    assert use.cpu_us_per_request_low <= 100.0 <= use.cpu_us_per_request_high
    assert use.cpu_cores == pytest.approx(0.002)


def started(code: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


async def test_a_process_that_works_a_fifth_of_the_time() -> None:
    with started(BUSY) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            meter = ProxyMeter({"busy": process.pid})
            start_ns = time.monotonic_ns()
            async with metering({"on": meter}):
                await asyncio.sleep(1.0)
        finally:
            process.kill()
    series = meter.series(start_ns=start_ns, block_s=0.5, blocks=2)
    assert series.known
    assert series.lost == ()
    assert 60_000 < sum(series.cpu_us) < 300_000
    assert series.memory_mb["busy"] > 1


async def test_a_process_that_ends_meanwhile_is_told() -> None:
    with started("input()") as process:
        meter = ProxyMeter({"gone": process.pid})
        async with metering({"on": meter}):
            process.kill()
            process.wait()
            await asyncio.sleep(0.3)
    assert meter.series(start_ns=0, block_s=0.5, blocks=1).lost == ("gone",)


def test_where_nothing_is_known_nothing_is_told() -> None:
    meter = ProxyMeter({"never": 2**22 + 1})
    meter.read()
    series = meter.series(start_ns=0, block_s=0.5, blocks=1)
    assert not series.known
    assert proxy_use(series, [1.0], block_s=0.5, seed=1) is None


def test_a_series_without_answers_costs_nothing_per_request() -> None:
    use = proxy_use(ProxySeries((5.0,), {}), [0.0], block_s=0.5, seed=1)
    assert use is not None
    assert use.cpu_us_per_request == 0.0
