"""Carrying plans out in this process: the suite, and what is plainest to see here."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from apply.carry_suite import ENOUGH_S, CarrySuite, Diary, chain, names, plan_of, states, wanted
from apply.target_suite import account
from meshery.apply.carry import carry
from meshery.apply.inventory import dropped
from meshery.apply.marks import DEPLOYMENT, MANAGED_BY
from meshery.apply.memory import MemoryTarget
from meshery.apply.outcome import Outcome
from meshery.apply.plan import Wanted, all_of_them, is_needed_by_others, make_plan
from meshery.apply.preview import preview
from meshery.apply.target import Change, Object, Readiness, Ref, Target
from meshery.apply.undo import undo
from meshery.core.errors import DeadlineError, OperationFailedError, UnavailableError

KINDS = frozenset({"v1/ServiceAccount"})
MORE = KINDS | {
    "v1/Namespace",
    "v1/Secret",
    "v1/Service",
    "apps/v1/Deployment",
    "apiextensions.k8s.io/v1/CustomResourceDefinition",
}


class Moody(MemoryTarget):
    """A place where objects are not in effect for a reason, and which is away for a while."""

    def __init__(self, unready: Mapping[str, Readiness] | None = None, *, away: int = 0) -> None:
        super().__init__("moody", kinds=MORE)
        self.unready = dict(unready or {})
        self.away = away
        self.at_once = self.most_at_once = 0

    async def apply(
        self,
        objects: Sequence[Object],
        *,
        dry_run: bool = False,
        wait: bool = True,
        force: bool = False,
        timeout_s: float = 30.0,
    ) -> list[Change]:
        if self.away and not dry_run:
            self.away -= 1
            raise UnavailableError("nobody is here")
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        return await super().apply(objects, dry_run=dry_run, timeout_s=timeout_s)

    async def ready(self, ref: Ref, *, timeout_s: float = 0.0) -> Readiness:
        if ref.name in self.unready:
            await asyncio.sleep(min(timeout_s, 0.01))
            return self.unready[ref.name]
        return await super().ready(ref, timeout_s=timeout_s)


def late(name: str, *, is_final: bool = False) -> Mapping[str, Readiness]:
    ref = Ref("v1", "ServiceAccount", name)
    return {name: Readiness(ref, ready=False, reason="waits for rain", is_final=is_final)}


def unnamed(kind: str, name: str, **more: object) -> Object:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **more}


@pytest.fixture
def target() -> Target:
    return MemoryTarget("plan", kinds=KINDS)


class TestCarryInMemory(CarrySuite):
    pass


async def test_what_never_comes_into_effect_is_late_and_holds_up_the_rest() -> None:
    target, diary = Moody(late("suite-b")), Diary()
    record = await carry(target, chain(), timeout_s=0.5, tell=diary.tell)
    assert states(record) == {"suite-c": "succeeded", "suite-b": "failed", "suite-a": "withheld"}
    failure = record.failure()
    assert isinstance(failure, DeadlineError)
    assert "waits for rain" in failure.cause
    assert "waits for rain" in [each.reason for each in diary.told if each.state == "running"]
    assert await names(target) == ["suite-b", "suite-c"], "it is there to be looked at"
    target.unready.clear()
    again = await carry(target, chain(), timeout_s=ENOUGH_S, since=record)
    assert again.is_done
    undone = await undo(target, again.inventory, timeout_s=ENOUGH_S)
    assert undone.leftovers == ()
    assert await names(target) == []


async def test_a_final_failure_is_not_waited_for() -> None:
    record = await carry(Moody(late("suite-b", is_final=True)), chain(), timeout_s=3600)
    assert states(record)["suite-b"] == "failed"
    failure = record.failure()
    assert isinstance(failure, OperationFailedError)
    assert "1 object of 3 failed, 1 withheld" in failure.what


async def test_a_place_that_is_away_for_a_while_is_tried_again() -> None:
    target, diary = Moody(away=2), Diary()
    record = await carry(target, chain(), timeout_s=ENOUGH_S, tell=diary.tell)
    assert record.is_done
    assert any("nobody is here" in each.reason for each in diary.told)
    assert all(not each.entry.existed for each in record.outcomes if each.entry)


async def test_time_that_ran_out_leaves_the_rest_untried() -> None:
    record = await carry(Moody(away=10**6), chain(), timeout_s=0.3)
    assert states(record) == {"suite-c": "failed", "suite-b": "withheld", "suite-a": "withheld"}


async def test_no_more_at_once_than_allowed() -> None:
    target = Moody()
    plan = plan_of(*(wanted(f"suite-{number}") for number in range(20)))
    assert (await carry(target, plan, timeout_s=ENOUGH_S, concurrency=3)).is_done
    assert target.most_at_once == 3


async def test_waits_only_for_what_is_asked() -> None:
    unready = late("suite-a")
    record = await carry(
        Moody(unready), plan_of(wanted("suite-a")), timeout_s=0.05, wait_for=is_needed_by_others
    )
    assert record.is_done


async def test_an_error_of_who_stores_ends_the_run() -> None:
    async def tell(_outcome: Outcome) -> None:
        raise RuntimeError("the claim is lost")

    target = Moody()
    with pytest.raises(RuntimeError, match="the claim is lost"):
        await carry(target, chain(), timeout_s=ENOUGH_S, tell=tell)
    assert await names(target) == []


async def test_what_was_made_but_not_yet_told_is_ours() -> None:
    """Killed between the change and its record: the mark tells what the record does not."""
    target, diary = Moody(), Diary()

    async def tell(outcome: Outcome) -> None:
        if outcome.entry and outcome.entry.uid:
            raise RuntimeError("killed")
        await diary.tell(outcome)

    with pytest.raises(RuntimeError):
        await carry(target, plan_of(wanted("suite-a")), timeout_s=ENOUGH_S, tell=tell)
    assert await names(target) == ["suite-a"]
    record = await carry(target, plan_of(wanted("suite-a")), timeout_s=ENOUGH_S, since=diary.record)
    assert [entry.existed for entry in record.inventory.entries] == [False]
    # Or it is undone at once, from what was stored.
    assert (await undo(target, diary.record.inventory, timeout_s=ENOUGH_S)).leftovers == ()
    assert await names(target) == []


async def test_what_others_made_at_the_same_moment_is_not_ours_to_delete() -> None:
    target = Moody()

    async def tell(outcome: Outcome) -> None:
        if outcome.entry and not outcome.entry.uid:  # we looked, and are about to make it
            await target.apply([account("suite-a", team="theirs")])

    record = await carry(target, plan_of(wanted("suite-a")), timeout_s=ENOUGH_S, tell=tell)
    assert "others made it" in record.outcomes[0].reason
    undone = await undo(target, record.inventory, timeout_s=ENOUGH_S)
    assert [each.state for each in undone.leftovers] == ["skipped"]
    left = (await target.list("v1", "ServiceAccount"))[0]["metadata"]
    assert MANAGED_BY not in left.get("labels", {})
    assert DEPLOYMENT not in left.get("annotations", {})


async def test_another_deployment_of_ours_is_somebody_else() -> None:
    target = Moody()
    await carry(target, plan_of(wanted("suite-a", team="x")), timeout_s=ENOUGH_S)
    record = await carry(
        target, plan_of(wanted("suite-a", team="y"), deployment="d2"), timeout_s=ENOUGH_S
    )
    assert "deployment d1" in record.outcomes[0].reason


async def test_namespaces_stay_unless_purged_and_then_only_ours() -> None:
    target = Moody()
    await target.apply([unnamed("Namespace", "theirs", spec={"a": 1})])
    plan = make_plan(
        [
            Wanted(unnamed("Namespace", "ours")),
            Wanted(unnamed("Namespace", "shared")),
            Wanted(unnamed("Namespace", "theirs", spec={"a": 1})),
            Wanted(account("suite-a")),
        ],
        deployment="d1",
    )
    first = await carry(target, plan, timeout_s=ENOUGH_S)
    undone = await undo(target, first.inventory, timeout_s=ENOUGH_S)
    assert [each.ref.name for each in undone.leftovers] == ["ours", "shared"]
    left = await target.get(Ref("v1", "Namespace", "ours"))
    assert left["metadata"]["labels"] == {MANAGED_BY: "meshery"}
    assert left["metadata"]["annotations"] == {DEPLOYMENT: ""}

    other = make_plan([Wanted(each.document) for each in plan.nodes], deployment="d2")
    second = await carry(target, other, timeout_s=ENOUGH_S)
    assert second.is_done
    undone = await undo(
        target,
        second.inventory,
        timeout_s=ENOUGH_S,
        purge=True,
        shared=lambda entry: entry.ref.name == "shared",
    )
    assert [(each.ref.name, each.reason) for each in undone.leftovers] == [
        ("shared", "others share it")
    ]
    left_names = [each["metadata"]["name"] for each in await target.list("v1", "Namespace")]
    assert left_names == ["shared", "theirs"]


async def test_a_namespace_that_others_run_in_is_not_purged() -> None:
    target = Moody()
    space = make_plan([Wanted(unnamed("Namespace", "ours"))], deployment="d1")
    record = await carry(target, space, timeout_s=ENOUGH_S)
    metadata = {"name": "web", "namespace": "ours"}
    await target.apply([{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata}])
    undone = await undo(target, record.inventory, timeout_s=ENOUGH_S, purge=True)
    assert [each.reason for each in undone.leftovers] == ["others are in it: Deployment web"]


async def test_a_definition_only_goes_forward_and_gets_its_former_marks_back() -> None:
    target = Moody()
    kind = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    theirs = {"name": "things", "labels": {MANAGED_BY: "Helm"}}
    await target.apply([{**kind, "metadata": theirs, "spec": {"version": 1}}])
    document = {**kind, "metadata": {"name": "things"}, "spec": {"version": 2}}
    plan = make_plan([Wanted(document)], deployment="d1")
    record = await carry(target, plan, timeout_s=ENOUGH_S, adopt=all_of_them)
    undone = await undo(target, record.inventory, timeout_s=ENOUGH_S, purge=True)
    assert "only goes forward" in undone.leftovers[0].reason
    left = await target.get(plan.nodes[0].ref)
    assert left["spec"] == {"version": 2}
    assert left["metadata"]["labels"] == {MANAGED_BY: "Helm"}
    assert "annotations" not in left["metadata"]


async def test_what_a_former_run_made_beyond_the_plan_stays_in_the_record() -> None:
    target = Moody()
    first = await carry(target, chain(), timeout_s=ENOUGH_S)
    shorter = plan_of(wanted("suite-c"))
    record = await carry(target, shorter, timeout_s=ENOUGH_S, since=first)
    surplus = dropped(record.inventory, keeping=shorter.by_key)
    assert [entry.ref.name for entry in surplus.entries] == ["suite-b", "suite-a"]
    await undo(target, surplus, timeout_s=ENOUGH_S)
    assert await names(target) == ["suite-c"]


async def test_a_previews_secrets_are_hidden() -> None:
    target = Moody()
    await target.apply([unnamed("Secret", "s", data={"password": "b2xk"})])
    plan = make_plan([Wanted(unnamed("Secret", "s", data={"password": "bmV3"}))], deployment="d1")
    (seen,) = (await preview(target, plan)).outlooks
    assert [each.path for each in seen.differences] == ["data.password"]
    assert "b2xk" not in repr(seen)
    assert "bmV3" not in repr(seen)


async def test_a_preview_says_what_is_refused_and_tries_the_rest() -> None:
    target = Moody()
    strange = {"apiVersion": "none/v1", "kind": "Nothing", "metadata": {"name": "x"}}
    plan = make_plan([Wanted(account("suite-a")), Wanted(strange)], deployment="d1")
    seen = {each.ref.name: each for each in (await preview(target, plan)).outlooks}
    assert {name: each.action for name, each in seen.items()} == {
        "suite-a": "create",
        "x": "refused",
    }
    assert "not kept here" in seen["x"].notes[0]
