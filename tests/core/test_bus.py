"""The bus on a real NATS server: streams, cursors, work queues, restarts, refusals."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from fixtures.nats import NatsServer
from fixtures.waiting import until
from meshery.core.bus import Bus, Message
from meshery.core.bus_address import BusAddress, read_address, write_address
from meshery.core.errors import UnavailableError
from meshery.core.settings import BusSettings, Settings
from meshery.core.streams import (
    DISCOVERY_STREAM,
    EVENTS_STREAM,
    SUBJECT_EVENTS,
    SUBJECT_OPERATIONS,
)


@asynccontextmanager
async def connected(server: NatsServer) -> AsyncIterator[Bus]:
    bus = await Bus.connect(Settings(), url=server.url, token=server.token)
    try:
        yield bus
    finally:
        await bus.close()


async def take(messages: AsyncIterator[Message], count: int) -> list[Message]:
    async with asyncio.timeout(20):
        return [await anext(messages) for _ in range(count)]


async def test_the_same_message_id_is_stored_once(nats_server: NatsServer) -> None:
    async with connected(nats_server) as bus:
        first = await bus.publish(SUBJECT_EVENTS, b"a", message_id="1")
        again = await bus.publish(SUBJECT_EVENTS, b"a", message_id="1")
        other = await bus.publish(SUBJECT_EVENTS, b"b", message_id="2")
        assert (first, again, other) == (1, 1, 2)


async def test_following_resumes_at_a_cursor_and_goes_on_live(nats_server: NatsServer) -> None:
    async with connected(nats_server) as bus:
        for number in range(5):
            await bus.publish(SUBJECT_EVENTS, str(number).encode())
        follow = bus.follow(EVENTS_STREAM, subject=SUBJECT_EVENTS, after=3)
        async with aclosing(follow) as messages:
            assert [m.data for m in await take(messages, 2)] == [b"3", b"4"]
            await bus.publish(SUBJECT_EVENTS, b"5", message_id="five")
            (live,) = await take(messages, 1)
        assert (live.data, live.sequence, live.message_id) == (b"5", 6, "five")


async def test_following_survives_a_killed_server(private_nats: NatsServer) -> None:
    async with connected(private_nats) as bus:
        follow = bus.follow(EVENTS_STREAM, subject=SUBJECT_EVENTS, after=0)
        async with aclosing(follow) as messages:
            await bus.publish(SUBJECT_EVENTS, b"before")
            await take(messages, 1)
            private_nats.kill()
            await asyncio.sleep(0.2)
            with pytest.raises(UnavailableError):
                await bus.publish(SUBJECT_EVENTS, b"lost")
            private_nats.start()
            await until_published(bus, b"after")
            assert [m.data for m in await take(messages, 1)] == [b"after"]


async def until_published(bus: Bus, payload: bytes) -> None:
    async def published() -> bool:
        try:
            await bus.publish(SUBJECT_EVENTS, payload, message_id=payload.decode())
        except UnavailableError:
            return False
        return True

    await until(published, what="publishing")


async def test_a_wakeup_comes_again_until_it_is_done(nats_server: NatsServer) -> None:
    async with connected(nats_server) as bus:
        subject = f"{SUBJECT_OPERATIONS}.test"
        await bus.publish(subject, b"id")
        async with aclosing(bus.work(subject, durable="test")) as wakeups:
            first = await anext(wakeups)
            assert first is not None
            await first.again(0.05)
            second = await anext(wakeups)
            assert second is not None
            assert second.data == b"id"
            await second.done()
        assert await bus.last_sequence("OPERATIONS") == 1


async def test_two_workers_share_a_queue(nats_server: NatsServer) -> None:
    subject = f"{SUBJECT_OPERATIONS}.shared"
    seen: list[bytes] = []

    async def work(bus: Bus) -> None:
        async with aclosing(bus.work(subject, durable="shared")) as wakeups:
            async for wakeup in wakeups:
                if wakeup is not None:
                    seen.append(wakeup.data)
                    await wakeup.done()

    async with connected(nats_server) as first, connected(nats_server) as second:
        tasks = [asyncio.create_task(work(bus)) for bus in (first, second)]
        for number in range(20):
            await first.publish(subject, str(number).encode())

        async def all_seen() -> bool:
            return len(seen) >= 20

        await until(all_seen, what="all wake-ups")
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert sorted(seen, key=int) == [str(number).encode() for number in range(20)]


async def test_plain_messages_reach_listeners_and_a_cancelled_read_loses_none(
    nats_server: NatsServer,
) -> None:
    async with connected(nats_server) as bus, bus.listen("meshery.v1.progress.*") as messages:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(messages), 0.05)
        await bus.notify("meshery.v1.progress.x", b"1")
        (message,) = await take(messages, 1)
    assert (message.subject, message.data, message.sequence) == ("meshery.v1.progress.x", b"1", 0)


async def test_a_server_with_a_small_payload_is_refused(tmp_path: Path) -> None:
    server = NatsServer(tmp_path, max_payload=1_048_576)
    server.start()
    try:
        with pytest.raises(UnavailableError, match="refuses messages") as caught:
            await Bus.connect(Settings(), url=server.url, token=server.token)
        assert "max_payload" in caught.value.remedy
    finally:
        server.stop()


async def test_a_wrong_token_or_no_server_is_unavailable(nats_server: NatsServer) -> None:
    for url, token in ((nats_server.url, "wrong"), ("nats://127.0.0.1:1", "")):
        with pytest.raises(UnavailableError, match="does not answer"):
            await Bus.connect(Settings(), url=url, token=token, wait_s=1)


def test_the_address_comes_from_settings_or_from_the_home(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    external = Settings(bus=BusSettings(url="nats://there:4222", token_file=str(token)))
    assert read_address(external) == BusAddress("nats://there:4222", "s3cret")
    own = Settings(home=str(tmp_path))
    with pytest.raises(UnavailableError, match="no message bus"):
        read_address(own)
    (tmp_path / "nats").mkdir()
    write_address(own, BusAddress("nats://127.0.0.1:5", "t"))
    assert read_address(own) == BusAddress("nats://127.0.0.1:5", "t")


async def test_another_ones_streams_are_left_as_they_are(nats_server: NatsServer) -> None:
    async with connected(nats_server) as bus:
        await bus._jetstream.delete_stream(EVENTS_STREAM)
        guest = await Bus.connect(
            Settings(bus=BusSettings(max_payload_bytes=100_000_000)),
            url=nats_server.url,
            token=nats_server.token,
            only=(),
        )
        try:
            with pytest.raises(UnavailableError):
                await guest.stream_state(EVENTS_STREAM)
            assert guest.max_payload_bytes == nats_server.max_payload
            await bus.ensure_streams()
            await bus.publish(SUBJECT_EVENTS, b"a")
            state = await guest.stream_state(EVENTS_STREAM)
            assert (state.first, state.last) == (1, 1)
        finally:
            await guest.close()


async def test_a_server_with_little_room_gets_a_smaller_stream(tmp_path: Path) -> None:
    server = NatsServer(tmp_path, store="max_file_store: 100MB")
    server.start()
    try:
        rooms = []
        for _ in range(3):  # who comes again finds it as it was, and what it holds
            bus = await Bus.connect(
                Settings(), url=server.url, token=server.token, only=(DISCOVERY_STREAM,)
            )
            info = await bus._jetstream.stream_info(DISCOVERY_STREAM)
            rooms.append(info.config.max_bytes or 0)
            await bus.close()
        assert 16 * 2**20 <= rooms[0] <= 100 * 2**20
        assert rooms == [rooms[0]] * 3
    finally:
        server.stop()


async def test_of_a_queue_one_hears(nats_server: NatsServer) -> None:
    both: list[bytes] = []

    async def read(messages: AsyncIterator[Message]) -> None:
        async for message in messages:
            both[:] = [*both, message.data]

    async def are_there() -> bool:
        return len(both) >= 20

    async with (
        connected(nats_server) as one,
        connected(nats_server) as two,
        one.listen("q", queue="some") as first,
        two.listen("q", queue="some") as second,
    ):
        tasks = [asyncio.ensure_future(read(each)) for each in (first, second)]
        for number in range(20):
            await one.notify("q", str(number).encode())
        await until(are_there)
        for task in tasks:
            task.cancel()
    assert sorted(both, key=int) == [str(number).encode() for number in range(20)]
