"""Events: stored, numbered by the stream, followed from a cursor; slow readers are dropped."""

import asyncio
from collections.abc import AsyncIterator

from fixtures.nats import NatsServer
from meshery.core.errors import UnavailableError, UnsupportedError
from meshery.core.page import PageQuery
from meshery.core.settings import Settings
from meshery.operations.events import EventFilter, new_event
from meshery.operations.model import Event, Subject
from meshery.operations.platform import Platform
from operations.support import opened, quick

SUBJECT = Subject("sandbox", "shop", "shop")


async def emit(platform: Platform, text: str, **more: object) -> Event:
    values = {"category": "test", "severity": "info", "subject": SUBJECT, "text": text} | more
    return await platform.events.emit(**values)  # type: ignore[arg-type]


async def take(events: AsyncIterator[Event], count: int) -> list[Event]:
    async with asyncio.timeout(10):
        return [await anext(events) for _ in range(count)]


async def test_an_event_is_stored_with_its_place_in_the_stream(platform: Platform) -> None:
    error = UnsupportedError("no", cause="because", remedy="do this")
    first = await emit(platform, "one", severity="error", error=error)
    second = await emit(platform, "two")
    assert second.seq == first.seq + 1
    stored = (await platform.events.list(PageQuery(order="seq"))).items
    assert stored == [first, second]
    assert first.error is not None
    assert first.error["remedy"] == "do this"


async def test_an_event_that_is_stored_again_after_a_lost_commit_is_stored_once(
    platform: Platform,
) -> None:
    event = new_event(category="test", severity="info", subject=SUBJECT, text="once")
    for _ in range(2):
        async with platform.database.write() as connection:
            await platform.events.record(connection, event)
    assert [each.id for each in (await platform.events.list()).items] == [event.id]


async def test_a_subscriber_resumes_after_its_cursor_and_goes_on_live(platform: Platform) -> None:
    emitted = [await emit(platform, str(number)) for number in range(4)]
    async with platform.events.subscribe(after=emitted[1].seq) as events:
        assert await take(events, 2) == emitted[2:]
        live = await emit(platform, "live")
        assert await take(events, 1) == [live]


async def test_a_new_subscriber_sees_only_what_is_new_and_what_it_asked_for(
    platform: Platform,
) -> None:
    await emit(platform, "old")
    only = EventFilter(severities=("error",))
    async with platform.events.subscribe(only=only) as events:
        await emit(platform, "quiet")
        loud = await emit(platform, "loud", severity="error")
        assert await take(events, 1) == [loud]


async def test_a_slow_subscriber_is_dropped_with_a_notice_and_disturbs_nobody(
    platform: Platform,
) -> None:
    async with (
        platform.events.subscribe(after=0, queue_size=3) as slow,
        platform.events.subscribe(after=0) as quick_one,
    ):
        emitted = [await emit(platform, str(number)) for number in range(6)]
        assert await take(quick_one, 6) == emitted
        got = [event async for event in slow]
    assert got[:3] == emitted[:3]
    assert got[3].category == "events"
    assert got[3].seq == emitted[2].seq
    assert len(got) == 4
    async with platform.events.subscribe(after=got[3].seq) as again:
        assert await take(again, 3) == emitted[3:]


async def test_events_stored_while_the_bus_is_away_are_announced_later_and_once(
    sqlite_settings: Settings, private_nats: NatsServer
) -> None:
    async with opened(quick(sqlite_settings, private_nats)) as platform:
        before = await emit(platform, "before")
        private_nats.kill()
        await asyncio.sleep(0.1)
        silent = await emit(platform, "silent")
        assert silent.seq == 0
        private_nats.start()
        async with platform.events.subscribe(after=before.seq) as events:
            assert await announced(platform) == 1
            (arrived,) = await take(events, 1)
            assert arrived.id == silent.id
        assert await announced(platform) == 0
        (stored,) = (await platform.events.list(PageQuery(order="-at", search="silent"))).items
        assert stored.seq == arrived.seq


async def test_an_event_too_large_for_the_bus_is_sent_short_and_holds_up_nobody(
    platform: Platform,
) -> None:
    text = "x" * platform.bus.max_payload_bytes
    error = UnsupportedError(text, cause=text, remedy="do this").as_dict()
    large = new_event(category="test", severity="error", subject=SUBJECT, text=text, error=error)
    small = new_event(category="test", severity="info", subject=SUBJECT, text="small")
    async with platform.database.write() as connection:
        for event in (large, small):
            await platform.events.record(connection, event)
    async with platform.events.subscribe(after=0) as events:
        assert await platform.events.announce_pending(older_than_s=0) == 2
        got = {event.id: event for event in await take(events, 2)}
    assert got[small.id].text == "small"
    assert got[large.id].text.endswith("(shortened; the list of events has all of it)")
    sent = got[large.id].error
    assert sent is not None
    assert sent["remedy"] == "do this"
    (stored,) = (await platform.events.list(only=EventFilter(severities=("error",)))).items
    assert (stored.text, stored.error) == (text, error)


async def announced(platform: Platform) -> int:
    async with asyncio.timeout(10):
        while not platform.bus.connected:  # noqa: ASYNC110 - the bus tells nobody
            await asyncio.sleep(0.05)
    try:
        return await platform.events.announce_pending(older_than_s=0)
    except UnavailableError:
        return 0


async def test_lists_search_text_and_subject(platform: Platform) -> None:
    await emit(platform, "Sidecar restarted", operation_id="o1")
    await emit(platform, "other")
    found = await platform.events.list(PageQuery(order="-at", search="SIDE"))
    assert [event.text for event in found.items] == ["Sidecar restarted"]
    by_operation = await platform.events.list(only=EventFilter(operation_id="o1"))
    assert by_operation.total == 1
    assert (await platform.events.list(PageQuery(order="-at", search="shop"))).total == 2
