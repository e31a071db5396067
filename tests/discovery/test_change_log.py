"""The row of changes from its newest end, and what objects may be chosen by, on each database."""

from typing import Any

import msgspec
import pytest

from meshery.core.database import Database
from meshery.discovery.change import ChangeFilter
from meshery.discovery.change_log import ChangeLog
from meshery.discovery.facets import KindFacet, facets, parse_kind
from meshery.discovery.ingest.batch import Batch
from meshery.discovery.ingest.report import store_report
from meshery.discovery.model import ChangeKind, KindStatus, ObjectKey, Report, Seen

CLUSTER = "5f1d4b0e-7f8d-4d9c-9d0e-2f4f6c1a0b3d"
LONG = "x" * 120_000


def seen(name: str, version: int, event: ChangeKind = "ADDED", **more: Any) -> Seen:
    kind = more.pop("kind", "ConfigMap")
    api_version = more.pop("api_version", "v1")
    cluster = more.pop("cluster", CLUSTER)
    key = ObjectKey(api_version, kind, "shop", name, f"uid-{kind}-{api_version}-{name}")
    document = {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **more}
    raw = msgspec.Raw(msgspec.json.encode(document))
    return Seen(cluster, "e1", event, key, str(version), raw)


async def store(database: Database, *all_seen: Seen) -> None:
    for each in all_seen:
        async with database.write() as connection:
            batch = Batch(connection)
            await batch.load([each])
            batch.apply(each)
            await batch.write()


async def test_the_newest_first_with_the_fields_that_changed(database: Database) -> None:
    await store(
        database,
        seen("a", 1, data={"k": "1"}),
        seen("a", 2, "MODIFIED", data={"k": "2", "l": "1", "m": "1", "n": "1"}),
        seen("b", 3),
        seen("a", 4, "DELETED", data={"k": "2"}),
    )
    log = ChangeLog(database)
    found = await log.read(ChangeFilter())
    assert [(each.event, each.name) for each in found] == [
        *(("DELETED", "a"), ("ADDED", "b"), ("MODIFIED", "a"), ("ADDED", "a")),
    ]
    assert found[2].fields == ("data.k", "data.l", "data.m")
    assert found[2].more_fields == 1
    assert found[0].fields == ()


async def test_it_goes_on_after_a_number_and_before_one(database: Database) -> None:
    log = ChangeLog(database)
    await store(database, *(seen(f"n{n}", n + 1) for n in range(6)))
    newest = await log.read(ChangeFilter(), limit=2)
    assert [each.name for each in newest] == ["n5", "n4"]
    older = await log.read(ChangeFilter(), before=newest[-1].seq, limit=3)
    assert [each.name for each in older] == ["n3", "n2", "n1"]
    await store(database, seen("n6", 7))
    assert [e.name for e in await log.read(ChangeFilter(), after=newest[0].seq)] == ["n6"]
    assert await log.count(ChangeFilter(), after=older[-1].seq) == 5
    assert await log.count(ChangeFilter(), after=0, most=4) == 4


@pytest.mark.parametrize(
    ("only", "names"),
    [
        (ChangeFilter(kind="Pod"), ["web"]),
        (ChangeFilter(event="DELETED"), ["gone"]),
        (ChangeFilter(search="OTHER"), ["other"]),
        (ChangeFilter(namespace="shop", cluster_id=CLUSTER), ["gone", "gone", "web"]),
        (ChangeFilter(namespace="nowhere"), []),
    ],
)
async def test_only_what_is_asked_for(
    database: Database, only: ChangeFilter, names: list[str]
) -> None:
    await store(
        database,
        seen("web", 1, kind="Pod"),
        seen("gone", 2),
        seen("gone", 3, "DELETED"),
        seen("other", 4, cluster="another"),
    )
    assert [each.name for each in await ChangeLog(database).read(only)] == names


async def test_kinds_of_one_name_are_told_apart(database: Database) -> None:
    gateway, mesh = "gateway.networking.k8s.io", "networking.istio.io"
    versions = {"core": "v1", "mesh": f"{mesh}/v1", "gateway": f"{gateway}/v1"}
    await store(
        database,
        *(
            seen(name, place, kind="Gateway", api_version=version)
            for place, (name, version) in enumerate(versions.items(), 1)
        ),
    )
    log = ChangeLog(database)
    for group, name in {"": "core", mesh: "mesh", gateway: "gateway"}.items():
        found = await log.read(ChangeFilter(kind="Gateway", group=group))
        assert [each.name for each in found] == [name]
    assert len(await log.read(ChangeFilter(kind="Gateway"))) == 3


async def test_long_documents_are_not_compared(database: Database) -> None:
    await store(database, seen("a", 1, data={"k": LONG}), seen("a", 2, "MODIFIED", data={"k": "1"}))
    (changed, _) = await ChangeLog(database).read(ChangeFilter())
    assert (changed.event, changed.fields) == ("MODIFIED", ())


async def test_what_objects_may_be_chosen_by(database: Database) -> None:
    assert (await facets(database)).objects == 0
    await store(
        database,
        seen("a", 1),
        seen("b", 2),
        seen("g", 3, kind="Gateway", api_version="gateway.networking.k8s.io/v1"),
        seen("h", 4, kind="Gateway", api_version="networking.istio.io/v1"),
        seen("c", 5, cluster="another"),
    )
    statuses = [
        KindStatus(f"{kind}.{version}", version, kind, "watching", count)
        for kind, version, count in (
            ("ConfigMap", "v1", 2),
            ("Gateway", "gateway.networking.k8s.io/v1", 1),
            ("Gateway", "networking.istio.io/v1", 1),
        )
    ]
    async with database.write() as connection:
        at = "2026-11-21T00:00:00+00:00"
        await store_report(connection, Report(CLUSTER, "e1", at, "v1", tuple(statuses)))
    found = await facets(database, CLUSTER)
    assert found.kinds == (
        KindFacet("ConfigMap", 2),
        KindFacet("Gateway", 1, "gateway.networking.k8s.io"),
        KindFacet("Gateway", 1, "networking.istio.io"),
    )
    assert found.namespaces == ("shop",)
    assert (await facets(database)).objects == 5
    assert parse_kind(found.kinds[2].value) == ("Gateway", "networking.istio.io")
    assert parse_kind("Pod") == ("Pod", None)
