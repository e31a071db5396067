"""One deadline for a whole run, and patience with places that do not answer for a while."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from meshery.core.errors import DeadlineError, MesheryError, UnavailableError

T = TypeVar("T")
Say = Callable[[str], Awaitable[None]]
"""Told why nothing goes on."""
_PAUSE_S = (0.1, 2.0)


class Patience:
    """Counts down from `timeout_s`, in seconds."""

    def __init__(self, timeout_s: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._deadline = self._loop.time() + timeout_s

    @property
    def left_s(self) -> float:
        """Seconds left, never less than none."""
        return max(0.0, self._deadline - self._loop.time())

    @property
    def is_over(self) -> bool:
        """Whether time has run out."""
        return not self.left_s

    async def insist(
        self,
        attempt: Callable[[], Awaitable[T]],
        *,
        say: Say,
        passes: Callable[[MesheryError], bool] | None = None,
    ) -> T:
        """Try until it succeeds; the last error when time runs out, any other one at once.

        Worth another try are places that do not answer, and errors of which `passes` says so.
        """
        pause_s, most_s = _PAUSE_S
        while True:
            try:
                return await attempt()
            except MesheryError as error:
                may_pass = isinstance(error, UnavailableError | DeadlineError)
                may_pass = may_pass or (passes is not None and passes(error))
                if not may_pass or self.is_over:
                    raise
                await say(f"tries again: {error.what}")
            await asyncio.sleep(min(pause_s, self.left_s))
            pause_s = min(pause_s * 2, most_s)
