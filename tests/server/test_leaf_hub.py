"""Clusters that connect to us, on real NATS: each alone, by its own key, as long as it holds."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import nats
import nats.errors
import pytest
from nats.aio.client import Client
from nats.js.errors import APIError

from discovery.ingest.support import seen, tell
from fixtures.leaf import Hub, LeafServer, leaf_hub, listening, way_to
from fixtures.nats import NatsServer
from fixtures.waiting import until
from meshery.connections.leaves import Leaves
from meshery.core.bus import Bus
from meshery.core.bus_address import read_leaf_address
from meshery.core.errors import InvalidInputError, UnavailableError, UnsupportedError
from meshery.core.settings import LeafSettings, Settings
from meshery.core.streams import DISCOVERY_STREAM
from meshery.discovery.leaf_way import by_leaf
from meshery.discovery.watch.wire import SUBJECT_REQUEST
from meshery.operations.platform import Platform, open_platform
from meshery.server.leaf_hub import NAME
from meshery.server.preconditions import demand_allowed
from operations.support import quick

ONE, TWO = "cluster-one", "cluster-two"


@pytest.fixture
async def platform(sqlite_settings: Settings, nats_server: NatsServer) -> AsyncIterator[Platform]:
    settings = listening(quick(sqlite_settings, nats_server))
    async with open_platform(settings, role="server", kinds={}) as opened:
        yield opened


@pytest.fixture
async def hub(platform: Platform) -> AsyncIterator[Hub]:
    async with leaf_hub(platform) as opened:
        yield opened


@asynccontextmanager
async def cluster(
    platform: Platform, folder: Path, name: str, *, listen: str = ""
) -> AsyncIterator[LeafServer]:
    """A cluster's broker with one message, connected by a key of the connection `name`."""
    seed = await Leaves(platform.database).issue(name, cluster_id=f"id-{name}")
    listen = listen or platform.settings.leaf.listen
    authority = platform.settings.leaf.ca_file
    server = LeafServer(folder / name, listen=listen, domain=f"id-{name}", authority=authority)
    server.use(seed)
    server.start()
    try:
        bus = await Bus.connect(
            Settings(), url=server.url, token=server.token, only=(DISCOVERY_STREAM,)
        )
        await tell(bus, msgspec.structs.replace(seen("object", 1), cluster_id=f"id-{name}"))
        await bus.close()
        yield server
    finally:
        server.stop()


async def answers(platform: Platform, name: str) -> bool:
    try:
        async with by_leaf(platform, name) as bus:
            return await bus.last_sequence(DISCOVERY_STREAM) > 0
    except UnavailableError:
        return False


async def until_answers(platform: Platform, name: str) -> None:
    await until(lambda: answers(platform, name), timeout_s=30, what=f"{name} answers")


async def until_silent(platform: Platform, name: str) -> None:
    async def is_silent() -> bool:
        return not await answers(platform, name)

    await until(is_silent, timeout_s=30, what=f"{name} is away")


@asynccontextmanager
async def follower(platform: Platform, name: str) -> AsyncIterator[Client]:
    """A plain client in the account of a connection, and what is refused to it."""
    address = read_leaf_address(platform.settings)
    assert address is not None
    client = await nats.connect(address.url, user=name, password=address.token, error_cb=_quiet)
    try:
        yield client
    finally:
        await client.close()


async def _quiet(_: Exception) -> None:
    pass


async def test_two_clusters_do_not_see_each_other(
    platform: Platform, hub: Hub, tmp_path: Path
) -> None:
    async with cluster(platform, tmp_path, ONE) as one, cluster(platform, tmp_path, TWO) as two:
        await until_answers(platform, ONE)
        await until_answers(platform, TWO)
        async with (
            follower(platform, ONE) as client,
            _clients(one, two) as (within_one, within_two),
        ):
            other = client.jetstream(domain=f"id-{TWO}", timeout=1)
            with pytest.raises((nats.errors.Error, APIError)):
                await other.stream_info(DISCOVERY_STREAM)
            heard: list[str] = []

            async def hear(message: Any) -> None:
                heard.append(message.subject)

            for each in (within_one, client):
                await each.subscribe(">", cb=hear)
                await each.flush()
            await within_one.subscribe(SUBJECT_REQUEST, queue="meshsync", cb=hear)
            for subject in ("meshery.v1.events", f"$JS.id-{ONE}.API.STREAM.INFO.DISCOVERY"):
                await within_two.publish(subject, b"{}")
            # What is not asked for does not come out of a cluster, nor go into it.
            await within_one.publish("orders", b"secret")
            await client.publish("orders", b"forged")
            await client.publish(f"$JS.id-{ONE}.API.STREAM.DELETE.{DISCOVERY_STREAM}", b"")
            for each in (within_one, within_two, client):
                await each.flush()
            await _until_asked(client, heard)
            assert [subject for subject in heard if not subject.startswith("_INBOX.")].count(
                "orders"
            ) == 1  # its own, within the cluster
            assert not any("$JS" in subject or "events" in subject for subject in heard)
        assert await answers(platform, ONE)


async def test_a_wrong_a_missing_and_a_revoked_key(
    platform: Platform, hub: Hub, tmp_path: Path
) -> None:
    async with cluster(platform, tmp_path, ONE) as one:
        await until_answers(platform, ONE)
        leaves = Leaves(platform.database)
        seed = await leaves.issue(ONE, cluster_id=f"id-{ONE}")
        await until_silent(platform, ONE)
        with pytest.raises(UnavailableError, match="leaf node is not connected") as caught:
            await _ask(platform, ONE)
        assert caught.value.remedy
        one.stop()
        one.use("")
        one.start()
        await asyncio.sleep(2)
        assert not await answers(platform, ONE)
        one.stop()
        one.use(seed)
        one.start()
        await until_answers(platform, ONE)
        await leaves.revoke(ONE)
        with pytest.raises(UnavailableError, match="may not connect any more"):
            await _ask(platform, ONE)
        await until(lambda: _is_cut_off(one), timeout_s=30, what="a leaf node cut off")


async def test_killed_it_is_back_where_it_was(platform: Platform, hub: Hub, tmp_path: Path) -> None:
    async with cluster(platform, tmp_path, ONE):
        await until_answers(platform, ONE)
        before = read_leaf_address(platform.settings)
        (status,) = await hub.supervisor.list(NAME)
        os.kill(status.pid, signal.SIGKILL)
        await until_answers(platform, ONE)
        assert read_leaf_address(platform.settings) == before


async def test_a_broken_way_behind_the_hub_loses_nothing(
    platform: Platform, hub: Hub, tmp_path: Path
) -> None:
    """The follower's own connection holds: that a message did not come is seen by their count."""
    async with (
        way_to(platform.settings.leaf.listen) as way,
        cluster(platform, tmp_path, ONE, listen=way.address) as one,
    ):
        await until_answers(platform, ONE)
        got: list[int] = []
        local = await Bus.connect(Settings(), url=one.url, token=one.token, only=())
        async with by_leaf(platform, ONE) as bus:

            async def read() -> None:
                subject = "meshery.v1.discovery.>"
                async for message in bus.follow(DISCOVERY_STREAM, subject=subject, after=0):
                    got.append(message.sequence)  # noqa: PERF401 - it never ends

            task = asyncio.create_task(read())
            await until(lambda: _reached(got, 1), timeout_s=20, what="the first")
            way.is_mute = True
            await tell(local, msgspec.structs.replace(seen("object", 2), cluster_id=f"id-{ONE}"))
            await until(way.has_swallowed, timeout_s=20, what="a message that is lost")
            way.cut()
            way.is_mute = False
            await until(lambda: _reached(got, 2), timeout_s=60, what="the lost one")
            assert bus.connected
            task.cancel()
        await local.close()
        assert got == [1, 2]


def test_off_loopback_it_wants_tls() -> None:
    demand_allowed(Settings(leaf=LeafSettings(listen="127.0.0.1:7422")))
    open_to_all = LeafSettings(listen="0.0.0.0:7422")
    with pytest.raises(UnsupportedError, match="does not listen for leaf nodes"):
        demand_allowed(Settings(leaf=open_to_all))
    half = msgspec.structs.replace(open_to_all, certificate_file="/a", url="tls://m.example:7422")
    with pytest.raises(InvalidInputError, match="one is missing"):
        demand_allowed(Settings(leaf=half))
    demand_allowed(Settings(leaf=msgspec.structs.replace(half, key_file="/b")))
    with pytest.raises(InvalidInputError, match="no address"):
        demand_allowed(Settings(leaf=LeafSettings(listen="7422")))


async def _ask(platform: Platform, name: str) -> None:
    async with by_leaf(platform, name):
        pass


async def _is_cut_off(server: LeafServer) -> bool:
    """Its last words of its leaf node."""
    text = (server.directory / "nats.log").read_text()
    return text.rfind("Authorization Violation") > text.rfind("JetStream using domains")


async def _reached(got: list[int], last: int) -> bool:
    return bool(got) and got[-1] >= last


async def _until_asked(client: Client, heard: list[str]) -> None:
    """Ask the watcher until it hears: that it listens is told over there a moment later."""

    async def is_heard() -> bool:
        await client.publish(SUBJECT_REQUEST, b"asked")
        await client.flush()
        await asyncio.sleep(0.2)
        return SUBJECT_REQUEST in heard

    await until(is_heard, timeout_s=20, what="a request of the watcher")


@asynccontextmanager
async def _clients(*servers: LeafServer) -> AsyncIterator[list[Client]]:
    opened = [await nats.connect(each.url, token=each.token) for each in servers]
    try:
        yield opened
    finally:
        for client in opened:
            await client.close()
