"""Events: remembered for who comes late, live for who is there, and never lost in silence."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from meshery.core.errors import UnavailableError
from meshery.processes.client import SupervisorClient
from meshery.processes.model import ProcessEvent, Restart
from meshery.processes.ring import KEPT, Ring
from processes.supervision import Host, sleeper


async def next_of(watch: AsyncIterator[ProcessEvent]) -> ProcessEvent:
    async with asyncio.timeout(5):
        return await anext(watch)


async def test_a_watch_tells_the_past_and_then_the_present(host: Host) -> None:
    await host.client.start(sleeper("past"))
    watch = host.client.watch()
    assert (await next_of(watch)).name == "past"
    await host.client.start(sleeper("present"))
    event = await next_of(watch)
    assert (event.name, event.what, event.seq) == ("present", "started", 2)


async def test_a_watch_of_a_group_hears_nothing_else(host: Host) -> None:
    for name in ("sandbox/shop/web", "sandbox/shop2/web", "sandbox/shop/api"):
        await host.client.start(sleeper(name))
    names = [event.name for event in await host.events(2, prefix="sandbox/shop")]
    assert names == ["sandbox/shop/web", "sandbox/shop/api"]


async def test_a_watch_goes_on_after_a_place(host: Host) -> None:
    for name in ("a", "b", "c"):
        await host.client.start(sleeper(name))
    epoch = await host.client.epoch()
    watch = host.client.watch(after=2, epoch=epoch)
    assert (await next_of(watch)).name == "c"


async def test_a_place_in_another_epoch_counts_for_nothing(host: Host) -> None:
    await host.client.start(sleeper())
    watch = host.client.watch(after=400, epoch="of-yesterday")
    assert (await next_of(watch)).seq == 1


async def test_a_watch_goes_on_with_the_next_supervisor(host: Host) -> None:
    await host.client.start(sleeper(restart=Restart.ALWAYS))
    watch = host.client.watch()
    first = await next_of(watch)
    host.kill()
    host.start(restore=True)
    second = await next_of(watch)
    assert (first.what, second.what) == ("started", "restarted")
    assert first.epoch != second.epoch
    await host.client.start(sleeper("another"))
    assert (await next_of(watch)).name == "another"


async def test_a_watch_ends_with_an_error_when_the_supervisor_stays_away(host: Host) -> None:
    client = SupervisorClient(host.client._socket_path, patience_s=0.2)
    await client.start(sleeper())
    watch = client.watch()
    await next_of(watch)
    host.kill()
    with pytest.raises(UnavailableError):
        await next_of(watch)
    host.start()


async def test_closing_a_client_ends_its_watch(host: Host) -> None:
    client = SupervisorClient(host.client._socket_path)
    watch = client.watch()
    waiting = asyncio.create_task(next_of(watch))
    await asyncio.sleep(0.1)
    await client.close()
    with pytest.raises(UnavailableError) as caught:
        await waiting
    assert "closed" in caught.value.cause


async def test_the_ring_remembers_the_latest_and_tells_of_a_gap() -> None:
    ring = Ring("epoch", tell=lambda _: None)
    for number in range(KEPT + 100):
        ring.add(f"p{number}", "started")
    fresh = ring.follow(prefix="", epoch="", after=0)
    assert (await next_of(fresh)).seq == 101
    late = ring.follow(prefix="", epoch="epoch", after=50)
    missed = await next_of(late)
    assert (missed.what, missed.seq, missed.name) == ("missed", 100, "")
    assert (await next_of(late)).seq == 101


async def test_a_slow_watcher_is_told_that_it_missed_some() -> None:
    ring = Ring("epoch", tell=lambda _: None)
    watch = ring.follow(prefix="", epoch="", after=0)
    ring.add("first", "started")
    await next_of(watch)
    for number in range(KEPT + 1):
        ring.add(f"p{number}", "started")
    assert [(await next_of(watch)).what for _ in range(2)] == ["missed", "started"]


async def test_what_comes_while_a_watcher_reads_is_not_lost() -> None:
    ring = Ring("epoch", tell=lambda _: None)
    watch = ring.follow(prefix="", epoch="", after=0)
    ring.add("first", "started")
    assert (await next_of(watch)).name == "first"
    ring.add("second", "started")
    assert (await next_of(watch)).name == "second"
    waiting = asyncio.create_task(next_of(watch))
    await asyncio.sleep(0)
    ring.add("third", "started")
    assert (await waiting).name == "third"
