"""`WholeStatements`: a connection whose statements no cancel cuts in two."""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import CursorResult
from sqlalchemy.ext.asyncio import AsyncConnection

from meshery.core.tasks import whole

T = TypeVar("T")


class WholeStatements(AsyncConnection):
    """Finishes each statement even when its task is cancelled.

    One that is cut off leaves a cursor that nobody closes, and with it SQLite's write lock.
    """

    async def execute(self, *arguments: Any, **options: Any) -> CursorResult[Any]:
        """As SQLAlchemy has it; `scalar` and `scalars` come through here too."""
        return await whole(super().execute(*arguments, **options))

    async def run_sync(  # type: ignore[override]  # the same, less precisely
        self, work: Callable[..., T], *arguments: Any, **options: Any
    ) -> T:
        """As SQLAlchemy has it."""
        return await whole(super().run_sync(work, *arguments, **options))
