"""One cluster as all tables read it: pods, workloads, namespaces, webhooks, each read once."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from meshery.discovery.fingerprints.fields import (
    Document,
    dig,
    each_mapping,
    labels,
    name,
    namespace,
    selects,
    text,
    texts,
)
from meshery.discovery.fingerprints.index import Index
from meshery.discovery.fingerprints.patterns import fits
from meshery.discovery.fingerprints.pods import (
    WORKLOAD_KINDS,
    Owner,
    Pod,
    Workload,
    read_pod,
    read_workload,
    workload_of_pods,
)
from meshery.discovery.fingerprints.snapshot import Snapshot
from meshery.discovery.fingerprints.versions import Digests
from meshery.discovery.fingerprints.webhooks import Webhook, read_webhooks


@dataclass(frozen=True, slots=True)
class Cluster:
    """The parts of a snapshot that fingerprints read."""

    snapshot: Snapshot
    pods: tuple[Pod, ...]
    workloads: tuple[Workload, ...]
    namespaces: Mapping[str, Document]
    services: Mapping[tuple[str, str], Document]
    config_maps: Mapping[tuple[str, str], Document]
    secrets: Mapping[tuple[str, str], Document]
    webhooks: tuple[Webhook, ...]
    digests: Digests
    pod_index: Index
    workload_index: Index
    home_labels: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def namespace_labels(self, name_: str) -> Mapping[str, str]:
        """A namespace's labels, with the one that the API server gives each."""
        if name_ not in self.home_labels:
            known = labels(self.namespaces.get(name_, {}))
            self.home_labels[name_] = {**known, "kubernetes.io/metadata.name": name_}
        return self.home_labels[name_]

    def data(self, home: str, config_map: str) -> dict[str, str]:
        """A ConfigMap's values; empty when it is not there. The name may be a glob."""
        found = named(self.config_maps, home, config_map)
        return texts(dig(found[1], "data")) if found else {}

    def behind(self, home: str, service: str) -> bool:
        """Whether a Service is there and something can stand behind it.

        A Service without selector is served from outside (a remote cluster's control plane).
        """
        document = self.services.get((home, service))
        if document is None:
            return False
        selector = dig(document, "spec.selector")
        if not selector:
            return True
        return any(
            pod.namespace == home and selects({"matchLabels": selector}, pod.labels)
            for pod in self.pods
        )


def read_cluster(snapshot: Snapshot) -> Cluster:
    """Read a snapshot once for all tables."""
    pods = _pods(snapshot)
    workloads = _workloads(snapshot, pods)
    return Cluster(
        snapshot=snapshot,
        pods=pods,
        workloads=workloads,
        pod_index=Index.of(pods),
        workload_index=Index.of(workloads),
        namespaces={name(each): each for each in snapshot.of("Namespace")},
        services=_by_place(snapshot, "Service"),
        config_maps=_by_place(snapshot, "ConfigMap"),
        secrets=_by_place(snapshot, "Secret"),
        webhooks=read_webhooks(snapshot),
        digests=Digests.read(snapshot),
    )


def named(
    things: Mapping[tuple[str, str], Document], home: str, pattern: str
) -> tuple[str, Document] | None:
    """The first object of a namespace by a name or a glob of names."""
    if "*" not in pattern:
        document = things.get((home, pattern))
        return (pattern, document) if document is not None else None
    names = sorted(known for place, known in things if place == home and fits(known, (pattern,)))
    return (names[0], things[home, names[0]]) if names else None


def _by_place(snapshot: Snapshot, kind: str) -> dict[tuple[str, str], Document]:
    return {(namespace(each), name(each)): each for each in snapshot.of(kind)}


def _pods(snapshot: Snapshot) -> tuple[Pod, ...]:
    replica_sets: dict[tuple[str, str], str] = {}
    for document in snapshot.of("ReplicaSet", "apps"):
        owners: list[Mapping[str, Any]] = list(
            each_mapping(dig(document, "metadata.ownerReferences"))
        )
        if owners:
            replica_sets[namespace(document), name(document)] = text(owners[0].get("name"))
    return tuple(read_pod(document, replica_sets) for document in snapshot.of("Pod"))


def _workloads(snapshot: Snapshot, pods: tuple[Pod, ...]) -> tuple[Workload, ...]:
    seen = [
        read_workload(document, kind)
        for kind in WORKLOAD_KINDS
        for document in snapshot.of(kind, "apps")
    ]
    known = {workload.owner for workload in seen}
    rest: defaultdict[Owner, list[Pod]] = defaultdict(list)
    for pod in pods:
        if pod.owner not in known:
            rest[pod.owner].append(pod)
    return (*seen, *(workload_of_pods(owner, group) for owner, group in rest.items()))
