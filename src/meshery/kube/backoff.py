"""Waits between tries: doubling, jittered, and forgotten after a good while."""

import asyncio
import random


class Backoff:
    """Waits of `start_s`, then twice as long each time up to `most_s`, each times 0.5 to 1.5.

    A try that lasted `healthy_s` or more starts the row anew. All in seconds.
    """

    def __init__(
        self, *, start_s: float = 0.5, most_s: float = 30.0, healthy_s: float = 60.0
    ) -> None:
        self._start_s = start_s
        self._most_s = most_s
        self._healthy_s = healthy_s
        self._next_s = start_s
        self._since = 0.0

    def began(self) -> None:
        """A try begins now."""
        self._since = asyncio.get_running_loop().time()

    def lasted(self, seconds: float) -> bool:
        """Whether the try that runs now began that long ago."""
        return asyncio.get_running_loop().time() - self._since >= seconds

    def reset(self) -> None:
        """The next wait is the shortest."""
        self._next_s = self._start_s

    async def wait(self, *, least_s: float = 0.0) -> None:
        """Wait before the next try, at least `least_s`."""
        if self._since and self.lasted(self._healthy_s):
            self.reset()
        # Jitter keeps many watchers from coming back to a restarted server in one moment.
        pause = self._next_s * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
        self._next_s = min(self._next_s * 2, self._most_s)
        await asyncio.sleep(max(pause, least_s))
