"""The open loop: requests leave on their slots, whatever the answers do.

For each slot a timer is armed a little ahead (the lead); from its wake-up until the slot the loop
polls without sleeping, since a sleeping process is woken tens of microseconds late. The lead
follows the lateness seen, and shrinks while the injector takes more than its share of a core, so
that the target is not starved by somebody who waits.

A slot without a free connection waits in its pool's queue. That wait belongs to the target (or to
the cap on connections), not to the injector: `own_delay` counts from the moment slot and connection
were both there.
"""

import time
from select import EPOLLET, EPOLLIN

from meshery.performance.native.connection import CLOSING, Connection, Pool
from meshery.performance.native.exchange import Exchange, unknown
from meshery.performance.native.frames import Link
from meshery.performance.native.host import read_accounts, step_back
from meshery.performance.native.plan import Plan
from meshery.performance.native.reactor import Reactor, now_ns
from meshery.performance.native.recorder import EndpointBook
from meshery.performance.native.schedule import slots
from meshery.performance.native.timer import Timer, wake_punctually

_PATIENCE_NS = 10_000_000
_CHORE_NS = 150_000
_OVERDUE_NS = 20_000_000
_BURST = 8
_MOST_EVENTS = 64
_NEVER = 1 << 62


class Lead:
    """How long before a slot to wake up: the 90th percentile of the lateness seen, and a margin.

    `bound_ns` shrinks while the injector needs more than 80 % of a core, down to no spinning.
    """

    FIRST_NS = 60_000
    MOST_NS = 150_000
    MOST_CPU = 0.8
    _MARGIN_NS = 10_000
    _STEP_NS = 500
    _LEAST_NS = 3000

    def __init__(self, *, most_cpu: float = MOST_CPU) -> None:
        self._most_cpu = most_cpu
        self.ns = self.FIRST_NS
        self._late_ns = float(self.FIRST_NS - self._MARGIN_NS)
        self._bound_ns = self.MOST_NS
        self._cpu_ns = time.process_time_ns()
        self._at_ns = now_ns()

    def woke(self, late_ns: int) -> None:
        """A wake-up came so late: follow the 90th percentile."""
        step = self._STEP_NS
        self._late_ns += 0.9 * step if late_ns > self._late_ns else -0.1 * step
        self.ns = min(int(self._late_ns) + self._MARGIN_NS, self._bound_ns)

    def judge_cpu(self, now: int) -> bool:
        """Look at the CPU used since the last look; True when it is too much without spinning."""
        cpu_ns = time.process_time_ns()
        share = (cpu_ns - self._cpu_ns) / max(1, now - self._at_ns)
        self._cpu_ns, self._at_ns = cpu_ns, now
        spun_ns = self.ns
        if share > self._most_cpu:
            bound = int(min(self._bound_ns, self.ns) * 0.7)
            self._bound_ns = bound if bound > self._LEAST_NS else 0
        else:
            self._bound_ns = min(self.MOST_NS, int(self._bound_ns * 1.05) + 500)
        self.ns = min(self.ns, self._bound_ns)
        return share > self._most_cpu and spun_ns == 0


class OpenLoop(Reactor):
    """Send every slot of the schedule."""

    def __init__(self, plan: Plan, link: Link, *, wakeup_fd: int) -> None:
        super().__init__(plan, link, wakeup_fd=wakeup_fd)
        self._timer = Timer()
        self.poller.register(self._timer.fd, EPOLLIN | EPOLLET)
        self._lead = Lead()
        self._armed_ns = 0
        self._block_ns = round(plan.block_s * 1e9)
        self._block_end = 0
        self._in_flight = 0
        self._changed_ns = 0
        self._due = _NEVER
        wake_punctually()

    def close(self) -> None:
        """Also give the timer back."""
        super().close()
        self._timer.close()

    def run(self) -> None:
        """Dispatch every slot, then wait for the answers under way."""
        zero = self._block_end = self.zero_ns
        self._lead.judge_cpu(now_ns())  # what starting took does not count
        self._changed_ns = now_ns()
        burst = 0
        for offset, arm in slots(self.plan):
            self._due = due = zero + offset
            burst = burst + 1 if now_ns() >= due else 0
            if burst == 0 or burst >= _BURST:
                burst = 0
                self._serve_until(due)
            if self.stopping:
                return
            if due >= self._block_end:
                self._turn_block(due)
            self._dispatch(arm, due)
        self._due = _NEVER
        self._serve_until(zero + round(self.plan.length_s * 1e9))
        self._account(now_ns())
        self.after = read_accounts()
        self._drain()

    def _serve_until(self, due: int) -> None:
        """Take answers until a slot is due; at least once."""
        clock, lead = now_ns, self._lead
        now = clock()
        while True:
            if due - now > _CHORE_NS or now - self.house_ns > _OVERDUE_NS:
                now = self._tidy(now)
            if due - now > lead.ns:
                wake = due - lead.ns
                self._rest(self.house_ns if now < self.house_ns < wake else wake)
            else:
                self._take(0.0)
            now = clock()
            if now >= due or self.stopping:
                return

    def _tidy(self, now: int) -> int:
        """Housekeeping and one chore, when there are any; the time afterwards."""
        if now >= self.house_ns:
            self.keep_house(now)
        if self.chores:
            self.do_chore()
        return now_ns()

    def _rest(self, wake: int) -> None:
        """Sleep until shortly before the slot, the next housekeeping, or an event."""
        if self.chores:
            self._take(0.0)
            return
        if self._armed_ns != wake:
            self._timer.arm(wake)
            self._armed_ns = wake
        self._take(-1.0)

    def _take(self, patience_s: float) -> None:
        """Wait for events and take every answer that is there."""
        connections, timer = self.connections, self._timer.fd
        for fd, flags in self.poller.poll(patience_s, _MOST_EVENTS):
            if fd == timer:
                if patience_s:
                    self._lead.woke(now_ns() - self._armed_ns)
                continue
            try:
                connection = connections[fd]
            except KeyError:
                self.control(fd)
                continue
            try:
                data = connection.recv()
                status = connection.lookup(data) or self.read_slowly(connection, data)
                if status:
                    self._answered(connection, status, flags)
            except OSError as error:
                self.trouble(connection, error)

    def _dispatch(self, arm: int, due: int) -> None:
        """A slot is due: send it, or let it wait for a connection."""
        exchange, pool = next(self.arms[arm].turn)
        if pool.free:
            self._write(pool.free.pop(), exchange, exchange.book, due, due)
            return
        pool.waiting.append((due, exchange, exchange.book))
        if pool.opened < pool.cap and pool.opening < len(pool.waiting):
            self.connect(pool)

    def _write(
        self, connection: Connection, exchange: Exchange, book: EndpointBook, slot: int, ready: int
    ) -> None:
        """Send a request; `ready` is when both its slot and its connection were there."""
        connection.book = book
        connection.slot_ns = slot
        connection.expect(exchange)
        arm = book.arm
        arm.sent += 1
        now = connection.since_ns = now_ns()
        self.in_flight_area += self._in_flight * (now - self._changed_ns)
        self._changed_ns = now
        self._in_flight += 1
        late = now - ready
        shift = late.bit_length() - 11
        arm.own_delay[(shift << 10) + (late >> shift) if shift > 0 else late] += 1
        try:
            sent = connection.send()
            if sent != exchange.size:
                connection.keep_unsent(sent)
        except OSError as error:
            self.trouble(connection, error)

    def _answered(self, connection: Connection, status: int, flags: int) -> None:
        """The last byte is here: count it, and give the connection its next slot."""
        now = now_ns()
        cell = connection.book[status]
        service = now - connection.since_ns
        shift = service.bit_length() - 11
        cell.service[(shift << 10) + (service >> shift) if shift > 0 else service] += 1
        corrected = now - connection.slot_ns
        shift = corrected.bit_length() - 11
        cell.corrected[(shift << 10) + (corrected >> shift) if shift > 0 else corrected] += 1
        if corrected > self.recorder.slow_floor_ns:
            self._note_slow(connection, status, corrected, service)
        connection.since_ns = 0
        connection.lookup = unknown
        self.in_flight_area += self._in_flight * (now - self._changed_ns)
        self._changed_ns = now
        self._in_flight -= 1
        if flags & CLOSING or not connection.parser.keep_alive:
            self.drop(connection)
        else:
            self._next_or_free(connection, now)

    def _next_or_free(self, connection: Connection, now: int) -> None:
        pool = connection.pool
        while pool.waiting:
            slot, exchange, book = pool.waiting.popleft()
            if now - slot < self.timeout_ns:
                self._waited(book, now - slot)
                self._write(connection, exchange, book, slot, now)
                return
        pool.free.append(connection)

    def connected(self, connection: Connection, now: int) -> None:
        """A new connection serves the queue first."""
        self._next_or_free(connection, now)

    def connect_failed(self, pool: Pool, reason: str | None) -> None:
        """The slot that waited longest pays for it, if one waits."""
        if not pool.waiting:
            return
        _, _, book = pool.waiting.popleft()
        book.arm.sent += 1
        if reason is None:
            book.arm.timed_out += 1
        else:
            book.arm.fail(reason)

    def freed(self) -> None:
        """One request less in flight."""
        self._account(now_ns())
        self._in_flight -= 1

    def lost(self, pool: Pool) -> None:
        """Replace a connection when slots wait for one."""
        if pool.waiting and pool.opened < pool.cap:
            self.connect(pool)

    def keep_house(self, now: int) -> None:
        """Also let slots go that waited too long, and turn to the next block where none is due."""
        super().keep_house(now)
        for pool in self.pools:
            while pool.waiting and now - pool.waiting[0][0] >= self.timeout_ns:
                pool.waiting.popleft()
        over = now >= self._block_end and self._due >= self._block_end
        if self.before is not None and self.after is None and over and self._due != _NEVER:
            self._turn_block(now)

    def _turn_block(self, at: int) -> None:
        """Begin the block that holds a moment."""
        number = max(0, (at - self.zero_ns) // self._block_ns)
        if self.before is None:
            now = self._changed_ns = now_ns()
            self.in_flight_area = 0.0
            self.first_lag_ns = now - at
        self.begin_block(number)
        self._block_end = self.zero_ns + (number + 1) * self._block_ns
        if self._lead.judge_cpu(now_ns()):
            self.scheduling = step_back(self.scheduling)

    def _drain(self) -> None:
        """Serve what waits and what is under way until it is answered or took too long."""
        while not self.stopping and (self._in_flight or any(pool.waiting for pool in self.pools)):
            self._serve_until(now_ns() + _PATIENCE_NS)
            self.keep_house(now_ns())
        self.last_answer_ns = self._changed_ns

    def _account(self, now: int) -> None:
        self.in_flight_area += self._in_flight * (now - self._changed_ns)
        self._changed_ns = now

    def _waited(self, book: EndpointBook, wait: int) -> None:
        shift = wait.bit_length() - 11
        book.arm.wait[(shift << 10) + (wait >> shift) if shift > 0 else wait] += 1

    def _note_slow(self, connection: Connection, status: int, corrected: int, service: int) -> None:
        offset = connection.slot_ns - self.zero_ns
        if offset >= 0:
            entry = (corrected, offset, service, *connection.exchange.place, status)
            self.recorder.note_slow(entry)
