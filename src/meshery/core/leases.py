"""Leases by name, by database time: who may do what only one process may do at once.

A lease is taken when nobody holds it or when it has lapsed; each taking raises its fence, so that a
holder who slept beyond its lease can be told from the present one.
"""

from collections.abc import Iterable

from sqlalchemy import BigInteger, Column, String, Table, select, update

from meshery.core.database import Database, UtcTime, db_now, later, metadata

lease = Table(
    "lease",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("owner", String(320), nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("until", UtcTime, nullable=False),
)


async def acquire(database: Database, name: str, *, owner: str, ttl_s: float) -> int | None:
    """Take the lease for `ttl_s`; its new fence, or None while somebody else holds it."""
    values = {"name": name, "owner": owner, "fence": 1, "until": later(ttl_s)}
    statement = database.insert(lease).values(**values)
    statement = statement.on_conflict_do_update(
        index_elements=["name"],
        set_={"owner": owner, "fence": lease.c.fence + 1, "until": later(ttl_s)},
        where=(lease.c.until < db_now()) | (lease.c.owner == owner),
    )
    async with database.write() as connection:
        fence: int | None = await connection.scalar(statement.returning(lease.c.fence))
    return fence


async def holder(database: Database, name: str) -> tuple[str, int] | None:
    """Owner and fence of a lease that has not lapsed."""
    return (await holders(database, [name])).get(name)


async def holders(database: Database, names: Iterable[str]) -> dict[str, tuple[str, int]]:
    """Owner and fence of those of these leases that have not lapsed, by name."""
    query = select(lease.c.name, lease.c.owner, lease.c.fence)
    rows = await database.fetch(
        query.where(lease.c.name.in_(list(names))).where(lease.c.until >= db_now())
    )
    return {row.name: (row.owner, row.fence) for row in rows}


async def renew(database: Database, name: str, *, owner: str, fence: int, ttl_s: float) -> bool:
    """Hold it for another `ttl_s` from now; false when it was taken by somebody else."""
    mine = (lease.c.name == name) & (lease.c.owner == owner) & (lease.c.fence == fence)
    async with database.write() as connection:
        result = await connection.execute(update(lease).where(mine).values(until=later(ttl_s)))
    return result.rowcount == 1


async def release(database: Database, name: str, *, owner: str, fence: int) -> None:
    """Give it back; nothing happens when it is somebody else's by now."""
    mine = (lease.c.name == name) & (lease.c.owner == owner) & (lease.c.fence == fence)
    async with database.write() as connection:
        await connection.execute(update(lease).where(mine).values(until=later(-1)))
