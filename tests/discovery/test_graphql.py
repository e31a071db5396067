"""A change that kubectl makes is told to GraphQL's subscribers, at whichever server they are."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from gql.client import AsyncClientSession

from connections.kubeconfigs import access_of, text_of
from discovery.judging import EXPECTED
from fixtures.graphql import ask, asking, came, follow
from fixtures.kube import KubeNamespace, config_map
from fixtures.nats import NatsServer
from fixtures.server import RunningServer, serving
from fixtures.waiting import until
from meshery.core.keys import Keys
from meshery.core.settings import Settings
from meshery.kube.local.control_plane import ControlPlane

CONNECT = "mutation($text: String!) { connectKubernetes(kubeconfig: $text) { outcome } }"
START = "{ discoveryChanges { next } }"
CHANGES = """subscription($after: Long, $namespace: String!) {
  discoveryChanges(after: $after, only: {namespace: $namespace, kind: "ConfigMap"}) {
    seq event kind name namespace document
  }
}"""
STATE = "{ clusters { nodes { cluster state objects contexts { name state } } } }"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    """A server of this test's own, with rows in SQLite."""
    with serving(tmp_path / "home") as running:
        yield running


async def connected(session: AsyncClientSession, kube: ControlPlane) -> None:
    """Connect the cluster, and wait until all of it is known."""
    text = text_of(access_of(kube, name="mine"))
    told = await ask(session, CONNECT, text=text)
    assert told == {"connectKubernetes": [{"outcome": "CONNECTED"}]}

    async def is_watched() -> bool:
        (cluster,) = (await ask(session, STATE))["clusters"]["nodes"]
        return bool(cluster["state"] == "WATCHING" and cluster["objects"])

    await until(is_watched, timeout_s=60, what="a watch of the cluster")


async def change(namespace: KubeNamespace) -> list[tuple[str, str]]:
    """Create, change and delete an object; what is to be told of it."""
    await namespace.create(config_map("shown", colour="red"))
    await namespace.kubectl("label", "configmap", "shown", "tier=front")
    await namespace.kubectl("annotate", "configmap", "shown", "note=later")
    await namespace.kubectl("delete", "configmap", "shown")
    return [("ADDED", "shown"), ("MODIFIED", "shown"), ("MODIFIED", "shown"), ("DELETED", "shown")]


async def of_ours(changes: AsyncIterator[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """So many changes, but for those of the namespace's own certificate."""
    found: list[dict[str, Any]] = []
    while len(found) < count:
        each = await came(changes)
        if each["name"] != "kube-root-ca.crt":
            found.append(each)
    return found


def names(changes: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(each["event"], each["name"]) for each in changes]


@pytest.mark.timeout(240)
async def test_what_kubectl_changes_is_told(
    server: RunningServer, kube: ControlPlane, kube_namespace: KubeNamespace
) -> None:
    where = {"namespace": kube_namespace.name}
    async with asking(server) as session:
        await connected(session, kube)
        start = (await ask(session, START))["discoveryChanges"]["next"]
        async with aclosing(follow(session, CHANGES, after=start, **where)) as changes:
            expected = await change(kube_namespace)
            told = await of_ours(changes, len(expected))
        listed = "query($n: String!) { namespaces(search: $n) { nodes { kind name cluster } } }"
        (space,) = (await ask(session, listed, n=kube_namespace.name))["namespaces"]["nodes"]
    assert names(told) == expected
    assert [each["seq"] for each in told] == sorted({each["seq"] for each in told})
    assert told[0]["document"]["data"] == {"colour": "[REDACTED]"}
    assert told[1]["document"]["metadata"]["labels"] == {"tier": "front"}
    assert told[2]["document"]["metadata"]["annotations"] == {"note": "later"}
    assert space == {"kind": "Namespace", "name": kube_namespace.name, "cluster": "mine"}
    async with asking(server) as session:  # after a break, from the second one on
        async with aclosing(follow(session, CHANGES, after=told[1]["seq"], **where)) as changes:
            assert await of_ours(changes, 2) == told[2:]
        resync = await ask(session, "mutation { resyncDiscovery }")
        assert len(resync["resyncDiscovery"]) == 1


@pytest.mark.timeout(300)
async def test_a_subscriber_of_one_server_sees_what_another_watches(
    postgresql_settings: Settings,
    nats_server: NatsServer,
    tmp_path: Path,
    kube: ControlPlane,
    kube_namespace: KubeNamespace,
) -> None:
    where = {"namespace": kube_namespace.name}
    shared = {
        "MESHERY_BUS_URL": nats_server.url,
        "MESHERY_BUS_TOKEN_FILE": str(nats_server.token_file),
        "MESHERY_DATABASE_URL": postgresql_settings.database_url,
        "MESHERY_KEY_FILE": str(_key(tmp_path)),
    }
    with (
        serving(tmp_path / "one", **shared, MESHERY_WORKER_HOST="one") as one,
        serving(tmp_path / "two", **shared, MESHERY_WORKER_HOST="two") as two,
    ):
        async with asking(one) as here, asking(two) as there:
            await connected(here, kube)
            start = (await ask(there, START))["discoveryChanges"]["next"]
            async with (
                aclosing(follow(here, CHANGES, after=start, **where)) as first,
                aclosing(follow(there, CHANGES, after=start, **where)) as second,
            ):
                expected = await change(kube_namespace)
                told = [await of_ours(each, len(expected)) for each in (first, second)]
    assert names(told[0]) == expected
    assert told[0] == told[1]


@pytest.mark.timeout(420)
async def test_meshes_and_their_planes(server: RunningServer, played_kube: ControlPlane) -> None:
    expected = EXPECTED["main"]["meshes"]
    follow_meshes = "subscription { meshes { seq added changed gone meshes { mesh } } }"
    async with asking(server) as session, aclosing(follow(session, follow_meshes)) as seen:
        assert (await came(seen))["meshes"] == []
        await connected(session, played_kube)
        found: set[str] = set()
        async with asyncio.timeout(180):
            while found != set(expected):
                found = {each["mesh"] for each in (await came(seen))["meshes"]}
        data = await ask(
            session,
            "{ meshes { nodes { id mesh version state inCluster { cluster } } } "
            "controlPlanes(first: 100) { nodes { mesh meshItemId component health } } "
            "dataPlanes(first: 200) { nodes { mesh role pods versions } } "
            "clusters { nodes { meshes { mesh } } } }",
        )
    meshes = {each["id"]: each["mesh"] for each in data["meshes"]["nodes"]}
    planes = data["controlPlanes"]["nodes"]
    assert sorted(meshes.values()) == sorted(expected)
    assert {meshes[each["meshItemId"]] == each["mesh"] for each in planes} == {True}
    assert {each["mesh"] for each in data["dataPlanes"]["nodes"]} <= set(meshes.values())
    assert {each["mesh"] for each in data["clusters"]["nodes"][0]["meshes"]} == set(expected)
    assert {each["inCluster"]["cluster"] for each in data["meshes"]["nodes"]} == {"mine"}


def _key(folder: Path) -> Path:
    """A key that both servers have."""
    Keys.load(Settings(home=str(folder / "keys")))
    return folder / "keys" / "key"
