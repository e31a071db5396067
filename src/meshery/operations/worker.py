"""The worker: waits for wake-ups, claims operations, runs them, writes their outcome.

It keeps nothing that a row does not say. It survives restarts of the bus and outages of the
database: what it cannot read or write it tries again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from functools import partial
from typing import Any

from meshery.core.bus import Wakeup
from meshery.core.durations import parse_duration
from meshery.core.errors import MesheryError, UnavailableError
from meshery.core.streams import SUBJECT_CANCEL
from meshery.core.telemetry import counter, gauge, get_logger, log_context
from meshery.operations.attempt import Attempt
from meshery.operations.beat import Beat
from meshery.operations.claims import Busy, Claim, Claimed, claim
from meshery.operations.finish import finish, say_started
from meshery.operations.keepers import Keeper, run_keepers
from meshery.operations.model import OperationState, WorkKind
from meshery.operations.owners import new_owner
from meshery.operations.platform import Platform
from meshery.operations.rows import durable_name, wake_subject
from meshery.operations.run import Run, Stop
from meshery.operations.slots import Slots

_SHUTDOWN_S = 10.0

_log = get_logger("operations.worker")
_running = gauge("operations_running", "Operations this worker runs now")
_outcomes = counter("operations_ended", "Operations this worker ended", ("kind", "state"))


async def run_worker(
    platform: Platform, stop: asyncio.Event, *, keepers: Sequence[Keeper] | None = None
) -> None:
    """Work until `stop` is set; then hand over what is running.

    `keepers` replaces the registered ones.
    """
    await Worker(platform, keepers=keepers).run(stop)


class Worker:
    """One process's worker."""

    def __init__(self, platform: Platform, *, keepers: Sequence[Keeper] | None = None) -> None:
        self._platform = platform
        self._keepers = keepers
        self._settings = platform.settings
        self._owner = new_owner(platform.host)
        self._lease_s = parse_duration(platform.settings.worker.lease)
        self._slots = Slots(platform.settings.worker.concurrency)
        self._attempts: dict[Claim, Attempt] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._beat = Beat(platform.settings, news=self._on_news)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set."""
        self._beat.start()
        loops = [
            self._forever(f"queue-{kind.name}", partial(self._serve, kind))
            for kind in self._platform.kinds.values()
        ]
        loops.append(self._forever("cancels", self._hear_cancels))
        loops.append(self._keep())
        tasks = [asyncio.create_task(loop) for loop in loops]
        _log.info("worker.started", owner=self._owner, kinds=len(self._platform.kinds))
        try:
            await stop.wait()
        finally:
            await _end(tasks)
            await self._hand_over()
            await self._beat.stop()
            _log.info("worker.stopped")

    async def _forever(self, name: str, serve: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await serve()
            except MesheryError as error:
                _log.warning("worker.loop_again", loop=name, what=error.what, cause=error.cause)
            except Exception:  # noqa: BLE001 - the edge of a process's loop
                _log.exception("worker.loop_broken", loop=name)
            await asyncio.sleep(0.5)

    async def _keep(self) -> None:
        await run_keepers(self._platform, where="worker", owner=self._owner, keepers=self._keepers)

    async def _serve(self, kind: WorkKind) -> None:
        host = self._platform.host if kind.host_bound else ""
        subject, durable = wake_subject(kind.name, host), durable_name(kind.name, host)
        async for wakeup in self._platform.bus.work(subject, durable=durable):
            if wakeup is not None:
                await self._on_wakeup(kind, wakeup)
            await self._slots.wait_free()

    async def _on_wakeup(self, kind: WorkKind, wakeup: Wakeup) -> None:
        if not await self._slots.take_now():
            await wakeup.again(0.2)
            return
        claimed = None
        try:
            claimed = await claim(
                self._platform.database,
                wakeup.data.decode(),
                owner=self._owner,
                lease_s=self._lease_s,
            )
            if isinstance(claimed, Claimed):
                self._begin(kind, claimed)
        except UnavailableError as error:
            _log.error("worker.claim_later", cause=error.cause)
            await wakeup.again(1.0)
            return
        finally:
            if not isinstance(claimed, Claimed):
                self._slots.give_back()
        if isinstance(claimed, Busy):
            await wakeup.again(claimed.delay_s)
        else:
            await wakeup.done()

    def _begin(self, kind: WorkKind, claimed: Claimed) -> None:
        def make_run(on_stopped: Callable[[Stop], None]) -> Run:
            return Run(
                self._platform,
                operation=claimed.operation,
                input=claimed.input,
                claim=claimed.claim,
                slots=self._slots,
                on_stopped=on_stopped,
            )

        attempt = Attempt(kind, make_run)
        self._attempts[claimed.claim] = attempt
        self._beat.keep(claimed.claim)
        self._own(self._perform(kind, claimed, attempt))

    async def _perform(self, kind: WorkKind, claimed: Claimed, attempt: Attempt) -> None:
        _running.inc()
        try:
            with log_context(operation_id=claimed.operation.id):
                await say_started(self._platform, attempt.run)
                outcome = await attempt.perform()
                if outcome is None:
                    _log.warning("operation.fenced", kind=kind.name)
                    return
                state = await finish(self._platform, attempt.run, outcome)
                _outcomes.labels(kind.name, state.value if state else "handed-over").inc()
        except MesheryError as error:
            _log.warning("operation.not_written", what=error.what, cause=error.cause)
        except Exception:  # noqa: BLE001 - the edge of an operation
            _log.exception("operation.not_ended", operation_id=claimed.operation.id)
        finally:
            _running.dec()
            self._beat.drop(claimed.claim)
            self._attempts.pop(claimed.claim, None)
            if attempt.run.holds_place:
                self._slots.give_back()

    async def _hear_cancels(self) -> None:
        async with self._platform.bus.listen(SUBJECT_CANCEL) as messages:
            async for message in messages:
                self._cancel(message.data.decode())

    def _cancel(self, operation_id: str) -> None:
        for held, attempt in list(self._attempts.items()):
            if held.operation_id == operation_id:
                attempt.stop(Stop.CANCEL)

    def _on_news(self, held: Claim, state: OperationState | None) -> None:
        attempt = self._attempts.get(held)
        if attempt is not None:
            attempt.stop(Stop.CANCEL if state is OperationState.CANCELLING else Stop.FENCED)

    async def _hand_over(self) -> None:
        for attempt in self._attempts.values():
            attempt.stop(Stop.SHUTDOWN)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_SHUTDOWN_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _own(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _end(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancel until each has ended: a cancel that meets a finished wait may be lost in a library."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=0.5)
