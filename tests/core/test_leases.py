"""Leases: one holder at a time, lapse by database time, fences that only rise."""

import asyncio

from meshery.core import leases
from meshery.core.database import Database


async def test_only_one_of_many_gets_it(database: Database) -> None:
    got = await asyncio.gather(
        *(leases.acquire(database, "x", owner=f"o{n}", ttl_s=5) for n in range(8))
    )
    assert [fence for fence in got if fence is not None] == [1]


async def test_a_lapsed_lease_is_taken_with_a_higher_fence(database: Database) -> None:
    first = await leases.acquire(database, "x", owner="a", ttl_s=0.05)
    assert first == 1
    await asyncio.sleep(0.1)
    second = await leases.acquire(database, "x", owner="b", ttl_s=5)
    assert second == 2
    assert not await leases.renew(database, "x", owner="a", fence=1, ttl_s=5)
    assert await leases.renew(database, "x", owner="b", fence=2, ttl_s=5)


async def test_a_released_lease_is_free_at_once_but_only_for_its_holder(
    database: Database,
) -> None:
    fence = await leases.acquire(database, "x", owner="a", ttl_s=60)
    assert fence is not None
    await leases.release(database, "x", owner="b", fence=fence)
    assert await leases.acquire(database, "x", owner="b", ttl_s=60) is None
    await leases.release(database, "x", owner="a", fence=fence)
    assert await leases.acquire(database, "x", owner="b", ttl_s=60) == fence + 1


async def test_who_holds_several_is_told_at_once(database: Database) -> None:
    assert await leases.acquire(database, "x", owner="a", ttl_s=60) == 1
    assert await leases.acquire(database, "y", owner="b", ttl_s=-1) == 1
    assert await leases.holders(database, ["x", "y", "z"]) == {"x": ("a", 1)}
    assert await leases.holder(database, "x") == ("a", 1)
    assert await leases.holder(database, "y") is None


async def test_names_do_not_meet(database: Database) -> None:
    assert await leases.acquire(database, "x", owner="a", ttl_s=60) == 1
    assert await leases.acquire(database, "y", owner="b", ttl_s=60) == 1
