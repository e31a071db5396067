"""A MeshSync object's watch-list, followed: what it says acts without a restart."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

from meshery.core.errors import InvalidInputError, MesheryError, NotFoundError
from meshery.core.telemetry import get_logger
from meshery.discovery.watch.choice import Choice, read_watch_list
from meshery.kube import watching
from meshery.kube.apply import get
from meshery.kube.client import KubeClient
from meshery.kube.kinds import discover
from meshery.kube.listing import Selection
from meshery.kube.resource import Resource

GROUPS = ("meshery.io", "meshery.layer5.io")
"""Where MeshSync's kind is served; the first is today's."""
AGAIN_S = 30.0

_log = get_logger("discovery.watchlist")


class WatchList:
    """The watch-list of the MeshSync `namespace/name`."""

    def __init__(self, client: KubeClient, *, namespace: str, name: str) -> None:
        self._client = client
        self._namespace = namespace
        self._name = name

    async def now(self) -> Choice:
        """What it says at present. NotFoundError without it, InvalidInputError if it is wrong."""
        resource = await self._resource()
        found = await get(self._client, resource, self._name, namespace=self._namespace)
        return _choice(found.document())

    async def follow(self, choose: Callable[[Choice], None]) -> None:
        """Pass on every choice, until cancelled. A wrong one changes nothing; nor does none."""
        while True:
            try:
                await self._watch(await self._resource(), choose)
            except MesheryError as error:
                _log.info("watchlist.not_read", what=error.what)
            await asyncio.sleep(AGAIN_S)

    async def _watch(self, resource: Resource, choose: Callable[[Choice], None]) -> None:
        only = Selection(namespace=self._namespace, fields=f"metadata.name={self._name}")
        watcher = watching.Watcher(self._client, resource, selection=only)
        async with aclosing(watcher.events()) as events:
            async for event in events:
                if isinstance(event, watching.Changed):
                    try:
                        choose(_choice(event.item.document()))
                    except InvalidInputError as error:
                        _log.warning("watchlist.wrong", what=error.what, cause=error.cause)
                elif isinstance(event, watching.Trouble):
                    _log.info("watchlist.trouble", what=event.error.what)

    async def _resource(self) -> Resource:
        served = (await discover(self._client)).preferred
        for group in GROUPS:
            for found in served:
                if (found.group, found.plural) == (group, "meshsyncs"):
                    return found
        raise NotFoundError(
            "this cluster serves no MeshSync objects",
            remedy="apply the operator's CRDs, or leave --meshsync out",
            code="meshery.discovery.meshsync",
        )


def _choice(document: dict[str, Any]) -> Choice:
    return read_watch_list((document.get("spec") or {}).get("watch-list"))
