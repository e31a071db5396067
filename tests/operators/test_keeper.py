"""One look at an object, on a rigged API server: what is told of it, and when the next is due."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from kube.rigged import rigged, says
from meshery.kube.client import KubeClient
from meshery.kube.item import Metadata
from meshery.operator.children import CONFIG_MAPS, Children
from meshery.operator.conditions import READY, Outcome
from meshery.operator.keeper import Keeper, Kept
from meshery.operator.model import BrokerSpec, Served
from meshery.operator.names import BROKER_FINALIZER, BROKERS, Key

KEY = Key(BROKERS, "n", "b")
WAITS = Outcome("HealthCheckFailed", "it does not answer")


class Ending(Keeper):
    """Each look ends as it was told to."""

    kind = BrokerSpec
    finalizer = BROKER_FINALIZER
    manager = "test"

    def __init__(self, client: KubeClient, end: Outcome | Exception) -> None:
        super().__init__(client)
        self._end_with = end

    async def carry_out(self, found: Served, children: Children) -> Kept:
        if isinstance(self._end_with, Exception):
            raise self._end_with
        return Kept(self._end_with)

    async def clean_up(self, found: Served, children: Children) -> None:
        await self.carry_out(found, children)


@asynccontextmanager
async def served(status: Any = None, **metadata: Any) -> AsyncIterator[tuple[KubeClient, Any]]:
    """A client of a server with one object, and the bodies that were sent."""
    named = {"name": "b", "namespace": "n", "uid": "u1", "finalizers": [BROKER_FINALIZER]}
    document = {
        "apiVersion": "meshery.io/v1alpha2",
        "kind": "Broker",
        "metadata": {**named, **metadata},
        "status": status,
    }
    sent: list[dict[str, Any]] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.method == "PATCH":
            sent.append(await request.json())
        return await says(200, document)(request)

    async with rigged(answer) as server, KubeClient(server.access()) as client:
        yield client, sent


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({}, "ReconciliationFailed"),
        ({"deletionTimestamp": "2026-01-01T00:00:00Z"}, "CleanupFailed"),
    ],
)
async def test_what_nobody_foresaw_is_told_without_its_words(
    metadata: dict[str, Any], reason: str
) -> None:
    async with served(**metadata) as (client, sent):
        with pytest.raises(KeyError):
            await Ending(client, KeyError("hidden")).look(KEY)
    (failed,) = (
        each for each in sent[-1]["status"]["conditions"] if each["reason"] == reason
        if each["type"] == "Failed"
    )  # fmt: skip
    assert failed["status"] == "True"
    assert "KeyError" in failed["message"]
    assert "hidden" not in json.dumps(sent)


@pytest.mark.parametrize(
    ("waited_s", "next_s"), [(None, 2), (0, 2), (40, 10), (3600, 15), (-60, 2)]
)
async def test_what_is_missing_for_long_is_asked_for_less_often(
    waited_s: float | None, next_s: float
) -> None:
    since = ""
    if waited_s is not None:
        since = f"{datetime.now(UTC) - timedelta(seconds=waited_s):%Y-%m-%dT%H:%M:%SZ}"
    status = {"conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": since}]}
    async with served(status) as (client, _):
        found = await Ending(client, WAITS).look(KEY)
        assert found == pytest.approx(next_s, abs=2)
        assert await Ending(client, READY).look(KEY) == 15


async def test_a_child_is_read_once_and_written_once() -> None:
    owners = [{"apiVersion": "v1", "kind": "Broker", "name": "b", "uid": "u1"}]
    metadata = {"name": "c", "namespace": "n", "resourceVersion": "1", "ownerReferences": owners}
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
    named = Metadata(name="b", namespace="n", uid="u1")
    owner = Served(KEY, named, BrokerSpec(), (), {})
    async with rigged(says(200, document)) as server, KubeClient(server.access()) as client:
        kept = await Children(client, owner, manager="test").put(document)
    assert kept["metadata"]["name"] == "c"
    assert [request.method for request in server.seen] == ["GET", "PATCH"]
    assert {request.path for request in server.seen} == {CONFIG_MAPS.path(namespace="n", name="c")}
