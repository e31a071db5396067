"""What a plain NATS client sees is what MeshSync's own publishers say."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import nats
import pytest

from discovery.watch.support import CLUSTER, bus_of, eventually, is_settled, running
from fixtures.kube import KubeNamespace, config_map
from fixtures.nats import NatsServer
from meshery.discovery.model import ObjectKey, meshsync_id, object_id
from meshery.discovery.watch.cluster import ClusterWatch
from meshery.discovery.watch.meshsync import MeshSyncFace, MeshSyncSink
from meshery.discovery.watch.publisher import Publisher
from meshery.discovery.watch.wire import data_message, resource, stored_id
from meshery.kube.client import KubeClient

POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "p",
        "namespace": "n",
        "uid": "0b8e",
        "resourceVersion": "7",
        "creationTimestamp": "2026-11-21T10:00:00Z",
        "labels": {"app": "x"},
    },
    "spec": {"containers": [{"name": "main"}]},
    "status": {"phase": "Running"},
}


def test_the_message_of_a_change() -> None:
    assert json.loads(data_message("ADDED", POD, cluster_id=CLUSTER)) == {
        "ObjectType": "meshsync-data",
        "EventType": "ADDED",
        "Request": None,
        "Object": {
            "id": "",
            "apiVersion": "v1",
            "kind": "Pod",
            "model": "",
            "metadata": {
                "id": "",
                "name": "p",
                "namespace": "n",
                "uid": "0b8e",
                "resourceVersion": "7",
                "creationTimestamp": "2026-11-21T10:00:00Z",
                "labels": [
                    {"id": "", "unique_id": "", "kind": "label", "key": "app", "value": "x"}
                ],
                "cluster_id": "",
            },
            "spec": {"id": "", "attribute": '{"containers":[{"name":"main"}]}'},
            "status": {"id": "", "attribute": '{"phase":"Running"}'},
            "cluster_id": CLUSTER,
            "pattern_resource": None,
            "component_metadata": None,
        },
    }


def test_what_is_no_spec_is_json_within_text() -> None:
    owners = [{"kind": "ReplicaSet", "name": "r", "uid": "1", "apiVersion": "apps/v1"}]
    metadata = {**POD["metadata"], "ownerReferences": owners, "annotations": {"a": "b"}}
    found = resource(
        {
            **config_map("c", colour="red"),
            "metadata": metadata,
            "immutable": True,
            "binaryData": {"x": "AA=="},
            "type": "t",
        },
        cluster_id="",
    )
    assert json.loads(found["metadata"]["ownerReferences"]) == owners
    assert found["metadata"]["annotations"][0]["kind"] == "annotation"
    assert (found["data"], found["immutable"]) == ('{"colour":"red"}', "true")
    assert (found["binaryData"], found["type"]) == ('{"x":"AA=="}', "t")


@pytest.mark.parametrize(("port", "url"), [(443, "https://web.n:443"), (80, "http://web.n:80")])
def test_a_service_says_where_it_is(port: int, url: str) -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "n"},
        "spec": {"ports": [{"port": port}]},
    }
    capabilities = {"connection": True, "urls": [url]}
    found = resource(service, cluster_id="")
    assert found["component_metadata"] == {"capabilities": capabilities}


def test_ids_are_those_of_the_sheet() -> None:
    key = ObjectKey("v1", "Pod", "n", "p", "0b8e")
    expected = base64.b64encode(f"{CLUSTER}.Pod.v1.n.p".encode()).decode()
    assert meshsync_id(CLUSTER, key) == stored_id(CLUSTER, POD) == expected
    assert object_id(CLUSTER, "0b8e") == object_id(CLUSTER, "0b8e") != object_id("", "0b8e")


@asynccontextmanager
async def heard(server: NatsServer, subject: str) -> AsyncIterator[list[dict[str, Any]]]:
    """What a client hears that knows nothing of us."""
    client = await nats.connect(server.url, token=server.token)
    messages: list[dict[str, Any]] = []

    async def take(message: Any) -> None:
        messages.append(json.loads(message.data))

    await client.subscribe(subject, cb=take)
    await client.flush()
    try:
        yield messages
    finally:
        await client.close()


async def ask(server: NatsServer, entity: str, payload: Any = None) -> None:
    client = await nats.connect(server.url, token=server.token)
    request = {"Entity": entity, "Payload": payload}
    message = {"ObjectType": "", "EventType": "", "Request": request, "Object": None}
    await client.publish("meshery.meshsync.request", json.dumps(message).encode())
    await client.close()


async def test_a_client_of_meshsync_is_told_and_answered(
    client: KubeClient, kube_namespace: KubeNamespace, nats_server: NatsServer
) -> None:
    await kube_namespace.create(config_map("early", colour="red"))
    async with (
        bus_of(nats_server) as bus,
        heard(nats_server, "meshery.meshsync.core") as changes,
        heard(nats_server, "my.store") as store,
        heard(nats_server, "meshsync-meta") as versions,
    ):
        publisher = Publisher(bus)
        watch = ClusterWatch(client, CLUSTER, MeshSyncSink(publisher, bus))
        async with running(watch.run(), MeshSyncFace(watch, client, bus).run()):
            await eventually(lambda: is_settled(watch), timeout_s=40)
            await kube_namespace.create(config_map("late", colour="red"))
            await kube_namespace.kubectl("delete", "configmap", "late")
            events = ["ADDED", "DELETED"]
            await eventually(lambda: [m["EventType"] for m in _of(changes, "late")] == events)
            told = _of(changes, "early")[0]
            assert (told["ObjectType"], told["Request"]) == ("meshsync-data", None)
            assert told["Object"]["data"] == '{"colour":"[REDACTED]"}'
            assert told["Object"]["cluster_id"] == CLUSTER
            await ask(nats_server, "informer-store", {"Reply": "my.store"})
            objects = sum(status.objects for status in watch.status())
            await eventually(lambda: sum(len(m["Object"]) for m in store) >= objects)
            assert {(m["ObjectType"], m["EventType"], m["Request"]) for m in store} == {
                ("", "", None)
            }
            assert max(len(message["Object"]) for message in store) <= 5
            await ask(nats_server, "meshsync-meta")
            await eventually(lambda: [m["Object"] for m in versions] == ["1.0.3"])
            await ask(nats_server, "resync-discovery")
            await eventually(lambda: len(_of(changes, "early")) == 2, what="all of it again")
            await asyncio.sleep(0)
        await publisher.close()


def _of(messages: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [each for each in messages if each["Object"]["metadata"]["name"] == name]
