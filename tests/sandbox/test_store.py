from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from meshery.apply.target import Object, Ref
from meshery.core.database import Database
from meshery.core.errors import ConflictError, NotFoundError
from meshery.core.settings import Settings
from meshery.sandbox.store import Edit, Store


def account(name: str, **labels: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": name, "labels": labels},
    }


REF = Ref("v1", "ServiceAccount", "a")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    database = await Database.open(Settings(home=str(tmp_path)))
    try:
        await database.migrate()
        yield Store(database)
    finally:
        await database.close()


async def create(store: Store, name: str = "shop") -> None:
    layout = {"a-v1-0": {"app": 20_001, "inbound": 20_002}}
    await store.create(
        name, owner="op", host="here", objects=[account("a"), account("b")], layout=layout
    )


async def test_keeps_a_sandbox(store: Store) -> None:
    await create(store)
    row = await store.get("shop")
    assert (row.host, row.phase, row.version) == ("here", "starting", 2)
    assert row.layout["a-v1-0"]["inbound"] == 20_002
    await store.set("shop", phase="up", ready_s=0.3)
    await store.mark_rotated("shop")
    row = await store.get("shop")
    assert (row.phase, row.ready_s) == ("up", 0.3)
    assert row.rotated_at is not None
    assert row.rotated_at >= row.created_at


async def test_one_sandbox_a_name(store: Store) -> None:
    await create(store)
    with pytest.raises(ConflictError, match="there is a sandbox shop already"):
        await create(store)
    await create(store, "other")
    assert [row.name for row in await store.all()] == ["other", "shop"]
    assert await store.all(host="elsewhere") == []


async def test_commits_all_edits_or_none(store: Store) -> None:
    await create(store)
    edits = [Edit("modified", account("a", team="x")), Edit("deleted", account("b"))]
    assert await store.commit("shop", edits, based_on=2) == 4
    version, objects = await store.snapshot("shop")
    assert (version, objects) == (4, [account("a", team="x")])
    with pytest.raises(ConflictError):
        await store.commit("shop", [Edit("added", account("c"))], based_on=2)
    assert await store.snapshot("shop") == (4, [account("a", team="x")])
    assert await store.object("shop", REF) == account("a", team="x")
    assert await store.object("shop", Ref("v1", "ServiceAccount", "c")) is None


async def test_a_sandbox_and_its_objects_of_one_moment(store: Store) -> None:
    await store.create("empty", owner="op", host="here", objects=[], layout={})
    await create(store)
    assert await store.whole("shop") == (await store.get("shop"), [account("a"), account("b")])
    assert await store.whole("empty") == (await store.get("empty"), [])
    with pytest.raises(NotFoundError):
        await store.whole("none")


async def test_a_change_may_bring_its_layout(store: Store) -> None:
    await create(store)
    layout = {"a-v1-0": {"app": 20_009}}
    await store.commit("shop", [Edit("added", account("c"))], based_on=2, layout=layout)
    row, objects = await store.whole("shop")
    assert (row.layout, row.version) == (layout, 3)
    assert objects == [account("a"), account("b"), account("c")]
    with pytest.raises(NotFoundError):
        await store.commit("none", [Edit("added", account("c"))], based_on=2)


async def test_tells_what_changed(store: Store) -> None:
    await create(store)
    await store.commit("shop", [Edit("deleted", account("b"))], based_on=2)
    events = await store.changes("shop", after=1)
    assert [(event.what, event.resource_version) for event in events] == [
        ("added", "2"),
        ("deleted", "3"),
    ]
    assert await store.changes("shop", after=3) == []


async def test_forgets_old_changes_and_says_so(store: Store) -> None:
    await create(store)
    await store.commit("shop", [Edit("modified", account("a"))] * 1_100, based_on=2)
    with pytest.raises(ConflictError, match="no longer kept"):
        await store.changes("shop", after=1)
    assert len(await store.changes("shop", after=1_000)) == 102


async def test_deletes_all_of_it(store: Store) -> None:
    await create(store)
    await create(store, "other")
    await store.delete("shop")
    await store.delete("shop")
    with pytest.raises(NotFoundError):
        await store.get("shop")
    with pytest.raises(NotFoundError):
        await store.snapshot("shop")
    assert (await store.snapshot("other"))[0] == 2
    await create(store)
