"""Messages become rows: each once, in order, whatever is killed between; on both databases."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from discovery.ingest.support import deletes, key_of, rows, seen, stored, tell, writing
from discovery.watch.support import CLUSTER, bus_of, running
from fixtures.nats import NatsServer
from fixtures.waiting import until
from meshery.core.database import Database
from meshery.core.streams import DISCOVERY_STREAM, SUBJECT_DISCOVERY
from meshery.discovery.ingest.tables import (
    discovery_cursor,
    kube_change,
    kube_cluster,
    kube_label,
    kube_object,
    kube_relation,
    kube_watch,
)
from meshery.discovery.ingest.writer import Writer
from meshery.discovery.model import KindStatus, Report, Seen, Synced, Told, object_id


async def position(database: Database) -> int:
    found = await rows(database, discovery_cursor)
    return int(found[0].position) if found else 0


async def read_up_to(database: Database, sequence: int) -> None:
    async def is_there() -> bool:
        return await position(database) >= sequence

    await until(is_there, what=f"message {sequence}")


def gone(name: str, version: str = "") -> Seen:
    return Seen(CLUSTER, "e1", "DELETED", key_of(name), version)


def synced(*names: str, version: str, above: str = "", upto: str = "") -> Synced:
    uids = tuple(f"uid-{name}" for name in names)
    return Synced(CLUSTER, "e1", "configmaps.v1.", "v1", "ConfigMap", version, uids, above, upto)


async def test_an_object_its_labels_relations_and_changes(
    database: Database, nats_server: NatsServer
) -> None:
    pod = {"serviceAccountName": "web", "containers": [], "nodeName": "one"}
    async with bus_of(nats_server) as bus, writing(database, nats_server):
        await tell(
            bus,
            seen("a", 5, kind="Pod", spec=pod),
            seen("a", 6, kind="Pod", spec=pod, status={"phase": "Running"}, event="MODIFIED"),
        )
        await read_up_to(database, 2)
    (row,) = await rows(database, kube_object)
    assert row.id == object_id(CLUSTER, "uid-a")
    assert (row.kind, row.namespace, row.name, row.version) == ("Pod", "shop", "a", 6)
    assert msgspec.json.decode(row.document)["status"] == {"phase": "Running"}
    assert [(r.key, r.value) for r in await rows(database, kube_label)] == [("app", "a")]
    relations = [(r.type, r.to_kind, r.to_name) for r in await rows(database, kube_relation)]
    assert relations == [("identity", "ServiceAccount", "web"), ("mount", "Node", "one")]
    # A change of status alone is no change of what its author wrote.
    assert [change.event for change in await rows(database, kube_change)] == ["ADDED"]


async def test_an_older_state_changes_nothing_and_what_is_gone_stays_gone(
    database: Database, nats_server: NatsServer
) -> None:
    async with bus_of(nats_server) as bus, writing(database, nats_server):
        await tell(bus, seen("a", 7), seen("b", 7), gone("b", "9"))
        await read_up_to(database, 3)
        late = [msgspec.structs.replace(seen(name, 5), seq_epoch="e0") for name in ("a", "b")]
        await tell(bus, *late)
        await read_up_to(database, 5)
    assert [row.version for row in await rows(database, kube_object)] == [7]
    assert await deletes(database) == {"b"}


async def test_a_whole_list_takes_what_is_not_in_it(
    database: Database, nats_server: NatsServer
) -> None:
    async with bus_of(nats_server) as bus, writing(database, nats_server):
        await tell(bus, *(seen(name, 5) for name in "abcd"), seen("new", 20))
        await tell(
            bus, synced("a", version="10", upto="uid-b"), synced("d", version="10", above="uid-c")
        )
        await read_up_to(database, 7)
    # c is between what the two lists speak of; what is newer than a list is not judged by it.
    assert {row.name for row in await rows(database, kube_object)} == {"a", "c", "d", "new"}
    assert await deletes(database) == {"b"}


async def test_the_state_of_a_watch_is_kept(database: Database, nats_server: NatsServer) -> None:
    first = KindStatus("pods.v1.", "v1", "Pod", "watching", 3)
    second = KindStatus("secrets.v1.", "v1", "Secret", "forbidden", 0, error="may not")
    at = "2026-11-21T10:00:00.5Z"
    async with bus_of(nats_server) as bus:
        await tell(bus, Report(CLUSTER, "e0", at, "v1.36.3", (first,)))
        async with writing(database, nats_server):
            await read_up_to(database, 1)
            assert await rows(database, kube_cluster) == []
            await tell(bus, Report(CLUSTER, "e1", at, "v1.36.3", (first, second)))
            await tell(bus, Report(CLUSTER, "e2", at, "v1.36.3", (second,)))
            await read_up_to(database, 3)
    (cluster,) = await rows(database, kube_cluster)
    assert (cluster.version, cluster.epoch) == ("v1.36.3", "e2")
    (row,) = await rows(database, kube_watch)
    assert (row.state, row.error) == ("forbidden", "may not")


async def test_a_message_nobody_understands_keeps_no_other_from_being_stored(
    database: Database, nats_server: NatsServer
) -> None:
    async with bus_of(nats_server) as bus, writing(database, nats_server):
        await bus.publish(f"{SUBJECT_DISCOVERY}.x.y", b"rubbish")
        broken = msgspec.structs.replace(seen("bad", 3), document=msgspec.Raw(b"[1]"))
        await tell(bus, broken, seen("good", 4))
        await read_up_to(database, 3)
    assert [row.name for row in await rows(database, kube_object)] == ["good"]


async def test_a_writer_that_is_killed_anywhere_loses_nothing(
    database: Database, nats_server: NatsServer
) -> None:
    names = [f"n{number:03}" for number in range(120)]
    async with bus_of(nats_server) as bus:
        for name in names:
            await tell(bus, seen(name, 5))
        await tell(bus, *(gone(name, "9") for name in names[::3]))
        for delay_s in (0.0, 0.02, 0.05, 0.1, 0.2, 0.4):
            async with writing(database, nats_server):
                await asyncio.sleep(delay_s)
        async with writing(database, nats_server):
            await read_up_to(database, 160)
    assert {row.name for row in await rows(database, kube_object)} == set(names) - set(names[::3])
    assert len(await rows(database, kube_change)) == 160


async def test_two_writers_store_each_message_once(
    database: Database, nats_server: NatsServer
) -> None:
    async with (
        bus_of(nats_server) as bus,
        writing(database, nats_server),
        writing(database, nats_server),
    ):
        for number in range(60):
            await tell(bus, seen(f"n{number}", 5))
        await read_up_to(database, 60)
    assert len(await rows(database, kube_object)) == 60
    assert len(await rows(database, kube_change)) == 60


async def test_many_writers_may_begin_at_one_moment(
    database: Database, nats_server: NatsServer
) -> None:
    async with bus_of(nats_server) as bus:
        await tell(bus, seen("a", 1))
        async with running(*(Writer(database, bus).run() for _ in range(6))):
            await read_up_to(database, 1)


async def test_messages_that_are_gone_and_a_new_stream_ask_for_everything_again(
    database: Database, nats_server: NatsServer
) -> None:
    asked: list[int] = []

    async def lost() -> None:
        asked.append(1)

    async with bus_of(nats_server) as bus:
        await tell(bus, seen("a", 1))
        async with writing(database, nats_server, lost=lost):
            await read_up_to(database, 1)
        assert asked == []
        await tell(bus, seen("b", 2), seen("c", 3))
        await bus._jetstream.purge_stream(DISCOVERY_STREAM, keep=1)
        async with writing(database, nats_server, lost=lost):
            await read_up_to(database, 3)
            await until(_said(asked, 1))
        await bus._jetstream.delete_stream(DISCOVERY_STREAM)
        await bus.ensure_streams()
        await tell(bus, seen("d", 4))
        async with writing(database, nats_server, lost=lost):
            await until(_said(asked, 2))

            async def is_there() -> bool:
                return "uid-d" in await stored(database)

            await until(is_there)


def _said(asked: Sequence[object], count: int) -> Callable[[], Awaitable[bool]]:
    async def is_said() -> bool:
        return len(asked) == count

    return is_said


async def test_who_wants_it_is_told_what_was_stored(
    database: Database, nats_server: NatsServer
) -> None:
    told: list[Told] = []

    async def stored_now(batch: Sequence[Told]) -> None:
        told.extend(batch)

    async with bus_of(nats_server) as bus:
        writer = Writer(database, bus, stored=stored_now)
        async with running(writer.run()):
            await tell(bus, seen("a", 1), gone("a", "2"))
            await read_up_to(database, 2)
            await until(_said(told, 2))
    assert [each.event for each in told if isinstance(each, Seen)] == ["ADDED", "DELETED"]
