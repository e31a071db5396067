"""What both loops share: connections, the slow path of reading, failures, timeouts, the stop.

The loops themselves (`open_loop`, `closed_loop`) hold nothing but what happens for every request.
Everything rarer is here, in functions they call.
"""

import errno
import select
import ssl
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator

from meshery.performance.native.connection import Connection, Pool, reason_of
from meshery.performance.native.exchange import Address, Exchange, resolve, unknown
from meshery.performance.native.frames import Link
from meshery.performance.native.host import Accounts, read_accounts
from meshery.performance.native.parser import BadResponseError
from meshery.performance.native.plan import Plan
from meshery.performance.native.recorder import Recorder
from meshery.performance.native.tls import context_for

_MS = 1_000_000
_HOUSE_NS = 10 * _MS
_OPENING_PATIENCE_NS = 1000 * _MS
_OPENED_AHEAD = 64

now_ns = time.monotonic_ns


class Arm:
    """One arm at work: what it sends, in turn, and over which pools."""

    def __init__(self, number: int, exchanges: list[tuple[Exchange, Pool]]) -> None:
        self.number = number
        self.exchanges = exchanges
        self.turn = _turns(exchanges)


class Reactor(ABC):
    """Sockets, pools and the recorder of one run.

    `stopping` is set by whoever wants the run to end at once; `zero_ns` is slot 0; `scheduling` is
    the precedence that was granted, in words.
    """

    def __init__(self, plan: Plan, link: Link, *, wakeup_fd: int) -> None:
        self.plan = plan
        self.link = link
        self.stopping = False
        self.zero_ns = 0
        self.scheduling = ""
        self.poller = select.epoll()
        self.connections: dict[int, Connection] = {}
        self.timeout_ns = round(plan.timeout_s * 1e9)
        self.recorder = Recorder(plan, emit=link.send, linger_ns=2 * self.timeout_ns)
        self.chores: deque[Iterator[None]] = deque()
        self.house_ns = 0
        self.peak = 0
        self.before: Accounts | None = None
        self.after: Accounts | None = None
        self.first_lag_ns = 0
        self.last_answer_ns = 0
        self.in_flight_area = 0.0
        self.pools: list[Pool] = []
        self.arms = [self._arm(number) for number in range(len(plan.arms))]
        self._controls = {link.sock.fileno(), wakeup_fd}
        for descriptor in self._controls:
            self.poller.register(descriptor, select.EPOLLIN)

    def close(self) -> None:
        """Close every connection and the poller."""
        for connection in list(self.connections.values()):
            connection.close()
        self.connections.clear()
        self.poller.close()

    def open_ahead(self) -> None:
        """Connect before the first slot, so that most connects do not meet the schedule."""
        for pool in self.pools:
            for _ in range(min(pool.cap, _OPENED_AHEAD)):
                self.connect(pool)
        until = now_ns() + min(_OPENING_PATIENCE_NS, self.timeout_ns)
        while any(pool.opening for pool in self.pools) and now_ns() < until and not self.stopping:
            for fd, _ in self.poller.poll(0.01):
                connection = self.connections.get(fd)
                if connection is None:
                    self.control(fd)
                else:
                    self.read_slowly(connection, b"")

    def connect(self, pool: Pool) -> None:
        """Open one more connection of a pool."""
        try:
            connection = pool.connect(self.poller, now_ns())
        except OSError as error:
            self.connect_failed(pool, reason_of(error))
            return
        self.connections[connection.fd] = connection
        self.peak = max(self.peak, len(self.connections))

    def control(self, fd: int) -> None:
        """A descriptor that is no connection: the parent or a signal asks to stop."""
        if fd in self._controls:
            self.stopping = True

    def read_slowly(self, connection: Connection, data: bytes) -> int:
        """Read what the loops do not know by heart; the status of a whole answer, 0 = not yet."""
        if not connection.is_open:
            self._go_on_connecting(connection)
            return 0
        if not connection.since_ns:
            self.drop(connection)  # an idle peer has nothing to say but good-bye
            return 0
        try:
            return self._answer(connection, data)
        except BlockingIOError:
            return 0
        except BadResponseError as error:
            self.fail(connection, str(error))
        except OSError as error:
            self.trouble(connection, error)
        return 0

    def _answer(self, connection: Connection, data: bytes) -> int:
        parser = connection.parser
        whole = parser.is_fresh
        while True:
            status = parser.feed(data) if data else parser.close()
            if status:
                parser.keep_alive = parser.keep_alive and bool(data)
                if whole and parser.keep_alive:
                    self.learn(connection, data, status)
                return status
            if not data:
                raise BadResponseError("connection closed within the response")
            connection.widen()
            data = connection.recv()
            whole = False

    def learn(self, connection: Connection, data: bytes, status: int) -> None:
        """A whole answer came in one piece: recognise it the next time."""
        connection.exchange.learn(data, status)
        connection.lookup = connection.exchange.lookup

    def _go_on_connecting(self, connection: Connection) -> None:
        try:
            if not connection.progress():
                return
        except OSError as error:
            self.trouble(connection, error)
            return
        now = now_ns()
        connection.ready()
        connection.pool.opening -= 1
        book = self.recorder.current.arms[connection.pool.arm]
        value = now - connection.since_ns
        shift = value.bit_length() - 11
        book.connect[(shift << 10) + (value >> shift) if shift > 0 else value] += 1
        connection.since_ns = 0
        self.connected(connection, now)

    def trouble(self, connection: Connection, error: OSError) -> None:
        """An exception of a socket function: nothing to read yet, or the end of the connection."""
        if isinstance(error, BlockingIOError) or _is_wanting(error):
            try:
                connection.push()
            except OSError as broken:
                self.fail(connection, reason_of(broken))
            return
        self.fail(connection, reason_of(error))

    def fail(self, connection: Connection, reason: str) -> None:
        """End a connection that broke, and the request on it."""
        pool, was_open, busy = connection.pool, connection.is_open, connection.since_ns
        self.discard(connection)
        if not was_open:
            self.connect_failed(pool, reason)
            return
        if busy:
            connection.book.arm.fail(reason)
            self.freed()
        self.lost(pool)

    def drop(self, connection: Connection) -> None:
        """End a connection that carries no request."""
        self.discard(connection)
        self.lost(connection.pool)

    def discard(self, connection: Connection) -> None:
        """Close and forget a connection."""
        self.connections.pop(connection.fd, None)
        connection.lookup = unknown
        connection.pool.release(connection)

    def keep_house(self, now: int) -> None:
        """Every 10 ms: give up what took too long, push frames."""
        self.house_ns = now + _HOUSE_NS
        limit = now - self.timeout_ns
        for connection in [c for c in self.connections.values() if 0 < c.since_ns < limit]:
            self._time_out(connection)
        self.link.push()

    def _time_out(self, connection: Connection) -> None:
        pool, was_open = connection.pool, connection.is_open
        self.discard(connection)
        if not was_open:
            self.connect_failed(pool, None)
            return
        connection.book.arm.timed_out += 1
        self.freed()
        self.lost(pool)

    def do_chore(self) -> None:
        """One small piece of work that is not load."""
        if next(self.chores[0], self) is self:
            self.chores.popleft()

    def begin_block(self, number: int) -> None:
        """Count into new books from now on."""
        block = self.recorder.turn(number)
        for arm, book in zip(self.arms, block.arms, strict=True):
            for (exchange, _), endpoint in zip(arm.exchanges, book.endpoints, strict=True):
                endpoint.arm = book
                exchange.book = endpoint
        if self.before is None:
            self.before = read_accounts()
        self.chores.append(self.recorder.frames())

    def finish_frames(self) -> None:
        """Send everything that was counted."""
        for chore in self.chores:
            deque(chore, maxlen=0)
        self.chores.clear()
        deque(self.recorder.frames(last=True), maxlen=0)

    # What the loops decide for themselves:

    @abstractmethod
    def run(self) -> None:
        """Run the schedule to its end, or until `stopping`."""

    @abstractmethod
    def connected(self, connection: Connection, now: int) -> None:
        """A connection is ready for its first request."""

    @abstractmethod
    def connect_failed(self, pool: Pool, reason: str | None) -> None:
        """A connection could not be opened; no reason = it took too long."""

    def freed(self) -> None:  # noqa: B027 - a loop may have nothing to do
        """A request ended without an answer."""

    def lost(self, pool: Pool) -> None:  # noqa: B027 - as above
        """A pool has one connection less."""

    def _arm(self, number: int) -> Arm:
        plan = self.plan.arms[number]
        pools: dict[tuple[Address, bool, str, bool, str], Pool] = {}
        pairs: list[tuple[Exchange, Pool]] = []
        books = self.recorder.warmup.arms[number].endpoints
        for endpoint, book in zip(plan.endpoints, books, strict=True):
            address = resolve(endpoint.host, endpoint.port)
            name = endpoint.server_name or endpoint.host
            key = (address, endpoint.tls, name, endpoint.verify, endpoint.ca_file)
            if key not in pools:
                context = context_for(endpoint) if endpoint.tls else None
                pools[key] = Pool(number, address, context, name)
            exchange = Exchange(endpoint, place=(number, len(pairs)))
            exchange.book = book
            pools[key].exchanges.append(exchange)
            pairs.append((exchange, pools[key]))
        for pool in pools.values():
            pool.cap = max(1, self.plan.connections_of(plan) // len(pools))
        self.pools.extend(pools.values())
        return Arm(number, pairs)


def _turns(exchanges: list[tuple[Exchange, Pool]]) -> Iterator[tuple[Exchange, Pool]]:
    while True:
        yield from exchanges


def _is_wanting(error: OSError) -> bool:
    return isinstance(error, ssl.SSLWantReadError | ssl.SSLWantWriteError) or (
        error.errno == errno.EINTR
    )
