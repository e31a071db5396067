"""Counting answers without stopping for it.

Loops count into the books of one block: plain dictionaries of HDR indexes. When a block's time is
over its dictionaries are exchanged for empty ones and turned into frames piece by piece, while the
loop waits for its next slot anyway. Late answers go on counting into the books of their block and
leave with a later frame.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from heapq import heappush, heapreplace

import msgspec

from meshery.performance.histogram import add_into
from meshery.performance.native.plan import Plan
from meshery.performance.sample import Counters, SparseCounts

WARMUP = -1
"""The number of the one block that holds the whole warm-up."""

SlowEntry = tuple[int, int, int, int, int, int]
"""Corrected ns, slot ns after slot 0, service ns, arm, endpoint, status."""

_encode = msgspec.msgpack.Encoder().encode


def counts() -> dict[int, int]:
    """An empty set of HDR counters."""
    return defaultdict(int)


class Cell:
    """Answers of one endpoint with one status in one block."""

    __slots__ = ("corrected", "service")

    def __init__(self) -> None:
        self.corrected = counts()
        self.service = counts()


class ArmBook:
    """One arm in one block."""

    __slots__ = ("connect", "endpoints", "failures", "own_delay", "sent", "timed_out", "wait")

    def __init__(self, endpoints: int) -> None:
        self.own_delay = counts()
        self.connect = counts()
        self.wait = counts()
        self.failures: dict[str, int] = {}
        self.sent = 0
        self.timed_out = 0
        self.endpoints = [EndpointBook(self) for _ in range(endpoints)]

    def fail(self, reason: str) -> None:
        """Count a request that got no answer."""
        self.failures[reason] = self.failures.get(reason, 0) + 1


class EndpointBook(dict[int, Cell]):
    """Status to cell, made at first sight."""

    __slots__ = ("arm",)

    def __init__(self, arm: ArmBook | None = None) -> None:
        super().__init__()
        self.arm = arm or ArmBook(0)

    def __missing__(self, status: int) -> Cell:
        cell = self[status] = Cell()
        return cell


class Block:
    """The books of one block; `number` counts from 0 after the warm-up."""

    __slots__ = ("arms", "number")

    def __init__(self, number: int, plan: Plan) -> None:
        self.number = number
        self.arms = [ArmBook(len(arm.endpoints)) for arm in plan.arms]


class ArmTally:
    """One arm's counts on their way into a frame, and its counters over the whole run."""

    __slots__ = ("cells", "connect", "failures", "own_delay", "sent", "timed_out", "wait")

    def __init__(self) -> None:
        self.cells: dict[tuple[int, int], tuple[SparseCounts, SparseCounts]] = {}
        self.own_delay: SparseCounts = {}
        self.connect: SparseCounts = {}
        self.wait: SparseCounts = {}
        self.failures: dict[str, int] = {}
        self.sent = 0
        self.timed_out = 0

    def counters(self, plan: Plan) -> Counters:
        """As a sample says it. A closed loop counts only how requests end."""
        completed = sum(sum(corrected.values()) for corrected, _ in self.cells.values())
        failed = sum(self.failures.values())
        sent = self.sent if plan.mode == "open" else completed + failed + self.timed_out
        return Counters(sent=sent, completed=completed, failed=failed, timed_out=self.timed_out)


class WireCell(msgspec.Struct, frozen=True):
    """`sample.Cell` with its counts already encoded."""

    endpoint: str
    status: int
    corrected: msgspec.Raw
    service: msgspec.Raw


class WireArm(msgspec.Struct, frozen=True):
    """`sample.ArmCounts`, likewise."""

    counters: Counters
    cells: list[WireCell]
    connect: msgspec.Raw
    own_delay: msgspec.Raw
    wait: msgspec.Raw
    failures: dict[str, int]


class WireSecond(msgspec.Struct, frozen=True, tag="second"):
    """`sample.Second`, likewise."""

    second: int
    arms: dict[str, WireArm]


class WireBlock(msgspec.Struct, frozen=True, tag="block"):
    """`sample.Block`, likewise."""

    block: int
    corrected: dict[str, msgspec.Raw]


class Recorder:
    """The blocks of a run, their frames, and the slowest requests.

    `emit` takes a finished frame. `linger_ns` is how long after its end a block may still get
    answers. `slow_floor_ns` is the corrected latency a request must pass to be kept.
    """

    def __init__(
        self, plan: Plan, *, emit: Callable[[msgspec.Struct], None], linger_ns: int
    ) -> None:
        self._plan = plan
        self._emit = emit
        self._per_second = round(1 / plan.block_s)
        self._linger = 2 + linger_ns // round(plan.block_s * 1e9)
        self._blocks: deque[Block] = deque()
        self._seconds: dict[int, list[ArmTally]] = {}
        self.warmup = Block(WARMUP, plan)
        self.current = self.warmup
        self.slow_floor_ns = 0 if plan.slowest else 1 << 62
        self.slowest: list[SlowEntry] = []
        self.completed = {arm.name: 0 for arm in plan.arms}

    def turn(self, number: int) -> Block:
        """Begin a block; the one before it gets no more slots."""
        block = self.current = Block(number, self._plan)
        self._blocks.append(block)
        return block

    def note_slow(self, entry: SlowEntry) -> None:
        """Keep one of the slowest requests and raise the floor once there are enough."""
        if len(self.slowest) < self._plan.slowest:
            heappush(self.slowest, entry)
            return
        heapreplace(self.slowest, entry)
        self.slow_floor_ns = self.slowest[0][0]

    def frames(self, *, last: bool = False) -> Iterator[None]:
        """Send what was counted since the last call, in small pieces: one per step of the iterator.

        Seconds leave when they are over, or when it is the `last` call.
        """
        newest = self.current.number
        for block in [block for block in self._blocks if last or block.number != newest]:
            yield from self._block(block)
        while self._blocks and self._blocks[0].number < newest - self._linger:
            self._blocks.popleft()
        over = newest if not last else newest + self._per_second
        for second in [s for s in self._seconds if (s + 1) * self._per_second <= over]:
            yield from self._second(second)

    def _block(self, block: Block) -> Iterator[None]:
        taken = [_take(book, self._plan) for book in block.arms]
        if not any(tally is not None for tally in taken):
            return
        yield
        corrected: dict[str, msgspec.Raw] = {}
        for arm, tally in zip(self._plan.arms, taken, strict=True):
            merged: SparseCounts = {}
            for counted, _ in tally.cells.values() if tally else ():
                add_into(merged, counted)
            corrected[arm.name] = msgspec.Raw(_encode(merged))
            yield
        self._emit(WireBlock(block.number, corrected))
        for number, tally in enumerate(taken):
            if tally is not None:
                _merge(self._tallies(block.number // self._per_second)[number], tally)
                yield

    def _tallies(self, second: int) -> list[ArmTally]:
        return self._seconds.setdefault(second, [ArmTally() for _ in self._plan.arms])

    def _second(self, second: int) -> Iterator[None]:
        arms: dict[str, WireArm] = {}
        for arm, tally in zip(self._plan.arms, self._seconds.pop(second), strict=True):
            cells: list[WireCell] = []
            for (endpoint, status), (corrected, service) in tally.cells.items():
                pair = msgspec.Raw(_encode(corrected)), msgspec.Raw(_encode(service))
                cells.append(WireCell(arm.endpoints[endpoint].name, status, *pair))
                yield
            arms[arm.name] = wire = _wire_arm(tally, cells, self._plan)
            self.completed[arm.name] += wire.counters.completed
            yield
        self._emit(WireSecond(second, arms))


def tally_of(book: ArmBook, plan: Plan) -> ArmTally:
    """Everything a book holds, taken out of it.

    A closed loop knows no slots: it counts service times only, and they are the corrected ones too.
    """
    closed = plan.mode == "closed"
    tally = ArmTally()
    for number, endpoint in enumerate(book.endpoints):
        for status, cell in endpoint.items():
            if cell.service:
                corrected = dict(cell.service) if closed else cell.corrected
                tally.cells[number, status] = (corrected, cell.service)
                cell.corrected = counts()
                cell.service = counts()
    tally.own_delay, book.own_delay = book.own_delay, counts()
    tally.connect, book.connect = book.connect, counts()
    tally.wait, book.wait = book.wait, counts()
    tally.failures, book.failures = book.failures, {}
    tally.sent, book.sent = book.sent, 0
    tally.timed_out, book.timed_out = book.timed_out, 0
    return tally


def _take(book: ArmBook, plan: Plan) -> ArmTally | None:
    tally = tally_of(book, plan)
    parts = (tally.cells, tally.sent, tally.failures, tally.timed_out, tally.connect, tally.wait)
    return tally if any(parts) else None


def _merge(total: ArmTally, part: ArmTally) -> None:
    for key, (corrected, service) in part.cells.items():
        if key in total.cells:
            add_into(total.cells[key][0], corrected)
            add_into(total.cells[key][1], service)
        else:
            total.cells[key] = (corrected, service)
    add_into(total.own_delay, part.own_delay)
    add_into(total.connect, part.connect)
    add_into(total.wait, part.wait)
    for reason, count in part.failures.items():
        total.failures[reason] = total.failures.get(reason, 0) + count
    total.sent += part.sent
    total.timed_out += part.timed_out


def _wire_arm(tally: ArmTally, cells: list[WireCell], plan: Plan) -> WireArm:
    return WireArm(
        counters=tally.counters(plan),
        cells=cells,
        connect=msgspec.Raw(_encode(tally.connect)),
        own_delay=msgspec.Raw(_encode(tally.own_delay)),
        wait=msgspec.Raw(_encode(tally.wait)),
        failures=tally.failures,
    )
