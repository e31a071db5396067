"""Operations of one adapter while they run: steps in order, heartbeats, cancelling, taking over.

The adapter keeps nothing: an order says which step finished last, and the next one is begun. An
operation runs as long as somebody listens to it; who comes back with its id takes it over.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from meshery.adapters.call import Call
from meshery.adapters.library import Adapter, Step, Task, no_operation
from meshery.adapters.model import (
    Cluster,
    Finished,
    Heartbeat,
    Order,
    StepFinished,
    StepStarted,
    Word,
)
from meshery.core.errors import (
    CancelledByUserError,
    ConflictError,
    InvalidInputError,
    MesheryError,
    OperationFailedError,
    UnavailableError,
    UnsupportedError,
)

END_PATIENCE_S = 10.0
"""How long an operation that is taken over may take to end."""

_LEAST_HEARTBEAT_S, _MOST_HEARTBEAT_S = 0.02, 60.0
_SECRET = re.compile(r"[^\s\"']{12,}")


class _Running:
    """An operation that runs: its task, and what its stream ends with when it is to end."""

    task: "asyncio.Task[Any]"

    def __init__(self, attempt: int) -> None:
        self.attempt = attempt
        self.ending: MesheryError | None = None

    def end(self, ending: MesheryError) -> None:
        """Have it end. A step may swallow that; no other one is begun then."""
        self.ending = self.ending or ending
        self.task.cancel()


class Operating:
    """The operations of an adapter."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self._running: dict[str, _Running] = {}

    @property
    def count(self) -> int:
        """How many run."""
        return len(self._running)

    def cancel(self, operation_id: str) -> bool:
        """Have an operation end; False when none by that id runs."""
        running = self._running.get(operation_id)
        if running is None:
            return False
        running.end(CancelledByUserError(f"the operation {operation_id} was cancelled"))
        return True

    async def words(self, order: Order) -> AsyncIterator[Word]:
        """Do what is left of an order, and say what happens; the last word is Finished.

        NotFoundError for an unknown operation, InvalidInputError for an input or a step that cannot
        be, ConflictError when a later call of it runs, CancelledByUserError when it was cancelled.
        """
        task = self._task(order)
        steps = _left(task, order)
        call = Call(order, input=_input(task, order))
        await self._take_over(order)
        running = _Running(order.attempt)
        running.task = work = asyncio.create_task(_work(running, call, task, steps))
        work.add_done_callback(lambda done: _on_end(done, call))
        self._running[order.operation_id] = running
        beat_s = min(max(order.heartbeat_s, _LEAST_HEARTBEAT_S), _MOST_HEARTBEAT_S)
        try:
            while not (work.done() and call.is_silent):
                word = await call.next_word(timeout_s=beat_s)
                if word is not None:
                    yield word
                elif not work.done():
                    yield Heartbeat()
        finally:
            await _ended(running, UnavailableError("nobody listens any more"))
            if self._running.get(order.operation_id) is running:
                del self._running[order.operation_id]
        yield _outcome(running, task, order)

    async def close(self) -> None:
        """End all that runs."""
        for running in list(self._running.values()):
            await _ended(
                running,
                UnavailableError(
                    "the adapter is ending",
                    remedy="call again when it is back: it goes on after its last step",
                ),
            )

    def _task(self, order: Order) -> Task:
        task = self._adapter.tasks.get(order.operation)
        if task is None:
            if any(each.key == order.operation for each in self._adapter.mesh.operations):
                raise UnsupportedError(
                    f"this adapter does not carry out {order.operation} by itself",
                    remedy="start it on a Meshery server, which does",
                )
            raise no_operation(order.operation, list(self._adapter.tasks))
        return task

    async def _take_over(self, order: Order) -> None:
        while (before := self._running.get(order.operation_id)) and not before.task.done():
            if order.attempt < before.attempt:
                raise ConflictError(
                    f"a later call of the operation {order.operation_id} runs",
                    cause=f"attempt {before.attempt} came before this one, {order.attempt}",
                    remedy="leave it to that call",
                )
            taken = ConflictError(f"a later call took the operation {order.operation_id} over")
            if not await _ended(before, taken):
                raise ConflictError(
                    f"the call before of the operation {order.operation_id} does not end",
                    remedy="restart the adapter",
                )


async def _work(running: _Running, call: Call, task: Task, steps: Sequence[Step]) -> Any:
    of = len(task.named_steps(is_removal=call.order.is_removal))
    for number, step in enumerate(steps, of - len(steps) + 1):
        if running.ending:
            raise asyncio.CancelledError
        call.step = step.name
        await call.put(StepStarted(step.name, number, of))
        result = await step.do(call)
        call.state[step.name] = _checked(step, result)
        await call.put(StepFinished(step.name, dict(call.state)))
    return call.state.get(call.step) if steps else call.state.get(call.order.last_step)


def _left(task: Task, order: Order) -> tuple[Step, ...]:
    """The steps after the last that finished."""
    steps = task.named_steps(is_removal=order.is_removal)
    if not steps:
        word = "removed" if order.is_removal else "started"
        raise UnsupportedError(f"{task.key} cannot be {word} by this adapter")
    names = [step.name for step in steps]
    if not order.last_step:
        return steps
    if order.last_step not in names:
        raise InvalidInputError(
            f"{task.key} has no step {order.last_step}",
            cause="the adapter may be another version than the one that began",
            remedy="start the operation anew; its steps: " + ", ".join(names),
            code="meshery.adapter.step",
        )
    return steps[names.index(order.last_step) + 1 :]


def _input(task: Task, order: Order) -> Any:
    if task.input is None:
        return order.input
    try:
        return msgspec.convert(order.input or {}, task.input)
    except msgspec.ValidationError as error:
        raise InvalidInputError(
            f"the input of {task.key} cannot be used",
            cause=str(error),
            remedy="the adapter's description has the schema of its input",
            code="meshery.adapter.input",
        ) from error


def _checked(step: Step, result: Any) -> Any:
    try:
        return msgspec.json.decode(msgspec.json.encode(result))
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        raise OperationFailedError(
            f"the step {step.name} answered what no JSON can hold", cause=str(error)
        ) from error


def _on_end(work: "asyncio.Task[Any]", call: Call) -> None:
    call.wake()
    if not work.cancelled():
        work.exception()  # looked at, or it would be logged with all its words


async def _ended(running: _Running, ending: MesheryError) -> bool:
    """Have it end, and wait for that; False when it does not."""
    if not running.task.done():
        running.end(ending)
        await asyncio.wait({running.task}, timeout=END_PATIENCE_S)
    return running.task.done()


def _outcome(running: _Running, task: Task, order: Order) -> Finished:
    work = running.task
    is_whole = work.done() and not work.cancelled()
    error = work.exception() if is_whole else None
    if is_whole and error is None:
        return Finished(task.text, work.result())  # told to end or not, all of it is done
    if running.ending is not None:
        raise running.ending
    if error is None:
        raise OperationFailedError(f"{task.text} was cancelled by one of its own steps")
    if isinstance(error, MesheryError):
        raise error
    raise failure(error, f"{task.text} failed", order.clusters) from error


def failure(error: BaseException, what: str, clusters: Sequence[Cluster]) -> OperationFailedError:
    """The error for an exception of an adapter's own; no word of a login is in it."""
    return OperationFailedError(
        what,
        cause=masked(f"{type(error).__name__}: {error}", clusters),
        remedy="see the adapter's own log",
        code="meshery.adapter.fault",
    )


def masked(text: str, clusters: Sequence[Cluster]) -> str:
    """A text without any word of the clusters' logins."""
    for cluster in clusters:
        for word in sorted(set(_SECRET.findall(cluster.kubeconfig)), key=len, reverse=True):
            text = text.replace(word, "***")
    return text
