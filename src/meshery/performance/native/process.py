"""`meshery injector --socket PATH`: the process that sends the load.

It is told its plan over a Unix socket, and answers with frames (`frames.py`). It loads nothing but
the standard library and msgspec, turns the garbage collector off, and asks for more files and
precedence before the first slot. SIGTERM, SIGINT or a parent that closes the socket end the run at
once.
"""

import argparse
import gc
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Sequence

import msgspec

from meshery import __version__
from meshery.core.errors import InvalidInputError
from meshery.performance.native.closed_loop import ClosedLoop
from meshery.performance.native.frames import End, Hello, Link, Refused
from meshery.performance.native.host import (
    prioritise,
    raise_file_limit,
    read_accounts,
    shares_between,
)
from meshery.performance.native.open_loop import OpenLoop
from meshery.performance.native.plan import Plan, check_plan
from meshery.performance.native.reactor import Reactor, now_ns
from meshery.performance.native.recorder import tally_of
from meshery.performance.native.schedule import rounds_of, warmup_rounds_of
from meshery.performance.sample import Counters, Health, Slow, Started

_HEAD_START_NS = 5_000_000


def run(argv: Sequence[str]) -> int:
    """Run one plan; 0 done or cancelled, 1 refused, 2 no parent or not a host for it."""
    parser = argparse.ArgumentParser(prog="meshery injector", description="Send load as planned.")
    parser.add_argument("--socket", required=True, help="Unix socket of the parent")
    options = parser.parse_args(argv)
    if not hasattr(select, "epoll"):
        sys.stderr.write("meshery injector: this host has no epoll; run it on Linux\n")
        return 2
    wakeup, signalled = socket.socketpair()
    signalled.setblocking(False)
    signal.set_wakeup_fd(signalled.fileno(), warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    try:
        link = Link.connect(options.socket)
    except OSError as error:
        sys.stderr.write(f"meshery injector: cannot reach {options.socket}: {error}\n")
        return 2
    with wakeup, signalled:
        try:
            return _serve(link, wakeup.fileno())
        finally:
            link.close()


def _serve(link: Link, wakeup_fd: int) -> int:
    try:
        link.send(Hello(os.getpid(), __version__))
        plan = link.receive_plan()
        check_plan(plan)
        files = raise_file_limit()
        loop = (OpenLoop if plan.mode == "open" else ClosedLoop)(plan, link, wakeup_fd=wakeup_fd)
        loop.scheduling = prioritise(plan.scheduling)
    except (EOFError, ConnectionError):
        return 0  # the parent is gone
    except InvalidInputError as error:
        link.send(Refused(error.what, error.cause, error.remedy))
        return 1
    except (msgspec.DecodeError, OSError) as error:
        link.send(Refused("the injector cannot start", str(error)))
        return 1
    try:
        _run(loop, link, files)
    except ConnectionError:
        return 0  # the parent is gone, and with it whoever wanted an account
    finally:
        loop.close()
    return 0


def _run(loop: Reactor, link: Link, files: int) -> None:
    plan = loop.plan
    loop.open_ahead()
    gc.collect()
    gc.freeze()
    gc.disable()
    loop.zero_ns = now_ns() + _HEAD_START_NS + round(plan.warmup_s * 1e9)
    link.send(
        Started(
            generator="native",
            version=__version__,
            pid=os.getpid(),
            scheduling=loop.scheduling,
            open_files=files,
            slot_zero_ns=loop.zero_ns,
            started_at=time.time() + (loop.zero_ns - now_ns()) / 1e9,
            planned=_planned(plan),
        )
    )
    loop.run()
    loop.finish_frames()
    link.send(_end(loop))


def _planned(plan: Plan) -> dict[str, int]:
    return dict.fromkeys((arm.name for arm in plan.arms), rounds_of(plan))


def _end(loop: Reactor) -> End:
    return End(
        planned=_planned(loop.plan),
        completed=loop.recorder.completed,
        warmup=_warmup(loop),
        health=_health(loop),
        slowest=_slowest(loop),
        ended="cancelled" if loop.stopping else "complete",
        scheduling=loop.scheduling,
        connections={
            arm.name: sum(pool.opened_ever for pool in loop.pools if pool.arm == number)
            for number, arm in enumerate(loop.plan.arms)
        },
    )


def _warmup(loop: Reactor) -> dict[str, Counters]:
    planned = warmup_rounds_of(loop.plan)
    made: dict[str, Counters] = {}
    for arm, book in zip(loop.plan.arms, loop.recorder.warmup.arms, strict=True):
        counted = tally_of(book, loop.plan).counters(loop.plan)
        made[arm.name] = msgspec.structs.replace(
            counted, planned=planned, unsent=max(0, planned - counted.sent)
        )
    return made


def _health(loop: Reactor) -> Health:
    after = loop.after or read_accounts()
    shares = shares_between(loop.before or after, after)
    length_ns = round(loop.plan.length_s * 1e9)
    return Health(
        wall_s=shares.wall_s,
        cpu_share=shares.cpu,
        run_queue_share=shares.run_queue,
        steal_share=shares.steal,
        busy_share=shares.busy,
        mean_in_flight=loop.in_flight_area / max(1.0, shares.wall_s * 1e9),
        first_slot_lag_ns=loop.first_lag_ns,
        connections_opened=sum(pool.opened_ever for pool in loop.pools),
        connections_peak=loop.peak,
        overdue_s=max(0, loop.last_answer_ns - loop.zero_ns - length_ns) / 1e9,
    )


def _slowest(loop: Reactor) -> tuple[Slow, ...]:
    arms = loop.plan.arms
    return tuple(
        Slow(
            arm=arms[arm].name,
            endpoint=arms[arm].endpoints[endpoint].name,
            status=status,
            at_s=offset_ns / 1e9,
            corrected_ns=corrected_ns,
            service_ns=service_ns,
        )
        for corrected_ns, offset_ns, service_ns, arm, endpoint, status in sorted(
            loop.recorder.slowest, reverse=True
        )
    )


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
