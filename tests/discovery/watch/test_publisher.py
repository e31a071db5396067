"""What is on its way is bounded, in order for each object, and stored once."""

import asyncio

import msgspec

from discovery.watch.support import CLUSTER, bus_of, eventually
from fixtures.nats import NatsServer
from meshery.core.bus import Bus
from meshery.core.settings import BusSettings, Settings
from meshery.core.streams import DISCOVERY_STREAM, SUBJECT_DISCOVERY
from meshery.discovery.model import ObjectKey, Seen, Synced, Told, decode, message_id_of, subject_of
from meshery.discovery.watch.publisher import WINDOW, Publisher, fitting


def seen(name: str, version: int, *, size: int = 0) -> Seen:
    key = ObjectKey("v1", "Pod", "shop", name, f"uid-{name}")
    metadata = {"name": name, "uid": key.uid, "annotations": {"a": "x" * size}}
    document = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}
    raw = msgspec.Raw(msgspec.json.encode(document))
    return Seen(CLUSTER, "e1", "MODIFIED", key, str(version), raw)


async def stored(bus: Bus, count: int) -> list[Told]:
    found: list[Told] = []
    async with asyncio.timeout(20):
        async for message in bus.follow(
            DISCOVERY_STREAM, subject=f"{SUBJECT_DISCOVERY}.>", after=0
        ):
            found.append(decode(message.data))
            if len(found) == count:
                return found
    raise AssertionError(len(found))


async def test_a_bus_that_is_away_holds_back_whoever_puts_more(private_nats: NatsServer) -> None:
    async with bus_of(private_nats) as bus:
        publisher = Publisher(bus)
        private_nats.kill()
        await eventually(lambda: not bus.connected)
        put = 0

        async def fill() -> None:
            nonlocal put
            for number in range(WINDOW * 2):
                await publisher.put(seen(f"n{number}", 1))
                put += 1
            await publisher.put(seen("n0", 2))
            await publisher.put(Synced(CLUSTER, "e1", "pods.v1.", "v1", "Pod", "9", ()))

        task = asyncio.create_task(fill())
        await eventually(lambda: put == WINDOW)
        await asyncio.sleep(0.3)
        assert put == WINDOW
        assert publisher.lag_s("Pod") > 0.25
        private_nats.start()
        await task
        told = await stored(bus, WINDOW * 2 + 2)
        assert isinstance(told[-1], Synced)
        first = [
            each.resource_version
            for each in told
            if isinstance(each, Seen) and each.key.name == "n0"
        ]
        assert first == ["1", "2"]
        await publisher.drain()


async def test_what_is_put_twice_is_stored_once(nats_server: NatsServer) -> None:
    async with bus_of(nats_server) as bus:
        publisher = Publisher(bus)
        await publisher.put(seen("a", 1))
        await publisher.put(seen("a", 1))
        await publisher.put(seen("b", 1))
        await publisher.drain()
        assert await bus.last_sequence(DISCOVERY_STREAM) == 2


async def test_what_the_bus_does_not_take_is_told_by_name(nats_server: NatsServer) -> None:
    settings = Settings(bus=BusSettings(max_payload_bytes=100_000))
    bus = await Bus.connect(settings, url=nats_server.url, token=nats_server.token)
    try:
        await Publisher(bus).put(seen("large", 1, size=100_000))
        (told,) = await stored(bus, 1)
    finally:
        await bus.close()
    assert isinstance(told, Seen)
    assert "meshery.io/omitted" in msgspec.json.decode(told.document)["metadata"]["annotations"]


def test_an_object_that_is_too_large_is_told_by_name() -> None:
    large = seen("large", 1, size=5000)
    told = decode(fitting(large, 2000))
    assert isinstance(told, Seen)
    document = msgspec.json.decode(told.document)
    assert document["metadata"]["name"] == "large"
    assert "meshery.io/omitted" in document["metadata"]["annotations"]
    assert decode(fitting(large, 20_000)) == large


def test_ids_and_subjects() -> None:
    assert message_id_of(seen("a", 7)) == "uid-a:7:MODIFIED:e1"
    assert subject_of(seen("a", 7)) == f"meshery.v1.discovery.{CLUSTER}.Pod"
