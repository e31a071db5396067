"""What a process uses, against what it was made to use."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from meshery.processes.usage import read_cpu, read_usage


@contextmanager
def running(text: str) -> Iterator[int]:
    """A Python process that ran `text` and waits."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"{text}\nprint('done', flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        assert process.stdout.readline() == b"done\n"
        yield process.pid
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait()


def test_cpu_time_is_told_in_nanoseconds() -> None:
    text = "import time\nuntil = time.process_time() + 0.3\nwhile time.process_time() < until: pass"
    with running(text) as pid:
        usage = read_cpu(pid)
        assert usage is not None
        assert 0.3e9 <= usage.cpu_ns < 0.6e9
        assert usage.cpu_ns % 10_000_000 != 0
        time.sleep(0.1)
        later = read_cpu(pid)
        assert later is not None
        assert later.cpu_ns - usage.cpu_ns < 2_000_000


def test_threads_that_ended_are_counted() -> None:
    text = (
        "import threading, time\n"
        "def spin():\n"
        "    until = time.thread_time() + 0.2\n"
        "    while time.thread_time() < until: pass\n"
        "thread = threading.Thread(target=spin); thread.start(); thread.join()"
    )
    with running(text) as pid:
        usage = read_cpu(pid)
        assert usage is not None
        assert usage.cpu_ns >= 0.2e9


def test_waiting_for_a_processor_is_told() -> None:
    """Two that need 0.2 s each of one processor wait for each other."""
    text = (
        "import os, time\n"
        "os.sched_setaffinity(0, {0})\n"
        "other = os.fork()\n"
        "until = time.process_time() + 0.2\n"
        "while time.process_time() < until: pass\n"
        "os.waitpid(other, 0) if other else os._exit(0)"
    )
    with running(text) as pid:
        usage = read_cpu(pid)
        assert usage is not None
        assert usage.run_queue_ns > 50_000_000


def test_memory_is_told() -> None:
    with running("held = bytearray(50_000_000)") as pid:
        usage = read_usage(pid)
        assert usage is not None
        assert 50_000_000 < usage.private_bytes < 100_000_000
        assert usage.private_bytes <= usage.proportional_bytes <= usage.resident_bytes


@pytest.mark.parametrize("read", [read_cpu, read_usage])
def test_a_process_that_is_gone_uses_nothing_we_know(read: object) -> None:
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    assert callable(read)
    assert read(process.pid) is None


def test_our_own_usage_agrees_with_the_systems() -> None:
    usage = read_cpu(os.getpid())
    assert usage is not None
    assert abs(usage.cpu_ns - time.process_time_ns()) < 50_000_000
