"""A server that follows a cluster at its own broker: nothing is missed, whatever is away."""

import asyncio
import base64
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from discovery.ingest.support import deletes, rows, seen, tell, until_stored, writing
from discovery.ingest.test_service import connect, keeping, until_listed, until_state
from discovery.ingest.test_writer import read_up_to
from discovery.watch.agents import agent
from discovery.watch.support import CLUSTER, bus_of, eventually, running
from discovery.watch.test_wire import heard
from fixtures.kube import KubeNamespace, config_map, kubectl
from fixtures.nats import NatsServer
from fixtures.waiting import until
from kube.conftest import client_of
from kube.kubelet import running_pod
from meshery.core.bus import Bus
from meshery.core.database import Database
from meshery.core.errors import UnavailableError
from meshery.core.settings import Settings
from meshery.core.streams import DISCOVERY_STREAM
from meshery.discovery.ingest.feeds import Broker, Feeds
from meshery.discovery.ingest.relay import Relay
from meshery.discovery.ingest.tables import kube_cluster, kube_object
from meshery.discovery.model import Report, Synced
from meshery.kube.local.control_plane import ControlPlane
from meshery.operations.platform import Platform


async def identity_of(plane: ControlPlane) -> str:
    text = await kubectl(plane, "get", "namespace", "kube-system", "-o", "json")
    return str(json.loads(text)["metadata"]["uid"])


@dataclass
class Following:
    """A relay between two NATS servers, and the rows behind it."""

    database: Database
    cluster_id: str
    broker: NatsServer
    local: NatsServer

    @asynccontextmanager
    async def relay(self) -> AsyncIterator[None]:
        async with running(self._keep()):
            yield

    async def _keep(self) -> None:
        """As a server does it: again and again."""
        feeds = Feeds(self.database)
        async with bus_of(self.local) as bus:
            while True:
                try:
                    async with remote(self.broker) as broker:
                        await Relay(feeds, self.cluster_id, broker=broker, bus=bus).run()
                except UnavailableError:
                    await asyncio.sleep(0.3)

    async def reached(self) -> int:
        return (await Feeds(self.database).position(self.cluster_id))[1]

    async def until_reached(self, least: int) -> None:
        async def is_so() -> bool:
            return await self.reached() >= least

        await until(is_so, timeout_s=40, what=f"position {least}")


@asynccontextmanager
async def remote(server: NatsServer) -> AsyncIterator[Bus]:
    bus = await Bus.connect(
        Settings(), url=server.url, token=server.token, only=(), reconnects=False
    )
    try:
        yield bus
    finally:
        await bus.close()


@asynccontextmanager
async def following(
    settings: Settings, local: NatsServer, broker: NatsServer, cluster_id: str
) -> AsyncIterator[Following]:
    database = await Database.open(settings)
    try:
        await Feeds(database).follow(cluster_id, Broker(url=broker.url))
        async with writing(database, local):
            yield Following(database, cluster_id, broker, local)
    finally:
        await database.close()


async def test_what_went_while_nobody_followed_is_told(
    kube: ControlPlane,
    kube_namespace: KubeNamespace,
    nats_server: NatsServer,
    private_nats: NatsServer,
    sqlite_settings: Settings,
    tmp_path: Path,
) -> None:
    await kube_namespace.create(config_map("kept", a="b"), config_map("goes", a="b"))
    cluster_id = await identity_of(kube)
    with agent(kube, tmp_path, nats=private_nats) as process:
        await process.until_ready()
        async with following(sqlite_settings, nats_server, private_nats, cluster_id) as found:
            async with found.relay():
                await until_stored(kube, found.database)
                await found.until_reached(1)
            before = await found.reached()
            await kube_namespace.kubectl("delete", "configmap", "goes")
            await kube_namespace.create(config_map("comes", a="b"))
            async with found.relay():
                await until_stored(kube, found.database)
                await found.until_reached(before + 2)
                assert "goes" in await deletes(found.database)
                # The broker loses its store: the watcher tells everything again.
                private_nats.kill()
                _lose_store(private_nats)
                await kube_namespace.kubectl("delete", "configmap", "kept")
                private_nats.start()
                await until_stored(kube, found.database)
                assert "kept" in await deletes(found.database)


def _lose_store(server: NatsServer) -> None:
    shutil.rmtree(server.directory / "store")


async def test_a_broker_speaks_of_its_own_cluster_alone(
    nats_server: NatsServer, private_nats: NatsServer, sqlite_settings: Settings
) -> None:
    async with (
        following(sqlite_settings, nats_server, private_nats, CLUSTER) as found,
        bus_of(private_nats) as broker,
        found.relay(),
    ):
        await _until_feed(Feeds(found.database), CLUSTER, "following")
        foreign = seen("foreign", 5)
        nameless = seen("nameless", 7)
        other = msgspec.structs.replace(foreign, cluster_id="another")
        await tell(broker, other, msgspec.structs.replace(nameless, cluster_id=""), seen("a", 8))
        await broker.publish("meshery.v1.discovery.x.y", b"rubbish")
        # A cluster whose clock is wrong by years is no less alive.
        await tell(broker, Report(CLUSTER, "e1", "2020-01-01T00:00:00Z", "v1.36", ()), seen("b", 9))

        async def is_there() -> bool:
            return len(await rows(found.database, kube_object)) == 3

        await until(is_there, what="three objects")
        names = {row.name for row in await rows(found.database, kube_object, cluster_id=CLUSTER)}
        assert names == {"a", "b", "nameless"}
        (cluster,) = await rows(found.database, kube_cluster)
        assert cluster.cluster_id == CLUSTER
        assert datetime.now(UTC) - cluster.reported_at < timedelta(minutes=1)


async def test_what_was_reported_while_nobody_followed_revives_no_watch(
    nats_server: NatsServer, private_nats: NatsServer, sqlite_settings: Settings
) -> None:
    report = Report(CLUSTER, "e1", "2026-11-21T10:00:00Z", "v1.36", ())
    whole = Synced(CLUSTER, "e1", "configmaps.v1.", "v1", "ConfigMap", "1", ())
    async with (
        following(sqlite_settings, nats_server, private_nats, CLUSTER) as found,
        bus_of(private_nats) as broker,
        bus_of(nats_server) as local,
    ):
        async with heard(private_nats, "meshery.meshsync.request") as requests, found.relay():
            await eventually(lambda: bool(requests))
            await tell(broker, whole)
            await found.until_reached(1)
        await tell(broker, report, seen("a", 5))
        async with found.relay():
            await found.until_reached(3)
            await read_up_to(found.database, await local.last_sequence(DISCOVERY_STREAM))
            assert [row.name for row in await rows(found.database, kube_object)] == ["a"]
            assert await rows(found.database, kube_cluster) == []
            await tell(broker, report)

            async def is_alive() -> bool:
                return len(await rows(found.database, kube_cluster)) == 1

            await until(is_alive, what="a watch that reports")


async def test_a_server_follows_through_the_cluster_and_watches_again(
    second_kube: ControlPlane, platform: Platform, private_nats: NatsServer, tmp_path: Path
) -> None:
    forwards = {4222: private_nats.port}
    labels = {"role": "broker"}
    async with (
        client_of(second_kube) as client,
        running_pod(second_kube, client, tmp_path, forwards=forwards, **labels),
        keeping(platform),
    ):
        await _describe(second_kube, token=private_nats.token)
        feeds = Feeds(platform.database)
        with agent(second_kube, tmp_path, nats=private_nats) as process:
            await process.until_ready()
            cluster_id = await connect(platform, second_kube)
            await feeds.follow(cluster_id, Broker(namespace="default"))
            await until_state(platform, "watching")
            await _until_feed(feeds, cluster_id, "following")
            await _apply(second_kube, config_map("through", a="b"))
            await until_listed(platform, 1, kind="ConfigMap", search="through")
            private_nats.kill()
            await _until_feed(feeds, cluster_id, "unreachable")
            await kubectl(second_kube, "-n", "default", "delete", "configmap", "through")
            private_nats.start()
            await until_listed(platform, 0, kind="ConfigMap", search="through")
            await _until_feed(feeds, cluster_id, "following")
            feed = await feeds.get(cluster_id)
            assert feed is not None
            assert (feed.error, feed.broker.service) == ("", "meshery-nats")
        await feeds.forget(cluster_id)
        await _apply(second_kube, config_map("direct", a="b"))
        await until_listed(platform, 1, kind="ConfigMap", search="direct")
        await kubectl(second_kube, "-n", "default", "delete", "configmap", "direct")


async def _until_feed(feeds: Feeds, cluster_id: str, state: str) -> None:
    async def is_so() -> bool:
        feed = await feeds.get(cluster_id)
        return feed is not None and feed.state == state

    await until(is_so, timeout_s=60, what=f"a feed that is {state}")


async def _apply(plane: ControlPlane, *documents: dict[str, object]) -> None:
    text = "\n---\n".join(json.dumps(document) for document in documents)
    await kubectl(plane, "-n", "default", "apply", "--server-side", "-f", "-", stdin=text)


async def _describe(plane: ControlPlane, *, token: str) -> None:
    """What a deployed broker leaves in the cluster: its Service and its token."""
    await _apply(
        plane,
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "meshery-nats"},
            "spec": {"selector": {"role": "broker"}, "ports": [{"name": "nats", "port": 4222}]},
        },
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "meshery-nats-auth"},
            "data": {"token": base64.b64encode(token.encode()).decode()},
        },
    )
