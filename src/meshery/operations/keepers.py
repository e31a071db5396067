"""Keepers: small loops that mend what got lost. Most run once in the whole installation.

A singleton holds a lease in the database, by database time, while it runs. Rooms register theirs in
the entry-point group `meshery.keepers` as a sequence of Keeper.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.orm import aliased

from meshery.core import leases
from meshery.core.database import db_now, later
from meshery.core.durations import parse_duration
from meshery.core.errors import MesheryError
from meshery.core.telemetry import get_logger
from meshery.operations.kinds import load_registered
from meshery.operations.loss import settle_loss
from meshery.operations.model import FINAL_STATES, OWNED_STATES, OperationState
from meshery.operations.outage import Outage
from meshery.operations.owners import is_gone
from meshery.operations.platform import Platform
from meshery.operations.rows import ACTIVE_STATES, by_id
from meshery.operations.tables import event as event_table
from meshery.operations.tables import operation as table

Where = Literal["worker", "server"]

_RETENTION_S = 600.0
_MAX_REPUBLISH_S = 60.0
_LOSS_PAUSE_S = 2.0

_log = get_logger("operations.keepers")


@dataclass(frozen=True)
class Keeper:
    """A loop that ends only by cancellation. `where` names the process that runs it."""

    name: str
    run: Callable[[Platform], Awaitable[None]]
    where: Where = "worker"
    singleton: bool = True


async def run_keepers(
    platform: Platform, *, where: Where, owner: str, keepers: Sequence[Keeper] | None = None
) -> None:
    """Run keepers of this process until cancelled: all registered ones, unless some are given.

    `owner` names the process in leases.
    """
    outage = Outage()
    async with asyncio.TaskGroup() as group:
        for keeper in load_keepers() if keepers is None else keepers:
            if keeper.where == where:
                work = _keep(platform, keeper, owner, outage)
                group.create_task(work, name=f"keeper-{keeper.name}")


def load_keepers() -> list[Keeper]:
    """All registered keepers."""
    return list(load_registered("meshery.keepers"))


async def _keep(platform: Platform, keeper: Keeper, owner: str, outage: Outage) -> None:
    while True:
        try:
            await outage.tell(platform)
            if keeper.singleton:
                await _alone(platform, keeper, owner)
            else:
                await keeper.run(platform)
        except MesheryError as error:
            outage.notice(error)
            _log.warning("keeper.again", keeper=keeper.name, what=error.what, cause=error.cause)
        except Exception:  # noqa: BLE001 - the edge of a loop of other rooms
            _log.exception("keeper.broken", keeper=keeper.name)
        await asyncio.sleep(1.0)


async def _alone(platform: Platform, keeper: Keeper, owner: str) -> None:
    """Run it while this process holds its lease; return when the lease is somebody else's."""
    ttl_s = parse_duration(platform.settings.worker.lease)
    database, name = platform.database, f"keeper.{keeper.name}"
    await _free_of_the_dead(platform, name)
    fence = await leases.acquire(database, name, owner=owner, ttl_s=ttl_s)
    if fence is None:
        await asyncio.sleep(ttl_s / 3)
        return
    task = asyncio.ensure_future(keeper.run(platform))
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=ttl_s / 3)
            if not await leases.renew(database, name, owner=owner, fence=fence, ttl_s=ttl_s):
                return
        task.result()
    finally:
        task.cancel()
        await asyncio.wait({task})
        await leases.release(database, name, owner=owner, fence=fence)


async def _free_of_the_dead(platform: Platform, name: str) -> None:
    """Give a lease back for a process of this host that was killed."""
    if platform.database.dialect != "sqlite":
        return
    held = await leases.holder(platform.database, name)
    if held is not None and is_gone(held[0], host=platform.host):
        await leases.release(platform.database, name, owner=held[0], fence=held[1])


async def republish(platform: Platform) -> None:
    """Wake workers again for rows that nobody has claimed for `worker.republish_after`.

    The pause doubles with each time, up to a minute: a long queue is no reason to flood the bus.
    """
    after_s = parse_duration(platform.settings.worker.republish_after)
    while True:
        await republish_once(platform, after_s=after_s)
        await asyncio.sleep(after_s / 2)


async def republish_once(platform: Platform, *, after_s: float) -> int:
    """One round; how many wake-ups were sent."""
    due = or_(
        *(
            (table.c.publishes == times)
            & (table.c.published_at < later(-min(after_s * 2 ** (times - 1), _MAX_REPUBLISH_S)))
            for times in range(1, 6)
        ),
        (table.c.publishes > 5) & (table.c.published_at < later(-max(after_s, _MAX_REPUBLISH_S))),
    )
    async with platform.database.write() as connection:
        rows = (
            await connection.execute(
                update(table)
                .where(table.c.state == OperationState.QUEUED.value)
                .where(due)
                .values(published_at=db_now(), publishes=table.c.publishes + 1)
                .returning(table.c.id, table.c.kind, table.c.host)
            )
        ).all()
    for row in rows:
        await platform.operations.wake(row.id, kind=row.kind, host=row.host)
    return len(rows)


async def owner_loss(platform: Platform) -> None:
    """Settle operations whose owner let the lease lapse.

    A lease is judged a pause after the database was seen to take writes: when it comes back after
    longer than a lease, owners that live renew first.
    """
    pause_s = min(parse_duration(platform.settings.worker.beat), _LOSS_PAUSE_S)
    while True:
        async with platform.database.write():
            pass
        await asyncio.sleep(pause_s)
        await settle_lapsed(platform)


async def settle_lapsed(platform: Platform) -> int:
    """One round: apply the policy of each lost operation, and cancel children left behind."""
    parent = aliased(table)
    parent_ended = exists().where(
        parent.c.id == table.c.parent_id,
        parent.c.state.in_([state.value for state in FINAL_STATES]),
    )
    owned = table.c.state.in_([state.value for state in OWNED_STATES])
    # One beat of grace: who renews now may be late by as much.
    grace_s = parse_duration(platform.settings.worker.beat)
    lost = owned & (
        (table.c.lease_until < later(-grace_s)) | table.c.owner.in_(await _gone_owners(platform))
    )
    unanswered = table.c.asked & parent_ended
    async with platform.database.read() as connection:
        found = (
            await connection.execute(select(table.c.id).where(or_(lost, unanswered)).limit(200))
        ).scalars()
        ids = list(found)
    settled = 0
    loop = asyncio.get_running_loop()
    for operation_id in ids:
        asked_s = loop.time()
        async with platform.database.write() as connection:
            query = by_id(operation_id).where(or_(lost, unanswered)).with_for_update()
            row = (await connection.execute(query)).one_or_none()
            if loop.time() - asked_s > grace_s:
                break  # whoever held the database kept its owner from renewing too
            loss = None if row is None else await settle_loss(connection, row)
        if loss is not None:
            settled += 1
            await loss.announce(platform)
    await _cancel_orphans(platform)
    return settled


async def _gone_owners(platform: Platform) -> list[str]:
    """Owners that were processes of this host and have ended: no need to wait for their leases."""
    if platform.database.dialect != "sqlite":
        return []
    async with platform.database.read() as connection:
        owners = (
            await connection.execute(
                select(table.c.owner).distinct().where(table.c.lease_until >= db_now())
            )
        ).scalars()
        return [owner for owner in owners if is_gone(owner, host=platform.host)]


async def _cancel_orphans(platform: Platform) -> None:
    """Children whose parent ended badly while nobody was there to cancel them."""
    parent = aliased(table)
    badly = [OperationState.FAILED, OperationState.CANCELLED, OperationState.INTERRUPTED]
    active = [state.value for state in ACTIVE_STATES if state is not OperationState.CANCELLING]
    async with platform.database.read() as connection:
        parents = (
            await connection.execute(
                select(parent.c.id)
                .distinct()
                .join(table, table.c.parent_id == parent.c.id)
                .where(table.c.state.in_(active))
                .where(parent.c.state.in_([state.value for state in badly]))
                .limit(200)
            )
        ).scalars()
        ids = list(parents)
    for parent_id in ids:
        await platform.operations.cancel_children(parent_id, actor="system")


async def announce_events(platform: Platform) -> None:
    """Publish events whose message could not be sent when they were stored."""
    pause_s = min(parse_duration(platform.settings.worker.republish_after), 2.0)
    while True:
        await platform.events.announce_pending(older_than_s=pause_s)
        await asyncio.sleep(pause_s)


async def retention(platform: Platform) -> None:
    """Delete what is older than `retention.operations` and `retention.events`."""
    while True:
        await delete_old(platform)
        await asyncio.sleep(_RETENTION_S)


async def delete_old(platform: Platform) -> None:
    """One round. Children go with their parents: only trees whose root is old enough."""
    keep = platform.settings.retention
    operations_s, events_s = parse_duration(keep.operations), parse_duration(keep.events)
    parent = aliased(table)
    has_parent = exists().where(parent.c.id == table.c.parent_id)
    async with platform.database.write() as connection:
        if operations_s:
            await connection.execute(
                delete(table)
                .where(table.c.ended_at < later(-operations_s))
                .where(~has_parent.correlate(table))
            )
        if events_s:
            await connection.execute(delete(event_table).where(event_table.c.at < later(-events_s)))


KEEPERS = (
    Keeper("operations.republish", republish),
    Keeper("operations.owner-loss", owner_loss),
    Keeper("operations.events", announce_events),
    Keeper("operations.retention", retention),
)
