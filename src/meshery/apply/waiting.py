"""Waiting until something is so, told what is still missing, within the time of a run."""

import asyncio
from collections.abc import Awaitable, Callable

from meshery.apply.patience import Patience, Say
from meshery.apply.target import Ref, Target
from meshery.core.errors import DeadlineError, OperationFailedError

_SLICE_S = 1.0
_POLL_S = (0.1, 1.0)


async def until_in_effect(target: Target, ref: Ref, *, patience: Patience, say: Say) -> None:
    """Wait until an object is in effect, by the rules of its kind.

    DeadlineError with what is missing when time runs out, OperationFailedError when waiting does
    not mend it.
    """
    while True:
        found = await patience.insist(
            lambda: target.ready(ref, timeout_s=min(_SLICE_S, patience.left_s)), say=say
        )
        if found.ready:
            return
        if found.is_final:
            raise OperationFailedError(f"it {found.reason}", code="meshery.apply.final")
        await say(found.reason)
        if patience.is_over:
            raise _too_late(found.reason)


async def until_there(
    missing: Callable[[], Awaitable[str]], *, patience: Patience, say: Say
) -> None:
    """Wait until nothing is `missing`. DeadlineError with what is when time runs out."""
    pause_s, most_s = _POLL_S
    while reason := await patience.insist(missing, say=say):
        await say(reason)
        if patience.is_over:
            raise _too_late(reason)
        await asyncio.sleep(min(pause_s, patience.left_s))
        pause_s = min(pause_s * 1.5, most_s)


def _too_late(reason: str) -> DeadlineError:
    return DeadlineError("it is not in effect, and time ran out", cause=reason)
