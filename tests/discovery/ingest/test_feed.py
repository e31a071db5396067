"""Whoever follows changes gets each once and in order: from now on, from a place, at any server."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs
from sqlalchemy import delete
from starlette.requests import HTTPConnection

from discovery.ingest.support import key_of, seen, tell
from discovery.watch.support import CLUSTER, running
from fixtures.nats import NatsServer
from fixtures.waiting import until
from meshery.core.errors import InvalidInputError, NotFoundError, UnavailableError
from meshery.core.settings import RetentionSettings, Settings
from meshery.discovery.change import ChangeFilter, ObjectChange
from meshery.discovery.change_rows import PAGE
from meshery.discovery.feed import QUEUE, change_feed
from meshery.discovery.ingest.forget import forget_cluster
from meshery.discovery.ingest.tables import kube_change
from meshery.discovery.ingest.writer import Writer
from meshery.discovery.keepers import tidy
from meshery.discovery.model import Seen
from meshery.operations.feeds import DroppedError
from meshery.operations.platform import Platform, open_platform
from meshery.server.graphql.schema import build_schema
from meshery.server.parts import Parts
from operations.support import quick


@pytest.fixture
async def storing(storage_settings: Settings, nats_server: NatsServer) -> AsyncIterator[Platform]:
    """A platform on each database in turn, and a writer."""
    settings = quick(storage_settings, nats_server)
    async with (
        open_platform(settings, role="server", kinds={}) as platform,
        running(Writer(platform.database, platform.bus).run()),
    ):
        yield platform


async def told(platform: Platform, *changes: Seen) -> None:
    await tell(platform.bus, *changes)


async def taken(
    changes: AsyncIterator[ObjectChange], count: int, *, timeout_s: float = 15.0
) -> list[ObjectChange]:
    async with asyncio.timeout(timeout_s):
        return [await anext(changes) for _ in range(count)]


def names(changes: Sequence[ObjectChange]) -> list[tuple[str, str]]:
    return [(each.event, each.name) for each in changes]


async def test_changes_come_in_their_order(storing: Platform) -> None:
    async with change_feed(storing).subscribe(after=None) as changes:
        await told(storing, seen("a", 1), seen("b", 2), seen("a", 3, spec={"x": 1}))
        await told(storing, seen("b", 4, event="DELETED"))
        found = await taken(changes, 4)
    assert names(found) == [("ADDED", "a"), ("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "b")]
    assert [each.seq for each in found] == sorted(each.seq for each in found)
    assert found[2].document()["spec"] == {"x": 1}
    assert {each.cluster_id for each in found} == {CLUSTER}
    assert found[0].id == found[2].id


async def test_a_subscription_goes_on_where_another_ended(storing: Platform) -> None:
    feed = change_feed(storing)
    start = (await feed.changes(after=None)).next
    for version in range(1, 4):
        await told(storing, seen("a", version, spec={"x": version}))
    async with feed.subscribe(after=start) as changes:
        first = await taken(changes, 2)
    await told(storing, seen("a", 4, spec={"x": 4}))
    async with feed.subscribe(after=first[-1].seq) as changes:
        rest = await taken(changes, 2)
    assert [each.document()["spec"]["x"] for each in [*first, *rest]] == [1, 2, 3, 4]
    page = await feed.changes(after=start)
    assert [each.seq for each in page.items] == [each.seq for each in [*first, *rest]]
    assert page.next == rest[-1].seq


async def test_what_came_before_is_read_in_pages(storing: Platform) -> None:
    feed = change_feed(storing)
    many = [seen(f"c{i}", i + 1) for i in range(PAGE + 7)]
    await told(storing, *many)
    await until(lambda: _has(storing, len(many)), what="all changes stored")
    async with feed.subscribe(after=0) as changes:
        await told(storing, seen("last", 9999))
        found = await taken(changes, len(many) + 1)
    assert [each.name for each in found] == [*(each.key.name for each in many), "last"]
    assert len((await feed.changes(after=0)).items) == PAGE


async def test_only_what_was_asked_for_comes(storing: Platform) -> None:
    only = ChangeFilter(kind="Pod", namespace="shop", cluster_id=CLUSTER)
    feed = change_feed(storing)
    async with feed.subscribe(after=None, only=only) as changes:
        await told(storing, seen("a", 1), seen("p", 2, kind="Pod"), seen("b", 3))
        await told(storing, seen("q", 4, kind="Pod"))
        assert names(await taken(changes, 2)) == [("ADDED", "p"), ("ADDED", "q")]
    async with feed.subscribe(after=0, only=only) as changes:
        assert names(await taken(changes, 2)) == [("ADDED", "p"), ("ADDED", "q")]
    elsewhere = await feed.changes(after=0, only=ChangeFilter(cluster_id="elsewhere"))
    assert elsewhere.items == []


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        (ChangeFilter(event="DELETED"), ["web"]),
        (ChangeFilter(group="apps"), ["b"]),
        (ChangeFilter(group=""), ["a", "web", "web"]),
        (ChangeFilter(search="WE"), ["web", "web"]),
    ],
)
async def test_what_is_heard_is_what_would_be_read(
    storing: Platform, only: ChangeFilter, expected: list[str]
) -> None:
    feed = change_feed(storing)
    key = structs.replace(key_of("b"), api_version="apps/v1")
    async with feed.subscribe(after=None, only=only) as changes:
        await told(storing, seen("a", 1), structs.replace(seen("b", 2), key=key))
        await told(storing, seen("web", 3), seen("web", 4, event="DELETED"))
        heard = await taken(changes, len(expected))
    assert [each.name for each in heard] == expected
    assert (await feed.changes(after=0, only=only)).items == heard


async def test_a_slow_reader_is_dropped_alone_and_resumes(storing: Platform) -> None:
    feed = change_feed(storing)
    async with feed.subscribe(after=None, queue_size=3) as slow, feed.subscribe(after=None) as fast:
        await told(storing, *(seen(f"c{i}", i + 1) for i in range(10)))
        assert len(await taken(fast, 10)) == 10
        begun = await taken(slow, 3)
        with pytest.raises(DroppedError) as dropped:
            await anext(slow)
        await told(storing, seen("later", 50))
        assert names(await taken(fast, 1)) == [("ADDED", "later")]
    assert dropped.value.seq == begun[-1].seq
    async with feed.subscribe(after=dropped.value.seq) as changes:
        rest = await taken(changes, 8)
    every = [each.name for each in [*begun, *rest]]
    assert every == [*(f"c{i}" for i in range(10)), "later"]


async def test_places_that_are_none(storing: Platform) -> None:
    feed = change_feed(storing)
    await told(storing, *(seen(f"c{i}", i + 1) for i in range(6)))
    await until(lambda: _has(storing, 6), what="all changes stored")
    newest = await feed.newest()
    for place in (-1, newest + 1):
        with pytest.raises(InvalidInputError):
            await feed.changes(after=place)
        with pytest.raises(InvalidInputError):
            async with feed.subscribe(after=place):
                pass
    async with storing.database.write() as connection:
        await connection.execute(delete(kube_change).where(kube_change.c.id <= newest - 2))
    with pytest.raises(NotFoundError, match="not kept any more"):
        await feed.changes(after=newest - 4)
    assert len((await feed.changes(after=newest - 2)).items) == 2


async def test_numbers_are_never_given_again(storing: Platform) -> None:
    feed = change_feed(storing)
    await told(storing, *(seen(f"c{i}", i + 1) for i in range(3)))
    await until(lambda: _has(storing, 3), what="all changes stored")
    await forget_cluster(storing.database, CLUSTER)
    forgotten = await feed.changes(after=0)
    assert [(each.seq, each.document()) for each in forgotten.items] == [(3, None)]
    short = RetentionSettings(changes="1ms")
    await tidy(replace(storing, settings=structs.replace(storing.settings, retention=short)))
    async with feed.subscribe(after=3) as changes:
        await told(storing, seen("next", 9))
        assert [(each.seq, each.name) for each in await taken(changes, 1)] == [(4, "next")]


async def test_a_lost_word_delays_and_loses_nothing(
    sqlite_settings: Settings, private_nats: NatsServer
) -> None:
    settings = quick(sqlite_settings, private_nats)
    async with (
        open_platform(settings, role="server", kinds={}) as platform,
        change_feed(platform).subscribe(after=None) as changes,
    ):
        private_nats.restart()
        async with running(Writer(platform.database, platform.bus).run()):
            await until(lambda: _is_told(platform, seen("a", 1)), what="the bus is back")
            assert names(await taken(changes, 1)) == [("ADDED", "a")]


async def test_two_servers_tell_the_same(two_platforms: tuple[Platform, Platform]) -> None:
    one, two = two_platforms
    async with (
        running(Writer(one.database, one.bus).run()),
        change_feed(one).subscribe(after=None) as here,
        change_feed(two).subscribe(after=None) as there,
    ):
        await told(one, *(seen(f"c{i}", i + 1) for i in range(20)))
        assert [e.seq for e in await taken(here, 20)] == [e.seq for e in await taken(there, 20)]


async def test_graphql_tells_a_slow_reader_where_to_go_on(storing: Platform) -> None:
    schema = build_schema(Parts())
    context = {"request": _asking(storing)}
    query = "subscription($after: Long) { discoveryChanges(after: $after) { seq name } }"
    many = [seen(f"c{i}", i + 1) for i in range(QUEUE + 100)]

    async def results(after: int) -> Any:
        variables = {"after": after}
        return await schema.stream(query, variable_values=variables, context_value=context)

    async with aclosing(await results(0)) as slow, change_feed(storing).subscribe(after=0) as fast:
        await told(storing, many[0])
        got = [(await anext(slow)).data["discoveryChanges"]]
        async with asyncio.TaskGroup() as group:  # once the fast one has all, both were offered it
            group.create_task(taken(fast, len(many), timeout_s=60))
            await told(storing, *many[1:])
        async for result in slow:
            if result.errors:
                break
            got.append(result.data["discoveryChanges"])
    ending = result.errors[0].formatted["extensions"]
    assert ending["code"] == "meshery.subscription.slow"
    assert ending["seq"] == got[-1]["seq"]
    assert len(got) < len(many)
    async with aclosing(await results(ending["seq"])) as again:
        while len(got) < len(many):
            got.append((await anext(again)).data["discoveryChanges"])
    assert [each["name"] for each in got] == [each.key.name for each in many]


async def _has(platform: Platform, count: int) -> bool:
    page = await change_feed(platform).newest()
    return page >= count


async def _is_told(platform: Platform, change: Seen) -> bool:
    try:
        await told(platform, change)
    except UnavailableError:
        return False
    return True


def _asking(platform: Platform) -> HTTPConnection:
    """A request to an application on this platform."""
    from fastapi import FastAPI

    app = FastAPI()
    app.state.platform = platform
    return HTTPConnection({"type": "http", "app": app})
