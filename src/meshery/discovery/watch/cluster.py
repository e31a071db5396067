"""`ClusterWatch`: all kinds that matter of one cluster, told to a sink for as long as it runs.

    async with asyncio.TaskGroup() as group:
        group.create_task(ClusterWatch(client, cluster_id, publisher).run())

Kinds start tier by tier (`tiers.py`). CRDs are watched too: a kind that comes is listed alone, one
that goes ends alone. A kind that may not be read is reported; all others go on.
"""

import asyncio
import random
from contextlib import suppress
from datetime import UTC, datetime
from uuid import uuid4

import msgspec

from meshery.core.errors import MesheryError, UnavailableError
from meshery.core.telemetry import get_logger
from meshery.discovery.model import KindStatus, Report, Seen
from meshery.discovery.watch.choice import EVERYTHING, Choice
from meshery.discovery.watch.kind import KindWatch, Place, Sink
from meshery.discovery.watch.tiers import CRDS, MESH_GROUPS, Watched, belongs
from meshery.kube.answers import decoded
from meshery.kube.client import KubeClient
from meshery.kube.kinds import Kinds, discover

LISTS = 4
"""Kinds that are listed at once for the first time."""
TIER_S = 20.0
"""How long a tier waits for kinds of the one before."""
LOOK_S = 300.0
"""How often kinds are asked for when no CRD said that some came or went."""
SETTLE_S = 0.2
"""CRDs come in flocks: how long to wait for the rest of one."""
REPORT_S = 1.0
COUNTS_S = 10.0
"""How often it is told that there are more or fewer objects."""
HEARTBEAT_S = 30.0
AGAIN_S = 30.0
"""The longest wait before kinds are asked for again that were not as expected."""

_BREAKS = (
    MesheryError, msgspec.MsgspecError, OSError, ValueError, TypeError, LookupError, AttributeError,
)  # fmt: skip
"""What an object that nobody foresaw makes of the watch of its kind."""

_log = get_logger("discovery.watch")


class _Version(msgspec.Struct, frozen=True, rename="camel"):
    git_version: str = ""


class ClusterWatch:
    """Watches one cluster. Use `run` once; `resync` and `status` while it runs."""

    def __init__(
        self,
        client: KubeClient,
        cluster_id: str,
        sink: Sink,
        *,
        choice: Choice = EVERYTHING,
    ) -> None:
        self.cluster_id = cluster_id
        self.version = ""
        self._client = client
        self._sink = sink
        self._choice = choice
        self._epoch = uuid4().hex[:12]
        self._round = 0
        self._kinds: dict[str, tuple[KindWatch, asyncio.Task[None]]] = {}
        self._coming: dict[str, Watched] = {}
        self._look = asyncio.Event()
        self._lists = asyncio.Semaphore(LISTS)
        self._pause_s = SETTLE_S
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Watch until cancelled; nothing of the cluster's doing ends it."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._follow_kinds(), name="discovery-kinds")
                group.create_task(self._report(), name="discovery-report")
        finally:
            await self._stop([task for _, task in self._kinds.values()])

    def status(self) -> tuple[KindStatus, ...]:
        """Every kind, in the order they are begun; those that wait for their tier are listing."""
        begun = (watch.status for watch, _ in self._kinds.values())
        return (*begun, *map(_waiting, self._coming.values()))

    def readable(self) -> tuple[Watched, ...]:
        """The kinds that are watched without trouble now."""
        running = [watch for watch, _ in self._kinds.values()]
        return tuple(watch.watched for watch in running if watch.status.state == "watching")

    def tells(self, seen: Seen) -> bool:
        """Whether MeshSync's clients are told of it; of a kind that is left out now they are."""
        for watch, _ in self._kinds.values():
            found = watch.watched.resource
            if (found.api_version, found.kind) == (seen.key.api_version, seen.key.kind):
                return seen.event in watch.watched.events
        return True

    def choose(self, choice: Choice) -> None:
        """Watch other kinds from now on; of those that are left out all is told as gone."""
        self._choice = choice
        self._look.set()

    async def resync(self) -> None:
        """List every kind again, and tell all of it."""
        async with self._turn:
            for name, (watch, task) in list(self._kinds.items()):
                await self._stop([task])
                await self._begin(name, watch.watched, before=watch.held)

    async def _follow_kinds(self) -> None:
        while True:
            self._look.clear()
            is_true = False
            try:
                kinds = await discover(self._client)
                await self._ask_version()
                async with self._turn:
                    await self._adjust(kinds)
                is_true = self._agrees(kinds)
            except MesheryError as error:
                _log.info("discovery.kinds_unknown", what=error.what, cause=error.cause)
            self._pause_s = SETTLE_S if is_true else min(self._pause_s * 2, AGAIN_S)
            await self._until_a_crd_changes(LOOK_S if is_true else self._pause_s)

    async def _until_a_crd_changes(self, wait_s: float) -> None:
        # Jitter keeps the watches of many clusters from asking in one moment.
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s * random.uniform(0.8, 1.2)):  # noqa: S311
                await self._look.wait()
                await asyncio.sleep(SETTLE_S)

    async def _adjust(self, kinds: Kinds) -> None:
        """Begin what is wanted and does not run, end what is not served any more."""
        rows = self._choice.rows(kinds)
        for name, (watch, task) in list(self._kinds.items()):
            row = rows.get(name)
            resource = watch.watched.resource
            if row is None and resource.api_version not in kinds.missing:
                del self._kinds[name]
                await self._stop([task])
                await watch.end()
            elif row is not None and (task.done() or not _is_served(watch.watched, kinds)):
                await self._stop([task])
                await self._begin(name, row, before=watch.held)
            elif row is not None:
                watch.watched = msgspec.structs.replace(watch.watched, events=row.events)
        self._coming = {name: row for name, row in rows.items() if name not in self._kinds}
        tier = 0
        for name, row in list(self._coming.items()):
            if row.tier > tier:
                tier = row.tier
                await self._until_settled()
            await self._begin(name, row)

    async def _begin(
        self, name: str, row: Watched, *, before: dict[str, Place] | None = None
    ) -> None:
        await self._lists.acquire()
        self._round += 1
        watch = KindWatch(
            self._client,
            row,
            cluster_id=self.cluster_id,
            epoch=f"{self._epoch}-{self._round}",
            sink=self._sink,
            before=before,
            changed=self._look if name == CRDS else None,
        )
        # Its place among the first lists is free once it is settled, or ends, even unstarted.
        waiting = asyncio.create_task(_settled(watch), name=f"discovery-list-{row.name}")
        waiting.add_done_callback(lambda _: self._lists.release())
        task = asyncio.create_task(self._keep(watch), name=f"discovery-{row.name}")
        task.add_done_callback(lambda _: waiting.cancel())
        self._kinds[name] = (watch, task)
        self._coming.pop(name, None)

    async def _keep(self, watch: KindWatch) -> None:
        """Run it; should it break, the next look at the kinds begins it anew."""
        try:
            await watch.run()
        except _BREAKS as error:
            _log.exception("discovery.broken", kind=watch.name)
            watch.broke(UnavailableError("the watch of this kind broke", cause=repr(error)))
            await asyncio.sleep(AGAIN_S)
            self._look.set()

    async def _until_settled(self) -> None:
        running = [watch.settled.wait() for watch, _ in self._kinds.values()]
        try:
            async with asyncio.timeout(TIER_S):
                await asyncio.gather(*running)
        except TimeoutError:
            _log.info("discovery.tier_is_late")

    def _agrees(self, kinds: Kinds) -> bool:
        """Whether what is served is what the CRDs say; the list of kinds comes a little later."""
        crds = self._kinds.get(CRDS)
        if crds is None or crds[0].status.state != "watching":
            return crds is None or crds[0].status.state != "listing"
        named = {place.name for place in crds[0].held.values() if _is_of_a_mesh(place.name)}
        return named == {name for each in kinds.all if _is_of_a_mesh(name := str(each))}

    async def _ask_version(self) -> None:
        if not self.version:
            answer = await self._client.get("/version")
            self.version = decoded(answer.body, _Version, asked="GET /version").git_version

    async def _report(self) -> None:
        told: tuple[KindStatus, ...] = ()
        told_at = 0.0
        while True:
            await asyncio.sleep(REPORT_S)
            kinds = self.status()
            now = asyncio.get_running_loop().time()
            rest_s = now - told_at
            if (
                _states(kinds) != _states(told)
                or (kinds != told and rest_s >= COUNTS_S)
                or rest_s >= HEARTBEAT_S
            ):
                told, told_at = kinds, now
                at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
                await self._sink.put(Report(self.cluster_id, self._epoch, at, self.version, kinds))

    async def _stop(self, tasks: list[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


def _is_of_a_mesh(name: str) -> bool:
    return belongs(name.partition(".")[2], MESH_GROUPS)


def _states(kinds: tuple[KindStatus, ...]) -> list[tuple[str, ...]]:
    return [(kind.resource, kind.state, kind.error, kind.synced_at) for kind in kinds]


def _waiting(watched: Watched) -> KindStatus:
    resource = watched.resource
    return KindStatus(watched.name, resource.api_version, resource.kind, "listing", 0)


async def _settled(watch: KindWatch) -> None:
    try:
        async with asyncio.timeout(TIER_S):
            await watch.settled.wait()
    except TimeoutError:
        _log.info("discovery.list_is_long", kind=watch.name)


def _is_served(watched: Watched, kinds: Kinds) -> bool:
    resource = watched.resource
    return resource.api_version in kinds.missing or any(
        (found.group, found.version, found.plural)
        == (resource.group, resource.version, resource.plural)
        for found in kinds.all
    )
