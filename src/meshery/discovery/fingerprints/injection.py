"""Which pods shall be in the mesh, and why one that shall be is not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from meshery.discovery.fingerprints.cluster import Cluster
from meshery.discovery.fingerprints.fields import instant, mapping
from meshery.discovery.fingerprints.model import Health, Reason
from meshery.discovery.fingerprints.parts import Parts
from meshery.discovery.fingerprints.planes import PlaneFound
from meshery.discovery.fingerprints.pods import Pod
from meshery.discovery.fingerprints.rows import Decision, Injection
from meshery.discovery.fingerprints.sources import DEFAULT_REVISION, argument_value, marked
from meshery.discovery.fingerprints.table import MeshTable
from meshery.discovery.fingerprints.webhooks import Webhook

VALUE = "$value"
MARKED_AT = "marked_at"
"""The field of a redacted Namespace with the times of its marks, by `labels` or `annotations`."""
NOT_INJECTED = (
    "{} asks for a proxy and none was added when the pod was created: it is older than that mark, "
    "or the injector did not answer; restart its workload"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whether a pod shall be in the mesh, what decided it, and the revision it shall have."""

    inject: bool
    mode: str
    revision: str
    decided: str
    decision: Decision | None

    @property
    def by_pod(self) -> bool:
        """Whether the pod itself says so, not its namespace."""
        return self.decision is not None and self.decision.where.startswith("pod")


@dataclass(frozen=True, slots=True)
class Injector:
    """What the decisions of one mesh stand on."""

    table: MeshTable
    cluster: Cluster
    parts: Parts
    planes: tuple[PlaneFound, ...]
    tags: Mapping[str, str]
    webhooks: tuple[Webhook, ...]

    def wanted(self, pod: Pod) -> Wanted | None:
        """The decision on a pod; None where nothing says anything."""
        found = [each for row in self.table.injection if (each := self._decide(row, pod))]
        best = next((each for each in found if each.inject), None) or next(iter(found), None)
        if best is None and self._is_selected(pod):
            return Wanted(True, "sidecar", "", "the injector selects it", None)
        return best

    def opted_out(self, pod: Pod) -> Wanted | None:
        """The decision of the namespace that a mark on the pod itself overrules."""
        for row in self.table.injection:
            decisions = tuple(each for each in row.decisions if each.where.startswith("namespace"))
            found = self._first(Injection(decisions, row.mode), pod)
            if found and found.inject:
                return found
        return None

    def why_not(self, pod: Pod, wanted: Wanted) -> tuple[Reason, str]:
        """Why an eligible pod is not in the mesh: the first cause that is seen."""
        return self._not_captured(wanted) if wanted.mode == "ambient" else self._why(pod, wanted)

    def _why(self, pod: Pod, wanted: Wanted) -> tuple[Reason, str]:
        plane = self._plane(wanted.revision)
        known = {webhook for each in self.webhooks for webhook in self._revisions_of(each)}
        if wanted.revision and plane is None and wanted.revision not in known:
            return Reason.REVISION_UNKNOWN, f"no control plane has revision {wanted.revision}"
        hooks = [each for each in self.webhooks if self._serves(each, wanted.revision)]
        if not hooks:
            return Reason.WEBHOOK_MISSING, "no injector webhook is registered; install it again"
        choosing = self._selecting(pod, wanted.revision)
        if not choosing:
            return Reason.WEBHOOK_SKIPS_IT, "the injector's selectors do not select this pod"
        return self._by_time(pod, wanted, choosing, plane)

    def _by_time(
        self, pod: Pod, wanted: Wanted, hooks: list[Webhook], plane: PlaneFound | None
    ) -> tuple[Reason, str]:
        # Times are whole seconds; of the same one, a pod without proxy was the first.
        since = _marked_since(wanted.decision, pod, self.cluster)
        if pod.created and since and pod.created <= since:
            return (
                Reason.CREATED_BEFORE_LABEL,
                f"older than {wanted.decided} on its namespace; restart its workload",
            )
        # Webhooks are made anew with each revision and tag: their age tells less than the mark's.
        created = [each.created for each in hooks if each.created]
        if pod.created and len(created) == len(hooks) and pod.created <= min(created):
            return Reason.CREATED_BEFORE_INJECTOR, "older than the injector; restart its workload"
        if plane and plane.plane.health is Health.DOWN:
            return Reason.INJECTOR_DOWN, "the control plane that injects it is not ready"
        return Reason.NOT_INJECTED, NOT_INJECTED.format(wanted.decided)

    def _not_captured(self, wanted: Wanted) -> tuple[Reason, str]:
        row = next(each for each in self.table.injection if each.mode == wanted.mode)
        there = {each.agent.name for each in self.parts.agents if each.workload.ready}
        missing = [name for name in row.needs_agents if name not in there]
        if missing:
            return Reason.NODE_AGENT_MISSING, f"not ready on the nodes: {', '.join(missing)}"
        return Reason.NOT_CAPTURED, "its traffic is not redirected to the node's proxy"

    def _decide(self, row: Injection, pod: Pod) -> Wanted | None:
        found = self._first(row, pod)
        if found or row.default is None:
            return found
        for part in self.parts.components:
            value = argument_value(row.default.argument, part.workload.containers)
            if value in row.default.values:
                return Wanted(True, row.mode, "", f"{row.default.argument}={value}", None)
        return None

    def _first(self, row: Injection, pod: Pod) -> Wanted | None:
        for decision in row.decisions:
            value = marked(decision.where, decision.key, pod, self.cluster)
            if value and (not decision.values or value in decision.values):
                revision = value if decision.revision == VALUE else decision.revision
                decided = f"{decision.key}={value}"
                return Wanted(decision.inject, row.mode, revision, decided, decision)
        return None

    def _is_selected(self, pod: Pod) -> bool:
        decides = self.table.webhooks.selected_is_wanted
        return decides and any(each.is_narrow for each in self._selecting(pod, ""))

    def _selecting(self, pod: Pod, revision: str) -> list[Webhook]:
        home = self.cluster.namespace_labels(pod.namespace)
        return [
            each
            for each in self.webhooks
            if self._serves(each, revision) and each.selects(pod.labels, home)
        ]

    def _plane(self, revision: str) -> PlaneFound | None:
        wanted = resolved(revision, self.tags)
        primary = [each for each in self.planes if each.plane.primary]
        if self.table.revisions is None:
            return next(iter(primary), None)
        return next((each for each in primary if each.plane.revision == wanted), None)

    def _serves(self, webhook: Webhook, revision: str) -> bool:
        known = self._revisions_of(webhook)
        return not revision or not known or revision in known

    def _revisions_of(self, webhook: Webhook) -> set[str]:
        rows = self.table.revisions
        if rows is None:
            return set()
        own = webhook.labels.get(rows.webhook_label, "")
        tag = webhook.labels.get(rows.tag_label, "")
        return {tag} if tag else {own} - {""}


def injector_webhooks(table: MeshTable, cluster: Cluster) -> tuple[Webhook, ...]:
    """The mutating webhooks of a mesh that handle pods."""
    return tuple(
        each
        for each in cluster.webhooks
        if each.mutating and each.handles_pods and each.named(table.webhooks.injectors)
    )


def resolved(revision: str, tags: Mapping[str, str]) -> str:
    """The revision behind a tag; the default one where none is named."""
    return tags.get(revision, revision) or tags.get(DEFAULT_REVISION, DEFAULT_REVISION)


def _marked_since(decision: Decision | None, pod: Pod, cluster: Cluster) -> datetime | None:
    """When the namespace got its mark at the latest, as who watches the cluster left it."""
    if decision is None or not decision.where.startswith("namespace"):
        return None
    part = "labels" if decision.where.endswith("label") else "annotations"
    told = mapping(cluster.namespaces.get(pod.namespace, {}).get(MARKED_AT))
    return instant(mapping(told.get(part)).get(decision.key))
