"""Ways to pods, through the real API server to a kubelet that kwok plays."""

import asyncio
from typing import Any

import pytest

from fixtures.kube import config_map, deployment
from kube.test_streams import pod, second_client
from meshery.apply.target import Endpoint, Object, Ref
from meshery.connections.pods import port_at, selector_of
from meshery.connections.target import KubernetesTarget
from meshery.core.errors import NotFoundError, UnavailableError, UnsupportedError
from meshery.kube.client import KubeClient

__all__ = ["pod", "second_client"]

SPACE, DEPLOYMENT = "default", ("apps/v1", "Deployment")


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


def pod_of(*containers: dict[str, Any], default: str = "") -> Object:
    marks = {"kubectl.kubernetes.io/default-container": default} if default else {}
    metadata = {"name": "p", "annotations": marks}
    return {"metadata": metadata, "spec": {"containers": list(containers)}}


def container(name: str, port: int, called: str = "") -> dict[str, Any]:
    return {"name": name, "ports": [{"containerPort": port, "name": called}]}


def test_ports_of_what_a_mesh_injected_are_not_meant() -> None:
    injected = pod_of(container("proxy", 15090, "metrics"), container("app", 8080, "http"))
    template = {"spec": {"template": pod_of(container("app", 8080))}}
    assert port_at(Ref(*DEPLOYMENT, "web"), template, injected, 0) == 8080
    assert port_at(Ref(*DEPLOYMENT, "web"), template, injected, 9000) == 9000
    assert port_at(Ref("v1", "Pod", "p"), injected, injected, 0) == 15090
    chosen = pod_of(*injected["spec"]["containers"], default="app")
    assert port_at(Ref("v1", "Pod", "p"), chosen, chosen, 0) == 8080
    named = service("web", {"app": "web"}, {"port": 80, "targetPort": "http"}, {"port": 81})
    assert port_at(Ref("v1", "Service", "web"), named, injected, 0) == 8080
    assert port_at(Ref("v1", "Service", "web"), named, injected, 81) == 81


def test_expressions_select_pods_too() -> None:
    selector = {
        "matchLabels": {"app": "web"},
        "matchExpressions": [
            {"key": "track", "operator": "In", "values": ["a", "b"]},
            {"key": "zone", "operator": "NotIn", "values": ["x"]},
            {"key": "new", "operator": "Exists"},
            {"key": "old", "operator": "DoesNotExist"},
        ],
    }
    text = selector_of(Ref(*DEPLOYMENT, "web"), {"spec": {"selector": selector}})
    assert text == "app=web,track in (a,b),zone notin (x),new,!old"
