"""Ways to pods, through the real API server to a kubelet that kwok plays."""

import asyncio
from typing import Any

import pytest

from fixtures.kube import config_map, deployment
from kube.test_streams import pod, second_client
from meshery.apply.target import Endpoint, Object, Ref
from meshery.connections.target import KubernetesTarget
from meshery.core.errors import NotFoundError, UnavailableError, UnsupportedError
from meshery.kube.client import KubeClient

__all__ = ["pod", "second_client"]

SPACE = "default"


def service(name: str, selector: dict[str, str], *ports: dict[str, Any]) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": SPACE},
        "spec": {"selector": selector, "ports": list(ports)},
    }


async def spoken(endpoint: Endpoint) -> bytes:
    reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port)
    try:
        async with asyncio.timeout(20):
            writer.write(b"hello")
            return await reader.readexactly(5)
    finally:
        writer.close()
        await writer.wait_closed()


async def test_a_ready_pod_answers_for_its_service(second_client: KubeClient, pod: str) -> None:
    target = KubernetesTarget(second_client, name="here", manager="test")
    labels = {"app": pod}
    mark = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": pod, "labels": labels}}
    spec = (await target.get(Ref("v1", "Pod", pod)))["spec"]
    forced = KubernetesTarget(second_client, name="here", manager="test", force=True)
    await forced.apply([{**mark, "spec": {"containers": [
        {"name": each["name"], "image": each["image"]} for each in spec["containers"]
    ]}}])  # fmt: skip
    named = {"name": "named", "port": 81, "targetPort": "http"}
    workload = deployment(pod)
    workload["metadata"]["namespace"] = SPACE
    svc = service(pod, labels, {"name": "web", "port": 80, "targetPort": 8080}, named)
    empty = service(f"{pod}-empty", {"app": "nothing"}, {"port": 80})
    await target.apply([svc, empty])
    try:
        ref = Ref("v1", "Service", pod)
        for port in (0, 80):
            async with target.reach(ref, port=port) as endpoint:
                assert endpoint.authority == f"{pod}.{SPACE}.svc"
                assert await spoken(endpoint) == b"HELLO"
        async with target.reach(Ref("v1", "Pod", pod), port=8080) as endpoint:
            assert await spoken(endpoint) == b"HELLO"
        with pytest.raises(NotFoundError, match="no port 443"):
            async with target.reach(ref, port=443):
                pass
        with pytest.raises(NotFoundError, match="leads nowhere"):
            async with target.reach(ref, port=81):
                pass
        with pytest.raises(UnavailableError, match="no pod"):
            async with target.reach(Ref("v1", "Service", f"{pod}-empty")):
                pass
    finally:
        for name in (pod, f"{pod}-empty"):
            await target.delete(Ref("v1", "Service", name))


async def test_what_has_no_pods_cannot_be_reached(second_client: KubeClient) -> None:
    target = KubernetesTarget(second_client, name="here")
    (change,) = await target.apply([config_map("plain")])
    with pytest.raises(UnsupportedError):
        async with target.reach(change.ref):
            pass
    await target.delete(change.ref)
