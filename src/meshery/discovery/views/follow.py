"""Keeps a page as it is stored: drawn anew when something was, and no more often than it can bear.

Looking costs one row by its key, so it is done often; what a change costs is up to the page.
"""

from collections.abc import Awaitable, Callable
from time import monotonic

from meshery.core.database import Database
from meshery.discovery.stored import Position, stored_position
from meshery.operations.platform import Platform
from meshery.ui.context import PageContext

LOOK_S = 0.4
REST = 4.0
"""So many times as long as it took rests a page after it was drawn."""
ANYWAY_S = 15.0
"""Ages and the state of a watch change by time alone."""

Renew = Callable[[], Awaitable[bool | None]]
"""Draws anew. False says that it came too early to show all that is stored."""


class Follower:
    """One page's way to keep up."""

    def __init__(self, database: Database, renew: Renew) -> None:
        self._database = database
        self._renew = renew
        self._position: Position | None = None
        self._rest_until_s = 0.0
        self._anyway_at_s = 0.0

    async def look(self) -> None:
        """Draw anew where it is time for that."""
        begun_s = monotonic()
        if begun_s < self._rest_until_s:
            return
        position = await stored_position(self._database)
        if position == self._position and begun_s < self._anyway_at_s:
            return
        if await self._renew() is not False:
            self._position = position
        now_s = monotonic()
        self._rest_until_s = now_s + REST * (now_s - begun_s)
        self._anyway_at_s = now_s + ANYWAY_S


def follow(context: PageContext, renew: Renew) -> None:
    """Follow for as long as the tab is there."""
    platform: Platform = context.state
    context.every(LOOK_S, Follower(platform.database, renew).look, name="follow")
