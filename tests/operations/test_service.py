"""Submitting, listing, idempotency, secrets, sizes, retention: no worker needed."""

import asyncio
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select, update

from meshery.core.database import later
from meshery.core.errors import (
    ConflictError,
    DeadlineError,
    InvalidInputError,
    LimitError,
    NotFoundError,
    UnavailableError,
)
from meshery.core.page import PageQuery
from meshery.core.settings import RetentionSettings, Settings
from meshery.operations.keepers import delete_old, republish_once
from meshery.operations.loss import Loss
from meshery.operations.model import OperationState, Subject
from meshery.operations.platform import Platform, demand_shared_parts, open_platform
from meshery.operations.rows import durable_name, wake_subject
from meshery.operations.service import OperationFilter
from meshery.operations.tables import event as event_table
from meshery.operations.tables import operation as table
from meshery.operations.tables import step as step_table
from operations.kinds import SUBJECT
from operations.support import ended, submit, working


async def test_the_same_idempotency_key_gives_the_same_operation(platform: Platform) -> None:
    async def once(document: dict[str, Any], actor: str = "a") -> str:
        operation = await platform.operations.submit(
            "test.echo", subject=SUBJECT, input=document, actor=actor, idempotency_key="k"
        )
        return operation.id

    ids = await asyncio.gather(*(once({"x": 1}) for _ in range(5)))
    assert len(set(ids)) == 1
    with pytest.raises(ConflictError, match="another input"):
        await once({"x": 2})
    assert await once({"x": 2}, actor="b") != ids[0]


async def test_unknown_kinds_and_operations_are_told(platform: Platform) -> None:
    with pytest.raises(InvalidInputError, match="no kind"):
        await submit(platform, "test.unknown", {})
    with pytest.raises(NotFoundError):
        await platform.operations.get("nothing")
    with pytest.raises(NotFoundError):
        await platform.operations.cancel("nothing", actor="a")


@pytest.mark.parametrize(
    ("document", "paths"),
    [
        ({"password": "x"}, ["input.password"]),
        ({"a": [{"bearer_token": "x"}, {"api-key": "y"}]},
         ["input.a[0].bearer_token", "input.a[1].api-key"]),
        ({"pem": "-----BEGIN PRIVATE KEY-----\n"}, ["input.pem"]),
    ],
)  # fmt: skip
async def test_secrets_are_refused_by_name_and_look(
    platform: Platform, document: dict[str, Any], paths: list[str]
) -> None:
    with pytest.raises(InvalidInputError, match="secrets") as caught:
        await submit(platform, "test.echo", document)
    assert [problem.path for problem in caught.value.problems] == paths


async def test_references_to_secrets_are_fine(platform: Platform) -> None:
    await submit(platform, "test.echo", {"token_id": "t1", "tokens": 5, "secret": ""})


async def test_an_input_larger_than_a_message_is_refused(platform: Platform) -> None:
    with pytest.raises(LimitError):
        await submit(platform, "test.echo", {"text": "x" * 8_400_000})


async def test_lists_are_filtered_ordered_searched_and_paged(platform: Platform) -> None:
    names = ["blue", "green", "red"]
    for name in names:
        await platform.operations.submit(
            "test.echo", subject=Subject("colour", name, name), input={}, actor="a"
        )
    other = await submit(platform, "test.steps", {"marks": "/dev/null"})
    await platform.operations.cancel(other.id, actor="a")

    async def listed(query: PageQuery, **only: Any) -> list[str]:
        page = await platform.operations.list(query, only=OperationFilter(**only))
        return [operation.subject.name for operation in page.items]

    by_name = PageQuery(order="subject")
    assert await listed(by_name, subject_kind="colour") == names
    assert await listed(PageQuery(order="-subject", page=2, page_size=3)) == ["blue"]
    assert await listed(PageQuery(search="GREE")) == ["green"]
    assert await listed(PageQuery(search="%")) == []
    assert await listed(by_name, states=(OperationState.CANCELLED,)) == ["test"]
    assert await listed(PageQuery(search=other.id[:8])) == ["test"]
    with pytest.raises(InvalidInputError, match="order by"):
        await listed(PageQuery(order="input"))


async def test_waiting_has_a_limit_and_the_operation_goes_on(platform: Platform) -> None:
    operation = await submit(platform, "test.echo", {})
    with pytest.raises(DeadlineError):
        await platform.operations.wait(operation.id, timeout_s=0.2)
    assert (await platform.operations.get(operation.id)).state is OperationState.QUEUED


async def test_large_results_fit_and_too_large_ones_fail_clearly(
    platform: Platform, settings: Settings
) -> None:
    async with working(settings):
        large = await ended(platform, await submit(platform, "test.echo", {"size": 500_000}))
        huge = await ended(platform, await submit(platform, "test.echo", {"size": 9_000_000}))
    assert large.result is not None
    assert len(large.result["text"]) == 500_000
    assert huge.state is OperationState.FAILED
    assert huge.error is not None
    assert huge.error["code"] == "meshery.operation.size"


async def test_unclaimed_rows_are_announced_again_ever_more_seldom(platform: Platform) -> None:
    operation = await submit(platform, "test.echo", {})
    assert await republish_once(platform, after_s=0.6) == 0
    await asyncio.sleep(0.7)
    assert await republish_once(platform, after_s=0.6) == 1
    await asyncio.sleep(0.7)
    assert await republish_once(platform, after_s=0.6) == 0
    await asyncio.sleep(0.7)
    assert await republish_once(platform, after_s=0.6) == 1
    await platform.operations.cancel(operation.id, actor="a")
    await asyncio.sleep(0.5)
    assert await republish_once(platform, after_s=0.1) == 0


async def test_old_rows_are_deleted_with_their_steps_and_children(
    platform: Platform, settings: Settings
) -> None:
    kept = msgspec.structs.replace(settings, retention=RetentionSettings("1h", "1h", "0s"))
    async with working(kept) as worker:
        children = {"a": ("test.steps", {"marks": "/dev/null", "count": 1})}
        await ended(worker, await submit(worker, "test.parent", {"children": children}))
        queued = await platform.operations.submit(
            "test.bound", subject=SUBJECT, input={}, actor="a", host="elsewhere"
        )
        await delete_old(worker)
        assert (await platform.operations.list()).total == 3
        async with platform.database.write() as connection:
            await connection.execute(
                update(table).where(table.c.ended_at.is_not(None)).values(ended_at=later(-7200))
            )
            await connection.execute(update(event_table).values(at=later(-7200)))
        await delete_old(worker)  # the parent
        await delete_old(worker)  # then the child
    left = (await platform.operations.list()).items
    assert [operation.id for operation in left] == [queued.id]
    async with platform.database.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(step_table)) == 0
        assert await connection.scalar(select(func.count()).select_from(event_table)) == 0


async def test_a_loss_is_told_with_a_remedy(platform: Platform) -> None:
    operation = await submit(platform, "test.echo", {})
    loss = Loss(operation.id, operation.kind, "", OperationState.QUEUED, SUBJECT, "a")
    await loss.announce(platform)
    (event,) = (await platform.events.list()).items
    assert (event.severity, event.operation_id) == ("warning", operation.id)


def test_subjects_and_consumers_are_one_token_for_a_name() -> None:
    assert wake_subject("sandbox.up", "") == "meshery.v1.operations.sandbox_up"
    assert wake_subject("sandbox.up", "h.example") == "meshery.v1.operations.sandbox_up.h_example"
    assert durable_name("sandbox.up", "h.example") == "sandbox_up--h_example"


def test_a_worker_of_its_own_demands_parts_that_can_be_shared() -> None:
    with pytest.raises(Exception, match="PostgreSQL") as caught:
        demand_shared_parts(Settings())
    cause = getattr(caught.value, "cause", "")
    assert "database.url" in cause
    assert "bus.url" in cause


async def test_a_platform_without_a_bus_says_so(sqlite_settings: Settings) -> None:
    with pytest.raises(UnavailableError, match="no message bus"):
        async with open_platform(sqlite_settings, role="server", kinds={}):
            pass
