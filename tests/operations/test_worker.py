"""A worker on real parts: steps, outcomes, cancels, children, places, hand-over."""

import asyncio
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import update

from fixtures.waiting import until
from meshery.core.errors import ConflictError
from meshery.core.settings import Settings
from meshery.operations.events import EventFilter
from meshery.operations.model import OperationState
from meshery.operations.platform import Platform
from meshery.operations.service import OperationFilter
from meshery.operations.tables import operation as table
from operations.kinds import SUBJECT, marks
from operations.support import ended, in_state, marked, submit, working

Children = dict[str, tuple[str, dict[str, Any]]]


async def test_steps_run_in_order_and_the_result_is_kept(
    platform: Platform, settings: Settings, marks_file: Path
) -> None:
    operation = await submit(platform, "test.steps", {"marks": str(marks_file), "count": 2})
    assert operation.state is OperationState.QUEUED
    async with working(settings):
        done = await ended(platform, operation)
    assert done.state is OperationState.SUCCEEDED
    assert done.result == {"results": [0, 10]}
    assert [(step.name, step.state, step.attempt) for step in done.steps] == [
        ("step-0", OperationState.SUCCEEDED, 1),
        ("step-1", OperationState.SUCCEEDED, 1),
    ]
    assert done.started_at is not None
    assert done.ended_at is not None
    assert (done.progress.done, done.progress.total, done.progress.unit) == (2, 2, "steps")
    assert marks(marks_file) == ["begin-0", "end-0", "begin-1", "end-1"]


async def test_parallel_branches_are_steps_of_their_own(
    platform: Platform, settings: Settings, marks_file: Path
) -> None:
    operation = await submit(platform, "test.branches", {"marks": str(marks_file)})
    async with working(settings):
        done = await ended(platform, operation)
    assert done.result == {"order": ["A", "B", "C", "D"]}


@pytest.mark.parametrize(
    ("odd", "what"), [(False, "this cannot work"), (True, "ZeroDivisionError")]
)
async def test_a_failure_says_what_failed_and_is_an_event(
    platform: Platform, settings: Settings, odd: bool, what: str
) -> None:
    operation = await submit(platform, "test.fail", {"odd": odd})
    async with working(settings):
        done = await ended(platform, operation)
    assert done.state is OperationState.FAILED
    assert done.error is not None
    assert what in done.error["what"]
    assert done.error["remedy"]
    assert done.steps[0].state is OperationState.FAILED
    events = await platform.events.list(only=EventFilter(operation_id=done.id))
    errors = [event for event in events.items if event.severity == "error"]
    assert len(errors) == 1
    assert errors[0].error == done.error


async def test_a_cancel_reaches_running_work_and_lets_it_clean_up(
    platform: Platform, settings: Settings, marks_file: Path
) -> None:
    document = {"marks": str(marks_file), "hold": 1, "hold_file": "/nowhere"}
    async with working(settings):
        operation = await submit(platform, "test.hold", document)
        await until(lambda: marked(marks_file, "begin"))
        started = time.monotonic()
        cancelling = await platform.operations.cancel(operation.id, actor="somebody")
        done = await ended(platform, operation)
        took_s = time.monotonic() - started
    assert cancelling.state in (OperationState.CANCELLING, OperationState.CANCELLED)
    assert done.state is OperationState.CANCELLED
    assert marks(marks_file)[-2:] == ["cleanup", "clean"]
    assert done.error is None
    assert took_s < 1.0
    again = await platform.operations.cancel(operation.id, actor="somebody")
    assert again.state is OperationState.CANCELLED


async def test_what_goes_wrong_while_a_cancelled_operation_cleans_up_is_told(
    platform: Platform, settings: Settings, marks_file: Path
) -> None:
    document = {"marks": str(marks_file), "hold": 1, "hold_file": "/nowhere", "broken": True}
    async with working(settings):
        operation = await submit(platform, "test.hold", document)
        await until(lambda: marked(marks_file, "begin"))
        await platform.operations.cancel(operation.id, actor="somebody")
        done = await ended(platform, operation)
        only = EventFilter(operation_id=operation.id, severities=("warning",))
        told = (await platform.events.list(only=only)).items
    assert done.state is OperationState.CANCELLED
    assert done.error is not None
    assert done.error["what"] == "it cannot be taken away"
    assert [event.error for event in told] == [done.error]


async def test_a_cancel_whose_hint_was_lost_is_seen_in_the_row(
    platform: Platform, settings: Settings, marks_file: Path
) -> None:
    document = {"marks": str(marks_file), "hold": 1, "hold_file": "/nowhere"}
    async with working(settings):
        operation = await submit(platform, "test.hold", document)
        await until(lambda: marked(marks_file, "begin"))
        async with platform.database.write() as connection:
            row = update(table).where(table.c.id == operation.id)
            await connection.execute(row.values(state=OperationState.CANCELLING.value))
        done = await ended(platform, operation)
    assert done.state is OperationState.CANCELLED
    assert marks(marks_file)[-1] == "clean"


async def test_a_queued_operation_is_cancelled_at_once_and_never_runs(
    platform: Platform, settings: Settings, marks_file: Path
) -> None:
    operation = await submit(platform, "test.steps", {"marks": str(marks_file)})
    cancelled = await platform.operations.cancel(operation.id, actor="somebody")
    assert cancelled.state is OperationState.CANCELLED
    async with working(settings):
        other = await submit(platform, "test.echo", {})
        await ended(platform, other)
    assert marks(marks_file) == []


async def test_a_cancel_after_the_end_is_a_conflict(platform: Platform, settings: Settings) -> None:
    operation = await submit(platform, "test.echo", {})
    async with working(settings):
        await ended(platform, operation)
    with pytest.raises(ConflictError, match="already ended"):
        await platform.operations.cancel(operation.id, actor="somebody")


async def test_a_cancel_against_the_completion_has_one_outcome(
    platform: Platform, settings: Settings, marks_file: Path
) -> None:
    async with working(settings):
        for delay_ms in range(0, 60, 6):
            operation = await submit(
                platform, "test.steps", {"marks": str(marks_file), "count": 1, "pause_s": 0.02}
            )
            await asyncio.sleep(delay_ms / 1000)
            try:
                await platform.operations.cancel(operation.id, actor="somebody")
            except ConflictError:
                expected = OperationState.SUCCEEDED
            else:
                expected = OperationState.CANCELLED
            done = await ended(platform, operation)
            assert done.state is expected
            assert (done.result is not None) == (expected is OperationState.SUCCEEDED)
            events = await platform.events.list(only=EventFilter(operation_id=operation.id))
            finals = [e for e in events.items if e.text.endswith((": succeeded", ": cancelled"))]
            assert len(finals) <= 1


async def test_time_runs_out(platform: Platform, settings: Settings, marks_file: Path) -> None:
    document = {"marks": str(marks_file), "hold": 1, "hold_file": "/nowhere"}
    operation = await submit(platform, "test.short", document)
    async with working(settings):
        done = await ended(platform, operation)
    assert done.state is OperationState.FAILED
    assert done.error is not None
    assert done.error["code"] == "meshery.deadline"
    assert marks(marks_file)[-1] == "clean"


async def test_a_blocked_step_keeps_its_lease(
    platform: Platform, settings: Settings, marks_file: Path
) -> None:
    operation = await submit(
        platform, "test.block", {"marks": str(marks_file), "block_s": 2.5}
    )  # the lease is 1 s
    async with working(settings):
        done = await ended(platform, operation)
    assert done.state is OperationState.SUCCEEDED
    assert marks(marks_file) == ["begin", "end"]
    assert done.steps[0].attempt == 1


async def test_a_parent_waits_for_children_and_names_those_that_failed(
    platform: Platform, settings: Settings
) -> None:
    children: Children = {"good": ("test.echo", {}), "bad": ("test.fail", {})}
    operation = await submit(platform, "test.parent", {"children": children})
    async with working(settings):
        done = await ended(platform, operation)
    assert done.state is OperationState.PARTIAL
    assert done.result == {"children": {"good": "succeeded", "bad": "failed"}}
    assert done.error is not None
    assert done.error["what"] == "1 of 2 parts did not succeed"
    assert "this cannot work" in done.error["problems"][0]["message"]


async def test_parents_that_wait_do_not_keep_children_from_running(
    platform: Platform, settings: Settings
) -> None:
    crowded = msgspec.structs.replace(
        settings, worker=msgspec.structs.replace(settings.worker, concurrency=1)
    )
    nested: Children = {"inner": ("test.parent", {"children": {"leaf": ("test.echo", {})}})}
    async with working(crowded):
        operations = [await submit(platform, "test.parent", {"children": nested}) for _ in range(3)]
        states = [(await ended(platform, operation)).state for operation in operations]
    assert states == [OperationState.SUCCEEDED] * 3


async def test_a_cancelled_parent_takes_its_children_along(
    platform: Platform, settings: Settings, marks_file: Path
) -> None:
    held = {"marks": str(marks_file), "hold": 1, "hold_file": "/nowhere"}
    async with working(settings):
        operation = await submit(
            platform, "test.parent", {"children": {"child": ("test.hold", held)}}
        )
        await until(lambda: marked(marks_file, "begin"))
        await until(lambda: in_state(platform, operation, OperationState.WAITING))
        await platform.operations.cancel(operation.id, actor="somebody")
        done = await ended(platform, operation)
        children = OperationFilter(parent_id=operation.id)
        (child,) = (await platform.operations.list(only=children)).items
        child = await ended(platform, child)
    assert (done.state, child.state) == (OperationState.CANCELLED, OperationState.CANCELLED)
    assert marks(marks_file)[-1] == "clean"


async def test_work_bound_to_a_host_runs_there_only(platform: Platform, settings: Settings) -> None:
    there = msgspec.structs.replace(
        settings, worker=msgspec.structs.replace(settings.worker, host="there.example")
    )
    operation = await platform.operations.submit(
        "test.bound", subject=SUBJECT, input={}, actor="tester", host="there.example"
    )
    async with working(settings):
        await asyncio.sleep(0.7)
        assert await in_state(platform, operation, OperationState.QUEUED)
        async with working(there):
            assert (await ended(platform, operation)).state is OperationState.SUCCEEDED


async def test_progress_is_seen_live(
    platform: Platform, settings: Settings, marks_file: Path
) -> None:
    document = {"marks": str(marks_file), "count": 4, "pause_s": 0.1}
    operation = await submit(platform, "test.steps", document)
    async with working(settings):
        seen = [state.progress.done async for state in platform.operations.watch(operation.id)]
    assert sorted(set(seen)) == [0, 1, 2, 3, 4]
    assert seen == sorted(seen)


async def test_a_stopped_worker_hands_over_and_another_goes_on(
    platform: Platform, settings: Settings, marks_file: Path
) -> None:
    hold_file = marks_file.with_name("go")
    document = {"marks": str(marks_file), "hold": 1, "hold_file": str(hold_file)}
    async with working(settings):
        operation = await submit(platform, "test.steps", document)
        await until(lambda: marked(marks_file, "holding"))
    assert await in_state(platform, operation, OperationState.QUEUED)
    hold_file.touch()
    async with working(settings):
        done = await ended(platform, operation)
    assert done.state is OperationState.SUCCEEDED
    assert [step.attempt for step in done.steps] == [1, 2, 1]
    assert marks(marks_file).count("end-0") == 1
