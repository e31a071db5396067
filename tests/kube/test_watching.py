"""The watcher keeps its reader's set equal to the server's, whatever happens between them."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from fixtures.kube import KubeNamespace
from fixtures.waiting import until
from kube.conftest import client_of
from kube.examples import CONFIG_MAPS, CRDS, PODS, config_map, custom_kind
from kube.rigged import Handler, refuses, rigged, says, streams
from meshery.core.errors import ForbiddenError, UnavailableError
from meshery.kube.apply import apply, delete
from meshery.kube.backoff import Backoff
from meshery.kube.client import KubeClient
from meshery.kube.item import Item
from meshery.kube.listing import EVERYTHING, Selection, list_all
from meshery.kube.local.control_plane import ControlPlane
from meshery.kube.readiness import wait_ready
from meshery.kube.resource import Resource
from meshery.kube.watching import Bookmark, Changed, Deleted, Event, Synced, Trouble, Watcher


def quick() -> Backoff:
    return Backoff(start_s=0.02, most_s=0.2)


@dataclass
class Reader:
    """What a consumer makes of the events: a set of objects by uid."""

    watcher: Watcher
    held: dict[str, Item] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    async def read(self) -> None:
        async with contextlib.aclosing(self.watcher.events()) as events:
            async for event in events:
                self.take(event)

    def take(self, event: Event) -> None:
        self.events.append(event)
        match event:
            case Changed(what, item):
                assert (what == "modified") == (item.metadata.uid in self.held)
                self.held[item.metadata.uid] = item
            case Deleted(uid):
                del self.held[uid]

    @property
    def names(self) -> set[str]:
        return {item.metadata.name for item in self.held.values()}

    def count(self, kind: type[Event]) -> int:
        return sum(isinstance(event, kind) for event in self.events)

    @property
    def troubles(self) -> list[str]:
        return [event.error.specific_code for event in self.events if isinstance(event, Trouble)]


@asynccontextmanager
async def reading(
    client: KubeClient,
    resource: Resource,
    *,
    selection: Selection = EVERYTHING,
    after: str = "",
    streaming: bool = False,
    backoff: Backoff | None = None,
) -> AsyncIterator[Reader]:
    reader = Reader(
        Watcher(
            client,
            resource,
            selection=selection,
            after=after,
            streaming=streaming,
            backoff=backoff or quick(),
        )
    )
    task = asyncio.create_task(reader.read())
    try:
        yield reader
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def equal(client: KubeClient, resource: Resource, reader: Reader, where: Selection) -> bool:
    """Whether the reader holds what the server has, version by version."""
    items, _ = await list_all(client, resource, selection=where)
    return {item.metadata.uid: item.metadata.resource_version for item in items} == {
        uid: item.metadata.resource_version for uid, item in reader.held.items()
    }


@pytest.mark.parametrize("streaming", [False, True])
async def test_the_reader_sees_what_is_and_what_changes(
    client: KubeClient, kube_namespace: KubeNamespace, streaming: bool
) -> None:
    space = kube_namespace.name
    where = Selection(namespace=space)
    await apply(client, CONFIG_MAPS, config_map("one", namespace=space, a="1"))
    async with reading(client, CONFIG_MAPS, selection=where, streaming=streaming) as reader:
        await _until(lambda: reader.count(Synced) == 1)
        assert {"one"} <= reader.names
        assert reader.troubles == []
        await apply(client, CONFIG_MAPS, config_map("one", namespace=space, a="2"))
        await apply(client, CONFIG_MAPS, config_map("two", namespace=space))
        await delete(client, CONFIG_MAPS, "one", namespace=space)
        await _until(lambda: reader.count(Deleted) == 1 and "two" in reader.names)
        assert await equal(client, CONFIG_MAPS, reader, where)
        gone = next(event for event in reader.events if isinstance(event, Deleted))
        assert gone.item is not None
        assert gone.item.document()["data"] == {"a": "2"}


async def test_a_watch_resumes_after_a_version(
    client: KubeClient, kube_namespace: KubeNamespace
) -> None:
    space = kube_namespace.name
    _, version = await list_all(client, CONFIG_MAPS, selection=Selection(namespace=space))
    await apply(client, CONFIG_MAPS, config_map("later", namespace=space))
    where = Selection(namespace=space)
    async with reading(client, CONFIG_MAPS, selection=where, after=version) as reader:
        await _until(lambda: reader.names == {"later"})
        assert reader.count(Synced) == 0


async def test_a_kind_that_goes_takes_its_objects_and_one_that_comes_back_is_watched(
    client: KubeClient, kube_namespace: KubeNamespace
) -> None:
    group = f"w{time.monotonic_ns()}.example.com"
    widgets = Resource(group=group, version="v1", kind="Widget", plural="widgets", namespaced=True)
    widget = {
        "apiVersion": f"{group}/v1",
        "kind": "Widget",
        "metadata": {"name": "w", "namespace": kube_namespace.name},
    }

    async def install() -> None:
        await apply(client, CRDS, custom_kind(group))
        await wait_ready(client, CRDS, f"widgets.{group}")

        async def works() -> bool:
            try:
                await apply(client, widgets, widget)
            except Exception:  # noqa: BLE001 - the kind's paths come a moment after it
                return False
            return True

        await until(works, timeout_s=45, what="the new kind")

    await install()
    async with reading(client, widgets) as reader:
        await _until(lambda: reader.names == {"w"})
        await delete(client, CRDS, f"widgets.{group}", wait_s=30)
        await _until(lambda: not reader.held and "meshery.kube.not_found" in reader.troubles)
        await install()
        await _until(lambda: reader.names == {"w"}, timeout_s=30)
    await delete(client, CRDS, f"widgets.{group}", wait_s=30)


async def test_a_kind_that_may_not_be_listed_is_told_once_and_the_rest_goes_on(
    kube: ControlPlane, client: KubeClient, kube_namespace: KubeNamespace
) -> None:
    async with client_of(kube, "viewer") as viewer, reading(viewer, CONFIG_MAPS) as reader:
        await _until(lambda: bool(reader.troubles))
        await asyncio.sleep(0.5)
        assert reader.troubles == ["meshery.kube.forbidden"]
        trouble = next(event for event in reader.events if isinstance(event, Trouble))
        assert isinstance(trouble.error, ForbiddenError)
        assert "viewer" in trouble.error.what
        await kube_namespace.kubectl(
            "create", "clusterrole", f"{kube_namespace.name}", "--verb=list,watch",
            "--resource=configmaps",
        )  # fmt: skip
        await kube_namespace.kubectl(
            "create", "clusterrolebinding", f"{kube_namespace.name}",
            f"--clusterrole={kube_namespace.name}", "--user=viewer",
        )  # fmt: skip
        await _until(lambda: reader.count(Synced) == 1, timeout_s=30)
    for kind in ("clusterrolebinding", "clusterrole"):
        await kube_namespace.kubectl("delete", kind, kube_namespace.name)


def pod(name: str, version: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "uid": f"u-{name}", "resourceVersion": version}}


def listed(*items: dict[str, Any], version: str) -> Handler:
    return says(200, {"metadata": {"resourceVersion": version}, "items": list(items)})


def change(kind: str, name: str, version: str) -> dict[str, Any]:
    return {"type": kind, "object": pod(name, version)}


GONE = {"type": "ERROR", "object": {"code": 410, "reason": "Expired", "message": "too old"}}


async def test_bookmarks_move_the_place_to_resume_from() -> None:
    bookmark = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "50"}}}
    async with (
        rigged(listed(pod("a", "1"), version="10"), streams(bookmark), streams(then=10)) as server,
        KubeClient(server.access()) as client,
        reading(client, PODS) as reader,
    ):
        await _until(lambda: len(server.seen) == 3)
    assert server.seen[1].query["resourceVersion"] == "10"
    assert server.seen[1].query["allowWatchBookmarks"] == "true"
    assert server.seen[2].query["resourceVersion"] == "50"
    assert Bookmark("50") in reader.events


async def test_what_vanished_while_away_is_deleted_and_nothing_is_told_twice() -> None:
    async with (
        rigged(
            listed(pod("a", "1"), pod("b", "2"), version="10"),
            streams(change("ADDED", "c", "11"), GONE),
            listed(pod("b", "2"), pod("c", "12"), version="20"),
            streams(then=10),
        ) as server,
        KubeClient(server.access()) as client,
        reading(client, PODS) as reader,
    ):
        await _until(lambda: reader.count(Synced) == 2)
    assert reader.names == {"b", "c"}
    assert [type(event).__name__ for event in reader.events] == [
        *("Changed", "Changed", "Synced", "Changed"),  # a, b, c
        *("Changed", "Deleted", "Synced"),  # c again, a gone; b is as it was
    ]
    assert reader.events[5] == Deleted("u-a")


async def test_a_line_cut_off_is_resumed_from_the_last_whole_one() -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        whole = json.dumps(change("ADDED", "a", "11")).encode()
        await response.write(whole + b"\n" + whole[:20])
        assert request.transport is not None
        request.transport.close()
        return response

    async with (
        rigged(listed(version="10"), cut, streams(then=10)) as server,
        KubeClient(server.access()) as client,
        reading(client, PODS) as reader,
    ):
        await _until(lambda: len(server.seen) == 3)
    assert server.seen[2].query["resourceVersion"] == "11"
    assert reader.names == {"a"}


async def test_a_server_that_ends_every_watch_is_not_asked_without_pause() -> None:
    async with (
        rigged(listed(version="10"), streams()) as server,
        KubeClient(server.access()) as client,
        reading(client, PODS),
    ):
        await asyncio.sleep(1)
    assert 3 <= len(server.seen) <= 20


async def test_trouble_is_told_once_and_its_end_too() -> None:
    down = refuses(503, "ServiceUnavailable", "starting")
    async with (
        rigged(down, down, listed(version="10"), down, down, streams(then=10)) as server,
        KubeClient(server.access()) as client,
        reading(client, PODS) as reader,
    ):
        await _until(lambda: len(server.seen) == 6 and reader.count(Bookmark) == 1)
    assert [type(event).__name__ for event in reader.events] == [
        *("Trouble", "Synced", "Trouble", "Bookmark"),
    ]
    assert isinstance(reader.events[0], Trouble)
    assert isinstance(reader.events[0].error, UnavailableError)


async def test_outages_one_after_another_do_not_add_up() -> None:
    down = refuses(503, "ServiceUnavailable", "starting")

    async def breaks(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await asyncio.sleep(1.1)
        assert request.transport is not None
        request.transport.close()
        return response

    backoff = Backoff(start_s=0.01, most_s=60)
    outage = [down] * 6
    async with (
        rigged(listed(version="10"), *outage, breaks, *outage, streams(then=10)) as server,
        KubeClient(server.access()) as client,
        reading(client, PODS, backoff=backoff),
    ):
        await _until(lambda: len(server.seen) == 15)
    # As after one outage: a wait for the watch that broke, then one for each of six refusals.
    assert backoff._next_s == 0.01 * 2**7


async def test_a_server_without_streamed_lists_is_listed() -> None:
    async with (
        rigged(
            refuses(422, "Invalid", "sendInitialEvents is forbidden"),
            listed(pod("a", "1"), version="10"),
            streams(then=10),
        ) as server,
        KubeClient(server.access()) as client,
        reading(client, PODS, streaming=True) as reader,
    ):
        await _until(lambda: reader.names == {"a"})
    assert reader.troubles == []


# The last ones: after them the cluster needs seconds to come to itself.


async def test_a_killed_api_server_loses_no_change(
    kube: ControlPlane, client: KubeClient, kube_namespace: KubeNamespace
) -> None:
    space = kube_namespace.name
    where = Selection(namespace=space)
    for number in range(5):
        await apply(client, CONFIG_MAPS, config_map(f"c{number}", namespace=space))
    async with reading(client, CONFIG_MAPS, selection=where) as reader:
        await _until(lambda: "c4" in reader.names)
        await kube.kill_api_server()
        await _until(lambda: bool(reader.troubles))
        await kube.start_api_server()
        await delete(client, CONFIG_MAPS, "c0", namespace=space)
        await apply(client, CONFIG_MAPS, config_map("c1", namespace=space, a="new"))
        await apply(client, CONFIG_MAPS, config_map("c9", namespace=space))
        await _until(lambda: "c9" in reader.names and "c0" not in reader.names)
        await until(lambda: equal(client, CONFIG_MAPS, reader, where))
        last = max(
            position for position, event in enumerate(reader.events) if isinstance(event, Trouble)
        )
        assert any(isinstance(event, Bookmark | Synced) for event in reader.events[last:])


async def test_a_compacted_history_is_listed_again_and_deletes_are_told(
    kube: ControlPlane, client: KubeClient, kube_namespace: KubeNamespace
) -> None:
    """The version to resume from is forgotten by etcd and by the API server's cache."""
    space = kube_namespace.name
    where = Selection(namespace=space)
    for name in ("stays", "goes"):
        await apply(client, CONFIG_MAPS, config_map(name, namespace=space))
    reader = Reader(Watcher(client, CONFIG_MAPS, selection=where, backoff=quick()))
    events = reader.watcher.events()
    async for event in events:
        reader.take(event)
        if isinstance(event, Synced):
            break
    version = reader.watcher.resource_version
    await delete(client, CONFIG_MAPS, "goes", namespace=space)
    await apply(client, CONFIG_MAPS, config_map("comes", namespace=space))
    await kube.compact()
    await kube.restart_api_server()
    async with asyncio.timeout(30):
        async for event in events:
            reader.take(event)
            if isinstance(event, Synced):
                break
    await events.aclose()
    assert int(reader.watcher.resource_version) > int(version)
    assert {"stays", "comes"} <= reader.names
    assert "goes" not in reader.names
    assert await equal(client, CONFIG_MAPS, reader, where)


async def _until(condition: Any, *, timeout_s: float = 15.0) -> None:
    async def holds() -> bool:
        return bool(condition())

    await until(holds, timeout_s=timeout_s)
