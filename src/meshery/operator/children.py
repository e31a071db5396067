"""What is made for an object: applied by the server, pruned when not wanted, taken away at the end.

An object of the name that belongs to somebody else is never taken over.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from meshery.core.errors import ConflictError, NotFoundError
from meshery.kube.apply import Propagation, apply, delete, get
from meshery.kube.client import KubeClient
from meshery.kube.lease import LEASES
from meshery.kube.listing import Selection, list_all
from meshery.kube.resource import Resource
from meshery.operator.model import Served
from meshery.operator.names import MANAGED_BY, OPERATOR

Document = dict[str, Any]

GONE_S = 90.0
"""How long one child may take to be gone; pods end first, within a minute."""


def _core(kind: str, plural: str) -> Resource:
    return Resource(group="", version="v1", kind=kind, plural=plural, namespaced=True)


def _of(group: str, kind: str, plural: str, *, namespaced: bool = True) -> Resource:
    return Resource(group=group, version="v1", kind=kind, plural=plural, namespaced=namespaced)


RBAC = "rbac.authorization.k8s.io"
SECRETS = _core("Secret", "secrets")
SERVICES = _core("Service", "services")
CONFIG_MAPS = _core("ConfigMap", "configmaps")
ACCOUNTS = _core("ServiceAccount", "serviceaccounts")
STATEFUL_SETS = _of("apps", "StatefulSet", "statefulsets")
DEPLOYMENTS = _of("apps", "Deployment", "deployments")
BUDGETS = _of("policy", "PodDisruptionBudget", "poddisruptionbudgets")
ROLES = _of(RBAC, "Role", "roles")
ROLE_BINDINGS = _of(RBAC, "RoleBinding", "rolebindings")
CLUSTER_BINDINGS = _of(RBAC, "ClusterRoleBinding", "clusterrolebindings", namespaced=False)

_BY_KIND = {
    each.kind: each
    for each in (
        *(SECRETS, SERVICES, CONFIG_MAPS, ACCOUNTS, STATEFUL_SETS, DEPLOYMENTS, BUDGETS),
        *(ROLES, ROLE_BINDINGS, CLUSTER_BINDINGS, LEASES),
    )
}


class Children:
    """The objects made for one object, by one field manager."""

    def __init__(self, client: KubeClient, owner: Served, *, manager: str) -> None:
        self._client = client
        self._owner = owner
        self._manager = manager

    async def put(self, document: Document) -> Document:
        """Have this object. ConflictError when one of that name is not ours."""
        resource = _BY_KIND[document["kind"]]
        before = await self.find(resource, document["metadata"]["name"])
        if before is not None and not self._is_ours(before):
            raise ConflictError(
                f"{resource.kind} {document['metadata']['name']} belongs to somebody else",
                cause=f"{self._owner.key} needs this name for what is made for it",
                remedy="rename or delete that object, or give ours another name",
                code="meshery.operator.taken",
            )
        # What is ours is as we say: changes by others are put back.
        applied = await apply(
            self._client, resource, document, manager=self._manager, force=True, before=before
        )
        return applied.after

    async def find(self, resource: Resource, name: str) -> Document | None:
        """An object of that name, ours or not; None when there is none."""
        try:
            item = await get(self._client, resource, name, namespace=self._namespace(resource))
        except NotFoundError:
            return None
        return item.document()

    async def prune(self, resource: Resource, labels: str, keep: Iterable[str]) -> None:
        """Delete those of ours with these labels that are not to be kept."""
        kept = set(keep)
        for name in await self._named(resource, labels):
            if name not in kept:
                await self.take_away(resource, name)

    async def take_away(
        self, resource: Resource, name: str, *, propagation: Propagation = "Background"
    ) -> None:
        """Delete one of ours, and wait until it is gone; none is as good."""
        found = await self.find(resource, name)
        if found is None or not self._is_ours(found):
            return
        try:
            await delete(
                self._client,
                resource,
                name,
                namespace=self._namespace(resource),
                propagation=propagation,
                uid=found["metadata"]["uid"],
                wait_s=GONE_S,
            )
        except NotFoundError:
            return

    async def _named(self, resource: Resource, labels: str) -> Sequence[str]:
        selection = Selection(
            namespace=self._namespace(resource),
            labels=f"{MANAGED_BY}={OPERATOR},{labels}",
            is_metadata_only=True,
        )
        items, _ = await list_all(self._client, resource, selection=selection)
        uid = self._owner.metadata.uid
        return [
            item.metadata.name
            for item in items
            if any(owner.uid == uid for owner in item.metadata.owner_references)
        ]

    def _is_ours(self, document: Mapping[str, Any]) -> bool:
        metadata = document["metadata"]
        if document["kind"] == CLUSTER_BINDINGS.kind:
            # What has no namespace cannot be owned by what has one.
            marks = metadata.get("annotations") or {}
            return bool(marks.get(OWNED) == self._owner.metadata.uid)
        owners = metadata.get("ownerReferences") or ()
        return any(owner["uid"] == self._owner.metadata.uid for owner in owners)

    def _namespace(self, resource: Resource) -> str:
        return self._owner.metadata.namespace if resource.namespaced else ""


OWNED = "meshery.io/owned-by"
"""The annotation of an object without namespace: the uid of what it was made for."""
