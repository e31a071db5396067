"""Checks of operations: what cannot be is refused, and one that is named is carried out."""

import uuid

from meshery.adapters.checking import Check, Finding, Probe, Skipped, demand, unexpected
from meshery.adapters.model import Finished, OperationInfo, Order, StepFinished, StepStarted, Word
from meshery.core.errors import MesheryError, NotFoundError, UnsupportedError

_HEARTBEAT_S = 1.0


async def _unknown(probe: Probe) -> None:
    _ = probe.described
    try:
        await _words(probe, _order("no-such-operation"))
    except (NotFoundError, UnsupportedError):
        return
    except MesheryError as error:
        raise Finding(unexpected(error)) from error
    raise Finding("an operation that there is not was carried out")


async def _cancel(probe: Probe) -> None:
    _ = probe.described
    found = await probe.client.cancel(str(uuid.uuid4()))
    demand(not found, "an operation that never ran was cancelled")


async def _steps(probe: Probe) -> None:
    for each in probe.described.operations:
        for steps in (each.steps, each.removal_steps):
            demand(len(steps) == len(set(steps)), f"{each.key} has two steps of one name")


async def _carried_out(probe: Probe) -> None:
    info = _named(probe)
    words = await _words(probe, _order(info.key))
    begun = tuple(word.step for word in words if isinstance(word, StepStarted))
    ended = tuple(word.step for word in words if isinstance(word, StepFinished))
    demand(begun == info.steps, f"steps that began: {begun}; described: {info.steps}")
    demand(ended == info.steps, f"steps that finished: {ended}; described: {info.steps}")
    demand(isinstance(words[-1], Finished), "the last word is not that it is done")


async def _resumed(probe: Probe) -> None:
    info = _named(probe)
    if len(info.steps) < 2:
        raise Skipped(f"{info.key} has one step only")
    order = _order(info.key)
    words = probe.client.operate(order)
    async for word in words:
        if isinstance(word, StepFinished):
            order = order.after(word).again()
            break
    await words.aclose()  # type: ignore[attr-defined]  # it is a generator
    rest = await _words(probe, order)
    begun = tuple(word.step for word in rest if isinstance(word, StepStarted))
    demand(begun == info.steps[1:], f"it went on with {begun} after {info.steps[0]}")


def _named(probe: Probe) -> OperationInfo:
    described = probe.described
    if not probe.operation:
        raise Skipped("no operation was named to be carried out")
    for each in described.operations:
        if each.key == probe.operation:
            demand(each.steps, f"{each.key} has no steps: the adapter does not carry it out")
            return each
    raise Finding(f"there is no operation {probe.operation}")


def _order(operation: str) -> Order:
    return Order(
        operation=operation,
        operation_id=f"check-{uuid.uuid4()}",
        namespace="default",
        heartbeat_s=_HEARTBEAT_S,
    )


async def _words(probe: Probe, order: Order) -> list[Word]:
    return [word async for word in probe.client.operate(order)]


OPERATING = (
    Check("unknown-operation", "An operation that there is not is refused.", _unknown),
    Check("cancel", "What does not run cannot be cancelled.", _cancel),
    Check("steps", "Steps of an operation have different names.", _steps),
    Check("operation", "The operation does its steps in order and ends.", _carried_out),
    Check("resume", "It goes on after its last step.", _resumed),
)
