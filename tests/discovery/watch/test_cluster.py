"""Whatever happens between a cluster and the stream, its reader's set is the API server's."""

import base64
import json
from typing import Any

from discovery.watch.support import (
    Watching,
    bus_of,
    eventually,
    is_settled,
    listed,
    running,
    until_equal,
    watching,
)
from fixtures.kube import KubeNamespace, config_map, deployment, kubectl
from fixtures.nats import NatsServer
from kube.conftest import client_of
from kube.examples import custom_kind
from kube.rigged import authority
from meshery.discovery.watch.cluster import ClusterWatch
from meshery.discovery.watch.publisher import Publisher
from meshery.kube.client import KubeClient
from meshery.kube.local.control_plane import ControlPlane

HIDDEN = "a-value-that-must-not-leave"


def secret(name: str, *, kind: str = "Opaque", **data: str) -> dict[str, Any]:
    values = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name},
        "type": kind,
        "data": values,
    }


async def churn(space: KubeNamespace) -> None:
    """Objects of several kinds that come, change and go."""
    await space.create(
        *(config_map(f"c{number}", colour=HIDDEN) for number in range(12)),
        secret("plain", password=HIDDEN),
        deployment("web", replicas=3),
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web"},
            "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
        },
    )
    await space.create(*(config_map(f"c{number}", colour="again") for number in range(6)))
    await space.kubectl("delete", "configmap", *(f"c{number}" for number in range(4, 12)))
    await space.kubectl("scale", "deployment/web", "--replicas=1")


async def test_the_reader_has_what_the_api_server_has(
    kube: ControlPlane, client: KubeClient, kube_namespace: KubeNamespace, nats_server: NatsServer
) -> None:
    await kube_namespace.create(config_map("first", colour=HIDDEN))
    async with watching(client, nats_server) as found:
        await churn(kube_namespace)
        await until_equal(kube, found.reader)
        assert {f"c{number}" for number in range(4, 12)} <= found.reader.deleted
        assert not found.reader.has("Event", "anything")
        # A kind of an earlier test may just be going: it fails until it is known to be gone.
        await eventually(
            lambda: {status.state for status in found.watch.status()} == {"watching"},
            what="watching",
        )
        # Counts alone are told seldom; that a kind's state changed, at once.
        await eventually(lambda: _states(found.reader.kinds) == _states(_by_name(found)))
        assert found.reader.kinds["configmaps.v1."].objects > 0
        _keeps_values(found)


def _states(kinds: dict[str, Any]) -> dict[str, str]:
    return {name: status.state for name, status in kinds.items()}


def _by_name(found: Watching) -> dict[str, Any]:
    return {status.resource: status for status in found.watch.status()}


def _keeps_values(found: Watching) -> None:
    raw = bytes(found.reader.raw)
    assert HIDDEN.encode() not in raw
    assert base64.b64encode(HIDDEN.encode()) not in raw
    assert b"last-applied-configuration" not in raw
    assert b"managedFields" not in raw


async def test_values_stay_where_they_are_and_public_certificates_are_told(
    client: KubeClient, kube_namespace: KubeNamespace, nats_server: NatsServer
) -> None:
    certificate, key = authority().issue("gateway.example.invalid", days=30)
    leaf = {"tls.crt": certificate, "tls.key": key}
    mesh = "meshId: mine\n"
    await kube_namespace.create(
        secret("gateway", kind="kubernetes.io/tls", **leaf),
        secret("cacerts", **{"ca-cert.pem": certificate, "ca-key.pem": key}),
        config_map("istio", mesh=mesh, other=HIDDEN),
        config_map("other", mesh=HIDDEN),
    )
    await kube_namespace.kubectl(
        "apply", "-f", "-", stdin=json.dumps(config_map("applied", a=HIDDEN))
    )
    await kube_namespace.kubectl(
        "apply", "-f", "-", stdin=json.dumps(secret("applied", password=HIDDEN))
    )
    async with watching(client, nats_server) as found:
        reader = found.reader
        await eventually(lambda: reader.has("ConfigMap", "applied"))
        await eventually(
            lambda: reader.has("Secret", "gateway") and reader.has("Secret", "cacerts")
        )
        assert reader.document("ConfigMap", "istio")["data"] == {
            "mesh": mesh,
            "other": "[REDACTED]",
        }
        assert reader.document("ConfigMap", "other")["data"] == {"mesh": "[REDACTED]"}
        gateway = reader.document("Secret", "gateway")
        assert gateway["data"] == dict.fromkeys(leaf, "[REDACTED]")
        told = gateway["certificates"]["tls.crt"]
        assert told["subject"] == "CN=gateway.example.invalid"
        assert told["not_after"].endswith("Z")
        assert list(gateway["certificates"]) == ["tls.crt"]
        cacerts = reader.document("Secret", "cacerts")
        assert cacerts["data"] == {"ca-cert.pem": "[REDACTED]", "ca-key.pem": "[REDACTED]"}
        assert cacerts["certificates"]["ca-cert.pem"]["subject"] == "CN=gateway.example.invalid"
        _keeps_values(found)
        for text in (certificate, key):
            assert text.splitlines()[2].encode() not in bytes(reader.raw)
            assert base64.b64encode(text.encode())[40:90] not in bytes(reader.raw)


async def test_kinds_come_and_go_without_listing_the_rest_again(
    kube: ControlPlane, client: KubeClient, kube_namespace: KubeNamespace, nats_server: NatsServer
) -> None:
    group = "probe.istio.io"
    async with watching(client, nats_server) as found:
        reader = found.reader
        await eventually(lambda: len(reader.synced) >= len(found.watch.status()))
        before = len(reader.synced)
        await kubectl(kube, "apply", "-f", "-", stdin=json.dumps(custom_kind(group)))
        name = f"widgets.{group}"
        await kubectl(kube, "wait", "--for=condition=established", f"crd/{name}")
        widget = {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": "one"}}
        await kube_namespace.create(widget)
        await eventually(lambda: reader.has("Widget", "one"), what="the new kind")
        assert reader.has("CustomResourceDefinition", name)
        await eventually(lambda: len(reader.synced) > before)
        assert [synced.kind for synced in reader.synced[before:]] == ["Widget"]
        await kubectl(kube, "delete", "crd", name)
        await eventually(lambda: "one" in reader.deleted and name in reader.deleted)
        resource = f"widgets.v1.{group}"
        await eventually(lambda: resource not in _by_name(found), what="the end of the kind")
        await eventually(lambda: len(reader.synced) > before + 1)
        assert [synced.kind for synced in reader.synced[before:]] == ["Widget", "Widget"]
        assert reader.synced[-1].uids == ()


async def test_a_kind_that_may_not_be_read_is_said_and_all_others_go_on(
    kube: ControlPlane, kube_namespace: KubeNamespace, nats_server: NatsServer
) -> None:
    user = next(user.name for user in kube.options.users[1:])
    rules = [
        {
            "apiGroups": ["", "apps", "apiextensions.k8s.io"],
            "resources": ["configmaps", "namespaces", "deployments", "customresourcedefinitions"],
            "verbs": ["get", "list", "watch"],
        }
    ]
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": kube_namespace.name},
        "rules": rules,
    }
    await kubectl(kube, "apply", "-f", "-", stdin=json.dumps(role))
    await kubectl(
        *(kube, "create", "clusterrolebinding", kube_namespace.name),
        *(f"--clusterrole={kube_namespace.name}", f"--user={user}"),
    )
    async with client_of(kube, user) as client, watching(client, nats_server) as found:
        await kube_namespace.create(config_map("seen", a="b"))
        await eventually(lambda: found.reader.has("ConfigMap", "seen"))
        states = {status.resource: status for status in found.watch.status()}
        assert states["configmaps.v1."].state == "watching"
        assert states["secrets.v1."].state == "forbidden"
        assert "secrets" in states["secrets.v1."].error
        assert not any(seen.key.kind == "Secret" for seen in found.reader.seen)
    await kubectl(kube, "delete", "clusterrolebinding,clusterrole", kube_namespace.name)


async def test_an_api_server_that_is_killed_is_found_again(
    kube: ControlPlane, client: KubeClient, kube_namespace: KubeNamespace, nats_server: NatsServer
) -> None:
    await kube_namespace.create(config_map("gone", a="b"), config_map("stays", a="b"))
    async with watching(client, nats_server) as found:
        await kube.kill_api_server()
        await eventually(lambda: "failing" in {status.state for status in found.watch.status()})
        await kube.start_api_server()
        await kube_namespace.kubectl("delete", "configmap", "gone")
        await until_equal(kube, found.reader, timeout_s=60)
        assert "gone" in found.reader.deleted
        await eventually(
            lambda: {status.state for status in found.watch.status()} == {"watching"},
            timeout_s=60,
            what="watching",
        )


async def test_history_that_is_forgotten_loses_no_delete(
    kube: ControlPlane, client: KubeClient, kube_namespace: KubeNamespace, nats_server: NatsServer
) -> None:
    await kube_namespace.create(*(config_map(f"c{number}", a="b") for number in range(5)))
    async with watching(client, nats_server) as found:
        await kube.kill_api_server()
        await kube.start_api_server()
        await kube_namespace.kubectl("delete", "configmap", "c0", "c1", "c2")
        await kube.compact()
        await until_equal(kube, found.reader, timeout_s=60)
        assert {"c0", "c1", "c2"} <= found.reader.deleted


async def test_a_bus_that_is_away_loses_nothing(
    kube: ControlPlane, client: KubeClient, kube_namespace: KubeNamespace, private_nats: NatsServer
) -> None:
    async with watching(client, private_nats) as found:
        private_nats.kill()
        await churn(kube_namespace)
        await eventually(
            lambda: found.publisher.lag_s("ConfigMap") > 1.0, what="a lag that is told"
        )
        private_nats.start()
        gone = {f"c{number}" for number in range(4, 12)}
        await eventually(lambda: gone <= found.reader.deleted, timeout_s=60, what="all deletes")
        await until_equal(kube, found.reader)


async def test_a_resync_tells_all_again_and_what_went_meanwhile(
    kube: ControlPlane, client: KubeClient, kube_namespace: KubeNamespace, nats_server: NatsServer
) -> None:
    await kube_namespace.create(config_map("told", a="b"))
    async with watching(client, nats_server) as found:
        reader = found.reader
        await eventually(lambda: reader.has("ConfigMap", "told"))
        before = len(reader.synced)
        await found.watch.resync()
        kinds = len(found.watch.status())
        await eventually(lambda: len(reader.synced) >= before + kinds, what="all lists")
        told = [seen for seen in reader.seen if seen.key.name == "told"]
        assert [seen.event for seen in told] == ["ADDED", "ADDED"]
        await until_equal(kube, reader)


async def test_another_watch_takes_over_without_a_gap(
    kube: ControlPlane, client: KubeClient, kube_namespace: KubeNamespace, nats_server: NatsServer
) -> None:
    await kube_namespace.create(config_map("gone", a="b"), config_map("stays", a="b"))
    async with watching(client, nats_server) as found:
        await eventually(lambda: found.reader.has("ConfigMap", "gone"))
    await kube_namespace.kubectl("delete", "configmap", "gone")
    async with watching(client, nats_server) as found, bus_of(nats_server) as bus:
        publisher = Publisher(bus)
        beside = ClusterWatch(client, found.watch.cluster_id, publisher)
        async with running(beside.run()):
            await eventually(lambda: is_settled(beside), timeout_s=40)
            await until_equal(kube, found.reader)
            assert not found.reader.has("ConfigMap", "gone")
        await publisher.close()
    assert len(await listed(kube, ["configmaps"])) > 0
