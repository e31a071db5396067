"""The parts of a mesh that stand in the cluster: control-plane workloads and node agents."""

from collections.abc import Iterable
from dataclasses import dataclass

from meshery.discovery.fingerprints.cluster import Cluster
from meshery.discovery.fingerprints.fields import Document, conditions, dig, name, selects
from meshery.discovery.fingerprints.model import UNKNOWN, Evidence
from meshery.discovery.fingerprints.patterns import (
    Strength,
    fits,
    image_strength,
    labels_fit,
)
from meshery.discovery.fingerprints.pods import Container, Owner, Workload
from meshery.discovery.fingerprints.rows import Agent, Component, Images, Managed
from meshery.discovery.fingerprints.table import MeshTable
from meshery.discovery.fingerprints.versions import labelled_version, looks_like_version, normal
from meshery.discovery.fingerprints.weighing import Scale


@dataclass(frozen=True, slots=True)
class ComponentFound:
    """A control-plane workload; `sure` = its image was recognised, not its labels alone."""

    component: Component
    workload: Workload
    container: Container | None
    evidence: tuple[Evidence, ...]
    sure: bool


@dataclass(frozen=True, slots=True)
class ManagedFound:
    """An object that stands for a control plane elsewhere."""

    row: Managed
    document: Document
    ready: bool
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class AgentFound:
    """A DaemonSet of the mesh."""

    agent: Agent
    workload: Workload
    container: Container
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Parts:
    """All of one mesh in one cluster, of however many instances."""

    components: tuple[ComponentFound, ...]
    managed: tuple[ManagedFound, ...]
    agents: tuple[AgentFound, ...]

    def owners(self) -> frozenset[Owner]:
        """The workloads that are the mesh itself."""
        found: Iterable[ComponentFound | AgentFound] = (*self.components, *self.agents)
        return frozenset(each.workload.owner for each in found)


def find_parts(table: MeshTable, cluster: Cluster, scale: Scale) -> Parts:
    """Recognise a table's workloads by image and label."""
    components: list[ComponentFound] = []
    agents: list[AgentFound] = []
    for workload in _candidates(table, cluster):
        component = _component(table, workload, cluster, scale)
        if component:
            components.append(component)
        elif agent := _agent(table, workload, scale):
            agents.append(agent)
    return Parts(tuple(components), _managed(table, cluster, scale), tuple(agents))


def _candidates(table: MeshTable, cluster: Cluster) -> list[Workload]:
    """Those with an image of the table, and those that one of its webhooks may call."""
    names = (*table.webhooks.injectors, *table.webhooks.validators)
    called = {each.service[0] for each in cluster.webhooks if each.named(names)}
    rows = [each.images for each in table.components] + [each.images for each in table.agents]
    positions = cluster.workload_index.candidates(rows, namespaces=called)
    return [cluster.workloads[position] for position in positions]


def version_of(
    container: Container | None, labels: dict[str, str], cluster: Cluster, flavours: tuple[str, ...]
) -> str:
    """What is run: by tag or digest, else by label, else unknown."""
    tag = cluster.digests.tag(container.image) if container else ""
    found = tag if looks_like_version(tag) else labelled_version(labels)
    return normal(found, flavours) if found else UNKNOWN


def best_image(
    containers: tuple[Container, ...], images: Images, organisations: tuple[str, ...]
) -> tuple[Strength, Container | None]:
    """The container that fits best, and how well."""
    grades: tuple[Strength, ...] = ("distinct", "organisation", "common")
    found: dict[Strength, Container] = {}
    for container in containers:
        if container.runs:
            found.setdefault(image_strength(container.image, images, organisations), container)
    grade: Strength = next((each for each in grades if each in found), "")
    return grade, found.get(grade) if grade else None


def _component(
    table: MeshTable, workload: Workload, cluster: Cluster, scale: Scale
) -> ComponentFound | None:
    for component in table.components:
        if workload.owner.kind not in (*component.kinds, "ReplicaSet", "Pod"):
            continue
        found = _fit(component, table, workload, cluster, scale)
        if found:
            return found
    return None


def _fit(
    component: Component, table: MeshTable, workload: Workload, cluster: Cluster, scale: Scale
) -> ComponentFound | None:
    label = labels_fit(workload.labels, component.labels)
    grade, container = best_image(workload.containers, component.images, table.organisations)
    sure = bool(label) if component.needs_label or grade == "common" else bool(grade)
    sure = sure and bool(grade)
    # A rebuilt image under a name of its own: labels hold only where the API server calls it.
    if not sure and not (label and _is_called(table, workload, cluster)):
        return None
    place = f"{workload.owner.kind}/{workload.owner.namespace}/{workload.owner.name}"
    evidence: list[Evidence] = []
    if sure and container:
        evidence.append(scale.evidence("image", place, container.image_text))
    if label:
        evidence.append(scale.evidence("label", place, label))
    chosen = container if sure else None
    return ComponentFound(component, workload, chosen, tuple(evidence), sure)


def _is_called(table: MeshTable, workload: Workload, cluster: Cluster) -> bool:
    """Whether a webhook of the mesh calls a Service that selects this workload."""
    names = (*table.webhooks.injectors, *table.webhooks.validators)
    for webhook in cluster.webhooks:
        home, _ = webhook.service
        if home != workload.owner.namespace or not webhook.named(names):
            continue
        selector = dig(cluster.services.get(webhook.service, {}), "spec.selector")
        if selector and selects({"matchLabels": selector}, workload.labels):
            return True
    return False


def _agent(table: MeshTable, workload: Workload, scale: Scale) -> AgentFound | None:
    if workload.owner.kind != "DaemonSet":
        return None
    for agent in table.agents:
        grade, container = best_image(workload.containers, agent.images, table.organisations)
        label = labels_fit(workload.labels, agent.labels)
        if container and (grade != "common" or label):
            place = f"DaemonSet/{workload.owner.namespace}/{workload.owner.name}"
            evidence = scale.evidence("node-agent", place, container.image_text)
            return AgentFound(agent, workload, container, evidence)
    return None


def _managed(table: MeshTable, cluster: Cluster, scale: Scale) -> tuple[ManagedFound, ...]:
    found = []
    for row in table.managed:
        for document in cluster.snapshot.of(row.kind, row.group):
            states = conditions(document)
            ready = any(states.get(each) == "True" for each in row.ready)
            evidence = scale.evidence("object", f"{row.kind}/{name(document)}", row.group)
            found.append(ManagedFound(row, document, ready, evidence))
    return tuple(found)


def crd_evidence(table: MeshTable, cluster: Cluster, scale: Scale) -> tuple[Evidence, ...]:
    """One observation a group of CRDs."""
    groups: dict[str, int] = {}
    for crd in cluster.snapshot.crds():
        group = crd.partition(".")[2]
        if fits(group, table.crd_groups) or fits(crd, table.crds):
            groups[group] = groups.get(group, 0) + 1
    return tuple(
        scale.evidence("crd", f"CustomResourceDefinition/*.{group}", f"{count} kinds")
        for group, count in sorted(groups.items())
    )
