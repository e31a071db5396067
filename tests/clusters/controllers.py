"""What the controllers, the scheduler and the kubelets of a cluster make of documents.

For use without a cluster: pods with their owners, running on nodes, and the fields that an API
server gives to every object. All of it depends on names alone, so it is the same every time.
"""

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import cycle
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from clusters.template import Document

POOL = "corp.example/pool"
"""The label of the nodes of a script: its node agents run there and nowhere else."""

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


@dataclass(frozen=True)
class Cluster:
    """A cluster's name, from which every UID comes, its nodes and when it was started."""

    name: str
    nodes: tuple[str, ...]
    started: datetime

    def uid(self, kind: str, namespace: str, name: str) -> str:
        """The UID of an object."""
        return str(uuid5(NAMESPACE_URL, f"{self.name}/{kind}/{namespace}/{name}"))


def stored(document: Document, cluster: Cluster, *, after_s: int) -> Document:
    """An object as the API server answers it, created so many seconds after the cluster."""
    metadata = document["metadata"]
    kind, namespace, name = document["kind"], metadata.get("namespace", ""), metadata["name"]
    return {
        **_defaulted(document),
        "metadata": {
            **metadata,
            **_labels(document),
            **_owners(metadata, cluster),
            "uid": cluster.uid(kind, namespace, name),
            "resourceVersion": str(1000 + after_s),
            "generation": 1,
            "creationTimestamp": at(cluster, after_s),
        },
    }


def _labels(document: Document) -> Document:
    metadata = document["metadata"]
    if document["kind"] != "Namespace":
        return {}
    own = {"kubernetes.io/metadata.name": metadata["name"]}
    return {"labels": {**metadata.get("labels", {}), **own}}


def _defaulted(document: Document) -> Document:
    """What the API server itself makes of some fields."""
    if document["kind"] == "Namespace":
        spec, status = {"finalizers": ["kubernetes"]}, {"phase": "Active"}
        return {**document, "spec": spec, "status": status}
    if "stringData" not in document:
        return document
    told = {key: b64encode(text.encode()).decode() for key, text in document["stringData"].items()}
    rest = {key: value for key, value in document.items() if key != "stringData"}
    return {**rest, "data": {**rest.get("data", {}), **told}}


def at(cluster: Cluster, after_s: int) -> str:
    """A time so many seconds after the cluster's start, as Kubernetes writes it."""
    return f"{cluster.started + timedelta(seconds=after_s):%Y-%m-%dT%H:%M:%SZ}"


def expanded(documents: Iterable[Document], cluster: Cluster) -> Iterator[Document]:
    """The documents, and after each workload what the controllers make for it."""
    nodes = cycle(cluster.nodes)
    for document in documents:
        make = _MAKERS.get(document["kind"])
        if make is None:
            yield document
        else:
            yield from make(document, cluster, nodes)


def _deployment(document: Document, cluster: Cluster, nodes: Iterator[str]) -> Iterator[Document]:
    spec, count = document["spec"], document["spec"].get("replicas", 1)
    status = _status(count, ready=count if _has_place(spec["template"], cluster) else 0)
    yield {**document, "status": status}
    suffix = _letters(f"{document['metadata']['name']}-template", 10)
    template = _labelled(spec["template"], {"pod-template-hash": suffix})
    metadata = _child(document, cluster, f"{document['metadata']['name']}-{suffix}")
    replica_set = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {**metadata, "labels": template["metadata"]["labels"]},
        "spec": {
            "replicas": count,
            "selector": {"matchLabels": template["metadata"]["labels"]},
            "template": template,
        },
        "status": status,
    }
    replica_set = {**replica_set, "metadata": stored(replica_set, cluster, after_s=1)["metadata"]}
    yield replica_set
    for index in range(count):
        name = f"{metadata['name']}-{_letters(f'{suffix}-{index}', 5)}"
        yield _pod(replica_set, template, cluster, name, next(nodes))


def _stateful_set(document: Document, cluster: Cluster, nodes: Iterator[str]) -> Iterator[Document]:
    count = document["spec"].get("replicas", 1)
    yield {**document, "status": _status(count, ready=count)}
    for index in range(count):
        name = f"{document['metadata']['name']}-{index}"
        labels = {"apps.kubernetes.io/pod-index": str(index)}
        labels["statefulset.kubernetes.io/pod-name"] = name
        template = _labelled(document["spec"]["template"], labels)
        yield _pod(document, template, cluster, name, next(nodes))


def _daemon_set(document: Document, cluster: Cluster, _: Iterator[str]) -> Iterator[Document]:
    count = len(cluster.nodes)
    status = {"desiredNumberScheduled": count, "numberReady": count, "numberAvailable": count}
    status |= {"currentNumberScheduled": count, "updatedNumberScheduled": count}
    yield {**document, "status": {**status, "numberMisscheduled": 0, "observedGeneration": 1}}
    for node in cluster.nodes:
        base = document["metadata"]["name"]
        name = f"{base}-{_letters(f'{base}-{node}', 5)}"
        yield _pod(document, document["spec"]["template"], cluster, name, node)


def _single_pod(document: Document, _: Cluster, nodes: Iterator[str]) -> Iterator[Document]:
    spec: Document = {**document["spec"], "nodeName": next(nodes)}
    yield {**document, "spec": spec, "status": _running(spec, document["metadata"])}


_MAKERS: Mapping[str, Callable[[Document, Cluster, Iterator[str]], Iterator[Document]]] = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "Pod": _single_pod,
}


def _pod(
    owner: Document, template: Mapping[str, Any], cluster: Cluster, name: str, node: str
) -> Document:
    metadata = {**_child(owner, cluster, name), **template["metadata"]}
    spec: Document = {**template["spec"], "restartPolicy": "Always"}
    if _has_place(template, cluster):
        spec["nodeName"] = node
    bare = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    pod = stored(bare, cluster, after_s=_age(owner, cluster) + 1)
    since = pod["metadata"]["creationTimestamp"]
    return {
        **pod,
        "status": _running(spec, pod["metadata"]) if "nodeName" in spec else _waits(since),
    }


def _has_place(template: Mapping[str, Any], cluster: Cluster) -> bool:
    """Whether the nodes are of the pool that the pods ask for."""
    return bool(template["spec"].get("nodeSelector", {}).get(POOL, cluster.name) == cluster.name)


def _waits(since: str) -> Document:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    return {"phase": "Pending", "conditions": [{**condition, "lastTransitionTime": since}]}


def _child(owner: Document, cluster: Cluster, name: str) -> Document:
    metadata = owner["metadata"]
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": metadata["name"],
        "uid": cluster.uid(owner["kind"], metadata["namespace"], metadata["name"]),
        "controller": True,
        "blockOwnerDeletion": True,
    }
    return {"name": name, "namespace": metadata["namespace"], "ownerReferences": [reference]}


def _running(spec: Mapping[str, Any], metadata: Mapping[str, Any]) -> Document:
    since = metadata["creationTimestamp"]
    kinds = ("PodScheduled", "Initialized", "ContainersReady", "Ready")
    return {
        "phase": "Running",
        "startTime": since,
        "podIP": f"10.244.{sha256(metadata['uid'].encode()).digest()[0]}.10",
        "conditions": [
            {"type": kind, "status": "True", "lastTransitionTime": since} for kind in kinds
        ],
        "initContainerStatuses": [_state(each, since) for each in spec.get("initContainers", [])],
        "containerStatuses": [_state(each, since, runs=True) for each in spec["containers"]],
    }


def _state(container: Mapping[str, Any], since: str, *, runs: bool = False) -> Document:
    runs = runs or container.get("restartPolicy") == "Always"
    ended = {"exitCode": 0, "reason": "Completed", "startedAt": since, "finishedAt": since}
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": "",
        "ready": True,
        "started": runs,
        "restartCount": 0,
        "state": {"running": {"startedAt": since}} if runs else {"terminated": ended},
    }


def _status(count: int, *, ready: int) -> Document:
    status = {"observedGeneration": 1, "replicas": count, "updatedReplicas": count}
    return status | ({"readyReplicas": ready, "availableReplicas": ready} if ready else {})


def _labelled(template: Mapping[str, Any], labels: Mapping[str, str]) -> Document:
    metadata = template["metadata"]
    return {
        **template,
        "metadata": {**metadata, "labels": {**metadata.get("labels", {}), **labels}},
    }


def _owners(metadata: Mapping[str, Any], cluster: Cluster) -> Document:
    if "ownerReferences" not in metadata:
        return {}
    namespace = metadata.get("namespace", "")
    return {"ownerReferences": with_uids(metadata["ownerReferences"], namespace, cluster.uid)}


def with_uids(
    references: Sequence[Mapping[str, Any]], namespace: str, uid: Callable[[str, str, str], str]
) -> list[Document]:
    """Owner references, those without a UID completed by what `uid` says."""
    return [
        {**each, "uid": each.get("uid") or uid(each["kind"], namespace, each["name"])}
        for each in references
    ]


def _age(document: Document, cluster: Cluster) -> int:
    created = datetime.fromisoformat(document["metadata"]["creationTimestamp"])
    return int((created - cluster.started).total_seconds())


def _letters(text: str, count: int) -> str:
    """A suffix such as Kubernetes' random ones, but always the same for a text."""
    digest = sha256(text.encode()).digest()
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:count])
