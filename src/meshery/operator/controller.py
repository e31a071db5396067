"""`Controller`: watches a kind, and has each of its objects looked at when something changed.

Besides the objects themselves it watches most of what was made for them, so that a change by
somebody else is put right at once, and whatever else they hang on. What it does not watch is put
right at the next look, within `keeper.READY_S`.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import aclosing

from meshery.core.errors import MesheryError
from meshery.core.telemetry import get_logger
from meshery.kube.client import KubeClient
from meshery.kube.item import Item
from meshery.kube.listing import Selection
from meshery.kube.resource import Resource
from meshery.kube.watching import Changed, Deleted, Synced, Trouble, Watcher
from meshery.operator import metrics
from meshery.operator.keeper import BREAKS, Keeper
from meshery.operator.names import MANAGED_BY, OPERATOR, Key
from meshery.operator.queue import WorkQueue

WORKERS = 4
"""Objects of a kind that are looked at side by side."""

_log = get_logger("operator")


class Controller:
    """Serves the objects of `resources`, of the newer group first."""

    def __init__(
        self,
        name: str,
        keeper: Keeper,
        client: KubeClient,
        *,
        resources: tuple[Resource, ...],
        makes: tuple[Resource, ...],
        after: tuple[Resource, ...] = (),
        namespace: str = "",
    ) -> None:
        self._name = name
        self._keeper = keeper
        self._client = client
        self._resources = resources
        self._makes = makes
        self._after = after
        self._namespace = namespace
        self._queue: WorkQueue[Key] = WorkQueue()
        self._known: dict[str, Key] = {}
        self._listed: set[str] = set()

    @property
    def is_synced(self) -> bool:
        """Whether the objects to serve are known."""
        return str(self._resources[0]) in self._listed

    async def run(self) -> None:
        """Serve until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for resource in self._resources:
                    group.create_task(self._follow(resource, self._own), name=f"{resource}")
                for resource in self._makes:
                    selection = Selection(
                        namespace=self._namespace,
                        labels=f"{MANAGED_BY}={OPERATOR}",
                        is_metadata_only=True,
                    )
                    follow = self._follow(resource, self._owners, selection)
                    group.create_task(follow, name=f"{self._name}-{resource}")
                for resource in self._after:
                    group.create_task(self._follow(resource, self._all), name=f"after-{resource}")
                for number in range(WORKERS):
                    group.create_task(self._work(), name=f"{self._name}-{number}")
        finally:
            self._queue.close()

    async def _follow(
        self,
        resource: Resource,
        keys_of: Callable[[Resource, Item], Iterable[Key]],
        selection: Selection | None = None,
    ) -> None:
        selection = selection or Selection(namespace=self._namespace)
        touched: dict[str, Item] = {}
        events = Watcher(self._client, resource, selection=selection).events()
        async with aclosing(events):
            async for event in events:
                match event:
                    case Changed(item=item):
                        touched[item.metadata.uid] = item
                        self._add(keys_of(resource, item))
                    case Deleted(uid=uid):
                        # Whom it concerns may be known only since it changed last.
                        if uid in touched:
                            self._add(keys_of(resource, touched.pop(uid)))
                        self._known.pop(uid, None)
                    case Synced():
                        self._listed.add(str(resource))
                    case Trouble(error=error):
                        _log.info("operator.not_watched", kind=str(resource), what=error.what)
                    case _:
                        pass

    def _own(self, resource: Resource, item: Item) -> Iterable[Key]:
        metadata = item.metadata
        key = Key(resource, metadata.namespace, metadata.name)
        self._known[metadata.uid] = key
        return (key,)

    def _owners(self, _resource: Resource, item: Item) -> Iterable[Key]:
        """For whom it was made; unknown as long as that object itself was not seen."""
        for owner in item.metadata.owner_references:
            if owner.uid in self._known:
                yield self._known[owner.uid]

    def _all(self, _resource: Resource, _item: Item) -> Iterable[Key]:
        return tuple(self._known.values())

    def _add(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self._queue.add(key)

    async def _work(self) -> None:
        while True:
            key = await self._queue.get()
            metrics.reconciled.labels(self._name).inc()
            with metrics.lasted.labels(self._name).time():
                await self._look(key)

    async def _look(self, key: Key) -> None:
        try:
            next_s = await self._keeper.look(key)
        except BREAKS as error:
            metrics.failed.labels(self._name).inc()
            wait_s = self._queue.failed(key)
            what = error.what if isinstance(error, MesheryError) else repr(error)
            cause = error.cause if isinstance(error, MesheryError) else ""
            _log.warning("operator.failed", key=str(key), what=what, cause=cause, again_s=wait_s)
        else:
            self._queue.done(key, next_s=next_s)
