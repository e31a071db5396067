"""One connection of the injector, and the pool of an arm's connections to one address.

Sockets are non-blocking and registered once, edge-triggered, for everything: no call to epoll_ctl
per request. What a connection does with readable bytes depends on its state, and state is kept in
bound functions (`recv`, `lookup`, `send`), so that the hot loop has no branches for the rare ones.
`os.read` and `os.write` stand for the socket's methods: they take their arguments faster.
"""

import errno
import os
import socket
import ssl
from collections import deque
from collections.abc import Callable
from functools import partial
from select import EPOLLERR, EPOLLET, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP, epoll

from meshery.performance.native.exchange import Address, Exchange, Lookup, unknown
from meshery.performance.native.parser import ResponseParser
from meshery.performance.native.recorder import EndpointBook
from meshery.performance.sample import SparseCounts

WATCHED = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET
"""What every connection is registered for."""

_PENDING = frozenset({0, errno.EINPROGRESS, errno.EWOULDBLOCK})
CLOSING = EPOLLRDHUP | EPOLLHUP | EPOLLERR
"""Events that say that the peer sends no more."""

_FIRST_BYTES = 2048
_MORE_BYTES = 65_536

Waiting = tuple[int, Exchange, EndpointBook]
"""A due slot without a connection: its moment, what to send, where to count."""


class Connection:
    """One socket and the request it carries.

    `since_ns` is when what it now waits for began: its connect, its handshake, or its request; 0 =
    idle. `slot_ns` is when the request was due. `expected`, `status` and `counts` belong to the
    closed loop: the last answer, None when the next must be read in full, and how it is counted.
    """

    __slots__ = (
        "book",
        "counts",
        "exchange",
        "expected",
        "fd",
        "is_open",
        "lookup",
        "parser",
        "pool",
        "recv",
        "send",
        "since_ns",
        "size",
        "slot_ns",
        "sock",
        "status",
        "unsent",
    )

    def __init__(self, pool: "Pool", exchange: Exchange, now_ns: int) -> None:
        """Begin to connect; OSError when that fails at once."""
        family, address = pool.address
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = sock.connect_ex(address)
        if code not in _PENDING:
            sock.close()
            raise OSError(code, os.strerror(code))
        self.sock: socket.socket = sock
        self.fd = sock.fileno()
        self.pool = pool
        self.exchange = exchange
        self.book: EndpointBook = exchange.book
        self.parser = ResponseParser(exchange.heads)
        self.is_open = False
        self.since_ns = now_ns
        self.slot_ns = 0
        self.unsent: memoryview | None = None
        self.lookup: Lookup = unknown
        self.size = 0
        self.expected: bytes | None = None
        self.counts: SparseCounts = {}
        self.status = 0
        self.recv: Callable[[], bytes] = bytes
        self.send: Callable[[], int] = int

    def progress(self) -> bool:
        """Go on connecting; True when requests may be sent. OSError when it failed."""
        code = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
        if self.pool.context is not None and not self._shake_hands(self.pool.context):
            return False
        if self.pool.context is None:
            self.sock.getpeername()  # raises while the connect is still under way
        self.is_open = True
        return True

    def _shake_hands(self, context: ssl.SSLContext) -> bool:
        if not isinstance(self.sock, ssl.SSLSocket):
            self.sock.getpeername()
            self.sock = context.wrap_socket(
                self.sock, server_hostname=self.pool.server_name, do_handshake_on_connect=False
            )
        try:
            self.sock.do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        return True

    def ready(self) -> None:
        """Bind the reading function, after the last handshake byte."""
        sock = self.sock
        if isinstance(sock, ssl.SSLSocket):
            self.recv = partial(sock.read, _MORE_BYTES)
        else:
            self.recv = partial(os.read, self.fd, _FIRST_BYTES)

    def widen(self) -> None:
        """Read more at once from now on: answers here are larger than most."""
        if not isinstance(self.sock, ssl.SSLSocket):
            self.recv = partial(os.read, self.fd, _MORE_BYTES)

    def expect(self, exchange: Exchange) -> None:
        """Get ready for another request: to send it, and to read its answer."""
        if exchange is not self.exchange or not self.size:
            self.exchange = exchange
            self.parser.heads = exchange.heads
            self.size = exchange.size
            if isinstance(self.sock, ssl.SSLSocket):
                self.send = partial(self.sock.send, exchange.request)
            else:
                self.send = partial(os.write, self.fd, exchange.request)
        self.lookup = exchange.lookup
        self.parser.begin(bodiless=exchange.bodiless)

    def keep_unsent(self, sent: int) -> None:
        """The kernel took only the beginning of the request: `push` sends the rest."""
        self.unsent = memoryview(self.exchange.request)[sent:]
        self.push()

    def push(self) -> None:
        """Send what the kernel would not take before; OSError when the peer is gone."""
        while self.unsent is not None:
            try:
                sent = self.sock.send(self.unsent)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return
            self.unsent = self.unsent[sent:] if sent < len(self.unsent) else None

    def close(self) -> None:
        """Close the socket; epoll forgets it by that."""
        self.sock.close()


class Pool:
    """The connections of one arm to one address: free ones, and slots that wait for one.

    `cap` is the most it may open, `opened` how many are open or opening.
    """

    def __init__(
        self, arm: int, address: Address, context: ssl.SSLContext | None, server_name: str
    ) -> None:
        self.arm = arm
        self.address = address
        self.context = context
        self.server_name = server_name
        self.cap = 1
        self.exchanges: list[Exchange] = []
        self.free: list[Connection] = []
        self.waiting: deque[Waiting] = deque()
        self.opened = 0
        self.opening = 0
        self.opened_ever = 0

    def connect(self, poller: epoll, now_ns: int) -> Connection:
        """Begin one more connection; OSError when that fails at once."""
        connection = Connection(self, self.exchanges[0], now_ns)
        poller.register(connection.fd, WATCHED)
        self.opened += 1
        self.opening += 1
        self.opened_ever += 1
        return connection

    def release(self, connection: Connection) -> None:
        """Close a connection and make room for another."""
        self.opened -= 1
        self.opening -= not connection.is_open
        if connection in self.free:
            self.free.remove(connection)
        connection.close()


def reason_of(error: OSError) -> str:
    """A failure in few words, the same for equal causes."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate refused: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or type(error).__name__}"
    return os.strerror(error.errno).lower() if error.errno else type(error).__name__
