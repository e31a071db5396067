"""The places of a worker: how many operations it runs at once."""

import asyncio


class Slots:
    """A counter of free places. An operation that waits for a child gives its own back."""

    def __init__(self, places: int) -> None:
        self._free = asyncio.Semaphore(places)

    async def take(self) -> None:
        """Take a place, waiting for one if need be."""
        await self._free.acquire()

    async def take_now(self) -> bool:
        """Take a place if one is free."""
        if self._free.locked():
            return False
        await self._free.acquire()
        return True

    async def wait_free(self) -> None:
        """Wait until a place is free; it is not taken."""
        await self._free.acquire()
        self._free.release()

    def give_back(self) -> None:
        """Free a place."""
        self._free.release()
