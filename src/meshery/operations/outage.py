"""Outages of the database, told as an event as soon as there is somewhere to write it again."""

import time
from typing import TYPE_CHECKING

from meshery.core.errors import MesheryError, UnavailableError
from meshery.operations.model import Subject

if TYPE_CHECKING:
    from meshery.operations.platform import Platform

_DATABASE = "meshery.database."
_SUBJECT = Subject("system", "database", "database")


class Outage:
    """What one process has seen of an outage that nobody was told of yet."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._cause = ""

    def notice(self, error: MesheryError) -> None:
        """Remember an error, if it says that the database was away."""
        if self._began is None and error.specific_code.startswith(_DATABASE):
            self._began, self._cause = time.monotonic(), error.cause

    async def tell(self, platform: "Platform") -> None:
        """Store the event, if there is one. UnavailableError while the outage lasts."""
        began, self._began = self._began, None  # two may come here at once
        if began is None:
            return
        error = outage_error(time.monotonic() - began, cause=self._cause)
        try:
            await platform.events.emit(
                category="system", severity="error", subject=_SUBJECT, text=error.what, error=error
            )
        except UnavailableError:
            self._began = began
            raise


def outage_error(lasted_s: float, *, cause: str) -> UnavailableError:
    """What is told of an outage that is over."""
    return UnavailableError(
        f"the database could not be written for {lasted_s:.1f} s",
        cause=cause,
        remedy="look at the disk's free space and at other users of the database",
        code="meshery.database.outage",
    )
