"""All processes of one home by name: what `supervisor_process` serves over its socket."""

import asyncio
import contextlib
import re
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGKILL

from meshery.core.errors import InvalidInputError, NotFoundError, Problem, UnavailableError
from meshery.processes.model import ProcessEvent, ProcessSpec, ProcessStatus, Restart, is_within
from meshery.processes.protocol import ENDING
from meshery.processes.record import HOME_VARIABLE, Record, Recorded, record_file, write_record
from meshery.processes.ring import Ring
from meshery.processes.supervised import Supervised

END_GRACE_S = 2.0
"""What every process gets when the supervisor itself ends."""

_KEPT_EXITED = 64
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")

Statuses = list[ProcessStatus]


class Supervisor:
    """The table of processes. Requests for one name wait for each other, other names do not."""

    def __init__(self, home: Path, *, tell: Callable[[ProcessEvent], None]) -> None:
        self.epoch = uuid.uuid4().hex
        self.ring = Ring(self.epoch, tell=tell)
        self._home = home
        self._environment = {HOME_VARIABLE: str(home)}
        self._table: dict[str, Supervised] = {}
        self._is_ending = False

    def begin(self, record: Record | None) -> None:
        """Bring back what an earlier supervisor was to keep running; tell of the rest as ended."""
        for recorded in record.processes if record else ():
            spec = recorded.spec
            if spec.restart is Restart.ALWAYS:
                self._table[spec.name] = self._new(spec, restarts=recorded.restarts)
            elif recorded.pid:
                self.ring.add(
                    spec.name, "exited", pid=recorded.pid, signal=SIGKILL, reason="supervisor lost"
                )
        for process in self._table.values():
            process.plan()
        # Written with all of them before the first one starts: we may be killed in between.
        self._write()
        for process in self._table.values():
            process.resume()

    async def start(self, spec: ProcessSpec) -> ProcessStatus:
        """See `SupervisorClient.start`."""
        _check(spec)
        async with self._locked(spec.name, or_new=spec) as process:
            assert process is not None  # noqa: S101 - or_new makes one
            if process.spec == spec:
                return self._launched(process)
            await process.stop(grace_s=process.spec.stop_grace_s)
            return self._launched(self._replaced(process, spec))

    async def stop(self, name: str, *, grace_s: float | None) -> bool:
        """End a process and forget it; False when there was none."""
        async with self._locked(name) as process:
            if process is None:
                return False
            await process.stop(grace_s=process.spec.stop_grace_s if grace_s is None else grace_s)
            self._table.pop(name, None)
            self._write()
            return True

    async def stop_group(self, prefix: str) -> int:
        """End a group at once; how many there were."""
        names = [name for name in self._table if is_within(name, prefix)]
        ends = await asyncio.gather(*(self.stop(name, grace_s=None) for name in names))
        return sum(ends)

    def list(self, prefix: str) -> Statuses:
        """How a group stands."""
        return [
            process.status() for name, process in self._table.items() if is_within(name, prefix)
        ]

    def signal(self, name: str, number: int) -> None:
        """Send a signal to a running process."""
        process = self._table.get(name)
        if process is None or not process.send(number):
            raise NotFoundError(
                f"no process {name} is running",
                remedy="`mesheryctl system status` lists what runs",
            )

    async def end(self) -> None:
        """End everything, with a short grace, and start nothing any more."""
        self._is_ending = True
        # Past the locks: whoever holds one waits for the same ends.
        ends = [
            process.stop(grace_s=min(process.spec.stop_grace_s, END_GRACE_S))
            for process in self._table.values()
        ]
        await asyncio.gather(*ends, return_exceptions=True)
        self._table.clear()
        with contextlib.suppress(OSError):
            record_file(self._home).unlink(missing_ok=True)

    def _launched(self, process: Supervised) -> ProcessStatus:
        try:
            self._refuse_when_ending()
            process.launch()
        except BaseException:
            self._table.pop(process.spec.name, None)
            self._write()
            raise
        return process.status()

    def _refuse_when_ending(self) -> None:
        if self._is_ending:
            raise UnavailableError(
                "the supervisor is ending",
                cause="its server ends",
                remedy="ask again when the server runs again",
                code=ENDING,
            )

    @asynccontextmanager
    async def _locked(
        self, name: str, *, or_new: ProcessSpec | None = None
    ) -> AsyncIterator[Supervised | None]:
        """The process of a name, held; somebody may have replaced it while we waited."""
        while True:
            process = self._table.get(name)
            if process is None and or_new is not None:
                process = self._table[name] = self._new(or_new)
            if process is None:
                yield None
                return
            async with process.lock:
                if self._table.get(name) is process:
                    yield process
                    return

    def _new(self, spec: ProcessSpec, *, restarts: int = 0) -> Supervised:
        return Supervised(
            spec,
            ring=self.ring,
            environment=self._environment,
            changed=self._write,
            restarts=restarts,
        )

    def _replaced(self, old: Supervised, spec: ProcessSpec) -> Supervised:
        """A process of the same name; it takes over the lock, and with it who waits for it."""
        new = self._table[spec.name] = self._new(spec)
        new.lock = old.lock
        return new

    def _write(self) -> None:
        """Write the record anew; forget the oldest of the many that ended by themselves."""
        if self._is_ending:
            return
        ended = [name for name, process in self._table.items() if process.is_forgettable()]
        for name in ended[:-_KEPT_EXITED]:
            del self._table[name]
        living = [
            Recorded(process.spec, process.pid, process.start_ticks, process.restarts)
            for process in self._table.values()
            if process.state != "exited"
        ]
        # On a full disk processes are still worth starting; only a next supervisor knows less.
        with contextlib.suppress(OSError):
            write_record(self._home, self.epoch, living)


def _check(spec: ProcessSpec) -> None:
    problems = []
    if not _NAME.fullmatch(spec.name):
        problems.append(Problem("name", "not a path of letters, digits, '.', '_' and '-'"))
    if not spec.argv:
        problems.append(Problem("argv", "empty"))
    if any("\0" in word for word in spec.argv):
        problems.append(Problem("argv", "holds a zero byte"))
    if min(spec.memory_bytes, spec.open_files, spec.stop_grace_s) < 0:
        problems.append(Problem("limits", "negative"))
    if problems:
        raise InvalidInputError(
            f"the process {spec.name!r} cannot be started",
            cause="; ".join(f"{problem.path}: {problem.message}" for problem in problems),
            remedy="correct its spec",
            problems=problems,
        )
