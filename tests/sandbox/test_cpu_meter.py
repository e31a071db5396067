import pytest

from meshery.sandbox.cpu_meter import CpuMeter
from meshery.sandbox.view import InstanceView, PartView


def instance(*parts: PartView) -> InstanceView:
    return InstanceView(
        name="web-v1-0",
        service="web",
        version="v1",
        role="app",
        state="ready",
        inbound="",
        outbound="",
        direct="",
        parts=parts,
    )


def proxy(cpu_s: float, pid: int = 7) -> PartView:
    return PartView(name="proxy", state="ready", pid=pid, cpu_s=cpu_s)


def test_one_reading_tells_nothing_two_tell_the_share() -> None:
    meter = CpuMeter()
    meter.read([instance(proxy(3.0))], now=10)
    assert meter.of([proxy(3.0)]) is None
    meter.read([instance(proxy(3.5))], now=12)
    assert meter.of([proxy(3.5)]) == pytest.approx(0.25)


def test_a_restarted_process_begins_anew() -> None:
    meter = CpuMeter()
    meter.read([instance(proxy(3.0))], now=10)
    meter.read([instance(proxy(0.1, pid=8))], now=12)
    assert meter.of([proxy(0.1, pid=8)]) is None
