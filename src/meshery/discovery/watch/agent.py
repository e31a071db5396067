"""`Agent`: one cluster's watch as a process of its own runs it, with all that answers beside it."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from meshery.core.bus import Bus
from meshery.core.telemetry import gauge
from meshery.discovery.model import KindStatus, Seen, Told
from meshery.discovery.watch.choice import EVERYTHING, Choice
from meshery.discovery.watch.cluster import ClusterWatch
from meshery.discovery.watch.kind import Sink
from meshery.discovery.watch.meshsync import MeshSyncFace, MeshSyncSink
from meshery.discovery.watch.publisher import Publisher
from meshery.discovery.watch.watchlist import WatchList
from meshery.kube.client import KubeClient

MEASURE_S = 5.0
STATES = ("listing", "watching", "forbidden", "failing")

_objects = gauge("discovery_objects", "Objects that are watched, by kind", ("resource",))
_kinds = gauge("discovery_kinds", "Kinds that are watched, by state", ("state",))
_lag = gauge("discovery_lag_seconds", "How long the slowest kind's last message took")


class Agent:
    """Watches with a choice of kinds and namespaces (none: all). Use `run` once."""

    def __init__(
        self,
        client: KubeClient,
        cluster_id: str,
        *,
        choice: Choice = EVERYTHING,
        namespaces: frozenset[str] = frozenset(),
        watch_list: WatchList | None = None,
    ) -> None:
        self._client = client
        self._cluster_id = cluster_id
        self._choice = choice
        self._namespaces = namespaces
        self._watch_list = watch_list
        self._watch: ClusterWatch | None = None

    async def publish(self, bus: Bus) -> None:
        """Tell a broker, and answer requests, until cancelled."""
        publisher = Publisher(bus)
        again = asyncio.Event()
        publisher.lost = again.set
        watch = self._begin(MeshSyncSink(publisher, bus, is_wanted=self._tells))
        face = MeshSyncFace(watch, self._client, bus)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(watch.run(), name="watch")
                group.create_task(face.run(), name="meshsync")
                group.create_task(_resync(watch, again), name="resync")
                group.create_task(self._measure(watch), name="measure")
                if self._watch_list is not None:
                    work = self._watch_list.follow(self._choose)
                    group.create_task(work, name="watch-list")
        finally:
            await publisher.close()

    async def write(self, sink: Sink) -> None:
        """Tell a file until cancelled; nobody can ask for anything."""
        watch = self._begin(sink)
        async with asyncio.TaskGroup() as group:
            group.create_task(watch.run(), name="watch")
            group.create_task(self._measure(watch), name="measure")

    def _begin(self, sink: Sink) -> ClusterWatch:
        told = _InNamespaces(sink, self._namespaces) if self._namespaces else sink
        self._watch = ClusterWatch(self._client, self._cluster_id, told, choice=self._choice)
        return self._watch

    def _choose(self, choice: Choice) -> None:
        if choice != self._choice and self._watch is not None:
            self._choice = choice
            self._watch.choose(choice)

    def _tells(self, seen: Seen) -> bool:
        if self._choice.only is None or self._watch is None:
            return True
        return self._watch.tells(seen)

    async def _measure(self, watch: ClusterWatch) -> None:
        try:
            while True:
                _show(watch.status())
                await asyncio.sleep(MEASURE_S)
        finally:
            _show(())


class _InNamespaces:
    """Passes on what lies in some namespaces."""

    def __init__(self, sink: Sink, namespaces: frozenset[str]) -> None:
        self._sink = sink
        self._namespaces = namespaces

    async def put(self, told: Told) -> None:
        if not isinstance(told, Seen) or told.key.namespace in self._namespaces:
            await self._sink.put(told)

    def lag_s(self, kind: str) -> float:
        return self._sink.lag_s(kind)


def _show(kinds: Sequence[KindStatus]) -> None:
    """These alone: a kind that is not watched any more has no objects to tell of."""
    _objects.clear()
    for kind in kinds:
        _objects.labels(kind.resource).set(kind.objects)
    counted = Counter[str](kind.state for kind in kinds)
    for state in STATES:
        _kinds.labels(state).set(counted[state])
    _lag.set(max((kind.lag_s for kind in kinds), default=0.0))


async def _resync(watch: ClusterWatch, again: asyncio.Event) -> None:
    while True:
        await again.wait()
        again.clear()
        await watch.resync()
