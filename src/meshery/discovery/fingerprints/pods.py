"""Pods and the workloads behind them, each document read once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from meshery.discovery.fingerprints.fields import (
    Document,
    annotations,
    dig,
    each_mapping,
    instant,
    labels,
    name,
    namespace,
    number,
    sequence,
    text,
    texts,
)
from meshery.discovery.fingerprints.images import ImageReference, parse_image
from meshery.discovery.fingerprints.model import Health

WORKLOAD_KINDS = ("Deployment", "StatefulSet", "DaemonSet")
HASH_LABEL = "pod-template-hash"


@dataclass(frozen=True, slots=True)
class Container:
    """One container; `native_sidecar` = an init container that goes on running beside the rest."""

    name: str
    image: ImageReference
    image_text: str
    words: tuple[str, ...]
    environment: Mapping[str, str]
    init: bool = False
    native_sidecar: bool = False

    @property
    def runs(self) -> bool:
        """Whether it runs for as long as its pod."""
        return self.native_sidecar or not self.init


@dataclass(frozen=True, slots=True)
class Owner:
    """The workload that a pod belongs to; a bare pod is its own."""

    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod."""

    namespace: str
    name: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    owner: Owner
    containers: tuple[Container, ...]
    phase: str
    ready: bool
    host_network: bool
    node: str
    created: datetime | None


@dataclass(frozen=True, slots=True)
class Workload:
    """A Deployment, StatefulSet or DaemonSet, or the pods of one that may not be read."""

    owner: Owner
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    containers: tuple[Container, ...]
    ready: int
    desired: int

    @property
    def health(self) -> Health:
        """Ready replicas against those wanted; none wanted is none there."""
        if self.ready == 0:
            return Health.DOWN
        return Health.HEALTHY if self.ready >= self.desired else Health.DEGRADED


def read_pod(document: Document, replica_sets: Mapping[tuple[str, str], str]) -> Pod:
    """A pod; `replica_sets` gives the Deployment of (namespace, ReplicaSet)."""
    spec = dig(document, "spec")
    ready = any(
        entry.get("type") == "Ready" and entry.get("status") == "True"
        for entry in each_mapping(dig(document, "status.conditions"))
    )
    return Pod(
        namespace=namespace(document),
        name=name(document),
        labels=labels(document),
        annotations=annotations(document),
        owner=_owner(document, replica_sets),
        containers=read_containers(spec),
        phase=text(dig(document, "status.phase")),
        ready=ready,
        host_network=dig(spec, "hostNetwork") is True,
        node=text(dig(spec, "nodeName")),
        created=instant(dig(document, "metadata.creationTimestamp")),
    )


def read_workload(document: Document, kind: str) -> Workload:
    """A workload with its replicas as its controller counts them."""
    template = dig(document, "spec.template")
    if kind == "DaemonSet":
        desired = number(dig(document, "status.desiredNumberScheduled"))
        ready = number(dig(document, "status.numberReady"))
    else:
        wanted = dig(document, "spec.replicas")
        desired = 1 if wanted is None else number(wanted)
        ready = number(dig(document, "status.readyReplicas"))
    return Workload(
        owner=Owner(kind, namespace(document), name(document)),
        labels={**labels(template or {}), **labels(document)},
        annotations={**annotations(template or {}), **annotations(document)},
        containers=read_containers(dig(template, "spec")),
        ready=ready,
        desired=desired,
    )


def workload_of_pods(owner: Owner, pods: list[Pod]) -> Workload:
    """What can be said of a workload from its pods alone."""
    first = pods[0]
    live = [pod for pod in pods if pod.phase in {"Running", "Pending"}]
    return Workload(
        owner=owner,
        labels=first.labels,
        annotations=first.annotations,
        containers=first.containers,
        ready=sum(pod.ready for pod in live),
        desired=max(len(live), 1),
    )


def read_containers(spec: Any) -> tuple[Container, ...]:
    """Init containers and containers of a pod's spec."""
    init = (_container(each, init=True) for each in each_mapping(dig(spec, "initContainers")))
    main = (_container(each, init=False) for each in each_mapping(dig(spec, "containers")))
    return (*init, *main)


def _container(raw: Mapping[str, Any], *, init: bool) -> Container:
    words = (*sequence(raw.get("command")), *sequence(raw.get("args")))
    return Container(
        name=text(raw.get("name")),
        image=parse_image(text(raw.get("image"))),
        image_text=text(raw.get("image")),
        words=tuple(text(word) for word in words),
        environment=texts(
            {text(each.get("name")): each.get("value") for each in each_mapping(raw.get("env"))}
        ),
        init=init,
        native_sidecar=init and raw.get("restartPolicy") == "Always",
    )


def _owner(document: Document, replica_sets: Mapping[tuple[str, str], str]) -> Owner:
    home, pod_name = namespace(document), name(document)
    owners = list(each_mapping(dig(document, "metadata.ownerReferences")))
    controller = next((each for each in owners if each.get("controller") is True), None)
    raw = controller or (owners[0] if owners else None)
    if raw is None:
        return Owner("Pod", home, pod_name)
    kind, owner_name = text(raw.get("kind")), text(raw.get("name"))
    if kind != "ReplicaSet":
        return Owner(kind, home, owner_name)
    known = replica_sets.get((home, owner_name))
    ending = f"-{labels(document).get(HASH_LABEL, '')}"
    if known is None and len(ending) > 1 and owner_name.endswith(ending):
        known = owner_name.removesuffix(ending)
    return Owner("Deployment", home, known) if known else Owner("ReplicaSet", home, owner_name)
