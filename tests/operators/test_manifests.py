"""The manifests as a cluster takes them, and what their schemas let in."""

import json
from typing import Any

import pytest
import yaml

from fixtures.kube import KubeNamespace, kubectl
from meshery import __version__
from meshery.discovery.watch.tiers import FINGERPRINT, WORKLOADS
from meshery.kube.local.control_plane import ControlPlane
from meshery.operator.images import MESHERY, NATS, Images
from meshery.operator.manifests import folder, manifests, samples
from operators.objects import broker, meshsync, watching

PODS = [{"Resource": "pods.v1.", "Events": ["ADDED"]}]


def of_kind(kind: str, name: str = "") -> Any:
    return next(
        each
        for each in manifests()
        if each["kind"] == kind and name in {"", each["metadata"]["name"]}
    )


def test_what_is_shipped_is_what_the_code_says() -> None:
    container = of_kind("Deployment")["spec"]["template"]["spec"]["containers"][0]
    values = {each["name"]: each.get("value") for each in container["env"]}
    assert container["image"] == MESHERY == f"meshery/meshery-python:{__version__}"
    assert (values["BROKER_IMAGE"], values["MESHSYNC_IMAGE"]) == (NATS, MESHERY)
    assert not list(folder().glob("*.json"))


def test_they_move_to_another_namespace_with_other_images() -> None:
    images = Images(broker="mirror/nats:2.14.2", meshsync="mirror/m@sha256:" + "a" * 64)
    moved = [*manifests(namespace="elsewhere", images=images), *samples(namespace="elsewhere")]
    text = yaml.safe_dump_all(moved)
    assert "namespace: meshery\n" not in text
    container = next(each for each in moved if each["kind"] == "Deployment")
    container = container["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == images.meshsync
    assert images.broker in {each.get("value") for each in container["env"]}


def test_watchers_may_read_what_they_watch() -> None:
    rules = of_kind("ClusterRole", "meshery-meshsync")["rules"]
    may = {
        (group, resource)
        for rule in rules
        if "watch" in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    assert all(set(rule["verbs"]) <= {"get", "list", "watch"} for rule in rules)
    for name in (*FINGERPRINT, *WORKLOADS):
        plural, _, group = name.partition(".")
        assert may & {(group, plural), (group, "*")}, name


async def test_both_versions_are_served_and_the_newer_is_stored(
    kinds: None, kube: ControlPlane, kube_namespace: KubeNamespace
) -> None:
    await kube_namespace.create(broker(size=2), meshsync())
    for version in ("v1alpha1", "v1alpha2"):
        found = await kube_namespace.get(f"brokers.{version}.meshery.io", "meshery-broker")
        assert (found["apiVersion"], found["spec"]["size"]) == (f"meshery.io/{version}", 2)
    crd = json.loads(await kubectl(kube, "get", "crd", "brokers.meshery.io", "-o", "json"))
    assert crd["status"]["storedVersions"] == ["v1alpha2"]
    assert crd["spec"]["conversion"] == {"strategy": "None"}
    terms = {each["type"]: each["status"] for each in crd["status"]["conditions"]}
    assert "NonStructuralSchema" not in terms
    assert "meshery-broker" in await kube_namespace.kubectl("get", "meshery")
    assert "meshery-broker" in await kube_namespace.kubectl("get", "br")


async def test_what_is_left_out_has_defaults(kinds: None, kube_namespace: KubeNamespace) -> None:
    await kube_namespace.create(broker(), broker("other", service={}), meshsync())
    assert (await kube_namespace.get("broker", "meshery-broker"))["spec"] == {"size": 1}
    found = await kube_namespace.get("broker", "other")
    assert found["spec"]["service"] == {"type": "ClusterIP"}
    assert "size" not in (await kube_namespace.get("meshsync", "meshery-meshsync"))["spec"]


async def test_the_samples_are_taken(kinds: None, kube_namespace: KubeNamespace) -> None:
    await kube_namespace.create(*samples(namespace=kube_namespace.name))
    named = await kube_namespace.kubectl("get", "brokers,meshsyncs", "-o", "name")
    assert named.split() == [
        "broker.meshery.io/meshery-broker",
        "meshsync.meshery.io/meshery-meshsync",
    ]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (broker(size=0), "greater than or equal to 1"),
        (broker(size=11), "less than or equal to 10"),
        (broker(version="2.14.2 && rm"), "spec.version"),
        (broker(service={"type": "ExternalName"}), "Unsupported value"),
        (broker(service={"loadBalancerClass": "x"}), "is for type LoadBalancer"),
        (broker(service={"loadBalancerSourceRanges": ["10.0.0.0/8"]}), "is for type LoadBalancer"),
        (broker(service={"externalEndpointOverride": "no port"}), "externalEndpointOverride"),
        (broker(tls={"secretName": "mine"}), "secretName is for TLS that is enabled"),
        (broker(storage={}), "spec.storage.size: Required"),
        (broker(storage={"size": "2"}), "spec.storage.size"),
        (broker(storage={"size": "99Mi"}), "spec.storage.size"),
        (broker(storage={"size": "2Gi", "whenDeleted": "Keep"}), "Unsupported value"),
        (broker("n" * 49), "at most 48 characters"),
        (broker(sizes=3), "sizes"),
        (meshsync(size=11), "less than or equal to 10"),
        (
            meshsync(watch_list={"data": {"whitelist": "[]", "blacklist": "[]"}}),
            "either a whitelist or a blacklist",
        ),
        (meshsync(watch_list={"data": {"whitelist": ""}}), "either a whitelist"),
    ],
)
async def test_wrong_objects_are_refused(
    kinds: None, kube_namespace: KubeNamespace, wrong: Any, said: str
) -> None:
    with pytest.raises(AssertionError, match=said):
        await kube_namespace.create(wrong)


async def test_right_objects_are_taken(kinds: None, kube_namespace: KubeNamespace) -> None:
    balanced = {
        "type": "LoadBalancer",
        "annotations": {"example.com/kind": "internal"},
        "loadBalancerClass": "example.com/lb",
        "loadBalancerSourceRanges": ["10.0.0.0/8"],
        "externalEndpointOverride": "nats.example.com:4222",
    }
    pinned = "v2.14.2@sha256:" + "0" * 64
    await kube_namespace.create(
        broker(size=10, version=pinned, service=balanced),
        broker("kept", tls={"enabled": True, "secretName": "mine"}, storage={"size": "100Mi"}),
        meshsync("one", watch_list=watching(PODS)),
        meshsync("two", broker={"custom": {"url": "nats://t@nats.example.com:4222"}}),
        meshsync("three", watch_list={"data": {}, "metadata": {"name": "x"}}),
    )
    kept = await kube_namespace.get("brokers.v1alpha1.meshery.io", "kept")
    assert kept["spec"]["storage"] == {"size": "100Mi", "whenDeleted": "Retain"}
