"""The Target seam's suite over a real cluster, and what only a cluster has."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from apply.target_suite import TargetSuite, account, account_ref
from connections.kubeconfigs import access_of
from fixtures.kube import KubeNamespace, config_map, deployment
from fixtures.waiting import until
from kube.examples import PODS, custom_kind
from kube.rigged import rigged, streams
from meshery.apply.target import Object, Ref, Target
from meshery.connections.target import KubernetesTarget
from meshery.connections.watch import events_of
from meshery.core.errors import (
    DeadlineError,
    InvalidInputError,
    NotFoundError,
    OperationFailedError,
)
from meshery.kube.client import KubeClient
from meshery.kube.errors import ExpiredError, FieldConflictError
from meshery.kube.limiter import Limits
from meshery.kube.local.control_plane import ControlPlane

DEPLOYMENT, MAP = ("apps/v1", "Deployment"), ("v1", "ConfigMap")


@pytest.fixture
async def client(kube: ControlPlane) -> AsyncIterator[KubeClient]:
    async with KubeClient(access_of(kube), limits=Limits(qps=0)) as client:
        yield client


@pytest.fixture
async def target(client: KubeClient) -> AsyncIterator[Target]:
    target = KubernetesTarget(client, name="here")
    yield target
    for each in await target.list("v1", "ServiceAccount", namespace="default"):
        if each["metadata"]["name"].startswith("suite-"):
            await target.delete(account_ref(each["metadata"]["name"]))


def placed(document: Object, namespace: str, **more: Any) -> Object:
    metadata = {**document["metadata"], "namespace": namespace}
    return {**document, **more, "metadata": metadata}


class TestKubernetesTarget(TargetSuite):
    async def test_what_is_applied_is_ready_when_it_returns(
        self, target: Target, kube_namespace: KubeNamespace
    ) -> None:
        (change,) = await target.apply([placed(deployment("web", replicas=2), kube_namespace.name)])
        assert change.action == "created"
        assert (await target.ready(change.ref)).ready
        assert (await target.get(change.ref))["status"]["readyReplicas"] == 2

    async def test_what_does_not_become_ready_is_undone(
        self, target: Target, kube_namespace: KubeNamespace
    ) -> None:
        space = kube_namespace.name
        stuck = placed(deployment("stuck"), space)
        stuck["spec"]["template"]["spec"]["nodeSelector"] = {"no": "such-node"}
        first = config_map("kept", a="1")
        await target.apply([placed(first, space)])
        with pytest.raises(DeadlineError, match="not ready"):
            await target.apply(
                [placed(config_map("kept", a="2"), space), placed(config_map("new"), space), stuck],
                timeout_s=1,
            )
        assert (await target.get(Ref(*MAP, "kept", space)))["data"] == {"a": "1"}
        for ref in (Ref(*MAP, "new", space), Ref(*DEPLOYMENT, "stuck", space)):
            with pytest.raises(NotFoundError):
                await target.get(ref)

    async def test_what_cannot_be_put_back_is_named(
        self, target: Target, client: KubeClient, kube_namespace: KubeNamespace
    ) -> None:
        space = kube_namespace.name
        stuck = placed(deployment("stuck"), space)
        stuck["spec"]["template"]["spec"]["nodeSelector"] = {"no": "such-node"}
        kept = Ref(*MAP, "kept", space)
        await target.apply([placed(config_map("kept", a="1"), space)])
        task = asyncio.create_task(
            target.apply([placed(config_map("kept", a="2"), space), stuck], timeout_s=3)
        )

        here = KubernetesTarget(client, name="here")
        await until(lambda: here.has(Ref(*DEPLOYMENT, "stuck", space)))
        await asyncio.sleep(1)  # by now only the last object is waited for
        await target.delete(kept)
        with pytest.raises(OperationFailedError, match="not ready") as caught:
            await task
        assert "kept" in caught.value.cause
        assert "stuck" not in caught.value.cause.partition("could not be put back")[2]

    async def test_a_cancelled_apply_leaves_nothing(
        self, target: Target, client: KubeClient, kube_namespace: KubeNamespace
    ) -> None:
        stuck = placed(deployment("stuck"), kube_namespace.name)
        stuck["spec"]["template"]["spec"]["nodeSelector"] = {"no": "such-node"}
        ref = Ref(*DEPLOYMENT, "stuck", kube_namespace.name)
        task = asyncio.create_task(target.apply([stuck]))
        here = KubernetesTarget(client, name="here")
        await until(lambda: here.has(ref))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(NotFoundError):
            await target.get(ref)

    async def test_fields_of_others_are_conflicts_unless_forced(
        self, target: Target, client: KubeClient, kube_namespace: KubeNamespace
    ) -> None:
        space = kube_namespace.name
        await kube_namespace.create(config_map("shared", a="theirs"))
        ours = placed(config_map("shared", a="ours"), space)
        for dry_run in (True, False):
            with pytest.raises(FieldConflictError) as caught:
                await target.apply([ours], dry_run=dry_run)
            assert [each.field for each in caught.value.conflicts] == ["data.a"]
        (change,) = await KubernetesTarget(client, name="x", force=True).apply([ours])
        assert [(each.before, each.after) for each in change.differences] == [("theirs", "ours")]

    async def test_what_is_restored_is_its_former_owners_again(
        self, target: Target, kube_namespace: KubeNamespace
    ) -> None:
        space = kube_namespace.name
        await kube_namespace.create(config_map("shared", a="theirs"))
        ref = Ref(*MAP, "shared", space)
        before = await target.get(ref, whole=True)
        await target.apply([placed(config_map("shared", a="ours", b="too"), space)], force=True)
        assert (await target.restore(before)).action == "configured"
        assert (await target.get(ref))["data"] == {"a": "theirs"}
        await kube_namespace.create(config_map("shared", a="changed"))  # no conflict with us
        assert (await target.get(ref))["data"] == {"a": "changed"}

    async def test_a_custom_object_is_restored_too(
        self, target: Target, kube_namespace: KubeNamespace
    ) -> None:
        group = f"{kube_namespace.name}.example.com"
        (kind,) = await target.apply([custom_kind(group)])
        widget = {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": "one"}}
        (change,) = await target.apply([placed(widget, kube_namespace.name, spec={"size": 1})])
        before = await target.get(change.ref, whole=True)
        await target.apply([placed(widget, kube_namespace.name, spec={"size": 2})])
        await target.restore(before)
        assert (await target.get(change.ref))["spec"] == {"size": 1}
        await target.delete(kind.ref)

    async def test_faults_of_all_objects_come_with_their_places(
        self, target: Target, kube_namespace: KubeNamespace
    ) -> None:
        wrong = placed(deployment("web"), kube_namespace.name)
        wrong["spec"]["replicas"] = -1
        unknown = placed(config_map("m"), kube_namespace.name, colour="red")
        homeless = placed(config_map("m"), "no-such-namespace")
        with pytest.raises(InvalidInputError) as caught:
            await target.apply([wrong, account("suite-a"), unknown, homeless])
        places = [problem.path for problem in caught.value.problems]
        assert places == ["[0].spec.replicas", "[2]", "[3].metadata.namespace"]
        with pytest.raises(NotFoundError):
            await target.get(account_ref("suite-a"))

    async def test_a_namespace_a_kind_and_what_is_in_them_come_together(
        self, target: Target, client: KubeClient
    ) -> None:
        name = f"together-{uuid4().hex[:6]}"
        group = f"{name}.example.com"
        widget = {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": "one"}}
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        objects = [placed(widget, name), placed(config_map("m"), name), space, custom_kind(group)]
        tried = await target.apply(objects, dry_run=True)
        assert [each.action for each in tried] == ["created"] * 4
        assert [bool(each.notes) for each in tried] == [True, True, False, False]
        changes = await target.apply(objects)
        assert [each.ref.kind for each in changes] == [
            "Widget",
            "ConfigMap",
            "Namespace",
            "CustomResourceDefinition",
        ]
        assert f"{group}/v1/Widget" in (await target.capabilities()).kinds
        for each in changes:
            await target.delete(each.ref)
        with pytest.raises(NotFoundError):
            await target.get(changes[0].ref)


async def test_a_watch_of_what_is_forgotten_says_so() -> None:
    gone = {"type": "ERROR", "object": {"code": 410, "reason": "Expired", "message": "too old"}}
    async with rigged(streams(gone)) as server, KubeClient(server.access()) as client:
        events = events_of(client, PODS, after="1")
        with pytest.raises(ExpiredError):
            await anext(events)


async def test_a_watch_goes_on_when_the_server_ends_it() -> None:
    def event(kind: str, version: str) -> Object:
        return {"type": kind, "object": {"metadata": {"name": "a", "resourceVersion": version}}}

    first = streams(event("ADDED", "2"), event("BOOKMARK", "7"))
    async with (
        rigged(first, streams(event("DELETED", "8"))) as server,
        KubeClient(server.access()) as client,
    ):
        events = events_of(client, PODS, after="1")
        assert [(await anext(events)).what for _ in range(2)] == ["added", "deleted"]
        await events.aclose()
    assert [request.query["resourceVersion"] for request in server.seen] == ["1", "7"]
