"""A control plane does what a cluster does, and survives the loss of its parts."""

import asyncio
import json
from http import HTTPStatus
from ipaddress import ip_address, ip_network

import httpx2
import psutil
import pytest

from fixtures.kube import KubeNamespace, config_map, deployment, kubectl
from fixtures.waiting import until
from meshery.core.errors import ConflictError, DeadlineError, UnavailableError, UnsupportedError
from meshery.kube.local.binaries import API_SERVER, ETCD, Binaries
from meshery.kube.local.control_plane import ControlPlane, control_plane
from meshery.kube.local.options import PlaneOptions


async def test_a_deployment_becomes_ready(kube_namespace: KubeNamespace) -> None:
    await kube_namespace.create(deployment("web", replicas=3))
    await kube_namespace.until_ready("web")
    found = await kube_namespace.get("deployment", "web")
    assert found["status"]["readyReplicas"] == 3


async def test_a_job_completes_and_its_pod_can_be_deleted(kube_namespace: KubeNamespace) -> None:
    container = {"name": "main", "image": "example.invalid/once:1"}
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    job = {"kind": "Job", "metadata": {"name": "once"}, "spec": {"template": template}}
    await kube_namespace.create({"apiVersion": "batch/v1", **job})
    await kube_namespace.kubectl("wait", "--for=condition=complete", "job/once", "--timeout=60s")
    await kube_namespace.kubectl("delete", "job/once", "--cascade=foreground", "--timeout=60s")
    assert await kube_namespace.kubectl("get", "pods", "-o", "name") == ""


async def test_a_second_node_takes_pods(kube: ControlPlane, kube_namespace: KubeNamespace) -> None:
    await kube.add_node("node-extra")
    template = deployment("there")
    template["spec"]["template"]["spec"]["nodeName"] = "node-extra"
    await kube_namespace.create(template)
    await kube_namespace.until_ready("there")
    await kubectl(kube, "delete", "node", "node-extra")


async def test_a_node_holds_its_lease_lest_it_is_taken_for_lost(kube: ControlPlane) -> None:
    path = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node-0"
    async with kube.client() as client:

        async def is_held() -> bool:
            return (await client.get(path)).status_code == HTTPStatus.OK

        await until(is_held, what="the lease of the node")


async def test_namespaces_do_not_see_each_other(
    kube: ControlPlane, kube_namespace: KubeNamespace
) -> None:
    await kube_namespace.create(config_map("mine", key="value"))
    elsewhere = KubeNamespace(kube, "default")
    assert "mine" not in await elsewhere.kubectl("get", "configmaps", "-o", "name")


async def test_a_killed_api_server_comes_back_with_what_was_stored(
    kube: ControlPlane, kube_namespace: KubeNamespace
) -> None:
    await kube_namespace.create(config_map("kept", key="value"))
    await kube.kill_api_server()
    assert API_SERVER not in kube.pids
    await kube.start_api_server()
    assert (await kube_namespace.get("configmap", "kept"))["data"] == {"key": "value"}
    await kube_namespace.create(deployment("after"))
    await kube_namespace.until_ready("after")


async def test_a_killed_etcd_fails_requests_until_it_is_back(
    second_kube: ControlPlane,
) -> None:
    path = "/api/v1/namespaces/default/configmaps"
    async with second_kube.client() as client:
        assert (await client.post(path, json=config_map("kept"))).status_code == HTTPStatus.CREATED
        await second_kube.kill_etcd()
        try:
            assert await is_refused(client, path)
        finally:
            await second_kube.start_etcd()

        async def is_back() -> bool:
            return (await client.get(f"{path}/kept")).status_code == HTTPStatus.OK

        await until(is_back, timeout_s=30, what="reading what was stored")


async def is_refused(client: httpx2.AsyncClient, path: str) -> bool:
    """Whether an object is not taken: by an answer, or without one when the time is up."""
    try:
        answer = await client.post(path, json=config_map("lost"), params={"timeout": "1s"})
    except httpx2.RemoteProtocolError:
        return True
    return answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR


async def test_after_a_compaction_an_old_watch_is_gone(second_kube: ControlPlane) -> None:
    path = "/api/v1/namespaces/default/configmaps"
    async with second_kube.client() as client:
        old = (await client.get(path)).json()["metadata"]["resourceVersion"]
        for number in range(3):
            await client.post(path, json=config_map(f"step-{number}"))
    await second_kube.compact()
    async with second_kube.client() as client:
        watch = {"watch": "true", "resourceVersion": old, "timeoutSeconds": "5"}
        answer = await client.get(path, params=watch)
    said = [json.loads(line) for line in answer.text.splitlines()]
    codes = {answer.status_code, *(event.get("object", {}).get("code") for event in said)}
    assert HTTPStatus.GONE in codes


async def test_a_local_program_stands_at_a_services_address(
    kube: ControlPlane, kube_namespace: KubeNamespace
) -> None:
    port = 18080
    ports = {"ports": [{"port": port, "protocol": "TCP"}]}
    service = {"kind": "Service", "metadata": {"name": "web"}, "spec": ports}
    await kube_namespace.create({"apiVersion": "v1", **service})
    address = (await kube_namespace.get("service", "web"))["spec"]["clusterIP"]
    assert ip_address(address) in ip_network(kube.options.service_range)

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"here")
        writer.close()

    async with await asyncio.start_server(answer, address, port):
        reader, writer = await asyncio.open_connection(address, port)
        assert await reader.read() == b"here"
        writer.close()
        await writer.wait_closed()


async def test_two_clusters_stand_side_by_side(
    kube: ControlPlane, second_kube: ControlPlane
) -> None:
    addresses = []
    for plane in (kube, second_kube):
        async with plane.client() as client:
            service = await client.get("/api/v1/namespaces/default/services/kubernetes")
            addresses.append(service.json()["spec"]["clusterIP"])
    assert addresses == [kube.options.service_ip, second_kube.options.service_ip]
    assert addresses[0] != addresses[1]


async def test_a_user_may_do_what_a_role_allows_and_nothing_else(
    kube: ControlPlane, kube_namespace: KubeNamespace
) -> None:
    path = f"/api/v1/namespaces/{kube_namespace.name}/configmaps"
    async with kube.client("viewer") as client:
        assert (await client.get(path)).status_code == HTTPStatus.FORBIDDEN
        binding = ("create", "rolebinding", "see", "--clusterrole=view", "--group=viewers")
        await kube_namespace.kubectl(*binding)

        async def may_read() -> bool:
            return (await client.get(path)).status_code == HTTPStatus.OK

        await until(may_read, what="the role")
        refused = await client.post(path, json=config_map("no"))
        assert refused.status_code == HTTPStatus.FORBIDDEN
    said = await kube_namespace.kubectl("auth", "whoami", "-o", "json", user="viewer")
    assert "viewers" in json.loads(said)["status"]["userInfo"]["groups"]


async def test_the_server_tells_the_pinned_version(second_kube: ControlPlane) -> None:
    async with second_kube.client() as client:
        version = (await client.get("/version")).json()
    assert (version["major"], version["minor"]) == ("1", "36")


async def test_nothing_is_left_after_the_block(
    second_kube: ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("short-lived")
    options = PlaneOptions(service_range="127.80.0.0/16", is_api_only=True)
    async with control_plane(root, options=options, binaries=second_kube.binaries) as plane:
        pids = dict(plane.pids)
        assert set(pids) == {ETCD, API_SERVER}
        assert all(psutil.pid_exists(pid) for pid in pids.values())
    assert plane.pids == {}
    assert not any(psutil.pid_exists(pid) for pid in pids.values())


async def test_a_taken_port_is_said_before_anything_starts(
    second_kube: ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> None:
    options = PlaneOptions(api_port=second_kube.ports.api)
    root = tmp_path_factory.mktemp("refused")
    with pytest.raises(ConflictError, match="kube-apiserver cannot listen on port"):
        async with control_plane(root, options=options, binaries=second_kube.binaries):
            pass
    assert not (root / "logs").exists()


async def test_a_component_that_ends_tells_its_last_words(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    binaries = _etcd_that("echo no space left; exit 3", tmp_path_factory)
    with pytest.raises(UnavailableError, match="etcd ended by itself") as told:
        async with control_plane(tmp_path_factory.mktemp("root"), binaries=binaries):
            pass
    assert told.value.cause == "no space left"


async def test_a_component_that_is_not_ready_in_time_is_ended(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    binaries = _etcd_that("echo still thinking; exec sleep 60", tmp_path_factory)
    root, options = tmp_path_factory.mktemp("root"), PlaneOptions(ready_timeout_s=0.5)
    with pytest.raises(DeadlineError, match=r"etcd is not ready after 0\.5 s") as told:
        async with control_plane(root, options=options, binaries=binaries):
            pass
    assert told.value.cause == "still thinking"


async def test_a_missing_program_is_named(tmp_path_factory: pytest.TempPathFactory) -> None:
    binaries = Binaries(tmp_path_factory.mktemp("empty"))
    with pytest.raises(UnsupportedError, match="the program etcd is missing"):
        async with control_plane(tmp_path_factory.mktemp("root"), binaries=binaries):
            pass


def _etcd_that(does: str, tmp_path_factory: pytest.TempPathFactory) -> Binaries:
    directory = tmp_path_factory.mktemp("programs")
    (directory / ETCD).write_text(f"#!/bin/sh\n{does}\n")
    (directory / ETCD).chmod(0o755)
    return Binaries(directory)
