"""Plans carried out on a real cluster: the suite, and what only a cluster has."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from apply.carry_suite import ENOUGH_S, CarrySuite, Diary
from apply.injector import PORT, Injector
from apply.target_suite import account, account_ref
from connections.kubeconfigs import access_of
from fixtures.kube import KubeNamespace, config_map, deployment, kubectl
from fixtures.waiting import until
from kube.examples import custom_kind
from meshery.apply.carry import carry
from meshery.apply.outcome import Outcome, Record
from meshery.apply.plan import Plan, Wanted, all_of_them, make_plan
from meshery.apply.preview import preview
from meshery.apply.target import Object, Ref, Target
from meshery.apply.undo import undo
from meshery.connections.target import KubernetesTarget
from meshery.core.errors import DeadlineError, NotFoundError
from meshery.kube.client import KubeClient
from meshery.kube.limiter import Limits
from meshery.kube.local.control_plane import ControlPlane

SPACE, MAP, DEPLOYMENT = ("v1", "Namespace"), ("v1", "ConfigMap"), ("apps/v1", "Deployment")


@pytest.fixture
async def target(kube: ControlPlane) -> AsyncIterator[Target]:
    async with KubeClient(access_of(kube), limits=Limits(qps=0)) as client:
        target = KubernetesTarget(client, name="here")
        yield target
        for each in await target.list("v1", "ServiceAccount", namespace="default"):
            if each["metadata"]["name"].startswith("suite-"):
                await target.delete(account_ref(each["metadata"]["name"]))


class TestCarryInCluster(CarrySuite):
    pass


def placed(document: Object, namespace: str, **more: Any) -> Object:
    return {**document, **more, "metadata": {**document["metadata"], "namespace": namespace}}


def stuck(name: str, namespace: str) -> Object:
    """A Deployment whose pods go on no node."""
    document = placed(deployment(name), namespace)
    document["spec"]["template"]["spec"]["nodeSelector"] = {"no": "such-node"}
    return document


def plan_of(*documents: Object) -> Plan:
    return make_plan([Wanted(document) for document in documents], deployment="d1")


def service(name: str, namespace: str, *, app: str) -> Object:
    ports = [{"port": PORT, "targetPort": PORT}]
    spec = {"selector": {"app": app}, "ports": ports}
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def widget(group: str, namespace: str) -> Object:
    metadata = {"name": "one", "namespace": namespace, "labels": {"app": "one"}}
    return {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": metadata}


def by_kind(record: Record) -> dict[str, Outcome]:
    return {each.ref.kind: each for each in record.outcomes}


async def test_a_control_plane_in_small(kube: ControlPlane, target: Target, tmp_path: Path) -> None:
    """Its injector listens once its Deployment is ready: whatever came too early would fail."""
    space = f"small-{uuid4().hex[:6]}"
    group = f"{space}.example.com"
    injector = Injector(tmp_path, namespace=space)
    pods = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
    widgets = {"apiGroups": [group], "apiVersions": ["v1"], "resources": ["widgets"]}
    plan = plan_of(
        widget(group, space),
        injector.configuration(space, pods, widgets),
        placed(deployment("injector"), space),
        service("injector", space, app="injector"),
        placed(config_map("settings", a="1"), space),
        custom_kind(group),
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}},
    )
    seen = {each.ref.kind: each for each in (await preview(target, plan)).outlooks}
    assert {kind: each.action for kind, each in seen.items()} == {
        "Namespace": "create",
        "CustomResourceDefinition": "create",
        "ConfigMap": "unknown",
        "Service": "unknown",
        "Deployment": "unknown",
        "MutatingWebhookConfiguration": "create",
        "Widget": "unknown",
    }
    diary = Diary()
    async with AsyncExitStack() as stack:

        async def tell(outcome: Outcome) -> None:
            await diary.tell(outcome)
            if (outcome.ref.kind, outcome.state) == ("Deployment", "succeeded"):
                found = await target.get(Ref("v1", "Service", "injector", space))
                await stack.enter_async_context(injector.listening(found["spec"]["clusterIP"]))

        record = await carry(target, plan, timeout_s=60, tell=tell)
        assert record.failure() is None
        assert [each.ref.kind for each in diary.told if each.state == "succeeded"] == list(seen)
        made = await target.get(Ref(f"{group}/v1", "Widget", "one", space))
        assert made["metadata"]["labels"]["injected"] == "yes"
        assert set(injector.seen) == {"Widget"}
        again = await preview(target, plan)
        assert {each.action for each in again.outlooks} == {"unchanged"}
    # The namespace is kept here only because a cluster takes its time over the end of one.
    undone = await undo(
        target,
        record.inventory,
        timeout_s=60,
        purge=True,
        shared=lambda entry: entry.ref.kind == "Namespace",
    )
    assert [each.ref.kind for each in undone.outcomes] == [*reversed(seen)]
    assert [each.ref.kind for each in undone.leftovers] == ["Namespace"]
    for node in plan.nodes[1:]:
        with pytest.raises(NotFoundError):
            await target.get(node.ref)
    await kubectl(kube, "delete", "namespace", space, "--wait=false")


async def test_what_never_becomes_ready_is_told_with_its_reasons(
    target: Target, kube_namespace: KubeNamespace, tmp_path: Path
) -> None:
    space = kube_namespace.name
    injector = Injector(tmp_path, namespace=space)
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
    first = (
        placed(config_map("settings", a="1"), space),
        service("injector", space, app="injector"),
    )
    done = await carry(target, plan_of(*first), timeout_s=ENOUGH_S)

    async def tell(outcome: Outcome) -> None:
        if outcome.ref.kind == "Deployment" and outcome.reason:
            await until(lambda: _was_warned(target, space), what="the scheduler's warning")

    plan = plan_of(*first, stuck("injector", space), injector.configuration(space, rule))
    record = await carry(target, plan, timeout_s=1, since=done, tell=tell)
    told = by_kind(record)
    assert {kind: each.state for kind, each in told.items()} == {
        "ConfigMap": "succeeded",
        "Service": "succeeded",
        "Deployment": "failed",
        "MutatingWebhookConfiguration": "withheld",
    }
    assert "0 of 1" in told["Deployment"].reason
    said = "\n".join(told["Deployment"].details)
    assert "pod injector-" in said
    assert "FailedScheduling" in said
    assert "Deployment.apps" in told["MutatingWebhookConfiguration"].reason
    assert isinstance(record.failure(), DeadlineError)
    assert (await undo(target, record.inventory, timeout_s=ENOUGH_S)).leftovers == ()


async def _was_warned(target: Target, namespace: str) -> bool:
    events = await target.list("v1", "Event", namespace=namespace)
    return any(event["reason"] == "FailedScheduling" for event in events)


async def test_a_webhook_waits_for_who_answers_it(
    target: Target, kube_namespace: KubeNamespace, tmp_path: Path
) -> None:
    """Registered before, it would refuse every pod, that of its own server included."""
    space = kube_namespace.name
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
    configuration = Injector(tmp_path, namespace=space).configuration(space, rule)
    lonely = service("injector", space, app="nobody")
    done = await carry(target, plan_of(lonely), timeout_s=ENOUGH_S)
    record = await carry(target, plan_of(lonely, configuration), timeout_s=1, since=done)
    failed = by_kind(record)["MutatingWebhookConfiguration"]
    assert (failed.state, failed.ref.name) == ("failed", space)
    assert "has no ready endpoint" in failed.reason
    with pytest.raises(NotFoundError):
        await target.get(failed.ref)


async def test_a_run_cut_off_while_it_waits_goes_on_with_what_was_mended(
    target: Target, kube_namespace: KubeNamespace
) -> None:
    space = kube_namespace.name
    settings = placed(config_map("settings", a="1"), space)
    diary, waits = Diary(), asyncio.Event()

    async def tell(outcome: Outcome) -> None:
        await diary.tell(outcome)
        if outcome.ref.kind == "Deployment" and outcome.reason:
            waits.set()

    plan = plan_of(settings, stuck("web", space))
    task = asyncio.create_task(carry(target, plan, timeout_s=600, tell=tell))
    await asyncio.wait_for(waits.wait(), ENOUGH_S)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    mended = plan_of(settings, placed(deployment("web"), space))
    rest = Diary()
    record = await carry(target, mended, timeout_s=60, since=diary.record, tell=rest.tell)
    assert record.failure() is None
    assert {each.ref.kind for each in rest.told} == {"Deployment"}
    assert [entry.existed for entry in record.inventory.entries] == [False, False]


async def test_fields_of_others_are_named_and_taken_over_when_adopted(
    target: Target, kube_namespace: KubeNamespace
) -> None:
    space = kube_namespace.name
    plan = plan_of(placed(config_map("shared", a="ours"), space))
    await carry(target, plan, timeout_s=ENOUGH_S)
    await kube_namespace.kubectl(
        "apply", "--server-side", "--force-conflicts", "--field-manager=autoscaler", "-f", "-",
        stdin='{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"shared"},'
        '"data":{"a":"theirs"}}',
    )  # fmt: skip
    (seen,) = (await preview(target, plan)).outlooks
    assert seen.action == "conflict"
    assert "data.a: managed by autoscaler" in seen.notes
    (failed,) = (await carry(target, plan, timeout_s=ENOUGH_S)).outcomes
    assert (failed.state, failed.details) == ("failed", ("data.a: managed by autoscaler",))
    record = await carry(target, plan, timeout_s=ENOUGH_S, adopt=all_of_them)
    assert record.is_done
    assert (await target.get(failed.ref))["data"] == {"a": "ours"}


async def test_a_cluster_that_is_away_for_a_while_is_waited_for(
    kube: ControlPlane, target: Target, kube_namespace: KubeNamespace
) -> None:
    space = kube_namespace.name
    maps = [placed(config_map(f"map-{number}", a="1"), space) for number in range(4)]
    diary, lost = Diary(), asyncio.Event()

    async def tell(outcome: Outcome) -> None:
        await diary.tell(outcome)
        if outcome.state == "succeeded" and not lost.is_set():
            await kube.kill_api_server()
            lost.set()

    plan = plan_of(*maps, placed(account("late"), space))
    task = asyncio.create_task(carry(target, plan, timeout_s=60, tell=tell, concurrency=1))
    try:
        await asyncio.wait_for(lost.wait(), ENOUGH_S)
    finally:
        await kube.start_api_server()
    record = await task
    assert record.failure() is None
    assert any(each.reason.startswith("tries again") for each in diary.told)
    assert [entry.existed for entry in record.inventory.entries] == [False] * 5
