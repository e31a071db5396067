"""What every `Target` must do: an implementation's test module subclasses `TargetSuite`.

It gives a fixture `target`, empty of the accounts made here: every place keeps those.
"""

import asyncio
from typing import Any

import pytest

from meshery.apply.target import Object, Ref, Target, WatchEvent, ref_of
from meshery.core.errors import ConflictError, InvalidInputError, NotFoundError


def account(name: str, **labels: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": name, "labels": labels} if labels else {"name": name},
    }


def account_ref(name: str) -> Ref:
    return Ref("v1", "ServiceAccount", name)


class TargetSuite:
    """The rules of the seam, one test each."""

    async def test_says_what_it_can(self, target: Target) -> None:
        can = await target.capabilities()
        assert "v1/ServiceAccount" in can.kinds
        assert can.dry_run
        assert can.watch
        assert target.name

    async def test_creates_and_stamps(self, target: Target) -> None:
        (change,) = await target.apply([account("suite-a")])
        assert change.action == "created"
        assert change.ref == account_ref("suite-a")
        stored = await target.get(change.ref)
        assert stored == change.stored
        assert stored["metadata"]["uid"]
        assert stored["metadata"]["generation"] == 1
        assert stored["metadata"]["namespace"] == "default"
        assert stored["metadata"]["resourceVersion"]
        assert stored["metadata"]["creationTimestamp"].endswith("Z")

    async def test_the_same_again_changes_nothing(self, target: Target) -> None:
        (first,) = await target.apply([account("suite-a")])
        (second,) = await target.apply([account("suite-a")])
        assert second.action == "unchanged"
        assert second.differences == ()
        assert second.stored == first.stored

    async def test_what_was_read_can_be_applied_again(self, target: Target) -> None:
        (first,) = await target.apply([account("suite-a", team="one")])
        assert first.stored is not None
        (again,) = await target.apply([first.stored])
        assert again.action == "unchanged"

    async def test_a_change_keeps_identity_and_tells_the_difference(self, target: Target) -> None:
        (first,) = await target.apply([account("suite-a", team="one")])
        (second,) = await target.apply([account("suite-a", team="two")])
        assert second.action == "configured"
        assert [(d.path, d.before, d.after) for d in second.differences] == [
            ("metadata.labels.team", "one", "two")
        ]
        assert first.stored is not None
        assert second.stored is not None
        before, after = first.stored["metadata"], second.stored["metadata"]
        assert before["uid"] == after["uid"]
        assert before["creationTimestamp"] == after["creationTimestamp"]
        assert before["resourceVersion"] != after["resourceVersion"]
        assert before["generation"] == after["generation"], "a label is no change of the spec"

    async def test_dry_run_answers_the_same_and_keeps_nothing(self, target: Target) -> None:
        (tried,) = await target.apply([account("suite-a")], dry_run=True)
        assert tried.dry_run
        assert tried.action == "created"
        with pytest.raises(NotFoundError):
            await target.get(tried.ref)
        await target.apply([account("suite-a", team="one")])
        (tried,) = await target.apply([account("suite-a", team="two")], dry_run=True)
        assert (tried.action, tried.differences[0].after) == ("configured", "two")
        assert (await target.get(tried.ref))["metadata"]["labels"] == {"team": "one"}

    async def test_all_or_none(self, target: Target) -> None:
        unknown = {"apiVersion": "none/v1", "kind": "Nothing", "metadata": {"name": "x"}}
        with pytest.raises(InvalidInputError):
            await target.apply([account("suite-a"), unknown])
        with pytest.raises(NotFoundError):
            await target.get(account_ref("suite-a"))

    async def test_every_fault_at_once(self, target: Target) -> None:
        with pytest.raises(InvalidInputError) as caught:
            await target.apply([account("Not A Name"), account("suite-a"), account("suite-a")])
        assert [problem.path for problem in caught.value.problems] == ["[0].metadata.name", "[2]"]

    async def test_a_stale_version_is_a_conflict(self, target: Target) -> None:
        (first,) = await target.apply([account("suite-a", team="one")])
        await target.apply([account("suite-a", team="two")])
        assert first.stored is not None
        stale: dict[str, Any] = {**first.stored, "metadata": {**first.stored["metadata"]}}
        stale["metadata"]["labels"] = {"team": "three"}
        with pytest.raises(ConflictError):
            await target.apply([stale])
        assert (await target.get(first.ref))["metadata"]["labels"] == {"team": "two"}

    async def test_lists_by_name(self, target: Target) -> None:
        await target.apply([account("suite-b"), account("suite-a")])
        names = [ref_of(item).name for item in await target.list("v1", "ServiceAccount")]
        assert [name for name in names if name.startswith("suite-")] == ["suite-a", "suite-b"]
        assert await target.list("v1", "ServiceAccount", namespace="elsewhere") == []

    async def test_deletes(self, target: Target) -> None:
        await target.apply([account("suite-a")])
        tried = await target.delete(account_ref("suite-a"), dry_run=True)
        assert tried.action == "deleted"
        assert tried.dry_run
        assert await target.get(account_ref("suite-a"))
        gone = await target.delete(account_ref("suite-a"))
        assert gone.action == "deleted"
        assert gone.stored is None
        for verb in (target.get, target.delete, target.ready):
            with pytest.raises(NotFoundError):
                await verb(account_ref("suite-a"))

    async def test_deletes_only_the_one_that_is_meant(self, target: Target) -> None:
        (change,) = await target.apply([account("suite-a")])
        assert change.stored is not None
        uid = change.stored["metadata"]["uid"]
        with pytest.raises(ConflictError):
            await target.delete(change.ref, uid="another")
        assert await target.get(change.ref) == change.stored
        assert (await target.delete(change.ref, uid=uid)).action == "deleted"

    async def test_restores_what_was_read(self, target: Target) -> None:
        await target.apply([account("suite-a", team="one", owner="x")])
        before = await target.get(account_ref("suite-a"), whole=True)
        await target.apply([account("suite-a", team="two", new="n")], force=True)
        change = await target.restore(before)
        assert change.action == "configured"
        now = await target.get(account_ref("suite-a"))
        assert now == change.stored
        assert now["metadata"]["labels"] == {"team": "one", "owner": "x"}
        assert now["metadata"]["uid"] == before["metadata"]["uid"]
        assert (await target.restore(before)).action == "unchanged"

    async def test_restores_nothing_over_another_object(self, target: Target) -> None:
        await target.apply([account("suite-a", team="one")])
        before = await target.get(account_ref("suite-a"), whole=True)
        await target.delete(account_ref("suite-a"))
        with pytest.raises(NotFoundError):
            await target.restore(before)
        await target.apply([account("suite-a", team="two")])
        with pytest.raises(ConflictError):
            await target.restore(before)
        now = await target.get(account_ref("suite-a"))
        assert now["metadata"]["labels"] == {"team": "two"}

    async def test_a_new_object_by_an_old_name_is_another_one(self, target: Target) -> None:
        (first,) = await target.apply([account("suite-a")])
        await target.delete(first.ref)
        (second,) = await target.apply([account("suite-a")])
        assert first.stored is not None
        assert second.stored is not None
        assert first.stored["metadata"]["uid"] != second.stored["metadata"]["uid"]

    async def test_is_stored_without_waiting_for_its_effect(self, target: Target) -> None:
        (change,) = await target.apply([account("suite-a")], wait=False)
        assert change.action == "created"
        assert await target.get(change.ref) == change.stored

    async def test_becomes_ready(self, target: Target) -> None:
        await target.apply([account("suite-a")])
        readiness = await target.ready(account_ref("suite-a"), timeout_s=10)
        assert readiness.ready, readiness.reason

    async def test_watch_shows_what_is_there_then_what_happens(self, target: Target) -> None:
        await target.apply([account("suite-a", team="one")])
        async with target.watch("v1", "ServiceAccount") as events:
            seen = [await _next(events, "suite-a")]
            await target.apply([account("suite-a", team="two")])
            seen.append(await _next(events, "suite-a"))
            await target.delete(account_ref("suite-a"))
            seen.append(await _next(events, "suite-a"))
        assert [event.what for event in seen] == ["added", "modified", "deleted"]

    async def test_watch_resumes(self, target: Target) -> None:
        await target.apply([account("suite-a")])
        async with target.watch("v1", "ServiceAccount") as events:
            first = await _next(events, "suite-a")
        await target.apply([account("suite-a", team="two")])
        await target.apply([account("suite-b")])
        async with target.watch("v1", "ServiceAccount", after=first.resource_version) as events:
            assert (await _next(events, "suite-a")).what == "modified"
            assert (await _next(events, "suite-b")).what == "added"


async def _next(events: Any, name: str) -> WatchEvent:
    """The next event about `name`, within 5 s; what the place itself keeps is passed over."""
    async with asyncio.timeout(5):
        async for event in events:
            if ref_of(event.stored).name == name:
                found: WatchEvent = event
                return found
    raise AssertionError("the watch ended")
