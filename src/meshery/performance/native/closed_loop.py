"""The closed loop: every connection sends its next request when the last one is answered.

It finds how much a target can take; its latencies hide every wait of the load itself (coordinated
omission), so a result of it speaks of throughput only. There are no slots: a request belongs to
the block in which it was answered.
"""

from select import EPOLLIN, EPOLLOUT

from meshery.performance.histogram import index_of
from meshery.performance.native.connection import Connection, Pool
from meshery.performance.native.frames import Link
from meshery.performance.native.host import read_accounts
from meshery.performance.native.plan import Plan
from meshery.performance.native.reactor import Reactor, now_ns
from meshery.performance.sample import SparseCounts

_USUAL = EPOLLIN | EPOLLOUT
_PATIENCE_S = 0.01
_MOST_EVENTS = 256


class ClosedLoop(Reactor):
    """Keep every connection busy until the time is over.

    A connection always sends the same one of its pool's endpoints.
    """

    def __init__(self, plan: Plan, link: Link, *, wakeup_fd: int) -> None:
        super().__init__(plan, link, wakeup_fd=wakeup_fd)
        self._missing: list[Pool] = []
        self._sending = False

    def run(self) -> None:
        """Warm up, measure block by block, wait for what is under way."""
        block_ns = round(self.plan.block_s * 1e9)
        length_ns = round(self.plan.length_s * 1e9)
        self._sending = True
        for connection in list(self.connections.values()):
            if connection.is_open:
                self.connected(connection, now_ns())
        self._turn_until(self.zero_ns)
        for number, begin in enumerate(range(0, length_ns, block_ns)):
            self._begin(number)
            self._turn_until(self.zero_ns + min(begin + block_ns, length_ns))
        self.after = read_accounts()
        self.in_flight_area = float(self._busy()) * (self.after.at_ns - self.zero_ns)
        self._drain()

    def _turn_until(self, end: int) -> None:
        """The hot loop: for every answer, its place in the counters and the next request."""
        poll, clock, connections, recorder = (
            self.poller.poll,
            now_ns,
            self.connections,
            self.recorder,
        )
        usual, now = _USUAL, now_ns()
        while now < end and not self.stopping:
            floor = recorder.slow_floor_ns
            for fd, flags in poll(_PATIENCE_S, _MOST_EVENTS):
                try:
                    connection = connections[fd]
                except KeyError:
                    self.control(fd)
                    continue
                try:
                    data = connection.recv()
                    counts = connection.lookup(data)
                    if counts is None or flags != usual:
                        counts = self._unusual(connection, data)
                        if counts is None:
                            continue
                    now = clock()
                    sent = connection.send()
                    if sent != connection.size:
                        connection.keep_unsent(sent)
                    value = now - connection.since_ns
                    connection.since_ns = now
                    shift = value.bit_length() - 11
                    counts[(shift << 10) + (value >> shift) if shift > 0 else value] += 1
                    if value > floor:
                        self._note_slow(connection, counts, now, value)
                except OSError as error:
                    self.trouble(connection, error)
            now = clock()
            if now >= self.house_ns:
                self.keep_house(now)

    def _unusual(self, connection: Connection, data: bytes) -> SparseCounts | None:
        """An answer not known by its bytes, or a peer that closes; the counters to go on with."""
        status = self.read_slowly(connection, data)
        if not status:
            return None
        counts = connection.exchange.book[status].service
        if connection.parser.keep_alive:
            connection.parser.begin(bodiless=connection.exchange.bodiless)
            return counts
        self._count(connection, counts)
        self.drop(connection)
        return None

    def learn(self, connection: Connection, data: bytes, status: int) -> None:
        """Counters instead of a status: one step less for every answer."""
        exchange = connection.exchange
        exchange.learn(data, exchange.book[status].service)
        connection.lookup = exchange.lookup

    def connected(self, connection: Connection, now: int) -> None:
        """Send the first request."""
        pool = connection.pool
        exchange = pool.exchanges[pool.opened_ever % len(pool.exchanges)]
        connection.expect(exchange)
        if not self._sending:
            return
        connection.since_ns = now
        connection.book = exchange.book
        try:
            sent = connection.send()
            if sent != connection.size:
                connection.keep_unsent(sent)
        except OSError as error:
            self.trouble(connection, error)

    def connect_failed(self, pool: Pool, reason: str | None) -> None:
        """Count it as a request that failed; the next try comes with the next housekeeping."""
        book = self.recorder.current.arms[pool.arm]
        if reason is None:
            book.timed_out += 1
        else:
            book.fail(reason)
        self.lost(pool)

    def lost(self, pool: Pool) -> None:
        """Open another one soon, not at once: a target that refuses is not hammered."""
        self._missing.append(pool)

    def keep_house(self, now: int) -> None:
        """Also replace lost connections and send the frames of the block before."""
        super().keep_house(now)
        while self.chores:
            self.do_chore()
        missing, self._missing = self._missing, []
        for pool in missing:
            if self._sending and pool.opened < pool.cap:
                self.connect(pool)

    def _begin(self, number: int) -> None:
        for arm in self.arms:
            for exchange, _ in arm.exchanges:
                exchange.forget()
        self.begin_block(number)
        for connection in self.connections.values():
            connection.book = connection.exchange.book

    def _drain(self) -> None:
        """Take the answers that are under way, without sending more."""
        self._sending = False
        while self._busy() and not self.stopping:
            for fd, _ in self.poller.poll(_PATIENCE_S):
                connection = self.connections.get(fd)
                if connection is None:
                    self.control(fd)
                    continue
                try:
                    counts = self._unusual(connection, connection.recv())
                except OSError as error:
                    self.trouble(connection, error)
                    continue
                if counts is not None:
                    self._count(connection, counts)
                    connection.since_ns = 0
            self.keep_house(now_ns())
        self.last_answer_ns = now_ns()

    def _count(self, connection: Connection, counts: SparseCounts) -> None:
        counts[index_of(now_ns() - connection.since_ns)] += 1

    def _busy(self) -> int:
        return sum(connection.since_ns > 0 for connection in self.connections.values())

    def _note_slow(
        self, connection: Connection, counts: SparseCounts, now: int, value: int
    ) -> None:
        if self.recorder.current is self.recorder.warmup:
            return
        exchange = connection.exchange
        status = next(number for number, cell in exchange.book.items() if cell.service is counts)
        begin = now - value - self.zero_ns
        self.recorder.note_slow((value, begin, value, *exchange.place, status))
