"""A Kubernetes cluster as a Target: server-side apply, watch, readiness, and ways to its pods.

`apply` tries everything on the server first (dry run), so that a fault is told before anything is
changed; should a later step fail nevertheless, what was done is undone. Fields that belong to other
managers are conflicts unless `force` takes them over.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager

from meshery.apply.difference import differences
from meshery.apply.target import (
    Capabilities,
    Change,
    Endpoint,
    Object,
    Readiness,
    Ref,
    WatchEvent,
    ref_of,
)
from meshery.connections.applying import Applying
from meshery.connections.definitions import brings_kinds, versions_served
from meshery.connections.pods import reaching
from meshery.connections.restoring import restored
from meshery.connections.stored import stored_form
from meshery.connections.watch import events_of
from meshery.core.errors import DeadlineError, NotFoundError
from meshery.kube import apply as kube
from meshery.kube.client import KubeClient
from meshery.kube.kinds import KindCache
from meshery.kube.listing import Selection, list_all
from meshery.kube.readiness import readiness

_READY_POLL_S = 0.1
_NEEDED = {"get", "list", "watch", "create", "patch", "delete"}


class KubernetesTarget:
    """One cluster. `manager` is our name as the owner of what we apply."""

    def __init__(
        self, client: KubeClient, *, name: str, manager: str = kube.MANAGER, force: bool = False
    ) -> None:
        self._client = client
        self._name = name
        self._manager = manager
        self._force = force
        self._kinds = KindCache(client)

    @property
    def name(self) -> str:
        """The connection's name."""
        return self._name

    async def capabilities(self) -> Capabilities:
        """Every kind that the cluster keeps now."""
        found = await self._kinds.kinds(fresh=True)
        kept = [each for each in found.all if set(each.verbs) >= _NEEDED]
        return Capabilities(kinds=frozenset(f"{each.api_version}/{each.kind}" for each in kept))

    async def apply(
        self,
        objects: Sequence[Object],
        *,
        dry_run: bool = False,
        wait: bool = True,
        force: bool = False,
        timeout_s: float = 30.0,
    ) -> list[Change]:
        """Apply all or none; done when all are ready.

        FieldConflictError names the fields of other managers. DeadlineError with the reason when an
        object is not ready in time; then, too, the former state is put back.
        """
        applying = Applying(
            self._client,
            self._kinds,
            manager=self._manager,
            force=force or self._force,
            objects=objects,
        )
        tried = await applying.tried()
        if dry_run:
            return tried
        changes = await applying.carried_out(wait=wait, timeout_s=timeout_s)
        if any(brings_kinds(change.ref.kind) for change in changes):
            self._kinds.forget()
        return changes

    async def get(self, ref: Ref, *, whole: bool = False) -> Object:
        """One object; whole, with its `managedFields`."""
        resource = await self._kinds.of(ref.api_version, ref.kind)
        item = await kube.get(self._client, resource, ref.name, namespace=ref.namespace)
        document = item.document()
        return document if whole else stored_form(document)

    async def has(self, ref: Ref) -> bool:
        """Whether there is such an object."""
        try:
            await self.get(ref)
        except NotFoundError:
            return False
        return True

    async def list(
        self, api_version: str, kind: str, *, namespace: str | None = None
    ) -> Sequence[Object]:
        """All objects of a kind, by namespace and name. NotFoundError for an unknown kind."""
        resource = await self._kinds.of(api_version, kind)
        items, _ = await list_all(
            self._client, resource, selection=Selection(namespace=namespace or "")
        )
        items.sort(key=lambda item: (item.metadata.namespace, item.metadata.name))
        return [stored_form(item.document()) for item in items]

    @asynccontextmanager
    async def watch(
        self, api_version: str, kind: str, *, after: str = ""
    ) -> AsyncIterator[AsyncIterator[WatchEvent]]:
        """Changes of a kind. ExpiredError when those after `after` are no longer remembered."""
        resource = await self._kinds.of(api_version, kind)
        stream: AsyncGenerator[WatchEvent] = events_of(self._client, resource, after=after)
        async with aclosing(stream):
            yield stream

    async def delete(
        self, ref: Ref, *, uid: str = "", dry_run: bool = False, timeout_s: float = 30.0
    ) -> Change:
        """Take one object away; gone, with what it owns in the background, when this returns."""
        resource = await self._kinds.of(ref.api_version, ref.kind)
        item = await kube.delete(
            self._client,
            resource,
            ref.name,
            namespace=ref.namespace,
            uid=uid,
            dry_run=dry_run,
            wait_s=timeout_s,
        )
        if brings_kinds(ref.kind):
            self._kinds.forget()
        before = stored_form(item.document())
        return Change(ref, "deleted", dry_run, differences=differences(before, None))

    async def restore(self, stored: Object, *, timeout_s: float = 30.0) -> Change:
        """Put an object as it was, and give the fields that were taken over back to nobody."""
        ref = ref_of(stored)
        resource = await self._kinds.of(ref.api_version, ref.kind)
        try:
            async with asyncio.timeout(timeout_s):
                return await restored(self._client, resource, stored, manager=self._manager)
        except TimeoutError as error:
            raise DeadlineError(
                f"{ref} could not be put back within {timeout_s:g} s",
                remedy="try again, or allow more time",
            ) from error

    async def ready(self, ref: Ref, *, timeout_s: float = 0.0) -> Readiness:
        """Whether an object is in effect by the rules of its kind.

        A definition of a kind is when the cluster tells of the kind, a moment after it says so.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while True:
            document = await self.get(ref)
            found = readiness(document)
            reason = found.reason or await self._untold(document)
            if not reason or found.is_final or loop.time() >= deadline:
                return Readiness(ref, ready=not reason, reason=reason, is_final=found.is_final)
            await asyncio.sleep(_READY_POLL_S)

    @asynccontextmanager
    async def reach(self, ref: Ref, *, port: int = 0) -> AsyncIterator[Endpoint]:
        """A ready pod behind a Service, a workload, or the pod itself, by port-forward."""
        document = await self.get(ref)
        async with reaching(self._client, ref, document, port=port) as endpoint:
            yield endpoint

    async def _untold(self, document: Object) -> str:
        """Which of a definition's versions the cluster does not tell of yet, in words."""
        versions = versions_served(document)
        if not versions:
            return ""
        self._kinds.forget()
        known = {(each.api_version, each.kind) for each in (await self._kinds.kinds()).all}
        late = ", ".join(version for version, kind in versions if (version, kind) not in known)
        return f"the cluster does not tell of {late} yet" if late else ""
