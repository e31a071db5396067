"""Forgets results that are older than `retention.results`; nothing while that is 0s."""

import asyncio

from sqlalchemy import delete

from meshery.core.database import later
from meshery.core.durations import parse_duration
from meshery.core.telemetry import get_logger
from meshery.operations.keepers import Keeper
from meshery.operations.platform import Platform
from meshery.performance.tables import performance_results as results

_EVERY_S = 3600.0

_log = get_logger("performance.keepers")


async def forget_results(platform: Platform) -> None:
    """Look once an hour."""
    kept_s = parse_duration(platform.settings.retention.results)
    while True:
        if kept_s > 0:
            await forget_older(platform, kept_s=kept_s)
        await asyncio.sleep(_EVERY_S)


async def forget_older(platform: Platform, *, kept_s: float) -> int:
    """Delete results older than `kept_s` seconds, histograms with them; how many there were."""
    async with platform.database.write() as connection:
        done = await connection.execute(
            delete(results).where(results.c.created_at < later(-kept_s))
        )
    if done.rowcount:
        _log.info("results.forgotten", count=done.rowcount)
    return done.rowcount


KEEPERS = (Keeper(name="performance.retention", run=forget_results),)
