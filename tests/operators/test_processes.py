"""Operator, watcher and NATS as real processes, from the pod specs that were created.

`kubectl apply` of the manifests and of the two objects, as a person does it. What is Ready here was
seen at the broker: kwok's word counts for nothing.
"""

import asyncio
import json
from typing import Any

import httpx2
import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import StreamConfig

from fixtures.http import NO_TLS
from fixtures.kube import config_map, kubectl
from fixtures.node import Pod
from fixtures.waiting import until
from meshery.kube.local.control_plane import ControlPlane
from meshery.operator.manifests import folder
from operators.cluster import READY, Cluster, made_stream, state_of
from operators.objects import broker, conditions, made, meshsync, watching

pytestmark = [
    pytest.mark.timeout(300),
    # nats-py forgets the connection to a server that ends while it connects.
    pytest.mark.filterwarnings("ignore:unclosed <StreamWriter:ResourceWarning"),
]
SAMPLES = folder() / "samples"
PODS_ALONE = [{"Resource": "pods.v1.", "Events": ["ADDED", "MODIFIED", "DELETED"]}]


class Heard:
    """Messages of a subject, as they come."""

    def __init__(self) -> None:
        self.all: list[Any] = []

    async def put(self, raw: Msg) -> None:
        self.all.append(json.loads(raw.data))

    def objects(self, name: str) -> list[Any]:
        """Changes of the object of that name."""
        return [
            each
            for each in self.all
            if isinstance(each["Object"], dict) and each["Object"]["metadata"]["name"] == name
        ]

    async def until_seen(self, name: str, event: str) -> Any:
        async def is_seen() -> bool:
            return any(each["EventType"] == event for each in self.objects(name))

        await until(is_seen, timeout_s=30, what=f"{name} {event}")
        return next(each for each in self.objects(name) if each["EventType"] == event)


async def test_the_whole_way(cluster: Cluster, kube: ControlPlane) -> None:
    namespace = cluster.namespace
    await kubectl(kube, "apply", "-f", str(SAMPLES))
    await cluster.ready()
    connections = (await cluster.monitor("connz"))["connections"]
    assert [each["name"] for each in connections] == ["meshsync"]
    assert connections[0]["in_msgs"] > 0
    found = await namespace.get("meshsync", "meshery-meshsync")
    assert conditions(found) == {
        "Processing": ("False", "ReconciliationSuccessful"),
        "Ready": READY,
        "Failed": ("False", "ReconciliationSuccessful"),
    }
    assert (
        found["status"]["publishing-to"] == f"nats://{await cluster.service('meshery-nats')}:4222"
    )
    await _worked_messages(cluster)
    await _watch_list(cluster)
    await _upgrade(cluster)
    await _nothing_is_left(cluster, kube)


async def _worked_messages(cluster: Cluster) -> None:
    """The messages of the sheet, by a client that knows nothing of us."""
    system = json.loads(await kubectl(cluster.plane, "get", "ns", "kube-system", "-o", "json"))
    core, store, meta = Heard(), Heard(), Heard()
    async with cluster.client() as client:
        await client.subscribe("meshery.meshsync.core", cb=core.put)
        await client.subscribe("mine.store", cb=store.put)
        await client.subscribe("meshsync-meta", cb=meta.put)
        await client.flush()
        labelled = config_map("flowing", colour="red")
        labelled["metadata"]["labels"] = {"app": "x"}
        await cluster.namespace.create(labelled)
        told = await core.until_seen("flowing", "ADDED")
        assert set(told) == {"ObjectType", "EventType", "Request", "Object"}
        assert (told["ObjectType"], told["Request"]) == ("meshsync-data", None)
        resource = told["Object"]
        assert resource["id"] == ""
        assert resource["cluster_id"] == system["metadata"]["uid"]
        assert {"id": "", "unique_id": "", "kind": "label", "key": "app", "value": "x"} in resource[
            "metadata"
        ]["labels"]
        assert json.loads(resource["data"]) == {"colour": "[REDACTED]"}
        await cluster.namespace.kubectl("delete", "configmap", "flowing")
        await core.until_seen("flowing", "DELETED")

        async def ask(entity: str, payload: Any) -> None:
            request = {"Entity": entity, "Payload": payload}
            envelope = {"ObjectType": "", "EventType": "", "Request": request, "Object": None}
            await client.publish("meshery.meshsync.request", json.dumps(envelope).encode())

        await ask("informer-store", {"Reply": "mine.store"})
        await ask("meshsync-meta", None)

        async def is_answered() -> bool:
            names = {each["metadata"]["name"] for part in store.all for each in part["Object"]}
            return {"meshery-nats-0", "kube-system"} <= names and bool(meta.all)

        await until(is_answered, timeout_s=30, what="the store and the version")
        assert {len(part["Object"]) for part in store.all} <= {1, 2, 3, 4, 5}
        assert {(part["ObjectType"], part["EventType"]) for part in store.all} == {("", "")}
        assert isinstance(meta.all[0]["Object"], str)
        core.all.clear()
        await ask("resync-discovery", None)
        await core.until_seen("meshery-nats-0", "ADDED")


async def _watch_list(cluster: Cluster) -> None:
    """Another list acts in the same process."""
    process = cluster.pod("meshery-meshsync").process
    heard = Heard()
    await cluster.namespace.create(meshsync(size=1, watch_list=watching(PODS_ALONE)))
    async with cluster.client() as client:
        await client.subscribe("meshery.meshsync.core", cb=heard.put)
        await client.flush()

        async def pods_alone() -> bool:
            heard.all.clear()
            mark = f"mark-{asyncio.get_running_loop().time():.3f}".replace(".", "-")
            await cluster.namespace.create(config_map(mark))
            await cluster.namespace.kubectl("annotate", "pod", "--all", f"at={mark}", "--overwrite")
            await heard.until_seen("meshery-nats-0", "MODIFIED")
            return not heard.objects(mark)

        await until(pods_alone, timeout_s=60, what="pods alone")
    assert cluster.pod("meshery-meshsync").process is process
    assert process is not None
    assert process.poll() is None


async def _upgrade(cluster: Cluster) -> None:
    before = cluster.pod("meshery-nats-0")
    await cluster.namespace.create(broker(size=1, version="v2.15.1"))

    async def is_new() -> bool:
        pods = cluster.node.find("meshery-nats-0")
        return bool(pods) and pods[0].uid != before.uid

    await until(is_new, timeout_s=60, what="a new pod")
    assert cluster.pod("meshery-nats-0").container["image"] == "nats:2.15.1-alpine"
    # The stream went with the pod: all is told again, by itself.
    await cluster.ready()


async def _nothing_is_left(cluster: Cluster, kube: ControlPlane) -> None:
    whole = await cluster.namespace.kubectl("get", "broker,meshsync", "-o", "json")
    assert "kopf" not in whole
    samples = ("delete", "--timeout=60s", "-f", str(SAMPLES))
    await kubectl(kube, *samples)
    assert await made(cluster.namespace) == []
    assert "meshery:meshsync" not in await kubectl(kube, "get", "clusterrolebindings")

    async def all_ended() -> bool:
        return {name[:11] for name in cluster.node.ended} >= {"meshery-nat", "meshery-mes"}

    await until(all_ended, timeout_s=20, what="the end of all processes")
    assert [pod.name for pod in cluster.node.find("meshery-")] == [
        cluster.pod("meshery-operator").name
    ]
    codes = [code for name, code in cluster.node.ended.items() if "meshsync" in name]
    assert codes == [0]
    await kubectl(kube, "delete", "--timeout=60s", "-f", str(folder()))
    assert "meshery" not in await kubectl(kube, "get", "ns,crd,clusterroles,clusterrolebindings")


async def test_three_servers_of_which_one_is_killed(cluster: Cluster) -> None:
    await cluster.namespace.create(broker(size=1), meshsync())
    await cluster.ready()
    await cluster.namespace.create(broker(size=3))
    await cluster.ready()
    addresses = [await cluster.service(f"meshery-nats-{number}") for number in range(3)]
    for address in addresses:
        routes = (await cluster.monitor("routez", at=address))["routes"]
        assert len({route["remote_name"] for route in routes}) == 2
    async with cluster.client() as client:
        stream = client.jetstream()
        kept = StreamConfig(name="ORDERS", subjects=["orders"], num_replicas=3)
        leader = (await made_stream(stream, kept)).cluster.leader  # type: ignore[union-attr]
        sent = 0
        for number in range(200):
            if number == 100:
                cluster.pod(leader or "").kill(restarts=False)
            sent += await _published(client, number)
        assert sent == 200
        assert (await state_of(stream, "ORDERS")).state.messages == 200
        discovery = await state_of(stream, "DISCOVERY")
        assert discovery.config.num_replicas == 3
        said = await cluster.not_ready("broker", "meshery-broker")
        assert "does not answer" in said
        before = discovery.state.last_seq
        await cluster.namespace.create(config_map("meanwhile"))

        async def flows() -> bool:
            return bool((await state_of(stream, "DISCOVERY")).state.last_seq > before)

        await until(flows, timeout_s=40, what="objects flow with two servers")
        cluster.pod(leader or "").restarts = True
        await cluster.ready()
        assert (await state_of(stream, "ORDERS")).state.messages == 200
    await cluster.namespace.create(broker(size=1))
    await cluster.ready()
    assert [pod.name for pod in cluster.node.find("meshery-nats")] == ["meshery-nats-0"]


async def _published(client: Client, number: int) -> int:
    """Once acknowledged it is stored; until then the same message is sent again."""
    for _ in range(100):
        try:
            await client.jetstream().publish(
                "orders", str(number).encode(), timeout=2, headers={"Nats-Msg-Id": str(number)}
            )
        except (nats.errors.Error, OSError):
            await asyncio.sleep(0.1)
        else:
            return 1
    return 0


async def test_of_two_operators_one_acts_and_the_other_takes_over(cluster: Cluster) -> None:
    await cluster.namespace.kubectl("scale", "deployment/meshery-operator", "--replicas=2")

    async def leading() -> dict[str, float]:
        return {pod.name: await _metric(pod, "meshery_operator_leading") for pod in operators()}

    def operators() -> list[Pod]:
        return cluster.node.find("meshery-operator")

    async def one_of_two() -> bool:
        return sorted((await leading()).values()) == [0.0, 1.0]

    await until(one_of_two, timeout_s=60, what="one of two leads")
    found = await leading()
    holder = next(pod for pod in operators() if found[pod.name])
    other = next(pod for pod in operators() if not found[pod.name])
    await cluster.namespace.create(broker())
    await until(
        lambda: _counted(holder, at_least=1), timeout_s=30, what="the holder looked at the Broker"
    )
    assert await _metric(other, "meshery_operator_reconcile_total", "broker") == 0
    for path in ("healthz", "readyz"):
        assert await _status(other, path) == 200
    holder.kill(restarts=False)
    await cluster.namespace.create(broker("second"))
    await until(lambda: _counted(other, at_least=2), timeout_s=60, what="the other took over")

    async def is_made() -> bool:
        return "statefulset.apps/second-nats" in await made(cluster.namespace)

    await until(is_made, timeout_s=30, what="the servers of the second Broker")
    assert await _metric(other, "meshery_operator_reconcile_duration_seconds_count", "broker") > 0


async def _counted(pod: Pod, *, at_least: int) -> bool:
    return await _metric(pod, "meshery_operator_reconcile_total", "broker") >= at_least


async def _status(pod: Pod, path: str) -> int:
    async with httpx2.AsyncClient(trust_env=False, timeout=5, verify=NO_TLS) as http:
        return (await http.get(f"http://{pod.address}:8081/{path}")).status_code


async def _metric(pod: Pod, name: str, controller: str = "") -> float:
    """A figure of its metrics: 0 where there is none, -1 while it does not answer."""
    try:
        async with httpx2.AsyncClient(trust_env=False, timeout=5, verify=NO_TLS) as http:
            text = (await http.get(f"http://{pod.address}:8081/metrics")).text
    except httpx2.TransportError:
        return -1.0
    label = f'{{controller="{controller}"}}' if controller else ""
    lines = [line for line in text.splitlines() if line.startswith(f"{name}{label} ")]
    return float(lines[0].rpartition(" ")[2]) if lines else 0.0
