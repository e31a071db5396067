"""Readiness as Kubernetes' own documentation describes each kind's status; then the real thing."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.kube import KubeNamespace, deployment
from kube.examples import CRDS, DEPLOYMENTS, custom_kind
from meshery.core.errors import DeadlineError, NotFoundError, OperationFailedError
from meshery.kube.apply import apply, delete
from meshery.kube.client import KubeClient
from meshery.kube.kinds import KindCache
from meshery.kube.readiness import readiness, wait_ready

APPS, CORE, BATCH = "apps/v1", "v1", "batch/v1"


def thing(
    api: str,
    kind: str,
    status: dict[str, Any] | None = None,
    spec: dict[str, Any] | None = None,
    **metadata: Any,
) -> dict[str, Any]:
    return {
        "apiVersion": api,
        "kind": kind,
        "metadata": {"name": "x", "generation": 2, **metadata},
        "spec": spec or {},
        "status": status or {},
    }


def having(name: str, status: str = "True", **rest: str) -> dict[str, Any]:
    return {"conditions": [{"type": name, "status": status, **rest}]}


SEEN = {"observedGeneration": 2}
ROLLED_OUT = {
    **SEEN,
    "replicas": 3,
    "updatedReplicas": 3,
    "availableReplicas": 3,
    "readyReplicas": 3,
}

READY = [
    thing(APPS, "Deployment", ROLLED_OUT, {"replicas": 3}),
    thing(APPS, "Deployment", SEEN, {"replicas": 0}),
    thing(APPS, "StatefulSet", ROLLED_OUT, {"replicas": 3}),
    thing(
        APPS,
        "StatefulSet",
        {**SEEN, "readyReplicas": 3, "updatedReplicas": 1},
        {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}},
    ),
    thing(
        APPS,
        "DaemonSet",
        {**SEEN, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2},
    ),
    thing(APPS, "DaemonSet", {**SEEN, "desiredNumberScheduled": 0}),
    thing(APPS, "ReplicaSet", {"availableReplicas": 1}, {"replicas": 1}),
    thing(BATCH, "Job", having("Complete")),
    thing(CORE, "Pod", {"phase": "Running", **having("Ready")}),
    thing(CORE, "Pod", {"phase": "Succeeded", **having("Ready", "False")}),
    thing(CORE, "Service", {}, {"type": "ClusterIP"}),
    thing(
        CORE,
        "Service",
        {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}},
        {"type": "LoadBalancer"},
    ),
    thing(CORE, "Namespace", {"phase": "Active"}),
    thing(CORE, "PersistentVolumeClaim", {"phase": "Bound"}),
    thing(CORE, "ConfigMap"),
    thing("mesh.example/v1", "Gateway", having("Ready")),
    thing("mesh.example/v1", "Gateway", having("Accepted", "False")),
]

NOT_READY = [
    (thing(APPS, "Deployment", {}, {"replicas": 1}), "controller", False),
    (thing(APPS, "Deployment", {**ROLLED_OUT, "observedGeneration": 1}), "last change", False),
    (
        thing(APPS, "Deployment", {**ROLLED_OUT, "updatedReplicas": 1}, {"replicas": 3}),
        "has 1 of 3 pods of its last version",
        False,
    ),
    (
        thing(APPS, "Deployment", {**ROLLED_OUT, "replicas": 5}, {"replicas": 3}),
        "2 old pods",
        False,
    ),
    (
        thing(APPS, "Deployment", {**ROLLED_OUT, "availableReplicas": 2}, {"replicas": 3}),
        "2 of 3 pods are available",
        False,
    ),
    (
        thing(
            APPS,
            "Deployment",
            {**SEEN, **having("Progressing", "False", reason="ProgressDeadlineExceeded")},
        ),
        "progress deadline",
        True,
    ),
    (thing(APPS, "StatefulSet", {**SEEN, "readyReplicas": 1}, {"replicas": 2}), "1 of 2", False),
    (thing(APPS, "DaemonSet"), "controller", False),
    (
        thing(BATCH, "Job", having("Failed", reason="BackoffLimitExceeded", message="too often")),
        "failed: too often",
        True,
    ),
    (thing(BATCH, "Job", {"succeeded": 1}, {"completions": 3}), "1 of 3 runs", False),
    (thing(BATCH, "Job", {}, {"suspend": True}), "suspended", False),
    (thing(CORE, "Pod", {"phase": "Failed", "message": "evicted"}), "evicted", True),
    (
        thing(CORE, "Pod", having("PodScheduled", "False", message="0/1 nodes fit")),
        "0/1 nodes fit",
        False,
    ),
    (
        thing(
            CORE,
            "Pod",
            {
                "phase": "Pending",
                "containerStatuses": [
                    {
                        "name": "web",
                        "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such"}},
                    }
                ],
            },
        ),
        "container web waits: ImagePullBackOff: no such",
        False,
    ),
    (
        thing(
            CORE,
            "Pod",
            {"phase": "Running", "containerStatuses": [{"name": "web", "ready": False}]},
        ),
        "containers not ready: web",
        False,
    ),
    (thing(CORE, "Service", {}, {"type": "LoadBalancer"}), "load balancer", False),
    (thing(CORE, "Namespace", {"phase": "Terminating"}), "Terminating", False),
    (thing(CORE, "Node"), "not Ready yet", False),
    (
        thing(
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
            having("NamesAccepted", "False", reason="NamesConflict"),
        ),
        "NamesConflict",
        False,
    ),
    (
        thing(
            "apiregistration.k8s.io/v1",
            "APIService",
            having("Available", "False", reason="MissingEndpoints", message="no endpoints"),
        ),
        "MissingEndpoints: no endpoints",
        False,
    ),
    (thing("mesh.example/v1", "Gateway", having("Ready", "False")), "not Ready", False),
    (
        thing("mesh.example/v1", "Gateway", having("Stalled", message="no quota")),
        "is stalled (no quota)",
        False,
    ),
    (
        thing(CORE, "ConfigMap", deletionTimestamp="2026-01-01T00:00:00Z", finalizers=["a/b"]),
        "held by a/b",
        False,
    ),
]


@pytest.mark.parametrize("document", READY, ids=lambda found: found["kind"])
def test_ready(document: dict[str, Any]) -> None:
    assert readiness(document).is_ready, readiness(document).reason


@pytest.mark.parametrize(
    ("document", "said", "final"), NOT_READY, ids=lambda found: getattr(found, "get", str)("kind")
)
def test_not_ready_and_why(document: dict[str, Any], said: str, final: bool) -> None:
    found = readiness(document)
    assert not found.is_ready
    assert said in found.reason
    assert found.is_final == final


_STATUS = st.dictionaries(
    st.sampled_from(["replicas", "readyReplicas", "observedGeneration", "desiredNumberScheduled"]),
    st.integers(0, 3),
)


@given(status=_STATUS, kind=st.sampled_from(["Deployment", "StatefulSet", "DaemonSet"]))
def test_what_is_not_ready_always_has_a_reason(status: dict[str, Any], kind: str) -> None:
    found = readiness(thing(APPS, kind, status, {"replicas": 2}))
    assert found.is_ready == (not found.reason)


async def test_a_deployment_becomes_ready(
    client: KubeClient, kube_namespace: KubeNamespace
) -> None:
    document = deployment("web", replicas=2)
    document["metadata"]["namespace"] = kube_namespace.name
    await apply(client, DEPLOYMENTS, document)
    found = await wait_ready(client, DEPLOYMENTS, "web", namespace=kube_namespace.name)
    assert found.is_ready


async def test_one_that_cannot_be_ready_says_what_is_missing(
    client: KubeClient, kube_namespace: KubeNamespace
) -> None:
    document = deployment("web")
    document["metadata"]["namespace"] = kube_namespace.name
    document["spec"]["template"]["spec"]["nodeSelector"] = {"is": "nowhere"}
    document["spec"]["progressDeadlineSeconds"] = 2
    await apply(client, DEPLOYMENTS, document)
    with pytest.raises(DeadlineError) as caught:
        await wait_ready(client, DEPLOYMENTS, "web", namespace=kube_namespace.name, timeout_s=0.5)
    assert caught.value.cause
    with pytest.raises(OperationFailedError, match="progress deadline"):
        await wait_ready(client, DEPLOYMENTS, "web", namespace=kube_namespace.name, timeout_s=30)
    with pytest.raises(NotFoundError):
        await wait_ready(client, DEPLOYMENTS, "none", namespace=kube_namespace.name)


async def test_a_new_kind_is_ready_when_it_is_served(client: KubeClient) -> None:
    kinds = KindCache(client)
    group = f"r{time.monotonic_ns()}.example.com"
    await kinds.kinds()
    await apply(client, CRDS, custom_kind(group))
    await wait_ready(client, CRDS, f"widgets.{group}")
    await delete(client, CRDS, f"widgets.{group}", wait_s=20)
