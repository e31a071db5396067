"""Which objects a controller has looked at, and when, on a rigged API server."""

import asyncio
from typing import Any

from aiohttp import web

from fixtures.waiting import until
from kube.rigged import rigged, says, streams
from meshery.kube.client import KubeClient
from meshery.operator.children import CONFIG_MAPS, Children
from meshery.operator.conditions import READY
from meshery.operator.controller import Controller
from meshery.operator.keeper import Keeper, Kept
from meshery.operator.model import BrokerSpec, Served
from meshery.operator.names import BROKER_FINALIZER, BROKERS, Key


class Noting(Keeper):
    """Makes nothing; notes what it was to look at."""

    kind = BrokerSpec
    finalizer = BROKER_FINALIZER
    manager = "test"

    def __init__(self, client: KubeClient) -> None:
        super().__init__(client)
        self.looks: list[str] = []

    async def look(self, key: Key) -> float:
        self.looks.append(key.name)
        return 0.0

    async def carry_out(self, found: Served, children: Children) -> Kept:
        return Kept(READY)

    async def clean_up(self, found: Served, children: Children) -> None:
        pass


def an_object(name: str, uid: str, **metadata: Any) -> dict[str, Any]:
    named = {"name": name, "namespace": "n", "uid": uid, "resourceVersion": "1", **metadata}
    return {"apiVersion": "v1", "metadata": named}


def a_list(*items: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"resourceVersion": "1"}, "items": list(items)}


async def test_what_was_made_is_missed_also_where_its_owner_came_later() -> None:
    owners = [{"apiVersion": "v1", "kind": "Broker", "name": "late", "uid": "u1"}]
    child = an_object("made", "u2", ownerReferences=owners)
    is_watched, is_gone = asyncio.Event(), asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        is_child = request.path.endswith("configmaps")
        if "watch" not in request.query:
            if not is_child:
                await is_watched.wait()
            listed = a_list(child if is_child else an_object("late", "u1"))
            return await says(200, listed)(request)
        if not is_child:
            return await streams(then=30)(request)
        is_watched.set()
        await is_gone.wait()
        return await streams({"type": "DELETED", "object": child}, then=30)(request)

    async with rigged(answer) as server, KubeClient(server.access()) as client:
        keeper = Noting(client)
        controller = Controller(
            "test", keeper, client, resources=(BROKERS,), makes=(CONFIG_MAPS,), namespace="n"
        )
        running = asyncio.create_task(controller.run())

        async def is_looked_at(times: int) -> bool:
            return keeper.looks == ["late"] * times

        try:
            await until(lambda: is_looked_at(1), what="a look at the owner")
            is_gone.set()
            await until(lambda: is_looked_at(2), what="a look since its child is gone")
        finally:
            running.cancel()
            await asyncio.wait({running})
