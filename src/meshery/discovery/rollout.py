"""Our operator in one connected cluster: put there, looked at, taken away.

Each part may be repeated: whatever was done before is found as it is.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from meshery.apply.target import Change, Object, Ref, ref_of
from meshery.connections.leaves import Leaves
from meshery.connections.model import Connection
from meshery.connections.service import ConnectionService
from meshery.connections.target import KubernetesTarget
from meshery.core.errors import ConflictError, DeadlineError, NotFoundError
from meshery.discovery.ingest.feeds import Feeds
from meshery.discovery.leaf_keeping import deployed_broker
from meshery.kube.lease import LEASES
from meshery.kube.resource import Resource
from meshery.operations.platform import Platform
from meshery.operator.images import Images
from meshery.operator.manifests import manifests, samples
from meshery.operator.names import (
    BROKER_FINALIZER,
    BROKERS,
    LEASE,
    MANAGED,
    MESHSYNC_FINALIZER,
    MESHSYNCS,
    Key,
)
from meshery.operator.objects import let_go, read

APPLY_S = 180.0
"""How long the operator may take to run; images are pulled first."""
READY_S = 300.0
"""How long the broker and the watcher may take to be ready."""
GONE_S = 60.0
FINALIZERS = (BROKER_FINALIZER, MESHSYNC_FINALIZER)
RBAC = "rbac.authorization.k8s.io/v1"
_PART_OF = "app.kubernetes.io/part-of"
_OURS = "meshery-operator"


class Rollout:
    """The operator in the cluster of `connection`, in `namespace`."""

    def __init__(self, platform: Platform, connection: Connection, namespace: str) -> None:
        self._platform = platform
        self._connections = ConnectionService(platform)
        self._feeds = Feeds(platform.database)
        self.connection = connection
        self.namespace = namespace

    async def check(self) -> None:
        """ConflictError when another connection of this cluster has one, or it is not known."""
        if not self.connection.cluster_id:
            raise ConflictError(
                f"it is not known which cluster {self.connection.name} is",
                cause=self.connection.reason,
                remedy=self.connection.remedy or "ask it: mesheryctl kubernetes ping NAME",
                code="meshery.operator.cluster",
            )
        for other in await self._connections.all():
            is_same = other.cluster_id == self.connection.cluster_id
            if is_same and other.operator and other.id != self.connection.id:
                raise ConflictError(
                    f"the operator is in this cluster already, by the connection {other.name}",
                    remedy=f"remove it there first, or go on with {other.name}",
                    code="meshery.operator.there",
                )

    async def plan(self) -> Sequence[Change]:
        """What putting it there would change."""
        async with self._connections.target(self.connection.id) as target:
            return await target.apply(await self._manifests(target), dry_run=True)

    async def put_operator(self) -> int:
        """Have kinds, rights and the operator itself, running; how many objects these are."""
        async with self._connections.target(self.connection.id) as target:
            documents = await self._manifests(target)
            # From here on there is something to remove, whatever comes next.
            await self._connections.set_operator(self.connection.id, self.namespace)
            return len(await target.apply(documents, timeout_s=APPLY_S))

    async def put_broker(self) -> None:
        """Have a broker and a watcher, and wait until objects flow."""
        async with self._connections.target(self.connection.id) as target:
            documents = samples(namespace=self.namespace, is_secure=True)
            await target.apply(documents, timeout_s=READY_S)

    async def follow(self) -> None:
        """Take over what the watcher tells, in place of watching from here."""
        await self._feeds.follow(self.connection.cluster_id, deployed_broker(self.namespace))

    async def forget(self) -> None:
        """Watch from here again; a leaf node has nothing to tell without its broker."""
        await Leaves(self._platform.database).revoke(self.connection.id)
        await self._feeds.forget(self.connection.cluster_id)

    async def remove_objects(self) -> None:
        """Have no Broker and no MeshSync in the cluster, nor what was made for them."""
        async with self._connections.target(self.connection.id) as target:
            for resource in (MESHSYNCS, BROKERS):
                await self._remove_all(target, resource)
            # What has no namespace has no owner either.
            for binding in await target.list(RBAC, "ClusterRoleBinding"):
                if (binding["metadata"].get("labels") or {}).items() >= MANAGED.items():
                    await _delete(target, ref_of(binding))

    async def remove_operator(self) -> None:
        """Have nothing of the operator; a namespace that others made stays."""
        async with self._connections.target(self.connection.id) as target:
            for document in reversed(await self._manifests(target)):
                await _delete(target, ref_of(document))
            await _delete(target, Ref(LEASES.api_version, LEASES.kind, LEASE, self.namespace))
        await self._connections.set_operator(self.connection.id, "")

    async def _manifests(self, target: KubernetesTarget) -> list[Object]:
        found = manifests(namespace=self.namespace, images=self._images())
        if await self._is_foreign(target):
            found = [each for each in found if each["kind"] != "Namespace"]
        return found

    async def _is_foreign(self, target: KubernetesTarget) -> bool:
        """Whether the namespace is there and was not made by us."""
        try:
            namespace = await target.get(Ref("v1", "Namespace", self.namespace, ""))
        except NotFoundError:
            return False
        labels = namespace["metadata"].get("labels") or {}
        return bool(labels.get(_PART_OF) != _OURS)

    def _images(self) -> Images:
        usual, settings = Images(), self._platform.settings.kubernetes
        return Images(
            broker=settings.broker_image or usual.broker,
            meshsync=settings.operator_image or usual.meshsync,
        )

    async def _remove_all(self, target: KubernetesTarget, resource: Resource) -> None:
        try:
            found = await target.list(resource.api_version, resource.kind)
        except NotFoundError:  # the kind is not there either
            return
        async with asyncio.TaskGroup() as group:
            for document in found:
                work = self._remove(target, resource, ref_of(document))
                group.create_task(work, name=f"remove {document['metadata']['name']}")

    async def _remove(self, target: KubernetesTarget, resource: Resource, ref: Ref) -> None:
        try:
            await _delete(target, ref)
        except DeadlineError:
            # No operator is there to clean up: what it made goes with its owner by itself.
            key = Key(resource, ref.namespace, ref.name)
            async with self._connections.client(self.connection.id) as client:
                item = await read(client, key)
                for finalizer in item.metadata.finalizers if item else ():
                    if item and finalizer in FINALIZERS:
                        await let_go(client, item, key, finalizer)
            await _delete(target, ref)


async def _delete(target: KubernetesTarget, ref: Ref) -> None:
    with suppress(NotFoundError):
        await target.delete(ref, timeout_s=GONE_S)
