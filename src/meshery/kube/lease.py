"""`Lease`: of several processes in a cluster one acts (`coordination.k8s.io/v1`).

    await Lease(client, "meshery-discovery", namespace="meshery", holder=name).hold(work)

Nobody's clock is believed but our own: a lease has lapsed when it was seen unchanged for as long as
it lasts (as client-go's leader election does it). Every write names the version it changes, so two
who grasp at once do not both get it.
kubernetes.io/docs/concepts/architecture/leases
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec

from meshery.core.errors import MesheryError, NotFoundError
from meshery.core.telemetry import get_logger
from meshery.kube.answers import decoded
from meshery.kube.client import KubeClient
from meshery.kube.resource import Resource

LEASES = Resource(
    group="coordination.k8s.io", version="v1", kind="Lease", plural="leases", namespaced=True
)
TTL_S = 15.0

_log = get_logger("kube.lease")


class _Spec(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    holder_identity: str | None = ""
    lease_duration_seconds: int | None = 0
    acquire_time: str | None = None
    renew_time: str | None = None
    lease_transitions: int | None = 0


class _Record(msgspec.Struct, frozen=True, rename="camel"):
    """A Lease; its metadata is written back whole: owners and labels are somebody else's."""

    metadata: dict[str, Any]
    spec: _Spec = _Spec()
    api_version: str = "coordination.k8s.io/v1"
    kind: str = "Lease"


class Lease:
    """One process's grasp at a lease; `holder` names it among all others. Use `hold` once."""

    def __init__(
        self,
        client: KubeClient,
        name: str,
        *,
        namespace: str,
        holder: str,
        ttl_s: float = TTL_S,
    ) -> None:
        self.name = name
        self.namespace = namespace
        self.holder = holder
        self.ttl_s = ttl_s
        self.is_held = False
        self._client = client
        self._record: _Record | None = None
        self._seen_s = 0.0

    async def hold(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work` whenever this process holds the lease, until it ends or this is cancelled.

        Where the lease cannot be renewed in time the work is cancelled before another may begin,
        and begins anew once the lease is ours again. Errors of the work are raised.
        """
        while True:
            await self.acquire()
            task = asyncio.ensure_future(work())
            try:
                if await self._kept_until_done(task):
                    return task.result()
                _log.warning("lease.lost", lease=self.name)
            finally:
                task.cancel()
                await asyncio.wait({task})
                await self.release()

    async def acquire(self) -> None:
        """Wait until it is ours."""
        while True:
            try:
                if await self._grasp():
                    return
            except MesheryError as error:
                _log.warning("lease.not_taken", lease=self.name, what=error.what, cause=error.cause)
            # A third of its time, so that a lapsed lease is soon seen; jitter parts the graspers.
            await asyncio.sleep(self.ttl_s / 3 * random.uniform(0.8, 1.2))  # noqa: S311

    async def release(self) -> None:
        """Give it back at once, so that nobody has to wait until it lapses."""
        was_held, self.is_held = self.is_held, False
        record = self._record
        if not was_held or record is None:
            return
        spec = msgspec.structs.replace(record.spec, holder_identity="", lease_duration_seconds=1)
        with suppress(MesheryError, TimeoutError):
            async with asyncio.timeout(self.ttl_s / 3):
                await self._write(msgspec.structs.replace(record, spec=spec))

    async def _kept_until_done(self, task: "asyncio.Future[None]") -> bool:
        """Renew until the work ends (true), or the lease is not ours any more (false)."""
        loop = asyncio.get_running_loop()
        renewed_s = loop.time()
        pause_s = self.ttl_s / 3
        while True:
            await asyncio.wait({task}, timeout=pause_s)
            if task.done():
                return True
            asked_s = loop.time()
            try:
                # What is left of the lease is the time in which the work may end.
                async with asyncio.timeout_at(renewed_s + self.ttl_s * 2 / 3):
                    if not await self._grasp():
                        return False
                renewed_s, pause_s = asked_s, self.ttl_s / 3
            except TimeoutError:
                self.is_held = False
                return False
            except MesheryError as error:
                pause_s = self.ttl_s / 15  # the rest of the lease is for more than one try
                _log.warning(
                    "lease.not_renewed", lease=self.name, what=error.what, cause=error.cause
                )

    async def _grasp(self) -> bool:
        """Take or renew it; false while it is another's. ConflictError when another was faster."""
        found = await self._read()
        if found is None:
            await self._create()
            self.is_held = True
            return True
        loop = asyncio.get_running_loop()
        if self._record is None or found.spec != self._record.spec:
            self._seen_s = loop.time()
        self._record = found
        spec = found.spec
        is_ours = spec.holder_identity == self.holder
        lasts_s = float(spec.lease_duration_seconds or 0)
        if spec.holder_identity and not is_ours and loop.time() - self._seen_s < lasts_s:
            self.is_held = False
            return False
        await self._write(self._taken(found, is_ours=is_ours))
        self.is_held = True
        return True

    def _taken(self, found: _Record, *, is_ours: bool) -> _Record:
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        before = found.spec
        spec = _Spec(
            holder_identity=self.holder,
            lease_duration_seconds=max(1, round(self.ttl_s)),
            acquire_time=before.acquire_time if is_ours else now,
            renew_time=now,
            lease_transitions=(before.lease_transitions or 0) + (not is_ours),
        )
        return msgspec.structs.replace(found, spec=spec)

    async def _read(self) -> _Record | None:
        path = LEASES.path(namespace=self.namespace, name=self.name)
        try:
            answer = await self._client.get(path)
        except NotFoundError:
            return None
        return decoded(answer.body, _Record, asked=f"GET {path}")

    async def _create(self) -> None:
        path = LEASES.path(namespace=self.namespace)
        fresh = _Record({"name": self.name, "namespace": self.namespace})
        body = msgspec.json.encode(self._taken(fresh, is_ours=False))
        answer = await self._client.post(path, body)
        self._keep(decoded(answer.body, _Record, asked=f"POST {path}"))

    async def _write(self, record: _Record) -> None:
        path = LEASES.path(namespace=self.namespace, name=self.name)
        answer = await self._client.request("PUT", path, body=msgspec.json.encode(record))
        self._keep(decoded(answer.body, _Record, asked=f"PUT {path}"))

    def _keep(self, record: _Record) -> None:
        self._record = record
        self._seen_s = asyncio.get_running_loop().time()
