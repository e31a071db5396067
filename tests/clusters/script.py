"""Scripted clusters: what stands in them, in the order in which it comes to stand there.

    script = load("main")
    documents(script)   # every object, the pods included, for use without a cluster
    steps(script)       # what a person applies, in order; `clusters.play` does so

`README.md` tells what each script holds, `expected.yaml` what a person would say of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from clusters.controllers import POOL, Cluster, at, expanded, stored
from clusters.definition import definitions
from clusters.template import Document, common_values, documents_of, read
from clusters.workload import with_proxy, workloads

SCRIPTS = ("main", "cilium-cni", "cilium-mesh", "remains")
_STARTED = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
_LATE_S = 3600
_WEBHOOKS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Pod", "CronJob")
_FIRST = ("Namespace", "Node")


@dataclass(frozen=True)
class Script:
    """A cluster's objects. `late` has the labels that a namespace gets after its first pods."""

    name: str
    nodes: tuple[str, ...]
    definitions: tuple[Document, ...]
    early: tuple[Document, ...]
    objects: tuple[Document, ...]
    late: Mapping[str, Sequence[str]]

    @property
    def namespaces(self) -> frozenset[str]:
        """The namespaces in which the script has something."""
        everything = (*self.early, *self.objects)
        return frozenset(each["metadata"].get("namespace", "") for each in everything) - {""}


@dataclass(frozen=True)
class Step:
    """Documents that may be applied at once, when those of the steps before are there."""

    name: str
    documents: tuple[Document, ...]


def load(name: str) -> Script:
    """A script by its name, one of SCRIPTS."""
    told, values = read(f"scripts/{name}.yaml"), common_values()
    parts = (each for path in told["parts"] for each in documents_of(path, values))
    objects = [with_proxy(each, values) for each in parts]
    for path in told.get("workloads", []):
        objects += workloads(path, values)
    early = [each for path in told.get("early", []) for each in workloads(path, values)]
    kinds = [each for group in told["definitions"] for each in definitions(group, values)]
    return Script(
        name=name,
        nodes=tuple(told["nodes"]),
        definitions=tuple(kinds),
        early=tuple(early),
        objects=tuple(objects),
        late=told.get("late", {}),
    )


def steps(script: Script) -> tuple[Step, ...]:
    """The script in order: nothing is applied before what it needs.

    A namespace that got its label late comes twice, the second time with the label. Webhooks come
    last, since nobody answers them.
    """
    first = [each for each in script.objects if each["kind"] in _FIRST]
    last = [each for each in script.objects if each["kind"] in _WEBHOOKS]
    rest = [each for each in script.objects if each["kind"] not in (*_FIRST, *_WEBHOOKS)]
    owned = [each for each in rest if _is_owned(each)]
    return (
        Step("definitions", script.definitions),
        Step("places", (*_nodes(script), *(_without_late(each, script) for each in first))),
        Step("early", script.early),
        Step("late", tuple(each for each in first if each["metadata"]["name"] in script.late)),
        Step("configuration", tuple(each for each in rest if not _is_owned(each))),
        Step("workloads", tuple(sorted(owned, key=_rank))),
        Step("webhooks", tuple(last)),
    )


def documents(script: Script) -> list[Document]:
    """Every object as an API server would answer it, pods and replica sets included."""
    cluster = Cluster(script.name, script.nodes, _STARTED)
    created: list[Document] = []
    for step, after_s in zip(steps(script), (0, 10, 60, 0, _LATE_S, _LATE_S, _LATE_S), strict=True):
        if step.name != "late":
            created += (stored(each, cluster, after_s=after_s) for each in step.documents)
    labelled = {each["metadata"]["name"]: each for each in steps(script)[3].documents}
    complete = (_with_late(each, labelled, cluster) for each in created)
    return list(expanded(complete, cluster))


def _nodes(script: Script) -> Iterator[Document]:
    for name in script.nodes:
        labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", POOL: script.name}
        yield {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}


def _is_owned(document: Document) -> bool:
    return document["kind"] in _WORKLOADS or "ownerReferences" in document["metadata"]


def _rank(document: Document) -> bool:
    return document["kind"] in _WORKLOADS


def _without_late(document: Document, script: Script) -> Document:
    late = script.late.get(document["metadata"]["name"], ())
    if not late:
        return document
    labels = {
        key: value for key, value in document["metadata"]["labels"].items() if key not in late
    }
    return {**document, "metadata": {**document["metadata"], "labels": labels}}


def _with_late(document: Document, labelled: Mapping[str, Document], cluster: Cluster) -> Document:
    """A namespace with its late labels, and when it got them as its managers tell."""
    full = labelled.get(document["metadata"]["name"])
    if document["kind"] != "Namespace" or full is None:
        return document
    labels = {**document["metadata"]["labels"], **full["metadata"]["labels"]}
    manager = {
        "manager": "kubectl",
        "operation": "Apply",
        "apiVersion": "v1",
        "time": at(cluster, _LATE_S),
        "fieldsType": "FieldsV1",
        "fieldsV1": {
            "f:metadata": {"f:labels": {f"f:{key}": {} for key in full["metadata"]["labels"]}}
        },
    }
    metadata = {**document["metadata"], "labels": labels, "managedFields": [manager]}
    return {**document, "metadata": metadata}
