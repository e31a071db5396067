from typing import Any

import pytest
from aiohttp import web

from fixtures.kube import KubeNamespace
from kube.examples import CONFIG_MAPS, PODS, config_map
from kube.rigged import refuses, rigged, says
from meshery.core.errors import ForbiddenError, UnavailableError
from meshery.kube.client import KubeClient
from meshery.kube.listing import Selection, list_all, pages


def listed(*names: str, version: str = "7", more: str = "") -> dict[str, Any]:
    items = [{"metadata": {"name": name, "uid": f"uid-{name}"}} for name in names]
    return {"metadata": {"resourceVersion": version, "continue": more}, "items": items}


async def test_pages_make_the_whole_list(client: KubeClient, kube_namespace: KubeNamespace) -> None:
    await kube_namespace.create(*(config_map(f"c{number}", a="b") for number in range(7)))
    here = Selection(namespace=kube_namespace.name)
    items, version = await list_all(client, CONFIG_MAPS, selection=here, page=3)
    assert sorted(item.metadata.name for item in items) == [
        *(f"c{number}" for number in range(7)),
        "kube-root-ca.crt",
    ]
    assert int(version) > 0
    parts = [part async for part in pages(client, CONFIG_MAPS, selection=here, page=3)]
    assert [len(part.items) for part in parts] == [3, 3, 2]
    assert [part.is_first for part in parts] == [True, False, False]
    assert [part.is_last for part in parts] == [False, False, True]


async def test_an_item_is_decoded_as_far_as_needed(
    client: KubeClient, kube_namespace: KubeNamespace
) -> None:
    document = config_map("one", a="b")
    document["metadata"]["labels"] = {"app": "x"}
    await kube_namespace.create(document)
    here = Selection(namespace=kube_namespace.name, labels="app=x")
    items, _ = await list_all(client, CONFIG_MAPS, selection=here)
    assert [item.metadata.labels for item in items] == [{"app": "x"}]
    assert items[0].kind == "ConfigMap"
    whole = items[0].detached().document()
    assert whole["data"] == {"a": "b"}
    assert whole["apiVersion"] == "v1"
    named = Selection(namespace=kube_namespace.name, fields="metadata.name=nobody")
    assert (await list_all(client, CONFIG_MAPS, selection=named))[0] == []


async def test_a_token_that_expires_midway_begins_the_list_anew() -> None:
    async with (
        rigged(
            says(200, listed("a", "b", more="token")),
            refuses(410, "Expired", "too old"),
            says(200, listed("b", more="token2", version="9")),
            says(200, listed("c", version="9")),
        ) as server,
        KubeClient(server.access()) as client,
    ):
        items, version = await list_all(client, PODS)
    assert [item.metadata.name for item in items] == ["b", "c"]
    assert version == "9"


async def test_a_token_that_always_expires_ends_in_one_whole_list() -> None:
    async def short_memory(request: web.Request) -> web.Response:
        if request.query.get("continue"):
            return web.json_response({"reason": "Expired"}, status=410)
        more = "token" if "limit" in request.query else ""
        return web.json_response(listed("a", more=more))

    async with rigged(short_memory) as server, KubeClient(server.access()) as client:
        items, _ = await list_all(client, PODS)
    assert [item.metadata.name for item in items] == ["a"]


async def test_a_list_without_items_is_empty_and_one_of_rubbish_an_error() -> None:
    async with (
        rigged(
            says(200, {"metadata": {"resourceVersion": "1"}, "items": None}),
            says(200, {"metadata": {}, "items": [5]}),
            says(200, "<html>"),
            refuses(403, "Forbidden", "no"),
        ) as server,
        KubeClient(server.access()) as client,
    ):
        assert await list_all(client, PODS) == ([], "1")
        for kind in (UnavailableError, UnavailableError, ForbiddenError):
            with pytest.raises(kind):
                await list_all(client, PODS)


async def test_metadata_alone_is_named_after_its_kind(
    client: KubeClient, kube_namespace: KubeNamespace
) -> None:
    await kube_namespace.create(config_map("plain", colour="red"))
    where = Selection(namespace=kube_namespace.name, is_metadata_only=True)
    items, _ = await list_all(client, CONFIG_MAPS, selection=where)
    (item,) = [item for item in items if item.metadata.name == "plain"]
    assert (item.api_version, item.kind) == ("v1", "ConfigMap")
    assert set(item.document()) == {"apiVersion", "kind", "metadata"}
