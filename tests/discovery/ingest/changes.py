"""A steady stream of changes in a namespace: objects come, change and go, so many a second."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fixtures.kube import config_map
from meshery.kube.client import KubeClient
from meshery.kube.kubeconfig import OWN, read_kubeconfigs
from meshery.kube.limiter import Limits
from meshery.kube.local.control_plane import ControlPlane

AT_ONCE = 16
LIVES = 3
"""Objects of one hand that are there at the same time."""
_MERGE = "application/merge-patch+json"


class Changes:
    """Makes changes; `deleted` and `kept` are what became of the objects so far."""

    def __init__(self, client: KubeClient, namespace: str) -> None:
        self.deleted: set[str] = set()
        self.kept: set[str] = set()
        self._client = client
        self._path = f"/api/v1/namespaces/{namespace}/configmaps"
        self._left = 0
        self._flows = False
        self._rounds = [0] * AT_ONCE

    async def make(self, count: int) -> None:
        """About `count` writes, as fast as the client may."""
        self._left = count
        async with asyncio.TaskGroup() as group:
            for hand in range(AT_ONCE):
                group.create_task(self._work(hand), name=f"hand {hand}")

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        """Write until the end of the block; no object is left half made."""
        self._flows = True
        task = asyncio.create_task(self._flow(), name="changes")
        try:
            yield
        finally:
            self._flows = False
            await task

    async def _flow(self) -> None:
        while self._flows:
            await self.make(3 * AT_ONCE)

    async def _work(self, hand: int) -> None:
        while self._left > 0:
            self._left -= 3
            turn = self._rounds[hand]
            self._rounds[hand] += 1
            await self._live(hand, turn)

    async def _live(self, hand: int, turn: int) -> None:
        """One object comes and changes; one of before goes."""
        name = f"hand-{hand}-{turn}"
        await self._client.post(self._path, json.dumps(config_map(name, a="b")).encode())
        patch = {"metadata": {"labels": {"turn": str(turn)}}}
        await self._client.patch(
            f"{self._path}/{name}", json.dumps(patch).encode(), content_type=_MERGE
        )
        self.kept.add(name)
        if turn >= LIVES:
            old = f"hand-{hand}-{turn - LIVES}"
            await self._client.delete(f"{self._path}/{old}")
            self.kept.remove(old)
            self.deleted.add(old)


@asynccontextmanager
async def changing(plane: ControlPlane, namespace: str, *, per_s: float) -> AsyncIterator[Changes]:
    """Who makes at most `per_s` changes a second."""
    access = read_kubeconfigs([plane.kubeconfig]).access(plane.context(), trust=OWN)
    async with KubeClient(access, limits=Limits(qps=per_s, burst=AT_ONCE)) as client:
        yield Changes(client, namespace)
