"""What is killed, away, too large or wrong: the rows become the cluster's, no delete is missed."""

import asyncio
import json
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from discovery.ingest.changes import Changes, changing
from discovery.ingest.support import deletes, rows, until_stored, writing
from discovery.ingest.test_service import connect, keeping, listed, until_listed
from discovery.watch.support import watching
from fixtures.clock import SkewedBy, skewed_by
from fixtures.kube import KubeNamespace, config_map, kubectl
from fixtures.nats import NatsServer
from fixtures.waiting import until
from kube.examples import custom_kind
from meshery.core.database import Database
from meshery.core.settings import Settings
from meshery.discovery.ingest.tables import kube_change, kube_object
from meshery.discovery.service import DiscoveryService
from meshery.discovery.view import ClusterView
from meshery.kube.client import KubeClient
from meshery.kube.local.control_plane import ControlPlane
from meshery.operations.platform import Platform, open_platform
from operations.support import quick, worker_process

__all__ = ["skewed_by"]

_SOAK = [pytest.mark.soak, pytest.mark.timeout(600)]


@pytest.mark.parametrize(
    ("away_s", "per_s"), [(3, 150), pytest.param(60, 500, marks=_SOAK)], ids=["short", "minute"]
)
async def test_a_bus_that_is_away_under_a_stream_of_changes(
    kube: ControlPlane,
    client: KubeClient,
    kube_namespace: KubeNamespace,
    private_nats: NatsServer,
    sqlite_settings: Settings,
    away_s: int,
    per_s: int,
) -> None:
    database = await Database.open(sqlite_settings)
    async with (
        watching(client, private_nats) as found,
        writing(database, private_nats, lost=found.watch.resync),
        changing(kube, kube_namespace.name, per_s=per_s) as changes,
    ):
        await changes.make(per_s)
        private_nats.kill()
        await changes.make(away_s * per_s)
        assert found.publisher.lag_s("ConfigMap") > 0
        private_nats.start()
        await changes.make(per_s)
        await until_stored(kube, database, timeout_s=60 + 3 * away_s)
        await _until_all_deletes(database, changes)
    await database.close()


async def _until_all_deletes(database: Database, changes: Changes) -> None:
    async def are_there() -> bool:
        return changes.deleted <= await deletes(database)

    assert changes.deleted
    await until(are_there, timeout_s=60, what="every delete")
    assert changes.kept.isdisjoint(await deletes(database))


@pytest.mark.timeout(180)
async def test_servers_are_killed_in_turn_and_their_clocks_differ(
    kube: ControlPlane,
    kube_namespace: KubeNamespace,
    nats_server: NatsServer,
    postgresql_settings: Settings,
    skewed_by: SkewedBy,
) -> None:
    """One is four minutes behind, one two hours ahead; what counts is the database's time."""
    behind, ahead, judge = (
        quick(postgresql_settings, nats_server, host=host) for host in ("behind", "ahead", "judge")
    )
    space = kube_namespace.name
    async with (
        open_platform(judge, role="server", kinds={}) as platform,
        changing(kube, space, per_s=60) as changes,
        AsyncExitStack() as servers,
    ):
        await kube_namespace.create(*(config_map(f"gone-{number}", a="b") for number in range(3)))
        await connect(platform, kube)
        first = await servers.enter_async_context(server(behind, skewed_by(-240)))
        await _until_watched_by(platform, "behind")
        await until_listed(platform, 3, search="gone-", namespace=space)
        second = await servers.enter_async_context(server(ahead, skewed_by(7200)))
        async with changes.flowing():
            await asyncio.sleep(1.0)  # the second is there, and finds everything taken
            await first.kill()
            # Nobody watches now.
            await kube_namespace.kubectl("delete", "configmap", "gone-0", "gone-1")
            await _until_watched_by(platform, "ahead")
            await servers.enter_async_context(server(behind, skewed_by(-240)))
            await asyncio.sleep(1.0)
            await second.kill()
            await _until_watched_by(platform, "behind")
        await until_stored(kube, platform.database)
        assert await _not_told_as_deleted(platform.database, space) == set()
        assert {"gone-0", "gone-1"} <= await deletes(platform.database)
        assert changes.deleted


def server(settings: Settings, environment: Any) -> Any:
    return worker_process(
        settings, module="discovery.ingest.keeper_process", environment=environment
    )


async def _until_watched_by(platform: Platform, host: str) -> None:
    found: list[ClusterView] = []

    async def is_so() -> bool:
        found[:] = await DiscoveryService(platform).status()
        told = [(each.state, each.watcher.partition(":")[0]) for each in found]
        return told == [("watching", host)] and await _is_of_now(platform, found[0])

    try:
        await until(is_so, timeout_s=60)
    except AssertionError:
        told = [(each.state, each.watcher, each.reported_at) for each in found]
        raise AssertionError(told) from None


async def _is_of_now(platform: Platform, status: ClusterView) -> bool:
    """Whether its watch spoke a moment ago, as the database counts time."""
    assert status.reported_at is not None
    return abs(await platform.database.now() - status.reported_at) < timedelta(seconds=60)


async def _not_told_as_deleted(database: Database, namespace: str) -> set[str]:
    """Objects that were told once, are not there, and of which nobody said that they went."""
    told = await rows(database, kube_change, namespace=namespace)
    there = {row.id for row in await rows(database, kube_object, namespace=namespace)}
    ended = {row.object_id for row in told if row.event == "DELETED"}
    return {row.name for row in told if row.object_id not in there | ended}


@pytest.mark.parametrize("most", [8_388_608, 524_288], ids=["whole", "above the bus's payload"])
async def test_objects_of_a_megabyte(
    kube: ControlPlane,
    kube_namespace: KubeNamespace,
    nats_server: NatsServer,
    sqlite_settings: Settings,
    most: int,
) -> None:
    settings = quick(sqlite_settings, nats_server)
    bus = msgspec.structs.replace(settings.bus, max_payload_bytes=most)
    group = "large.istio.io"
    await kubectl(kube, "apply", "-f", "-", stdin=json.dumps(custom_kind(group)))
    await kubectl(kube, "wait", "--for=condition=established", f"crd/widgets.{group}")
    small = msgspec.structs.replace(settings, bus=bus)
    async with open_platform(small, role="server", kinds={}) as platform, keeping(platform):
        await connect(platform, kube)
        for sign in "xy":
            await kube_namespace.create(_large(group, sign))
            version = await _version_of(kube_namespace, group)
            identity, document = await _stored_widget(platform.database, version)
            assert document["metadata"]["labels"] == {"size": "large"}
            if most < 1_000_000:
                assert "meshery.io/omitted" in document["metadata"]["annotations"]
                assert "spec" not in document
            # Who looks at it sees all of it.
            shown = await DiscoveryService(platform).resource(identity)
            assert shown.document["spec"] == {"text": sign * 1_000_000}
        await kube_namespace.kubectl("delete", f"widgets.{group}", "large")
        await until_listed(platform, 0, kind="Widget")
        await until_stored(kube, platform.database)
        assert "large" in await deletes(platform.database)
        await kubectl(kube, "delete", "crd", f"widgets.{group}")


def _large(group: str, sign: str) -> dict[str, Any]:
    return {
        "apiVersion": f"{group}/v1",
        "kind": "Widget",
        "metadata": {"name": "large", "labels": {"size": "large"}},
        "spec": {"text": sign * 1_000_000},
    }


async def _version_of(space: KubeNamespace, group: str) -> str:
    return str((await space.get(f"widgets.{group}", "large"))["metadata"]["resourceVersion"])


async def _stored_widget(database: Database, version: str) -> tuple[str, dict[str, Any]]:
    found: list[Any] = []

    async def is_there() -> bool:
        found[:] = await rows(database, kube_object, kind="Widget", resource_version=version)
        return bool(found)

    await until(is_there, timeout_s=40, what="the large object")
    return found[0].id, msgspec.json.decode(found[0].document)


async def test_a_cluster_that_is_away_leaves_the_others_alone(
    platform: Platform,
    kube: ControlPlane,
    second_kube: ControlPlane,
    kube_namespace: KubeNamespace,
) -> None:
    space = kube_namespace.name
    async with keeping(platform):
        one, two = await connect(platform, kube), await connect(platform, second_kube)
        await until(lambda: _states_are(platform, {one: "watching", two: "watching"}))
        await second_kube.kill_api_server()
        try:
            await until(lambda: _is_away(platform, two), timeout_s=30, what="words on each kind")
            before = len(await listed(platform, kind="Namespace"))
            await kube_namespace.create(config_map("meanwhile", a="b"))
            await until_listed(platform, 1, search="meanwhile", namespace=space)
            assert await _states_are(platform, {one: "watching", two: "degraded"})
            # What is known of it stays.
            assert len(await listed(platform, kind="Namespace")) == before
        finally:
            await second_kube.start_api_server()
        await until(lambda: _states_are(platform, {one: "watching", two: "watching"}), timeout_s=60)


async def _is_away(platform: Platform, cluster_id: str) -> bool:
    found = {each.cluster_id: each for each in await DiscoveryService(platform).status()}
    return all(kind.error and kind.state == "failing" for kind in found[cluster_id].kinds)


async def _states_are(platform: Platform, wanted: dict[str, str]) -> bool:
    found = await DiscoveryService(platform).status()
    return {each.cluster_id: each.state for each in found} == wanted
