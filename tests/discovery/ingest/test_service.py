"""A connected cluster is watched, stored, listed and shown; another server takes over."""

import asyncio
import sys
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any

import httpx2
import msgspec
import pytest

from connections.kubeconfigs import access_of, text_of
from discovery.ingest.support import rows
from discovery.watch.support import running
from fixtures.http import NO_TLS
from fixtures.kube import KubeNamespace, config_map, deployment
from fixtures.nats import NatsServer
from fixtures.waiting import until
from meshery.connections.service import ConnectionService
from meshery.core import leases
from meshery.core.errors import NotFoundError
from meshery.core.page import PageQuery
from meshery.core.settings import Settings
from meshery.discovery.filter import ResourceFilter
from meshery.discovery.keepers import KEEPERS, tidy
from meshery.discovery.rest import router
from meshery.discovery.service import DiscoveryService, lease_of
from meshery.discovery.view import ClusterView, ResourceRow
from meshery.kube.local.control_plane import ControlPlane
from meshery.operations.keepers import run_keepers
from meshery.operations.owners import new_owner
from meshery.operations.platform import Platform, open_platform
from operations.support import quick
from performance.serving import served

ACTOR = "tests"


def keeping(platform: Platform) -> AbstractAsyncContextManager[None]:
    owner = new_owner(platform.host)
    return running(run_keepers(platform, where="worker", owner=owner, keepers=KEEPERS))


async def connect(platform: Platform, plane: ControlPlane) -> str:
    """Connect a control plane; its cluster's id."""
    text = text_of(access_of(plane, name="mine"))
    (outcome,) = await ConnectionService(platform).connect(text, actor=ACTOR)
    assert outcome.connection is not None
    return outcome.connection.cluster_id


async def until_state(platform: Platform, *states: str) -> ClusterView:
    found: list[ClusterView] = []

    async def is_so() -> bool:
        found[:] = await DiscoveryService(platform).status()
        return bool(found) and found[0].state in states

    await until(is_so, timeout_s=60, what=f"a watch that is {states}")
    return found[0]


async def listed(platform: Platform, **wanted: Any) -> list[ResourceRow]:
    query = PageQuery(order="name", page_size=200)
    return (await DiscoveryService(platform).resources(query, only=ResourceFilter(**wanted))).items


async def until_listed(platform: Platform, count: int, **wanted: Any) -> list[ResourceRow]:
    async def is_so() -> bool:
        return len(await listed(platform, **wanted)) == count

    await until(is_so, timeout_s=60, what=f"{count} of {wanted}")
    return await listed(platform, **wanted)


async def test_a_cluster_from_connecting_to_disconnecting(
    platform: Platform, kube: ControlPlane, kube_namespace: KubeNamespace
) -> None:
    space = kube_namespace.name
    service = DiscoveryService(platform)
    async with keeping(platform):
        assert await service.status() == []
        cluster_id = await connect(platform, kube)
        status = await until_state(platform, "watching")
        assert (status.cluster, status.cluster_id) == ("mine", cluster_id)
        assert status.version.startswith("v1.")
        await kube_namespace.create(deployment("web", replicas=2), _service("web"))
        pods = await until_listed(platform, 2, kind="Pod", namespace=space)
        assert {pod.labels["app"] for pod in pods} == {"web"}
        assert len(await listed(platform, namespace=space, labels=("app=web",), kind="Pod")) == 2
        assert await listed(platform, namespace=space, labels=("app=db",)) == []
        await _until_related(service, pods[0].id)
        (web,) = await listed(platform, kind="Service", namespace=space)
        await _until_selected(service, web.id, {pod.name for pod in pods})
        before = {kind.kind: kind.synced_at for kind in status.kinds}
        assert None not in before.values()
        asked = await service.resync()
        assert asked == [cluster_id]
        await until(lambda: _is_newer(service, before), timeout_s=30, what="a whole new list")
        await kube_namespace.kubectl("delete", "service", "web")
        await until_listed(platform, 0, kind="Service", namespace=space)
        told = [change.event for change in await service.history(web.id)]
        assert told == ["DELETED", "ADDED"]
        with pytest.raises(NotFoundError):
            await service.resource(web.id)
        with pytest.raises(NotFoundError):
            await service.resync(["elsewhere"])
        (connection,) = await ConnectionService(platform).all()
        await ConnectionService(platform).disconnect(connection.id, actor=ACTOR)
        await until(lambda: _is_free(platform, cluster_id), what="the end of the watch")
    await tidy(platform)
    assert await listed(platform) == []
    assert await service.status() == []


async def _is_newer(service: DiscoveryService, before: dict[str, Any]) -> bool:
    (status,) = await service.status()
    return all(kind.synced_at != before.get(kind.kind) for kind in status.kinds)


async def _is_free(platform: Platform, cluster_id: str) -> bool:
    return await leases.holder(platform.database, lease_of(cluster_id)) is None


def _service(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": name}, "ports": [{"port": 80}]},
    }


async def _until_related(service: DiscoveryService, pod: str) -> None:
    wanted = {
        ("owner", "to", "ReplicaSet"),
        ("identity", "to", "ServiceAccount"),
        ("mount", "to", "Node"),
        ("selector", "from", "Service"),
        ("route", "from", "EndpointSlice"),
    }

    async def is_so() -> bool:
        found = await service.resource(pod)
        assert found.yaml.startswith("apiVersion: v1")
        return wanted <= {(each.type, each.direction, each.kind) for each in found.relations}

    await until(is_so, timeout_s=30, what="all relations of a pod")


async def _until_selected(service: DiscoveryService, web: str, pods: set[str]) -> None:
    async def is_so() -> bool:
        found = (await service.resource(web)).relations
        return pods == {each.name for each in found if each.type == "selector"}

    await until(is_so, what="the pods of a service")


async def test_another_server_takes_over(
    two_platforms: tuple[Platform, Platform], kube: ControlPlane, kube_namespace: KubeNamespace
) -> None:
    one, two = two_platforms
    space = kube_namespace.name
    await connect(one, kube)
    async with keeping(one):
        status = await until_state(one, "watching")
        assert status.watcher.startswith("one:")
        async with keeping(two):
            await kube_namespace.create(config_map("before", a="b"))
            await until_listed(two, 2, kind="ConfigMap", namespace=space)
            assert (await until_state(two, "watching")).watcher.startswith("one:")
    await kube_namespace.kubectl("delete", "configmap", "before")
    await kube_namespace.create(config_map("after", a="b"))
    async with keeping(two):
        await until_listed(two, 1, search="after", namespace=space)
        await until_listed(two, 0, search="before", namespace=space)
        assert (await until_state(two, "watching")).watcher.startswith("two:")


async def test_a_lease_is_renewed_when_a_third_of_it_is_gone(
    sqlite_settings: Settings, nats_server: NatsServer, kube: ControlPlane
) -> None:
    settings = quick(sqlite_settings, nats_server)
    worker = msgspec.structs.replace(settings.worker, lease="9s")
    settings = msgspec.structs.replace(settings, worker=worker)
    ends: list[datetime] = []
    async with open_platform(settings, role="server", kinds={}) as platform, keeping(platform):
        name = lease_of(await connect(platform, kube))

        async def is_renewed_twice() -> bool:
            found = [row.until for row in await rows(platform.database, leases.lease, name=name)]
            ends.extend(end for end in found if end not in ends)
            return len(ends) > 2

        await until(is_renewed_twice, timeout_s=40, what="a lease that is renewed twice")
    assert ends[2] - ends[1] >= timedelta(seconds=3)


async def test_rest_and_the_command_line(
    platform: Platform, kube: ControlPlane, kube_namespace: KubeNamespace
) -> None:
    await kube_namespace.create(config_map("shown", colour="red"))
    async with keeping(platform), served(platform, router) as http:
        await connect(platform, kube)
        await until_listed(platform, 1, search="shown", namespace=kube_namespace.name)
        await until_state(platform, "watching")
        async with httpx2.AsyncClient(base_url=http.url, trust_env=False, verify=NO_TLS) as client:
            base = "/api/discovery"
            where = {"namespace": kube_namespace.name, "search": "shown"}
            page = (await client.get(f"{base}/resources", params=where)).json()
            (row,) = page["items"]
            assert (row["kind"], row["cluster"], page["total"]) == ("ConfigMap", "mine", 1)
            shown = (await client.get(f"{base}/resources/{row['id']}")).json()
            assert shown["document"]["data"] == {"colour": "[REDACTED]"}
            assert (await client.get(f"{base}/resources/none")).status_code == 404
            assert (await client.get(f"{base}/resources?order=document")).status_code == 400
            assert (await client.get(f"{base}/resources?label==x")).status_code == 400
            changes = (await client.get(f"{base}/changes")).json()
            assert changes["items"] == []
            before = (await client.get(f"{base}/changes?after=0&kind=ConfigMap")).json()
            assert "shown" in {change["name"] for change in before["items"]}
            assert (await client.post(f"{base}/resync")).status_code == 202
        assert "mine" in await mesheryctl(http.url, "discovery", "status")
        kinds = await mesheryctl(http.url, "discovery", "status", "--kinds")
        assert "configmaps.v1." in kinds
        words = ("discovery", "resources", "--kind", "ConfigMap", "-n", kube_namespace.name)
        assert "shown" in await mesheryctl(http.url, *words)
        text = await mesheryctl(http.url, "discovery", "resources", row["id"], "-o", "yaml")
        assert "colour: '[REDACTED]'" in text
        assert "mine" in await mesheryctl(http.url, "discovery", "resync", "--kube-context", "mine")


async def mesheryctl(url: str, *words: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "meshery.cli.main", "--server", url, *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()
    return output.decode()
