"""What carrying, undoing and comparing must do on every `Target`; a test module subclasses it.

It gives a fixture `target`, empty of the accounts made here. Accounts need nothing but each other's
names here: every place keeps them.
"""

import asyncio
from collections.abc import Sequence

import pytest

from apply.target_suite import account, account_ref
from meshery.apply.carry import carry, pending
from meshery.apply.drift import drift
from meshery.apply.inventory import dropped, joined
from meshery.apply.marks import DEPLOYMENT, MANAGED_BY
from meshery.apply.outcome import Outcome, Record
from meshery.apply.plan import Plan, Wanted, all_of_them, make_plan
from meshery.apply.preview import preview
from meshery.apply.target import Object, Target
from meshery.apply.undo import undo
from meshery.core.errors import NotFoundError

ENOUGH_S = 30.0


def wanted(name: str, *needs: str, **labels: str) -> Wanted:
    return Wanted(account(name, **labels), needs=needs)


def plan_of(*parts: Wanted, deployment: str = "d1") -> Plan:
    return make_plan(parts, deployment=deployment)


def chain() -> Plan:
    """Three accounts: the first by name needs the last."""
    return plan_of(wanted("suite-a", "suite-b"), wanted("suite-b", "suite-c"), wanted("suite-c"))


def states(record: Record) -> dict[str, str]:
    return {each.ref.name: each.state for each in record.outcomes}


def actions(record: Record) -> list[str]:
    return [f"{each.action} {each.ref.name}" for each in record.outcomes]


async def labels_of(target: Target, name: str) -> Object:
    found: Object = (await target.get(account_ref(name)))["metadata"].get("labels") or {}
    return found


async def names(target: Target) -> list[str]:
    kept = [each["metadata"]["name"] for each in await target.list("v1", "ServiceAccount")]
    return [name for name in kept if name.startswith("suite-")]


class Diary:
    """Everything that was told, and what a caller stores of it."""

    def __init__(self, plan: Plan | None = None) -> None:
        self.told: list[Outcome] = []
        self.record = pending(plan) if plan else Record("d1")

    async def tell(self, outcome: Outcome) -> None:
        self.told.append(outcome)
        self.record = self.record.after(outcome)

    def of(self, *wanted_states: str) -> Sequence[str]:
        return [each.ref.name for each in self.told if each.state in wanted_states]


class CarrySuite:
    """Scenarios, one test each."""

    async def test_one_after_another_and_the_same_again_changes_nothing(
        self, target: Target
    ) -> None:
        diary = Diary()
        record = await carry(target, chain(), timeout_s=ENOUGH_S, tell=diary.tell)
        assert record.failure() is None
        assert actions(record) == ["created suite-c", "created suite-b", "created suite-a"]
        assert diary.of("succeeded") == ["suite-c", "suite-b", "suite-a"]
        stored = await target.get(account_ref("suite-a"))
        assert stored["metadata"]["labels"][MANAGED_BY] == "meshery"
        assert stored["metadata"]["annotations"][DEPLOYMENT] == "d1"
        again = await carry(target, chain(), timeout_s=ENOUGH_S)
        assert actions(again) == ["unchanged suite-c", "unchanged suite-b", "unchanged suite-a"]
        assert await target.get(account_ref("suite-a")) == stored

    async def test_a_preview_says_what_happens_and_nothing_does(self, target: Target) -> None:
        await carry(target, plan_of(wanted("suite-c"), wanted("suite-b")), timeout_s=ENOUGH_S)
        await target.apply([account("suite-x", team="theirs")])
        plan = plan_of(
            wanted("suite-a", "suite-b"), wanted("suite-b", team="new"), wanted("suite-c"),
            wanted("suite-x", team="ours"),
        )  # fmt: skip
        before = await target.list("v1", "ServiceAccount")
        seen = await preview(target, plan)
        assert {each.ref.name: each.action for each in seen.outlooks} == {
            "suite-a": "create",
            "suite-b": "configure",
            "suite-c": "unchanged",
            "suite-x": "conflict",
        }
        assert not seen.is_clear
        told = {each.ref.name: each for each in seen.outlooks}
        assert [(d.path, d.after) for d in told["suite-b"].differences] == [
            ("metadata.labels.team", "new")
        ]
        assert "others" in told["suite-x"].owner
        assert (await preview(target, plan, adopt=all_of_them)).is_clear
        assert await target.list("v1", "ServiceAccount") == before

    async def test_what_is_somebody_elses_holds_up_what_needs_it(self, target: Target) -> None:
        await target.apply([account("suite-b", team="theirs")])
        plan = plan_of(
            wanted("suite-a", "suite-b"), wanted("suite-b", team="ours"), wanted("suite-c")
        )
        record = await carry(target, plan, timeout_s=ENOUGH_S)
        assert states(record) == {
            "suite-a": "withheld",
            "suite-b": "failed",
            "suite-c": "succeeded",
        }
        told = {each.ref.name: each for each in record.outcomes}
        assert "suite-b" in told["suite-a"].reason
        assert told["suite-b"].code == "meshery.apply.foreign"
        assert any("labels" in text for text in told["suite-b"].details)
        failure = record.failure()
        assert failure is not None
        assert [problem.path for problem in failure.problems] == [
            "ServiceAccount default/suite-b",
            "ServiceAccount default/suite-a",
        ]
        assert await labels_of(target, "suite-b") == {"team": "theirs"}

    async def test_what_is_adopted_is_given_back_by_an_undo(self, target: Target) -> None:
        await target.apply([account("suite-b", team="theirs")])
        before = await target.get(account_ref("suite-b"))
        plan = plan_of(wanted("suite-a", "suite-b"), wanted("suite-b", team="ours"))
        record = await carry(target, plan, timeout_s=ENOUGH_S, adopt=all_of_them)
        assert record.is_done
        assert (await labels_of(target, "suite-b"))["team"] == "ours"
        undone = await undo(target, record.inventory, timeout_s=ENOUGH_S)
        assert actions(undone) == ["deleted suite-a", "restored suite-b"]
        assert undone.leftovers == ()
        now = await target.get(account_ref("suite-b"))
        assert now["metadata"]["labels"] == {"team": "theirs"}
        assert "annotations" not in now["metadata"] or not now["metadata"]["annotations"]
        assert now["metadata"]["uid"] == before["metadata"]["uid"]
        assert await names(target) == ["suite-b"]

    async def test_what_is_somebody_elses_and_as_wanted_is_left_alone(self, target: Target) -> None:
        (change,) = await target.apply([account("suite-a", team="one")])
        record = await carry(target, plan_of(wanted("suite-a", team="one")), timeout_s=ENOUGH_S)
        assert states(record) == {"suite-a": "skipped"}
        assert record.is_done
        assert await target.get(change.ref) == change.stored
        assert (await undo(target, record.inventory, timeout_s=ENOUGH_S)).outcomes == ()
        assert await names(target) == ["suite-a"]

    async def test_a_run_that_was_cut_off_is_taken_up(self, target: Target) -> None:
        diary = Diary(chain())
        task: asyncio.Task[Record]

        async def tell(outcome: Outcome) -> None:
            await diary.tell(outcome)
            if outcome.ref.name == "suite-b" and outcome.state == "running":
                task.cancel()
                await asyncio.sleep(0)

        task = asyncio.create_task(carry(target, chain(), timeout_s=ENOUGH_S, tell=tell))
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await names(target) in (["suite-c"], ["suite-b", "suite-c"])
        assert states(diary.record) == {
            "suite-a": "pending",
            "suite-b": "running",
            "suite-c": "succeeded",
        }
        rest = Diary()
        record = await carry(
            target, chain(), timeout_s=ENOUGH_S, since=diary.record, tell=rest.tell
        )
        assert record.is_done
        assert "suite-c" not in rest.of("running", "succeeded")
        assert await names(target) == ["suite-a", "suite-b", "suite-c"]
        await undo(target, record.inventory, timeout_s=ENOUGH_S)
        assert await names(target) == []

    async def test_an_undo_spares_what_is_another_object_by_now(self, target: Target) -> None:
        record = await carry(target, chain(), timeout_s=ENOUGH_S)
        await target.delete(account_ref("suite-b"))
        await target.apply([account("suite-b", team="theirs")])
        undone = await undo(target, record.inventory, timeout_s=ENOUGH_S)
        assert [(each.ref.name, each.state) for each in undone.leftovers] == [
            ("suite-b", "skipped")
        ]
        assert await names(target) == ["suite-b"]
        again = await undo(target, record.inventory, timeout_s=ENOUGH_S, since=undone)
        assert again == undone

    async def test_what_a_newer_plan_drops_is_pruned(self, target: Target) -> None:
        first = (await carry(target, chain(), timeout_s=ENOUGH_S)).inventory
        newer = plan_of(wanted("suite-b", team="new"), wanted("suite-c"))
        second = (await carry(target, newer, timeout_s=ENOUGH_S)).inventory
        surplus = dropped(first, keeping=newer.by_key, uids=[e.uid for e in second.entries])
        assert [entry.ref.name for entry in surplus.entries] == ["suite-a"]
        assert (await undo(target, surplus, timeout_s=ENOUGH_S)).is_done
        assert await names(target) == ["suite-b", "suite-c"]
        # The second run alone is taken back to the first; the deployment as a whole to nothing.
        await undo(target, second, timeout_s=ENOUGH_S)
        assert "team" not in await labels_of(target, "suite-b")
        await undo(target, joined(first, second), timeout_s=ENOUGH_S)
        assert await names(target) == []

    async def test_tells_what_drifted(self, target: Target) -> None:
        plan = plan_of(*(wanted(f"suite-{name}", team="one") for name in "abcd"))
        inventory = (await carry(target, plan, timeout_s=ENOUGH_S)).inventory
        changed = await target.get(account_ref("suite-a"))
        changed["metadata"]["labels"]["team"] = "two"
        await target.apply([changed], force=True)
        await target.delete(account_ref("suite-b"))
        await target.delete(account_ref("suite-c"))
        await target.apply([account("suite-c")])
        found = {each.ref.name: each for each in await drift(target, inventory, plan)}
        assert {name: each.what for name, each in found.items()} == {
            "suite-a": "changed",
            "suite-b": "gone",
            "suite-c": "replaced",
            "suite-d": "none",
        }
        assert [(d.path, d.before, d.after) for d in found["suite-a"].differences] == [
            ("metadata.labels.team", "two", "one")
        ]
        newer = plan_of(wanted("suite-d", team="two"))
        told = {each.ref.name: each.what for each in await drift(target, inventory, newer)}
        assert (told["suite-d"], told["suite-a"]) == ("outdated", "unknown")
        with pytest.raises(NotFoundError):
            await target.get(account_ref("suite-b"))
