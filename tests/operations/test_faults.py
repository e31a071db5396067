"""What may go wrong, on real processes: killed and frozen workers, lost buses, full databases.

After each fault: nothing lost, nothing done twice that was finished, one outcome.
"""

import asyncio
import random
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select, text

from fixtures.database import PostgresCluster
from fixtures.nats import NatsServer
from fixtures.waiting import until
from meshery.core.database import Database
from meshery.core.errors import UnavailableError
from meshery.core.settings import DatabaseSettings, Settings
from meshery.operations.claims import Busy, Claimed, FencedError, claim, guard, renew
from meshery.operations.events import EventFilter
from meshery.operations.keepers import owner_loss, republish_once, settle_lapsed
from meshery.operations.model import Operation, OperationState
from meshery.operations.platform import Platform
from meshery.operations.rows import by_id, wake_subject
from meshery.operations.service import OperationFilter
from meshery.operations.tables import operation as operation_table
from operations.kinds import marks
from operations.support import (
    WorkerProcess,
    ended,
    in_state,
    marked,
    opened,
    quick,
    submit,
    worker_process,
    working,
)


def holding(marks_file: Path, step: int, **more: object) -> dict[str, object]:
    return {
        "marks": str(marks_file),
        "hold": step,
        "hold_file": str(marks_file.with_name("go")),
        **more,
    }


@pytest.mark.parametrize("step", [0, 2])
async def test_a_killed_worker_is_resumed_and_finished_steps_are_not_repeated(
    platform: Platform, settings: Settings, marks_file: Path, step: int
) -> None:
    async with worker_process(settings) as first:
        operation = await submit(platform, "test.steps", holding(marks_file, step))
        await until(lambda: marked(marks_file, "holding"))
        await first.kill()
    marks_file.with_name("go").touch()
    async with worker_process(settings):
        done = await ended(platform, operation)
    assert done.state is OperationState.SUCCEEDED
    assert done.result == {"results": [0, 10, 20]}
    count = Counter(marks(marks_file))
    assert [count[f"end-{number}"] for number in range(3)] == [1, 1, 1]
    assert count[f"begin-{step}"] == 2
    assert [s.attempt for s in done.steps] == [2 if n == step else 1 for n in range(3)]


@pytest.mark.parametrize("slow", ["b", "c"])
async def test_a_worker_killed_between_parallel_branches_repeats_only_the_open_one(
    platform: Platform, settings: Settings, marks_file: Path, slow: str
) -> None:
    other = {"b": "c", "c": "b"}[slow]
    async with worker_process(settings) as first:
        document = holding(marks_file, 0, slow=slow)
        operation = await submit(platform, "test.branches", document)
        await until(lambda: marked(marks_file, "holding"))

        async def other_is_stored() -> bool:
            steps = (await platform.operations.get(operation.id)).steps
            return any(s.name == other and s.state is OperationState.SUCCEEDED for s in steps)

        await until(other_is_stored)
        await first.kill()
    marks_file.with_name("go").touch()
    async with worker_process(settings):
        done = await ended(platform, operation)
    assert done.result == {"order": ["A", "B", "C", "D"]}
    count = Counter(marks(marks_file))
    assert {name: count[f"begin-{name}"] for name in "abcd"} == {
        "a": 1, other: 1, slow: 2, "d": 1
    }  # fmt: skip


async def test_a_frozen_worker_is_fenced_and_there_is_one_outcome(
    platform: Platform, settings: Settings, marks_file: Path
) -> None:
    async with worker_process(settings) as first:
        operation = await submit(platform, "test.steps", holding(marks_file, 1))
        await until(lambda: marked(marks_file, "holding"))
        await freeze_between_writes(first, platform, operation)
        async with worker_process(settings):
            await until(lambda: attempts(platform, operation, 2))
            marks_file.with_name("go").touch()
            done = await ended(platform, operation)
            first.thaw()
            other = await submit(platform, "test.echo", {})
            await ended(platform, other)
            await until(lambda: logged(first, "operation.fenced"))
    assert done.state is OperationState.SUCCEEDED
    final = await platform.operations.get(operation.id)
    assert final == done
    events = await platform.events.list(only=EventFilter(operation_id=operation.id))
    assert [e.text for e in events.items].count("Steps: succeeded") == 1


async def freeze_between_writes(
    worker: WorkerProcess, platform: Platform, operation: Operation
) -> None:
    """Freeze it where it holds no lock of the database: that would freeze all others as well."""
    for _ in range(20):
        worker.freeze()
        if await is_writable(platform.database, operation):
            return
        worker.thaw()
        await asyncio.sleep(0.05)
    raise AssertionError("the worker held a lock whenever it was frozen")


async def is_writable(database: Database, operation: Operation) -> bool:
    row = select(operation_table.c.id).where(operation_table.c.id == operation.id)
    try:
        # SQLite would wait for the lock far longer than a worker that runs ever holds it.
        async with asyncio.timeout(1), database.write() as connection:
            await connection.execute(row.with_for_update(nowait=True))
    except (UnavailableError, TimeoutError):
        return False
    return True


async def attempts(platform: Platform, operation: Operation, count: int) -> bool:
    steps = (await platform.operations.get(operation.id)).steps
    return any(step.attempt >= count for step in steps)


async def logged(worker: WorkerProcess, word: str) -> bool:
    return word in worker.log.read_text()


async def test_a_lock_of_another_is_seen(platform: Platform, settings: Settings) -> None:
    impatient = msgspec.structs.replace(settings.database, busy_timeout="100ms")
    other = await Database.open(msgspec.structs.replace(settings, database=impatient))
    operation = await submit(platform, "test.echo", {})
    async with platform.database.write() as connection:
        await connection.execute(select(operation_table.c.id).with_for_update())
        assert not await is_writable(other, operation)
    assert await is_writable(other, operation)
    await other.close()


async def test_work_that_must_not_be_repeated_is_interrupted(
    platform: Platform, settings: Settings, marks_file: Path
) -> None:
    async with worker_process(settings) as first:
        operation = await submit(platform, "test.once", holding(marks_file, 1))
        await until(lambda: marked(marks_file, "holding"))
        await first.kill()
    marks_file.with_name("go").touch()
    async with worker_process(settings):
        done = await ended(platform, operation)
    assert done.state is OperationState.INTERRUPTED
    assert done.error is not None
    assert done.error["code"] == "meshery.operation.owner_lost"
    assert [step.state for step in done.steps] == [
        OperationState.SUCCEEDED,
        OperationState.INTERRUPTED,
    ]
    assert marks(marks_file).count("holding") == 1


@pytest.mark.parametrize("resume", [True, False])
async def test_a_parent_decides_about_a_child_whose_worker_was_lost(
    platform: Platform, settings: Settings, marks_file: Path, resume: bool
) -> None:
    child = ("test.ask", holding(marks_file, 1))
    document = {"marks": str(marks_file), "resume": resume, "children": {"only": child}}
    async with worker_process(settings) as first:
        operation = await submit(platform, "test.parent", document)
        await until(lambda: marked(marks_file, "holding"))
        await first.kill()
    marks_file.with_name("go").touch()
    async with worker_process(settings):
        done = await ended(platform, operation)
    assert "decided" in marks(marks_file)
    children = OperationFilter(parent_id=operation.id)
    (ended_child,) = (await platform.operations.list(only=children)).items
    if resume:
        assert (done.state, ended_child.state) == (OperationState.SUCCEEDED,) * 2
    else:
        assert done.state is OperationState.PARTIAL
        assert ended_child.state is OperationState.INTERRUPTED


async def test_a_cancelled_operation_whose_worker_died_is_cancelled(
    platform: Platform, settings: Settings, marks_file: Path
) -> None:
    async with worker_process(settings) as first:
        operation = await submit(platform, "test.steps", holding(marks_file, 1))
        await until(lambda: marked(marks_file, "holding"))
        await first.kill()
        await platform.operations.cancel(operation.id, actor="somebody")
    async with working(settings):
        done = await ended(platform, operation)
    assert done.state is OperationState.CANCELLED
    assert marks(marks_file).count("holding") == 1


async def test_duplicate_deliveries_do_no_harm(
    platform: Platform, settings: Settings, marks_file: Path
) -> None:
    document = {"marks": str(marks_file), "count": 2, "pause_s": 0.2}
    async with worker_process(settings), working(settings):
        operation = await submit(platform, "test.steps", document)
        for _ in range(10):
            await platform.operations.wake(operation.id, kind="test.steps", host="")
            await asyncio.sleep(0.03)
        done = await ended(platform, operation)
        for _ in range(5):
            await platform.operations.wake(operation.id, kind="test.steps", host="")
        await ended(platform, await submit(platform, "test.echo", {}))
    assert done.state is OperationState.SUCCEEDED
    assert sorted(marks(marks_file)) == ["begin-0", "begin-1", "end-0", "end-1"]


async def test_a_lost_wakeup_is_sent_again(platform: Platform, settings: Settings) -> None:
    operation = await submit(platform, "test.echo", {})
    async with asyncio.timeout(10):  # take the message away, as a lost one
        async for wakeup in platform.bus.work(wake_subject("test.echo", ""), durable="test_echo"):
            if wakeup is not None:
                await wakeup.done()
                break
    assert await republish_once(platform, after_s=60) == 0
    async with working(settings):
        assert (await ended(platform, operation)).state is OperationState.SUCCEEDED


async def test_a_bus_that_is_killed_and_restarted_loses_nothing(
    storage_settings: Settings, private_nats: NatsServer, marks_file: Path
) -> None:
    settings = quick(storage_settings, private_nats)
    document = {"marks": str(marks_file), "count": 6, "pause_s": 0.1}
    async with opened(settings) as platform, working(settings):
        running = await submit(platform, "test.steps", document)
        await until(lambda: marked(marks_file, "end-1"))
        private_nats.kill()
        meanwhile = await submit(platform, "test.echo", {})
        await asyncio.sleep(0.5)
        private_nats.start()
        first = await ended(platform, running)
        second = await ended(platform, meanwhile)
        assert (first.state, second.state) == (OperationState.SUCCEEDED,) * 2
        assert len(marks(marks_file)) == 12
        await until(lambda: all_announced(platform), what="every event's place in the stream")


async def all_announced(platform: Platform) -> bool:
    events = (await platform.events.list()).items
    return all(event.seq for event in events)


async def test_a_locked_database_delays_writes_and_crashes_nothing(
    sqlite_settings: Settings, nats_server: NatsServer, marks_file: Path
) -> None:
    settings = msgspec.structs.replace(
        quick(sqlite_settings, nats_server), database=DatabaseSettings(busy_timeout="100ms")
    )
    document = {"marks": str(marks_file), "count": 4, "pause_s": 0.1}
    rogue = await Database.open(settings)
    async with opened(settings) as platform, worker_process(settings) as worker:
        operation = await submit(platform, "test.steps", document)
        await until(lambda: marked(marks_file, "end-0"))
        async with rogue.write():
            await asyncio.sleep(2.0)  # longer than the lease
        done = await ended(platform, operation)
        assert done.state is OperationState.SUCCEEDED
        assert done.result == {"results": [0, 10, 20, 30]}
        assert marks(marks_file).count("end-0") == 1
        assert await logged(worker, "operation.write_delayed")
        assert await worker.stop() == 0
    await rogue.close()


async def test_an_outage_is_told_although_nothing_was_to_be_done(
    sqlite_settings: Settings, nats_server: NatsServer
) -> None:
    settings = msgspec.structs.replace(
        quick(sqlite_settings, nats_server), database=DatabaseSettings(busy_timeout="100ms")
    )
    rogue = await Database.open(settings)

    async def is_told() -> bool:
        events = (await platform.events.list(only=EventFilter(severities=("error",)))).items
        return [event.subject.name for event in events] == ["database"]

    async with opened(settings) as platform, worker_process(settings) as worker:
        await ended(platform, await submit(platform, "test.echo", {}))
        async with rogue.write():
            await asyncio.sleep(1.5)
        await until(is_told)
        assert await worker.stop() == 0
    await rogue.close()


async def test_a_full_disk_delays_writes_and_is_told_as_an_error(
    sqlite_settings: Settings, nats_server: NatsServer, marks_file: Path
) -> None:
    settings = quick(sqlite_settings, nats_server)
    async with opened(settings) as platform, working(settings) as worker:
        operation = await submit(platform, "test.heavy", {"marks": str(marks_file)})
        await until(lambda: marked(marks_file, "end-0"))
        await limit_pages(worker.database, full=True)
        await asyncio.sleep(1.0)
        await limit_pages(worker.database, full=False)
        done = await ended(platform, operation)
        events = await platform.events.list(only=EventFilter(operation_id=operation.id))
    assert done.state is OperationState.SUCCEEDED
    assert "error" in {event.severity for event in events.items}


async def limit_pages(database: Database, *, full: bool) -> None:
    """Make SQLite say that the disk is full, on every connection of this process."""
    connections = [await database.engine.connect() for _ in range(5)]
    for connection in connections:
        pages = (await connection.execute(text("PRAGMA page_count"))).scalar_one()
        limit = pages if full else 1_000_000
        await connection.execute(text(f"PRAGMA max_page_count = {limit}"))
    for connection in connections:
        await connection.close()


async def test_broken_database_connections_are_replaced(
    postgresql: PostgresCluster,
    postgresql_settings: Settings,
    nats_server: NatsServer,
    marks_file: Path,
) -> None:
    settings = quick(postgresql_settings, nats_server)
    document = {"marks": str(marks_file), "count": 8, "pause_s": 0.1}
    name = settings.database.url.partition("?")[0].rsplit("/", 1)[1]
    async with opened(settings) as platform, worker_process(settings) as worker:
        operation = await submit(platform, "test.steps", document)
        await until(lambda: marked(marks_file, "end-0"))
        for _ in range(4):
            await postgresql.sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                f" WHERE datname = '{name}' AND pid <> pg_backend_pid()"
            )
            await asyncio.sleep(0.15)
        done = await ended(platform, operation)
        assert done.state is OperationState.SUCCEEDED
        assert [marks(marks_file).count(f"end-{step}") for step in range(8)] == [1] * 8
        assert await worker.stop() == 0


async def test_claims_are_won_once_and_older_ones_are_fenced(platform: Platform) -> None:
    operation = await submit(platform, "test.echo", {})
    got = await asyncio.gather(
        *(claim(platform.database, operation.id, owner=f"o{n}", lease_s=0.3) for n in range(6))
    )
    winners = [one for one in got if isinstance(one, Claimed)]
    assert len(winners) == 1
    assert all(isinstance(one, Busy) for one in got if one not in winners)
    await asyncio.sleep(0.4)
    again = await claim(platform.database, operation.id, owner="late", lease_s=5)
    assert isinstance(again, Claimed)
    assert again.claim.fence == winners[0].claim.fence + 1
    async with platform.database.write() as connection:
        with pytest.raises(FencedError):
            await guard(connection, winners[0].claim)
        assert await guard(connection, again.claim) is OperationState.RUNNING


async def test_an_owner_that_could_not_renew_for_longer_than_its_lease_is_not_lost(
    platform: Platform, settings: Settings
) -> None:
    operation = await submit(platform, "test.once", {"marks": "/dev/null"})
    owned = await claim(platform.database, operation.id, owner="alive", lease_s=0.3)
    assert isinstance(owned, Claimed)
    other = await Database.open(settings)
    keeper = asyncio.create_task(owner_loss(platform))
    try:
        async with other.write() as connection:
            await connection.execute(by_id(operation.id).with_for_update())
            await asyncio.sleep(2)
        await asyncio.sleep(0.1)
        assert owned.claim in await renew(platform.database, [owned.claim], lease_s=30)
        await asyncio.sleep(1)
        assert (await platform.operations.get(operation.id)).state is OperationState.RUNNING
    finally:
        keeper.cancel()
        await asyncio.wait({keeper})
        await other.close()


async def test_settling_a_loss_twice_at_once_settles_it_once(platform: Platform) -> None:
    operation = await submit(platform, "test.once", {"marks": "/dev/null"})
    await claim(platform.database, operation.id, owner="gone", lease_s=0.01)
    await asyncio.sleep(0.4)  # the lease, and a beat of grace
    settled = await asyncio.gather(*(settle_lapsed(platform) for _ in range(4)))
    assert sum(settled) == 1
    assert await in_state(platform, operation, OperationState.INTERRUPTED)


async def test_random_kills_lose_nothing(
    platform: Platform, settings: Settings, marks_file: Path
) -> None:
    rng = random.Random(7)
    document = {"marks": str(marks_file), "count": 4, "pause_s": 0.08}
    operations = []
    for number in range(8):
        mine = marks_file.with_name(f"marks-{number}")
        operations.append(await submit(platform, "test.steps", {**document, "marks": str(mine)}))
    for _ in range(3):
        async with worker_process(settings) as worker:
            await asyncio.sleep(0.9 + rng.random() * 0.6)
            await worker.kill()
    async with worker_process(settings), worker_process(settings):
        states = [(await ended(platform, operation)).state for operation in operations]
    assert states == [OperationState.SUCCEEDED] * 8
    for number in range(8):
        count = Counter(marks(marks_file.with_name(f"marks-{number}")))
        assert all(count[f"end-{step}"] >= 1 for step in range(4))
