"""When the function of a kind is interrupted: is anybody to go on, and clean-up within a time."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from meshery.core.errors import MesheryError
from meshery.core.telemetry import get_logger
from meshery.operations.model import OperationState
from meshery.operations.run import Run

_log = get_logger("operations.ending")


async def is_over(run: Run, error: BaseException) -> bool:
    """Whether nobody will go on with this operation: it failed, or a person cancelled it."""
    if not isinstance(error, asyncio.CancelledError):
        return True
    try:
        operation = await run.platform.operations.get(run.operation.id)
    except MesheryError:
        return False
    return operation.state is OperationState.CANCELLING


async def bounded(work: Coroutine[Any, Any, None], *, within_s: float) -> None:
    """Clean up, also while being cancelled; what goes wrong is logged, the first error counts."""
    cleaning = asyncio.create_task(work, name="operation-clean-up")
    cleaning.add_done_callback(_tell)
    done, _ = await asyncio.wait({cleaning}, timeout=within_s)
    if not done:
        _log.warning("operation.clean_up_late", within_s=within_s)


def _tell(cleaning: asyncio.Task[None]) -> None:
    error = None if cleaning.cancelled() else cleaning.exception()
    if error is not None:
        _log.warning("operation.clean_up_failed", cause=str(error) or repr(error))
