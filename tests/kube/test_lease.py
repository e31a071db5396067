"""Of several who grasp at a lease one acts, on a real API server."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from fixtures.kube import KubeNamespace
from fixtures.waiting import until
from kube.conftest import client_of
from kube.rigged import rigged
from meshery.kube.client import KubeClient
from meshery.kube.lease import Lease
from meshery.kube.local.control_plane import ControlPlane

TTL_S = 3.0


class Work:
    """Counts who acts at once."""

    def __init__(self) -> None:
        self.acting: list[str] = []
        self.begun: list[str] = []
        self.most = 0

    def of(self, name: str) -> "asyncio.Future[None]":
        return asyncio.ensure_future(self._act(name))

    async def _act(self, name: str) -> None:
        self.begun.append(name)
        self.acting.append(name)
        self.most = max(self.most, len(self.acting))
        try:
            await asyncio.Event().wait()
        finally:
            self.acting.remove(name)

    async def acts(self, *names: str) -> None:
        async def is_so() -> bool:
            return self.acting == list(names)

        await until(is_so, timeout_s=20, what=f"{names} act")


@pytest.fixture
async def other(kube: ControlPlane) -> AsyncIterator[KubeClient]:
    async with client_of(kube) as opened:
        yield opened


def lease(client: KubeClient, space: KubeNamespace, holder: str) -> Lease:
    return Lease(client, "one", namespace=space.name, holder=holder, ttl_s=TTL_S)


def held(client: KubeClient, space: KubeNamespace, holder: str, *, by: Work) -> asyncio.Task[None]:
    return asyncio.create_task(lease(client, space, holder).hold(lambda: by.of(holder)))


async def ended(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def test_one_acts_and_the_next_takes_over_at_once_when_it_is_given_back(
    client: KubeClient, other: KubeClient, kube_namespace: KubeNamespace
) -> None:
    work = Work()
    first = held(client, kube_namespace, "a", by=work)
    await work.acts("a")
    second = held(other, kube_namespace, "b", by=work)
    await asyncio.sleep(TTL_S * 1.5)
    assert work.begun == ["a"]
    found = await kube_namespace.get("lease", "one")
    assert found["spec"]["holderIdentity"] == "a"
    await ended(first)
    await work.acts("b")
    spec = (await kube_namespace.get("lease", "one"))["spec"]
    assert (spec["holderIdentity"], spec["leaseTransitions"]) == ("b", 2)
    assert work.most == 1
    await ended(second)
    assert not (await kube_namespace.get("lease", "one"))["spec"].get("holderIdentity")


async def test_who_loses_it_stops_and_stands_by(
    client: KubeClient, kube_namespace: KubeNamespace
) -> None:
    work = Work()
    task = held(client, kube_namespace, "a", by=work)
    await work.acts("a")
    theft = '{"spec":{"holderIdentity":"thief","leaseDurationSeconds":4}}'
    await kube_namespace.kubectl("patch", "lease", "one", "--type=merge", "-p", theft)
    await work.acts()
    await work.acts("a")  # the thief never renews
    assert work.begun == ["a", "a"]
    await ended(task)


async def test_a_lease_of_one_who_died_lapses_whatever_its_clock_said(
    client: KubeClient, kube_namespace: KubeNamespace
) -> None:
    spec = {
        "holderIdentity": "dead",
        "leaseDurationSeconds": 2,
        "renewTime": "2093-01-01T00:00:00.000000Z",
    }
    await kube_namespace.create(
        {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": "one"},
            "spec": spec,
        }
    )
    work = Work()
    task = held(client, kube_namespace, "a", by=work)
    await work.acts("a")
    await ended(task)


async def test_the_end_of_the_work_ends_it(
    client: KubeClient, kube_namespace: KubeNamespace
) -> None:
    async def fails() -> None:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        await lease(client, kube_namespace, "a").hold(fails)
    assert not (await kube_namespace.get("lease", "one"))["spec"].get("holderIdentity")


async def test_one_renewal_that_fails_loses_nothing() -> None:
    kept: dict[str, object] = {}
    failures = ["the first renewal"]
    renewals: list[object] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            return web.json_response(kept, status=200 if kept else 404)
        if request.method == "PUT" and failures:
            failures.clear()
            return web.json_response({"kind": "Status", "code": 500, "message": "no"}, status=500)
        renewals.append(request.method)
        kept.update(await request.json())
        return web.json_response(kept)

    async with rigged(answer) as server, KubeClient(server.access()) as opened:
        work = Work()
        one = Lease(opened, "one", namespace="any", holder="a", ttl_s=TTL_S)
        task = asyncio.create_task(one.hold(lambda: work.of("a")))
        await work.acts("a")

        async def are_there() -> bool:
            return len(renewals) >= 3

        await until(are_there, timeout_s=TTL_S * 3, what="renewed again")
        assert (failures, work.begun, work.acting) == ([], ["a"], ["a"])
        await ended(task)
