"""One look at an object, on a rigged API server: what is told of it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from kube.rigged import rigged, says
from meshery.kube.client import KubeClient
from meshery.operator.children import Children
from meshery.operator.conditions import Outcome
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
