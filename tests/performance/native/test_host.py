import os
import time

import pytest

from meshery.performance.native.host import (
    Accounts,
    prioritise,
    raise_file_limit,
    read_accounts,
    shares_between,
    step_back,
)
from meshery.performance.native.open_loop import Lead
from meshery.performance.native.timer import Timer


def test_shares_of_a_busy_and_an_idle_process() -> None:
    before = read_accounts()
    end = time.monotonic() + 0.2
    while time.monotonic() < end:
        pass
    middle = read_accounts()
    time.sleep(0.2)
    busy, idle = shares_between(before, middle), shares_between(middle, read_accounts())
    assert busy.cpu > idle.cpu
    assert idle.cpu < 0.2
    assert busy.wall_s == pytest.approx(0.2, abs=0.1)


def test_a_host_that_tells_nothing_gives_minus_one() -> None:
    early, late = Accounts(0, 0, None, None), Accounts(1_000_000_000, 500_000_000, None, None)
    assert shares_between(early, late) == (1.0, 0.5, -1.0, -1.0, -1.0)


def test_steal_and_busy_are_shares_of_all_cores() -> None:
    early = Accounts(0, 0, 0, (0, 0, 0, 0, 0, 0, 0, 0))
    late = Accounts(1_000_000_000, 0, 100_000_000, (30, 0, 10, 40, 10, 0, 0, 10))
    shares = shares_between(early, late)
    assert shares.steal == pytest.approx(0.1)
    assert shares.busy == pytest.approx(0.5)
    assert shares.run_queue == pytest.approx(0.1)


def test_limits_and_precedence_are_told() -> None:
    assert raise_file_limit() != 0
    assert prioritise("normal") == f"nice {os.getpriority(os.PRIO_PROCESS, 0)}"
    assert step_back("nice 0") == "nice 0"


def test_the_lead_follows_late_wake_ups() -> None:
    lead = Lead()
    for _ in range(3000):
        lead.woke(5_000)
    assert lead.ns < 30_000
    for _ in range(3000):
        lead.woke(80_000)
    assert 80_000 < lead.ns <= lead.MOST_NS


def test_the_lead_shrinks_under_load() -> None:
    lead = Lead(most_cpu=-1.0)
    judged = [lead.judge_cpu(time.monotonic_ns()) for _ in range(40)]
    assert lead.ns == 0
    assert judged[-1] is True
    assert judged[0] is False


def test_a_timer_fires_when_it_should() -> None:
    import select

    timer = Timer()
    try:
        with select.epoll() as poller:
            poller.register(timer.fd, select.EPOLLIN)
            at = time.monotonic_ns() + 5_000_000
            timer.arm(at)
            assert poller.poll(2.0)
            assert time.monotonic_ns() >= at
            timer.arm(1)
            assert poller.poll(2.0)
    finally:
        timer.close()
