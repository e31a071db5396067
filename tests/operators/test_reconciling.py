"""What an operator makes of Brokers and MeshSyncs, on a control plane without any containers.

kwok calls every pod Ready; nothing listens here, so nothing of this may ever become ready.
"""

import base64
import json

import pytest

from fixtures.kube import KubeNamespace, config_map, kubectl
from fixtures.waiting import until
from meshery.kube.local.control_plane import ControlPlane
from meshery.operator.names import BROKER_FINALIZER, MESHSYNC_FINALIZER
from operators.objects import (
    ONE,
    broker,
    conditions,
    made,
    meshsync,
    message,
    until_said,
    watching,
)

pytestmark = pytest.mark.timeout(180)


async def test_a_broker_is_made_and_is_not_ready_before_it_answers(
    operated: KubeNamespace,
) -> None:
    await operated.create(broker())
    found = await until_said(operated, "broker", "meshery-broker", "does not answer")
    assert conditions(found) == {
        "Processing": ("True", "Reconciling"),
        "Ready": ("False", "HealthCheckFailed"),
        "Failed": ("False", "HealthCheckFailed"),
    }
    assert found["metadata"]["finalizers"] == [BROKER_FINALIZER]
    assert "annotations" not in found["metadata"]
    assert await made(operated) == ONE
    servers = await operated.get("statefulset", "meshery-nats")
    assert servers["status"]["readyReplicas"] == 1, "kwok says it is"
    service = await operated.get("service", "meshery-nats")
    assert found["status"]["endpoint"] == {"internal": f"{service['spec']['clusterIP']}:4222"}
    assert [(port["name"], port["port"]) for port in service["spec"]["ports"]] == [
        ("nats", 4222),
        ("monitor", 8222),
    ]
    token = base64.b64decode((await operated.get("secret", "meshery-nats-auth"))["data"]["token"])
    assert len(token) == 65
    assert token.startswith(b"t")
    owners = ("get", "statefulset", "meshery-nats", "--show-managed-fields", "-o", "json")
    assert '"manager": "meshery-operator-broker"' in await operated.kubectl(*owners)


async def test_what_others_change_is_put_back(operated: KubeNamespace) -> None:
    await operated.create(broker())
    await until_said(operated, "broker", "meshery-broker", "does not answer")
    secret = (await operated.get("secret", "meshery-nats-auth"))["data"]
    await operated.kubectl("delete", "service", "meshery-nats-headless")
    await operated.kubectl("scale", "statefulset/meshery-nats", "--replicas=3")

    async def is_as_it_was() -> bool:
        servers = await operated.get("statefulset", "meshery-nats")
        return servers["spec"]["replicas"] == 1 and await made(operated) == ONE

    await until(is_as_it_was, timeout_s=30)
    assert (await operated.get("secret", "meshery-nats-auth"))["data"] == secret


async def test_three_servers_become_one_again(operated: KubeNamespace) -> None:
    await operated.create(broker(size=3))
    await until_said(operated, "broker", "meshery-broker", "does not answer")
    names = await made(operated)
    replicas = [f"service/meshery-nats-{number}" for number in range(3)]
    assert set(names) - set(ONE) == {*replicas, "poddisruptionbudget.policy/meshery-nats"}
    container = (await operated.get("statefulset", "meshery-nats"))["spec"]["template"]["spec"]
    routes = container["containers"][0]["command"][-1].split(",")
    addresses = [
        (await operated.get("service", name.partition("/")[2]))["spec"]["clusterIP"]
        for name in replicas
    ]
    assert [route.partition("@")[2] for route in routes] == [f"{each}:6222" for each in addresses]
    assert (
        "cluster {" in (await operated.get("configmap", "meshery-nats-config"))["data"]["nats.conf"]
    )
    await operated.create(broker(size=1))

    async def is_one() -> bool:
        return await made(operated) == ONE

    await until(is_one, timeout_s=30, what="one server")


async def test_a_version_is_an_image(operated: KubeNamespace) -> None:
    async def image() -> str:
        servers = await operated.get("statefulset", "meshery-nats")
        return str(servers["spec"]["template"]["spec"]["containers"][0]["image"])

    async def is_new() -> bool:
        pod = await operated.get("pod", "meshery-nats-0")
        return bool(pod["spec"]["containers"][0]["image"] == "nats:2.15.1-alpine")

    await operated.create(broker())
    await until_said(operated, "broker", "meshery-broker", "does not answer")
    assert await image() == "nats:2.14.2-alpine"
    await operated.create(broker(version="v2.15.1"))
    await until(is_new, timeout_s=30, what="a pod of the new version")


async def test_what_belongs_to_others_is_not_taken_over(operated: KubeNamespace) -> None:
    await operated.create(config_map("meshery-nats-config", mine="1"), broker())
    found = await until_said(operated, "broker", "meshery-broker", "belongs to somebody else")
    assert conditions(found)["Failed"] == ("True", "ReconciliationFailed")
    kept = await operated.get("configmap", "meshery-nats-config")
    assert kept["data"] == {"mine": "1"}
    await operated.kubectl("delete", "configmap", "meshery-nats-config")
    await until_said(operated, "broker", "meshery-broker", "does not answer")


async def test_several_brokers_in_one_namespace(operated: KubeNamespace) -> None:
    await operated.create(broker(), broker("orders"))
    await until_said(operated, "broker", "orders", "does not answer")
    await until_said(operated, "broker", "meshery-broker", "does not answer")
    names = await made(operated)
    assert {"statefulset.apps/meshery-nats", "statefulset.apps/orders-nats"} <= set(names)
    await operated.kubectl("delete", "broker", "orders", "--timeout=30s")
    assert await made(operated) == ONE


async def test_ways_from_outside(operated: KubeNamespace) -> None:
    await operated.create(broker(service={"type": "LoadBalancer"}))
    await until_said(operated, "broker", "meshery-broker", "does not answer")
    service = await operated.get("service", "meshery-nats-external")
    assert [port["port"] for port in service["spec"]["ports"]] == [4222], "no monitor outside"
    ingress = json.dumps({"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}})
    patch = ("patch", "service", "meshery-nats-external", "--subresource=status", "--type=merge")
    await operated.kubectl(*patch, "-p", ingress)

    async def has(external: str) -> bool:
        found = await operated.get("broker", "meshery-broker")
        return bool(found["status"]["endpoint"].get("external") == external)

    await until(lambda: has("192.0.2.7:4222"), timeout_s=20, what="its address")
    override = {"type": "LoadBalancer", "externalEndpointOverride": "nats.example.com:443"}
    await operated.create(broker(service=override))
    await until(lambda: has("nats.example.com:443"), timeout_s=20, what="the override")
    await operated.create(broker(service={"type": "NodePort"}))

    async def has_node_port() -> bool:
        service = await operated.get("service", "meshery-nats-external")
        return await has(f"127.0.0.1:{service['spec']['ports'][0].get('nodePort')}")

    await until(has_node_port, timeout_s=20, what="a node's port")
    await operated.create(broker(service={"type": "ClusterIP"}))

    async def is_closed() -> bool:
        return await made(operated) == ONE

    await until(is_closed, timeout_s=20, what="no way from outside")


async def test_a_watcher_is_made_with_rights_of_its_own(operated: KubeNamespace) -> None:
    await operated.create(meshsync(size=2))
    found = await until_said(operated, "meshsync", "meshery-meshsync", "waits for Broker")
    assert found["metadata"]["finalizers"] == [MESHSYNC_FINALIZER]
    await operated.create(broker())
    found = await until_said(operated, "meshsync", "meshery-meshsync", "does not answer")
    service = await operated.get("service", "meshery-nats")
    address = service["spec"]["clusterIP"]
    assert found["status"]["publishing-to"] == f"nats://{address}:4222"
    watcher = (await operated.get("deployment", "meshery-meshsync"))["spec"]
    assert watcher["replicas"] == 2
    assert watcher["template"]["metadata"]["labels"].items() >= {
        ("app", "meshery"),
        ("component", "meshsync"),
    }
    environment = {
        each["name"]: each.get("value") for each in
        watcher["template"]["spec"]["containers"][0]["env"]
    }  # fmt: skip
    assert environment["BROKER_URL"] == f"nats://$(NATS_TOKEN)@{address}:4222"
    assert set(await made(operated)) - set(ONE) == {
        "deployment.apps/meshery-meshsync",
        "lease.coordination.k8s.io/meshery-meshsync",
        "role.rbac.authorization.k8s.io/meshery-meshsync",
        "rolebinding.rbac.authorization.k8s.io/meshery-meshsync",
        "serviceaccount/meshery-meshsync",
    }
    bindings = await operated.kubectl("get", "clusterrolebindings", "-o", "name")
    assert f"meshery:meshsync:{operated.name}:meshery-meshsync" in bindings


async def test_what_is_not_watched_is_put_back_at_the_next_look(operated: KubeNamespace) -> None:
    await operated.create(broker(size=3), meshsync())
    await until_said(operated, "meshsync", "meshery-meshsync", "does not answer")
    before = await made(operated)
    gone = ("role/meshery-meshsync", "rolebinding/meshery-meshsync", "lease/meshery-meshsync")
    await operated.kubectl("delete", *gone, "poddisruptionbudget/meshery-nats")
    binding = f"meshery:meshsync:{operated.name}:meshery-meshsync"
    await operated.kubectl("delete", "clusterrolebinding", binding)

    async def is_as_it_was() -> bool:
        bindings = await operated.kubectl("get", "clusterrolebindings", "-o", "name")
        return binding in bindings and await made(operated) == before

    await until(is_as_it_was, timeout_s=30, what="all of it again")


async def test_a_broker_of_somebody_else(operated: KubeNamespace) -> None:
    url = "nats://tsecret@192.0.2.1:4222"
    await operated.create(meshsync(broker={"custom": {"url": url}}))
    found = await until_said(operated, "meshsync", "meshery-meshsync", "does not answer")
    assert found["status"]["publishing-to"] == "nats://192.0.2.1:4222"
    shown = await operated.kubectl("get", "deployment,meshsync", "-o", "jsonpath={..status}{..env}")
    assert "tsecret" not in shown
    secret = await operated.get("secret", "meshery-meshsync-broker")
    assert base64.b64decode(secret["data"]["url"]).decode() == url


@pytest.mark.parametrize("url", ["nats://[x", "nats://u:hidden@192.0.2.1", "http://hidden@b"])
async def test_a_broker_that_nobody_can_reach_is_told(operated: KubeNamespace, url: str) -> None:
    await operated.create(meshsync(broker={"custom": {"url": url}}))
    found = await until_said(operated, "meshsync", "meshery-meshsync", "no address of a NATS")
    assert conditions(found)["Failed"] == ("True", "ReconciliationFailed")
    assert "hidden" not in json.dumps(found["status"])
    assert await made(operated) == []


async def test_a_wrong_watch_list_is_told_and_mended_without_restart(
    operated: KubeNamespace,
) -> None:
    await operated.create(broker(), meshsync(watch_list=watching("pods")))
    found = await until_said(operated, "meshsync", "meshery-meshsync", "watch-list cannot be used")
    assert conditions(found)["Failed"] == ("True", "ReconciliationFailed")
    await operated.create(
        meshsync(watch_list=watching([{"Resource": "pods.v1.", "Events": ["ADDED"]}]))
    )
    await until_said(operated, "meshsync", "meshery-meshsync", "does not answer")
    before = await operated.get("deployment", "meshery-meshsync")
    await operated.create(
        meshsync(watch_list=watching([{"Resource": "nodes.v1.", "Events": ["ADDED"]}]))
    )

    async def is_seen() -> bool:
        found = await operated.get("meshsync", "meshery-meshsync")
        listed = found["status"]["conditions"]
        return bool(listed[0]["observedGeneration"] == found["metadata"]["generation"])

    await until(is_seen, timeout_s=20)
    after = await operated.get("deployment", "meshery-meshsync")
    assert after["metadata"]["generation"] == before["metadata"]["generation"]


async def test_nothing_is_left(operated: KubeNamespace) -> None:
    await operated.create(broker(size=3, service={"type": "NodePort"}), meshsync())
    await until_said(operated, "meshsync", "meshery-meshsync", "does not answer")
    assert len(await made(operated)) > 10
    await operated.kubectl("delete", "meshsync,broker", "--all", "--timeout=60s")
    assert await made(operated) == []
    pods = await operated.kubectl("get", "pods", "-o", "name")
    assert pods == ""
    bindings = await operated.kubectl("get", "clusterrolebindings", "-o", "name")
    assert operated.name not in bindings


OLD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "brokers.meshery.layer5.io"},
    "spec": {
        "group": "meshery.layer5.io",
        "scope": "Namespaced",
        "names": {"kind": "Broker", "plural": "brokers", "singular": "broker"},
        "versions": [
            {
                "name": "v1alpha1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {"type": "object", "properties": {"size": {"type": "integer"}}},
                            "status": {
                                "type": "object",
                                "x-kubernetes-preserve-unknown-fields": True,
                            },
                        },
                    }
                },
            }
        ],
    },
}


async def test_objects_of_the_older_group_are_served(
    kube: ControlPlane, operated: KubeNamespace
) -> None:
    await kubectl(kube, "apply", "-f", "-", stdin=json.dumps(OLD))
    try:
        waiting = ("wait", "--for=condition=Established", "crd/brokers.meshery.layer5.io")
        await kubectl(kube, *waiting, "--timeout=30s")
        await operated.create(broker(group="meshery.layer5.io", size=1), meshsync())
        old = "brokers.meshery.layer5.io"
        # The kind came after the operator began: it is looked for again and again.
        await until(lambda: _has_nats(operated), timeout_s=70, what="servers")
        await until_said(operated, old, "meshery-broker", "does not answer")
        await until_said(operated, "meshsync", "meshery-meshsync", "does not answer")
        # The name is taken: the older one came first.
        await operated.create(broker())
        await until_said(operated, "broker.meshery.io", "meshery-broker", "belongs to somebody")
        await operated.kubectl("delete", old, "--all", "--timeout=60s")
        await until_said(operated, "broker.meshery.io", "meshery-broker", "does not answer")
    finally:
        await kubectl(kube, "delete", "crd", "brokers.meshery.layer5.io", "--timeout=60s")


async def _has_nats(namespace: KubeNamespace) -> bool:
    return "statefulset.apps/meshery-nats" in await made(namespace)


async def test_a_broker_in_another_namespace(kube: ControlPlane, operated: KubeNamespace) -> None:
    other = KubeNamespace(kube, f"{operated.name}-other")
    await kubectl(kube, "create", "namespace", other.name)
    try:
        token = base64.b64encode(b"tother").decode()
        await other.create(
            broker("far"),
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": "far-nats"},
                "spec": {"ports": [{"port": 4222}]},
            },
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": "far-nats-auth"},
                "data": {"token": token},
            },
        )
        native = {"name": "far", "namespace": other.name}
        await operated.create(meshsync(broker={"native": native}))
        # A token is not handed to whoever may write a MeshSync somewhere.
        found = await until_said(operated, "meshsync", "meshery-meshsync", "takes nothing from")
        assert conditions(found)["Failed"] == ("True", "ReconciliationFailed")
        assert "meshery.io/publishers" in message(found)
        assert await made(operated) == []
        let_in = ("annotate", "broker", "far", "--overwrite")
        await other.kubectl(*let_in, f"meshery.io/publishers=elsewhere, {operated.name}")
        found = await until_said(operated, "meshsync", "meshery-meshsync", "does not answer")
        address = (await other.get("service", "far-nats"))["spec"]["clusterIP"]
        assert found["status"]["publishing-to"] == f"nats://{address}:4222"
        mirrored = await operated.get("secret", "meshery-meshsync-broker")
        assert mirrored["data"] == {"token": token}
        # Another token is taken over; a Broker of its own namespace needs no copy.
        renewed = base64.b64encode(b"tnew").decode()
        patch = ("patch", "secret", "far-nats-auth", "--type=merge")
        await other.kubectl(*patch, "-p", json.dumps({"data": {"token": renewed}}))

        async def is_renewed() -> bool:
            secret = await operated.get("secret", "meshery-meshsync-broker")
            return bool(secret["data"] == {"token": renewed})

        await until(is_renewed, timeout_s=20, what="the new token")
        authority = base64.b64encode(b"an authority").decode()
        await other.kubectl(*patch, "-p", json.dumps({"data": {"ca.crt": authority}}))

        async def is_secure() -> bool:
            secret = await operated.get("secret", "meshery-meshsync-broker")
            told = (await operated.get("meshsync", "meshery-meshsync"))["status"]["publishing-to"]
            is_told = secret["data"] == {"token": renewed, "ca.crt": authority}
            return bool(is_told and told == f"tls://{address}:4222")

        await until(is_secure, timeout_s=20, what="the authority beside it")

        async def has_no_copy() -> bool:
            return "secret/meshery-meshsync-broker" not in await made(operated)

        await other.kubectl(*let_in, "meshery.io/publishers=elsewhere")
        await until_said(operated, "meshsync", "meshery-meshsync", "takes nothing from")
        await until(has_no_copy, timeout_s=30, what="no copy for one that may not any more")
        # Its pods have the token in their environment: they go too.
        assert "deployment.apps/meshery-meshsync" not in await made(operated)
        await other.kubectl(*let_in, "meshery.io/publishers=*")
        await until_said(operated, "meshsync", "meshery-meshsync", "does not answer")
        assert "deployment.apps/meshery-meshsync" in await made(operated)
        await operated.create(broker(), meshsync(broker={"native": {"name": "meshery-broker"}}))
        await until(has_no_copy, timeout_s=30, what="no copy")
    finally:
        await kubectl(kube, "delete", "namespace", other.name, "--wait=false")


async def test_an_operator_outlives_its_api_server(
    kube: ControlPlane, operated: KubeNamespace
) -> None:
    await operated.create(broker())
    await until_said(operated, "broker", "meshery-broker", "does not answer")
    await kube.kill_api_server()
    await kube.start_api_server()
    await operated.create(broker("late"))
    await until(lambda: _has_late(operated), timeout_s=60, what="servers of the late one")
    await operated.kubectl("delete", "service", "meshery-nats-headless")

    async def is_mended() -> bool:
        return "service/meshery-nats-headless" in await made(operated)

    await until(is_mended, timeout_s=60, what="the Service again")


async def _has_late(namespace: KubeNamespace) -> bool:
    return "statefulset.apps/late-nats" in await made(namespace)
