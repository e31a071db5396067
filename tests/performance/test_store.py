"""Rows of performance, on SQLite and on PostgreSQL."""

import msgspec
import pytest

from meshery.core.database import Database
from meshery.core.errors import ConflictError, NotFoundError, PreconditionError
from meshery.core.page import PageQuery
from meshery.performance import store
from meshery.performance.model import Endpoint, Profile
from performance.results import overhead_result


def profile(name: str = "web", rate_rps: float = 10.0) -> Profile:
    return Profile(name=name, endpoints=(Endpoint(url="http://h/"),), rate_rps=rate_rps)


async def test_profiles_come_back_by_id_and_name_and_grow_versions(database: Database) -> None:
    async with database.write() as connection:
        profile_id = await store.insert_profile(connection, profile())
    async with database.write() as connection:
        await store.replace_profile(connection, profile_id, profile(rate_rps=20), if_version=1)
    async with database.read() as connection:
        by_id = await store.find_profile(connection, profile_id)
        by_name = await store.find_profile(connection, "web")
    assert by_id == by_name
    assert (by_id.version, by_id.profile.rate_rps, by_id.results) == (2, 20, 0)
    assert by_id.updated_at >= by_id.created_at


async def test_a_changed_profile_is_not_overwritten(database: Database) -> None:
    async with database.write() as connection:
        profile_id = await store.insert_profile(connection, profile())
        await store.replace_profile(connection, profile_id, profile(), if_version=None)
        with pytest.raises(PreconditionError):
            await store.replace_profile(connection, profile_id, profile(), if_version=1)
        with pytest.raises(PreconditionError):
            await store.delete_profile(connection, profile_id, if_version=1)
        await store.delete_profile(connection, profile_id, if_version=2)
        with pytest.raises(NotFoundError):
            await store.find_profile(connection, profile_id)


async def test_names_of_profiles_are_unique(database: Database) -> None:
    async with database.write() as connection:
        await store.insert_profile(connection, profile())
    with pytest.raises(ConflictError):
        async with database.write() as connection:
            await store.insert_profile(connection, profile())


async def test_profiles_by_page(database: Database) -> None:
    async with database.write() as connection:
        for name in ("a_1", "b%2", "c"):
            await store.insert_profile(connection, profile(name))
    async with database.read() as connection:
        page = await store.list_profiles(connection, PageQuery(order="-name", page_size=2))
        found = await store.list_profiles(connection, PageQuery(order="name", search="%"))
    assert [each.profile.name for each in page.items] == ["c", "b%2"]
    assert page.total == 3
    assert [each.profile.name for each in found.items] == ["b%2"]


async def test_a_result_comes_back_whole(database: Database) -> None:
    result, histograms = await overhead_result()
    async with database.write() as connection:
        await store.insert_result(connection, result, histograms)
    async with database.read() as connection:
        found, _ = await store.find_result(connection, "r1")
        counts = await store.find_histograms(connection, "r1")
    assert found == result
    assert counts == histograms


async def test_results_are_listed_by_what_one_asks_for(database: Database) -> None:
    async with database.write() as connection:
        profile_id = await store.insert_profile(connection, profile())
    slow, histograms = await overhead_result("slow", shift_us=900, name="slow hop")
    quick, _ = await overhead_result("quick", shift_us=100, name="quick hop")
    slow = msgspec.structs.replace(slow, profile_id=profile_id)
    async with database.write() as connection:
        await store.insert_result(connection, slow, histograms)
        await store.insert_result(connection, quick, store.Histograms())
    async with database.read() as connection:
        by_cost = await store.list_results(connection, PageQuery(order="-delta_p50_us"))
        searched = await store.list_results(connection, PageQuery(search="QUICK"))
        none = await store.list_results(connection, PageQuery(), sandbox="other")
        stored = await store.find_profile(connection, profile_id)
    assert [row.id for row in by_cost.items] == ["slow", "quick"]
    assert by_cost.items[0].delta_p50_us == pytest.approx(900, abs=30)
    assert by_cost.items[0].requests == 2400
    assert [row.id for row in searched.items] == ["quick"]
    assert none.total == 0
    assert (stored.results, stored.last_run_at is not None) == (1, True)


async def test_a_result_without_arms_shows_no_percentile(database: Database) -> None:
    result, _ = await overhead_result()
    functions = msgspec.structs.replace(result, kind="functions", arms={}, delta_us={})
    async with database.write() as connection:
        await store.insert_result(connection, functions, store.Histograms())
    async with database.read() as connection:
        listed = await store.list_results(connection, PageQuery())
    row = listed.items[0]
    assert (row.p50_us, row.p99_us, row.delta_p50_us) == (None, None, None)


async def test_a_deleted_result_takes_its_histograms_with_it(database: Database) -> None:
    result, histograms = await overhead_result()
    async with database.write() as connection:
        await store.insert_result(connection, result, histograms)
        await store.delete_result(connection, "r1")
        assert await store.find_histograms(connection, "r1") == store.Histograms()
        with pytest.raises(NotFoundError):
            await store.delete_result(connection, "r1")
