"""First lists: what is said of them while they last, and what may happen in their midst."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager

import msgspec

from discovery.watch.gate import GateSink
from discovery.watch.support import (
    CLUSTER,
    Reader,
    Watching,
    bus_of,
    eventually,
    is_settled,
    running,
    until_equal,
)
from fixtures.kube import KubeNamespace, config_map
from fixtures.nats import NatsServer
from meshery.discovery.model import Seen, Synced, Told
from meshery.discovery.watch.cluster import ClusterWatch
from meshery.discovery.watch.publisher import Publisher
from meshery.kube.client import KubeClient
from meshery.kube.local.control_plane import ControlPlane

PAGES = 600
"""More objects than one page of a list holds."""


@asynccontextmanager
async def stopped(
    client: KubeClient, server: NatsServer, stops: Callable[[Told], bool]
) -> AsyncIterator[tuple[GateSink, Watching]]:
    """A watch that is waiting at a gate."""
    async with bus_of(server) as bus, bus_of(server) as other:
        publisher, reader = Publisher(bus), Reader()
        gate = GateSink(publisher, stops)
        watch = ClusterWatch(client, CLUSTER, gate)
        try:
            async with running(watch.run(), reader.read(other)):
                async with asyncio.timeout(30):
                    await gate.reached.wait()
                yield gate, Watching(watch, publisher, reader, bus)
        finally:
            await publisher.close()


def batched(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), 50):
        yield names[start : start + 50]


async def test_a_watch_is_settled_when_every_kind_was_told_whole(
    client: KubeClient, nats_server: NatsServer
) -> None:
    def stops(told: Told) -> bool:
        return isinstance(told, Synced) and told.kind == "Namespace"

    async with stopped(client, nats_server, stops) as (gate, found):
        states = {status.kind: status.state for status in found.watch.status()}
        assert states["Namespace"] == "listing", "its end is not told yet"
        assert states["Pod"] == "listing", "its turn is still to come"
        assert not is_settled(found.watch)
        gate.open()
        await eventually(lambda: is_settled(found.watch))
        assert {status.state for status in found.watch.status()} == {"watching"}


async def test_an_api_server_that_is_killed_in_the_midst_of_a_list(
    kube: ControlPlane, client: KubeClient, kube_namespace: KubeNamespace, nats_server: NatsServer
) -> None:
    names = [f"c{number:04}" for number in range(PAGES)]
    path = f"/api/v1/namespaces/{kube_namespace.name}/configmaps"
    for some in batched(names):
        bodies = (msgspec.json.encode(config_map(name, a="b")) for name in some)
        await asyncio.gather(*(client.post(path, body) for body in bodies))

    def stops(told: Told) -> bool:
        return isinstance(told, Seen) and told.key.name == names[99]

    async with stopped(client, nats_server, stops) as (gate, found):
        await kube.kill_api_server()
        await kube.start_api_server()
        gone = [*names[:50], *names[-50:]]
        for some in batched(gone):
            await asyncio.gather(*(client.delete(f"{path}/{name}") for name in some))
        # Where the list was is forgotten, too: it cannot go on, only begin anew.
        await kube.compact()
        gate.open()
        await until_equal(kube, found.reader, timeout_s=60)
        held = {each.key.name for each in found.reader.held.values()}
        assert held.isdisjoint(gone)
        assert set(gone[:50]) <= found.reader.deleted
