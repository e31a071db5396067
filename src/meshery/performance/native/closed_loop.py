"""The closed loop: every connection sends its next request when the last one is answered.

It finds how much a target can take; its latencies hide every wait of the load itself (coordinated
omission), so a result of it speaks of throughput only. There are no slots: a request belongs to
the block in which it was answered.
"""

from select import EPOLLET, EPOLLIN, EPOLLOUT

from meshery.performance.histogram import index_of
from meshery.performance.native.connection import CLOSING, Connection, Pool
from meshery.performance.native.exchange import unknown
from meshery.performance.native.frames import Link
from meshery.performance.native.host import read_accounts
from meshery.performance.native.plan import Plan
from meshery.performance.native.reactor import Reactor, now_ns
from meshery.performance.native.timer import Timer

_USUAL = EPOLLIN | EPOLLOUT
_PATIENCE_S = 0.01
_MOST_EVENTS = 64


class ClosedLoop(Reactor):
    """Keep every connection busy until the time is over.

    A connection always sends the same one of its pool's endpoints.
    """

    def __init__(self, plan: Plan, link: Link, *, wakeup_fd: int) -> None:
        super().__init__(plan, link, wakeup_fd=wakeup_fd)
        self._missing: list[Pool] = []
        self._sending = False
        self._turning = False
        self._end_ns = 0
        self._timer = Timer()
        self.poller.register(self._timer.fd, EPOLLIN | EPOLLET)

    def close(self) -> None:
        """Also give the timer back."""
        super().close()
        self._timer.close()

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
        """The hot loop: for every answer, its place in the counters and the next request.

        An answer equal to the last one of its connection needs no parsing. The clock is read once
        for each answer and never for the loop itself: a timer interrupts it (`_tick`).
        """
        poll, clock, connections = self.poller.poll, now_ns, self.connections
        usual, patience, most = _USUAL, None, _MOST_EVENTS
        self._end_ns = end
        self._turning = not self.stopping
        self._tick()
        while self._turning:
            floor = self.recorder.slow_floor_ns
            for fd, flags in poll(patience, most):
                try:
                    connection = connections[fd]
                except KeyError:
                    self.control(fd)
                    continue
                try:
                    data = connection.recv()
                    if (data != connection.expected or flags != usual) and not self._read(
                        connection, data, flags
                    ):
                        continue
                    now = clock()
                    sent = connection.send()
                    if sent != connection.size:
                        connection.keep_unsent(sent)
                    value = now - connection.since_ns
                    connection.since_ns = now
                    shift = value.bit_length() - 11
                    connection.counts[(shift << 10) + (value >> shift) if shift > 0 else value] += 1
                    if value > floor:
                        self._note_slow(connection, value, now)
                except OSError as error:
                    self.trouble(connection, error)

    def _tick(self) -> None:
        """The timer went off: the turn is over, or it is time for housekeeping."""
        now = now_ns()
        if now >= self._end_ns:
            self._turning = False
            return
        self.keep_house(now)
        self._timer.arm(min(self._end_ns, self.house_ns))

    def control(self, fd: int) -> None:
        """Also the timer."""
        if fd == self._timer.fd:
            self._tick()
            return
        super().control(fd)
        self._turning = self._turning and not self.stopping

    def _read(self, connection: Connection, data: bytes, flags: int) -> bool:
        """An answer unlike the last one, or a peer that closes; True when all is well again."""
        known = connection.lookup(data)
        if known is not None and not flags & CLOSING:
            connection.expected = data
            connection.status, connection.counts = known
            return True
        connection.status = status = self.read_slowly(connection, data)
        if not status:
            return False
        connection.counts = connection.exchange.book[status].service
        if connection.parser.keep_alive and not flags & CLOSING:
            connection.parser.begin(bodiless=connection.exchange.bodiless)
            return True
        self._count(connection)
        self.drop(connection)
        return False

    def _count(self, connection: Connection) -> None:
        """Count an answer after which nothing is sent."""
        now = now_ns()
        value = now - connection.since_ns
        connection.counts[index_of(value)] += 1
        if value > self.recorder.slow_floor_ns:
            self._note_slow(connection, value, now)

    def _note_slow(self, connection: Connection, value: int, now: int) -> None:
        if self.before is not None:
            begin = now - value - self.zero_ns
            place = connection.exchange.place
            self.recorder.note_slow((value, begin, value, *place, connection.status))

    def learn(self, connection: Connection, data: bytes, status: int) -> None:
        """Counters besides the status: one step less for every answer."""
        exchange = connection.exchange
        exchange.learn(data, (status, exchange.book[status].service))
        connection.lookup = exchange.lookup
        connection.expected = data if connection.lookup is not unknown else None

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
            connection.expected = None

    def _drain(self) -> None:
        """Take the answers that are under way, without sending more."""
        self._sending = False
        while self._busy() and not self.stopping:
            for fd, flags in self.poller.poll(_PATIENCE_S):
                connection = self.connections.get(fd)
                if connection is None:
                    self.control(fd)
                    continue
                try:
                    answered = self._read(connection, connection.recv(), flags)
                except OSError as error:
                    self.trouble(connection, error)
                    continue
                if answered:
                    self._count(connection)
                    connection.since_ns = 0
            self.keep_house(now_ns())
        self.last_answer_ns = now_ns()

    def _busy(self) -> int:
        return sum(connection.since_ns > 0 for connection in self.connections.values())
