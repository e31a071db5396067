"""One attempt at an operation inside a worker: runs the kind's function and decides the outcome.

The function runs in a task of its own. It ends by itself, or is stopped: because somebody
cancelled, because time ran out, because the claim was lost, or because the worker ends.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from meshery.core.durations import format_duration
from meshery.core.errors import DeadlineError, MesheryError
from meshery.core.telemetry import get_logger
from meshery.operations.model import (
    OperationState,
    WorkIncompleteError,
    WorkInterruptedError,
    WorkKind,
)
from meshery.operations.run import Run, Stop

CLEANUP_S = 10.0
"""How long a stopped function may clean up before it is left alone."""

_log = get_logger("operations.attempt")


class Outcome(msgspec.Struct, frozen=True):
    """What is to be written; `state` None means hand it over: this worker ends."""

    state: OperationState | None
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


class Attempt:
    """Holds the function's task. `stop` may be called at any time, the first reason counts."""

    def __init__(self, kind: WorkKind, make_run: Callable[[Callable[[Stop], None]], Run]) -> None:
        self._kind = kind
        self._reason: Stop | None = None
        self._stopped = asyncio.Event()
        self.run = make_run(self.stop)

    @property
    def reason(self) -> Stop | None:
        """Why it was stopped, if it was."""
        return self._reason

    def stop(self, reason: Stop) -> None:
        """Stop the function: it gets a CancelledError and has CLEANUP_S to clean up."""
        if self._reason is None or reason is Stop.FENCED:
            self._reason = reason
        self.run.is_stopping = True
        self._stopped.set()

    async def perform(self) -> Outcome | None:
        """Run to an end; None when the claim was lost and nothing may be written."""
        task = asyncio.create_task(self._work(), name=f"operation-{self.run.operation.id}")
        stopped = asyncio.create_task(self._stopped.wait())
        try:
            await asyncio.wait(
                {task, stopped},
                timeout=self._kind.timeout_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            stopped.cancel()
            if not task.done():
                if self._reason is None:
                    self.stop(Stop.TIMEOUT)
                await self._end(task)
        if self._reason is Stop.FENCED:
            return None
        return self._outcome(task)

    async def _work(self) -> dict[str, Any] | None:
        result = await self._kind.run(self.run)
        document: dict[str, Any] | None = msgspec.to_builtins(result)
        self.run.platform.operations.drafts.demand_size(document, "result")
        return document

    async def _end(self, task: asyncio.Task[Any]) -> None:
        task.cancel()
        await asyncio.wait({task}, timeout=CLEANUP_S)
        if not task.done():
            _log.error("operation.cleanup_too_long", kind=self._kind.name, limit_s=CLEANUP_S)
            task.cancel()
            await asyncio.wait({task}, timeout=1)

    def _outcome(self, task: asyncio.Task[dict[str, Any] | None]) -> Outcome:
        if self._reason is Stop.TIMEOUT:
            return Outcome(OperationState.FAILED, error=self._deadline().as_dict())
        was_stopped = not task.done() or task.cancelled()
        error = None if was_stopped else task.exception()
        if self._reason is Stop.SHUTDOWN and (was_stopped or error is not None):
            return Outcome(None)
        if was_stopped:
            left = None if task.done() else _left_alone(self._kind).as_dict()
            return Outcome(OperationState.CANCELLED, error=left)
        if error is not None:
            return _failure(error)
        return Outcome(OperationState.SUCCEEDED, result=task.result())

    def _deadline(self) -> DeadlineError:
        limit = format_duration(self._kind.timeout_s)
        return DeadlineError(
            f"{self._kind.title or self._kind.name} took longer than {limit}",
            cause="the time limit of its kind was reached",
            remedy="look at the last step, then start it again",
        )


def _left_alone(kind: WorkKind) -> DeadlineError:
    return DeadlineError(
        f"{kind.title or kind.name} did not finish cleaning up within {CLEANUP_S:g} s",
        cause="it was left alone, so something of it may still go on in its worker",
        remedy="look at what it was about; restarting the worker ends what is left",
    )


def _failure(error: BaseException) -> Outcome:
    if isinstance(error, WorkIncompleteError):
        return Outcome(OperationState.PARTIAL, result=error.result, error=error.as_dict())
    interrupted = any(isinstance(leaf, WorkInterruptedError) for leaf in _leaves(error))
    state = OperationState.INTERRUPTED if interrupted else OperationState.FAILED
    return Outcome(state, error=_described(error))


def _described(error: BaseException) -> dict[str, Any]:
    leaves = list(_leaves(error))
    main = next((leaf for leaf in leaves if isinstance(leaf, MesheryError)), leaves[0])
    if isinstance(main, MesheryError):
        return main.as_dict()
    _log.error("operation.broken", exc_info=main)
    return MesheryError(
        f"the operation failed unexpectedly: {type(main).__name__}: {main}",
        cause="a fault in Meshery or in one of its parts",
        remedy="look into the worker's log for this operation's id, and report it",
    ).as_dict()


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in _leaves(inner)]
    return [error]
