"""A plan carried out on a sandbox: a service of its own, and a behaviour of its traffic."""

from apply.carry_suite import ENOUGH_S, CarrySuite, Diary, actions, names
from apply.target_suite import account_ref
from meshery.apply.carry import carry
from meshery.apply.drift import drift
from meshery.apply.plan import Plan, Wanted, make_plan
from meshery.apply.preview import preview
from meshery.apply.target import Object
from meshery.apply.undo import undo
from meshery.operations.platform import Platform
from meshery.sandbox.documents import read_objects
from meshery.sandbox.lifecycle import Lifecycle
from meshery.sandbox.objects import objects_of
from meshery.sandbox.probe import Ask, ask
from meshery.sandbox.target import SandboxTarget
from meshery.sandbox.ways import way_to
from sandbox.running import running_sandbox, spec_of

SOLO = """
apiVersion: sandbox.meshery.io/v1
kind: Sandbox
metadata: {name: solo}
spec:
  services:
    - {name: web}
"""
STRANGE = {"apiVersion": "none/v1", "kind": "Nothing", "metadata": {"name": "x"}}
FAULT = "{name: late, kind: fault, target: more, params: {abort: {status: 418, percent: 100}}}"


def more() -> list[Object]:
    """The objects of one more service, without the Sandbox that it is written in."""
    return objects_of(spec_of(SOLO.replace("name: web", "name: more")))[1:]


def plan_of(*documents: Object) -> Plan:
    return make_plan([Wanted(document) for document in documents], deployment="d1")


async def status_of(life: Lifecycle, service: str) -> int:
    way = way_to(await life.world(), service)
    return (await ask(Ask(way.host, way.port, service))).status


async def test_every_scenario_in_one_sandbox(platform: Platform) -> None:
    """One after another: to start a sandbox takes longer than all of them."""
    async with running_sandbox(platform, SOLO) as life:
        target = SandboxTarget(platform, life.name)
        scenarios = [name for name in dir(CarrySuite) if name.startswith("test_")]
        assert len(scenarios) > 5
        for scenario in scenarios:
            await getattr(CarrySuite(), scenario)(target)
            left = await names(target)
            await target.delete_all([account_ref(name) for name in left])


async def test_a_service_and_its_behaviour_come_and_go(platform: Platform) -> None:
    account, service, deployment = more()
    plan = plan_of(*read_objects(FAULT, source="x"), deployment, service, account)
    async with running_sandbox(platform, SOLO) as life:
        target, diary = SandboxTarget(platform, life.name), Diary()
        seen = await preview(target, plan)
        assert [each.action for each in seen.outlooks] == ["create"] * 4
        # What is refused for its own fault keeps the others from no preview of theirs.
        seen = await preview(target, plan_of(STRANGE, deployment, service, account))
        assert [each.action for each in seen.outlooks] == ["create", "create", "create", "refused"]
        record = await carry(target, plan, timeout_s=ENOUGH_S, tell=diary.tell)
        assert record.failure() is None
        assert actions(record) == [
            "created more",
            "created more",
            "created more-v1",
            "created late",
        ]
        assert await status_of(life, "more") == 418
        assert {each.what for each in await drift(target, record.inventory, plan)} == {"none"}
        # Without the behaviour, what is left of the plan is what is there already.
        rest = plan_of(deployment, service, account)
        again = await carry(target, rest, timeout_s=ENOUGH_S)
        assert {each.action for each in again.outcomes} == {"unchanged"}
        undone = await undo(target, record.inventory, timeout_s=ENOUGH_S)
        assert undone.leftovers == ()
        names = [each["metadata"]["name"] for each in await target.list("v1", "Service")]
        assert names == ["web"]
