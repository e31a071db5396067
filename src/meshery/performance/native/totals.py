"""The sums of all seconds of a run."""

import msgspec

from meshery.performance.histogram import Histogram, add_into
from meshery.performance.sample import ArmCounts, Cell, Counters, Health, Second, SparseCounts


class _Arm:
    """One arm's sums."""

    def __init__(self) -> None:
        self.counters = Counters()
        self.cells: dict[tuple[str, int], tuple[SparseCounts, SparseCounts]] = {}
        self.connect: SparseCounts = {}
        self.own_delay: SparseCounts = {}
        self.wait: SparseCounts = {}
        self.failures: dict[str, int] = {}

    def add(self, part: ArmCounts) -> None:
        mine, theirs = self.counters, part.counters
        self.counters = Counters(
            sent=mine.sent + theirs.sent,
            completed=mine.completed + theirs.completed,
            failed=mine.failed + theirs.failed,
            timed_out=mine.timed_out + theirs.timed_out,
        )
        for cell in part.cells:
            corrected, service = self.cells.setdefault((cell.endpoint, cell.status), ({}, {}))
            add_into(corrected, cell.corrected)
            add_into(service, cell.service)
        add_into(self.connect, part.connect)
        add_into(self.own_delay, part.own_delay)
        add_into(self.wait, part.wait)
        for reason, count in part.failures.items():
            self.failures[reason] = self.failures.get(reason, 0) + count

    def whole(self, planned: int) -> ArmCounts:
        counters = msgspec.structs.replace(
            self.counters, planned=planned, unsent=max(0, planned - self.counters.sent)
        )
        cells = tuple(
            Cell(endpoint=endpoint, status=status, corrected=corrected, service=service)
            for (endpoint, status), (corrected, service) in sorted(self.cells.items())
        )
        return ArmCounts(
            counters=counters,
            cells=cells,
            connect=self.connect,
            own_delay=self.own_delay,
            wait=self.wait,
            failures=self.failures,
        )


class Totals:
    """Adds up seconds; a closed loop plans nothing, so what it sent is what it planned."""

    def __init__(self) -> None:
        self._arms: dict[str, _Arm] = {}

    def add(self, second: Second) -> None:
        """Add one sample."""
        for name, part in second.arms.items():
            self._arms.setdefault(name, _Arm()).add(part)

    def completed(self) -> dict[str, int]:
        """Answers counted in the cells, per arm."""
        return {
            name: sum(sum(service.values()) for _, service in arm.cells.values())
            for name, arm in self._arms.items()
        }

    def arms(self, planned: dict[str, int]) -> dict[str, ArmCounts]:
        """The sums, in the order of the plan."""
        empty = _Arm()
        whole: dict[str, ArmCounts] = {}
        for name, count in planned.items():
            arm = self._arms.get(name, empty)
            whole[name] = arm.whole(count or arm.counters.sent)
        return whole

    def judged(self, health: Health) -> Health:
        """The injector's account with X and R of Little's law, from what was counted."""
        service = Histogram()
        for arm in self._arms.values():
            for _, counted in arm.cells.values():
                service.add(counted)
        return msgspec.structs.replace(
            health,
            throughput_rps=service.total / health.wall_s if health.wall_s > 0 else 0.0,
            mean_service_s=service.mean_ns / 1e9,
        )
