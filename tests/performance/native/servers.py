"""Servers on loopback whose every answer a test writes: bytes, delays, faults.

Each connection has a thread with blocking sockets, since a sleeping thread wakes within tens of
microseconds where an event loop rounds to milliseconds. Where delays must be known better than
that, there is `performance.rigged`.
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass(frozen=True)
class Request:
    """`number` counts requests of the server, `connection` its connections, both from 0."""

    number: int
    connection: int
    method: str
    path: str
    head: str
    body: bytes


@dataclass(frozen=True)
class Answer:
    """`parts` are sent one by one, `pause_s` apart, `delay_s` after the request."""

    parts: tuple[bytes, ...] = (OK,)
    delay_s: float = 0.0
    pause_s: float = 0.0
    close: bool = False


Behaviour = Callable[[Request], Answer]


def says(status: int, body: bytes = b"ok", *, headers: str = "", close: bool = False) -> Answer:
    head = f"HTTP/1.1 {status} Scripted\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return Answer((head.encode() + body,), close=close)


def raw(*parts: bytes, close: bool = False, pause_s: float = 0.0) -> Behaviour:
    return lambda _: Answer(parts, close=close, pause_s=pause_s)


def later(delay_s: float) -> Behaviour:
    return lambda _: Answer(delay_s=delay_s)


def stalling(*, period_s: float, stall_s: float) -> Behaviour:
    """Answers at once, but for the end of each period in which nothing is answered at all."""
    begin = time.monotonic()

    def behave(_: Request) -> Answer:
        phase = (time.monotonic() - begin) % period_s
        return Answer(delay_s=period_s - phase if phase > period_s - stall_s else 0.0)

    return behave


@dataclass
class Seen:
    """What a test sees of a running server."""

    port: int
    requests: list[Request] = field(default_factory=list)
    connections: int = 0


class _Server:
    def __init__(self, behave: Behaviour, context: ssl.SSLContext | None) -> None:
        self.behave = behave
        self.context = context
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.seen = Seen(self.listener.getsockname()[1])
        self.lock = threading.Lock()
        self.open: set[socket.socket] = set()
        self.threads: list[threading.Thread] = []
        self.ending = threading.Event()

    def start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        with self.lock:
            self.threads.append(thread)
        thread.start()

    def accept(self) -> None:
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                number = self.seen.connections
                self.seen.connections += 1
                self.open.add(peer)
            self.start(self.talk, peer, number)

    def talk(self, peer: socket.socket, number: int) -> None:
        stream = peer
        try:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.context is not None:
                stream = self.context.wrap_socket(peer, server_side=True)
                with self.lock:
                    self.open.add(stream)
            while not self.ending.is_set() and self.serve(stream, number):
                pass
        except OSError:
            pass  # the peer is gone, or the test is over
        finally:
            with self.lock:
                self.open -= {peer, stream}
            stream.close()
            peer.close()

    def serve(self, peer: socket.socket, number: int) -> bool:
        request = self.read(peer, number)
        if request is None:
            return False
        answer = self.behave(request)
        if answer.delay_s and self.wait(answer.delay_s):
            return False
        for place, part in enumerate(answer.parts):
            if place and answer.pause_s and self.wait(answer.pause_s):
                return False
            peer.sendall(part)
        return not answer.close

    def wait(self, delay_s: float) -> bool:
        """Sleep precisely when short, wakeable when long; True when the server ends."""
        if delay_s > 0.05:
            return self.ending.wait(delay_s)
        time.sleep(delay_s)
        return self.ending.is_set()

    def read(self, peer: socket.socket, connection: int) -> Request | None:
        data = b""
        while b"\r\n\r\n" not in data:
            part = peer.recv(65536)
            if not part:
                return None
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        text = head.decode()
        length = next(
            (int(line.split(":")[1]) for line in text.lower().split("\r\n") if "content-l" in line),
            0,
        )
        while len(body) < length:
            body += peer.recv(65536)
        method, path, _ = text.split(" ", 2)
        with self.lock:
            request = Request(len(self.seen.requests), connection, method, path, text, body)
            self.seen.requests.append(request)
        return request

    def end(self) -> None:
        self.ending.set()
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            for peer in self.open:
                with suppress(OSError):
                    peer.shutdown(socket.SHUT_RDWR)
            threads = list(self.threads)
        for thread in threads:
            thread.join(timeout=5)


@contextmanager
def serving(
    behave: Behaviour = lambda _: Answer(), *, context: ssl.SSLContext | None = None
) -> Iterator[Seen]:
    """A server that behaves so until the block ends."""
    server = _Server(behave, context)
    server.start(server.accept)
    try:
        yield server.seen
    finally:
        server.end()
