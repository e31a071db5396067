"""Brokers with storage of their own as real processes: what outlives which end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from nats.js.api import StreamConfig

from fixtures.kube import kubectl
from fixtures.waiting import until
from meshery.kube.local.control_plane import ControlPlane
from operators.cluster import Cluster, made_stream, state_of
from operators.objects import broker, conditions, made, meshsync, until_said

pytestmark = [
    pytest.mark.timeout(300),
    # nats-py forgets the connection to a server that ends while it connects.
    pytest.mark.filterwarnings("ignore:unclosed <StreamWriter:ResourceWarning"),
]
CLASS = "kept-by-hand"
ORDERS = StreamConfig(name="ORDERS", subjects=["orders"])


@asynccontextmanager
async def volumes(cluster: Cluster, root: Path, count: int) -> AsyncIterator[None]:
    """Volumes that somebody made by hand: directories of this machine."""
    names = [f"kept-{number}" for number in range(count)]
    for name in names:
        (root / name).mkdir()
        spec = {
            "capacity": {"storage": "500Mi"},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": CLASS,
            "hostPath": {"path": str(root / name)},
        }
        document = {"apiVersion": "v1", "kind": "PersistentVolume"}
        await cluster.namespace.create({**document, "metadata": {"name": name}, "spec": spec})
    try:
        yield
    finally:
        await kubectl(cluster.plane, "delete", "pv", *names, "--wait=false")


def stored(*, volume: str = "200Mi", when_deleted: str = "Delete", **spec: Any) -> Any:
    storage = {"size": volume, "storageClassName": CLASS, "whenDeleted": when_deleted}
    return broker(storage=storage, **spec)


async def orders(cluster: Cluster) -> int:
    """How many orders the stream has."""
    async with cluster.client() as client:
        return (await state_of(client.jetstream(), "ORDERS")).state.messages


async def claims(cluster: Cluster) -> list[str]:
    return (await cluster.namespace.kubectl("get", "pvc", "-o", "name")).split()


async def test_what_is_kept_outlives_servers(
    cluster: Cluster, kube: ControlPlane, tmp_path: Path
) -> None:
    namespace = cluster.namespace
    async with volumes(cluster, tmp_path, 1):
        await namespace.create(stored(), meshsync())
        await cluster.ready()
        assert await _has_store(cluster, 200)
        async with cluster.client() as client:
            await made_stream(client.jetstream(), ORDERS)
            await client.jetstream().publish("orders", b"one")
        cluster.pod("meshery-nats-0").kill()
        await cluster.ready()
        assert await orders(cluster) == 1
        await _replaced(cluster, "delete", "pod", "meshery-nats-0")
        assert await orders(cluster) == 1
        # What cannot be changed is told, and the servers go on.
        await namespace.create(broker())
        found = await until_said(namespace, "broker", "meshery-broker", "cannot be taken from")
        assert conditions(found)["Failed"] == ("True", "ReconciliationFailed")
        assert await orders(cluster) == 1
        await namespace.create(stored(volume="300Mi"))
        await until_said(namespace, "broker", "meshery-broker", "--cascade=orphan")
        await namespace.kubectl("delete", "statefulset", "meshery-nats", "--cascade=orphan")

        await until(lambda: _has_store(cluster, 300), timeout_s=40, what="a larger store")
        await until_ready(cluster)
        assert await orders(cluster) == 1
        assert await claims(cluster) == ["persistentvolumeclaim/data-meshery-nats-0"]
        await kubectl(kube, "-n", "meshery", "delete", "brokers,meshsyncs", "--all")
        assert await made(namespace) == []

        async def nothing_is_left() -> bool:
            return await claims(cluster) == []

        await until(nothing_is_left, timeout_s=40, what="the end of the claims")


async def _has_store(cluster: Cluster, size_mib: int) -> bool:
    """Whether messages have their share of volumes of that size."""
    try:
        said = (await cluster.monitor("jsz"))["config"]["max_storage"]
    except httpx2.TransportError:  # it begins anew
        return False
    return bool(said == int(size_mib * 1024**2 * 0.8))


async def _replaced(cluster: Cluster, *words: str) -> None:
    before = cluster.pod("meshery-nats-0").uid
    await cluster.namespace.kubectl(*words)

    async def is_new() -> bool:
        return cluster.pod("meshery-nats-0").uid != before

    await until(is_new, timeout_s=40, what="another pod")
    await cluster.ready()


async def test_what_is_kept_outlives_the_broker(cluster: Cluster, tmp_path: Path) -> None:
    namespace = cluster.namespace
    async with volumes(cluster, tmp_path, 1):
        await namespace.create(stored(when_deleted="Retain"))
        await until_ready(cluster)
        async with cluster.client() as client:
            await made_stream(client.jetstream(), ORDERS)
            await client.jetstream().publish("orders", b"one")
        await namespace.kubectl("delete", "broker", "meshery-broker", "--timeout=60s")
        assert await made(namespace) == []
        assert await claims(cluster) == ["persistentvolumeclaim/data-meshery-nats-0"]
        await namespace.create(stored(when_deleted="Retain"))
        await until_ready(cluster)
        assert await orders(cluster) == 1


async def test_one_server_becomes_three_and_one_again(cluster: Cluster, tmp_path: Path) -> None:
    """What a server kept as one of another number is in nobody's way."""
    namespace = cluster.namespace
    async with volumes(cluster, tmp_path, 3):
        for size in (1, 3, 1):
            await namespace.create(stored(size=size), meshsync())
            await cluster.ready(timeout_s=120)
        await namespace.kubectl("delete", "broker,meshsync", "--all", "--timeout=60s")


async def until_ready(cluster: Cluster) -> None:
    await until_said(cluster.namespace, "broker", "meshery-broker", "all is as asked for")
