"""A server on loopback whose delays are known to some microseconds, as a program of its own.

    /          answers at once
    /slow      5 ms after the request came
    /stall     at once, but the whole server stands still for 1 s every 5 s once `--stall` is given

It waits with its eyes open for the last millisecond, so a delay is what it says. When it is told
to end it prints how long it really held the requests of each path, in microseconds at the median.
"""

import argparse
import heapq
import json
import os
import selectors
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
SLOW_S = 0.005
STALL_S, STALL_EVERY_S = 1.0, 5.0
_EYES_OPEN_S = 0.001


def be_prompt() -> None:
    """Run before everybody else's work where that is allowed: a rig that waits its turn is late."""
    with suppress(AttributeError, OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@dataclass
class Rig:
    stalls: bool
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    due: list[tuple[float, int, float, socket.socket, bool]] = field(default_factory=list)
    held_us: dict[bool, list[float]] = field(default_factory=lambda: {False: [], True: []})
    number: int = 0
    ended: bool = False

    def serve(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        listener.setblocking(False)
        self.selector.register(listener, selectors.EVENT_READ)
        say(str(listener.getsockname()[1]))
        next_stall = time.perf_counter() + STALL_EVERY_S - STALL_S
        while not self.ended:
            for key, _ in self.selector.select(self._patience_s()):
                if key.fileobj is listener:
                    self._accept(listener)
                elif isinstance(key.fileobj, socket.socket):
                    self._read(key.fileobj)
            self._answer_due()
            if self.stalls and time.perf_counter() >= next_stall:
                time.sleep(STALL_S)
                next_stall += STALL_EVERY_S
        medians = {
            "slow" if slow else "quick": statistics.median(held)
            for slow, held in self.held_us.items()
            if held
        }
        say(json.dumps(medians))

    def _patience_s(self) -> float:
        if not self.due:
            return 0.05
        left = self.due[0][0] - time.perf_counter()
        return 0.0 if left < _EYES_OPEN_S else left - _EYES_OPEN_S

    def _accept(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.selector.register(connection, selectors.EVENT_READ)

    def _read(self, connection: socket.socket) -> None:
        came = time.perf_counter()
        try:
            data = connection.recv(65536)
        except OSError:
            data = b""
        if not data:
            self.selector.unregister(connection)
            connection.close()
            return
        slow = data.startswith(b"GET /slow")
        self.number += 1
        due = came + SLOW_S if slow else came
        heapq.heappush(self.due, (due, self.number, came, connection, slow))

    def _answer_due(self) -> None:
        while self.due and self.due[0][0] <= time.perf_counter():
            _, _, came, connection, slow = heapq.heappop(self.due)
            try:
                connection.send(ANSWER)
            except OSError:
                continue
            self.held_us[slow].append((time.perf_counter() - came) * 1e6)


class Rigged:
    """A running rig: its port, and after `stop` what it really did."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        self._process = process
        self._output = process.stdout
        self.port = int(self._output.readline())

    def stop(self) -> dict[str, float]:
        self._process.terminate()
        medians: dict[str, float] = json.loads(self._output.readline())
        self._process.wait(5)
        return medians


@contextmanager
def rigged(*, stalls: bool = False) -> Iterator[Rigged]:
    arguments = [sys.executable, __file__, *(["--stall"] if stalls else [])]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as process:
        try:
            yield Rigged(process)
        finally:
            process.kill()


@contextmanager
def busy_loops(count: int = 2) -> Iterator[None]:
    """Processes that want a processor each, all the time."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--stall", action="store_true")
    rig = Rig(stalls=parser.parse_args().stall)
    be_prompt()
    signal.signal(signal.SIGTERM, lambda *_: setattr(rig, "ended", True))
    rig.serve()
