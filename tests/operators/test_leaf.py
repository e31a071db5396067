"""A cluster that Meshery cannot reach, followed by the leaf node of its broker.

The pods are real processes. No port-forward leads to them, and once the operator is deployed the
way to the API server is closed too.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import msgspec
import pytest
import yaml

from connections.kubeconfigs import access_of, text_of
from connections.test_faces import Cli
from discovery.ingest.test_service import keeping, until_listed
from fixtures.kube import KubeNamespace, config_map, kubectl
from fixtures.leaf import Hub, leaf_hub, listening
from fixtures.nats import NatsServer
from fixtures.node import node
from fixtures.waiting import until
from meshery.core.nkeys import new_user_key
from meshery.core.settings import Settings
from meshery.kube.local.control_plane import ControlPlane
from meshery.operations.platform import Platform
from operations.support import quick
from operators.objects import broker, message, until_said
from operators.serving import BASE, speaking, working

pytestmark = pytest.mark.timeout(500)


@pytest.fixture
async def platform(sqlite_settings: Settings, nats_server: NatsServer) -> AsyncIterator[Platform]:
    async with working(listening(quick(sqlite_settings, nats_server))) as opened:
        yield opened


@pytest.fixture
async def http(platform: Platform) -> AsyncIterator[httpx2.AsyncClient]:
    async with speaking(platform) as client:
        yield client


class Door:
    """The way to an API server, which may be closed."""

    def __init__(self, plane: ControlPlane) -> None:
        self._there = urlsplit(plane.url)
        self._writers: set[asyncio.StreamWriter] = set()
        self.is_open = True
        self.port = 0

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with suppress(OSError):
            if self.is_open:
                host, port = self._there.hostname, self._there.port
                there, to_there = await asyncio.open_connection(host, port)
                await asyncio.gather(_copy(reader, to_there), _copy(there, writer))
        writer.close()
        self._writers.discard(writer)

    def close(self) -> None:
        self.is_open = False
        for writer in self._writers:
            writer.transport.abort()


@asynccontextmanager
async def door(plane: ControlPlane) -> AsyncIterator[Door]:
    made = Door(plane)
    server = await asyncio.start_server(made.accept, "127.0.0.1", 0)
    async with server:
        made.port = server.sockets[0].getsockname()[1]
        yield made
        made.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(65_536):
            writer.write(chunk)
            await writer.drain()
    writer.close()


class Followed:
    """One connection, as REST and commands show it."""

    def __init__(self, http: httpx2.AsyncClient, connection: str) -> None:
        self._http = http
        self.place = f"{BASE}/{connection}/operator"

    async def state(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self._http.get(self.place)).json()
        return found

    async def leaf(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self._http.get(f"{self.place}/leaf")).json()
        return found

    async def until(self, state: str, way: str) -> None:
        async def is_so() -> bool:
            found = await self.state()
            return (found["state"], found["way"]) == (state, way)

        await until(is_so, timeout_s=120, what=f"{state} by {way}")


@pytest.mark.usefixtures("no_kinds")
async def test_a_cluster_that_nobody_reaches_is_followed(
    platform: Platform, http: httpx2.AsyncClient, kube: ControlPlane, tmp_path: Path
) -> None:
    cli = Cli(str(http.base_url).rstrip("/"), tmp_path)
    name = kube.context()
    namespace = KubeNamespace(kube, "meshery")
    async with (
        door(kube) as way,
        leaf_hub(platform) as hub,
        node(kube, tmp_path, "meshery"),
        keeping(platform),
    ):
        access = msgspec.structs.replace(
            access_of(kube, name=name), server=f"https://127.0.0.1:{way.port}"
        )
        file = tmp_path / "kubeconfig"
        file.write_text(text_of(access))
        await cli("connect", "--kubeconfig", str(file), "--operator", "--timeout", "4m")
        (shown,) = (await http.get(BASE)).json()["items"]
        found = Followed(http, shown["id"])
        await found.until("unreachable", "port-forward")  # there is none
        await _previewed(cli, name, found)
        printed = await cli("leaf", name)
        await kubectl(kube, "apply", "--server-side", "-f", "-", stdin=printed)
        await found.until("connected", "leaf")
        assert (await cli.json("view", name))["operator_way"] == "leaf"
        way.close()
        await _nothing_is_missed(platform, namespace, hub)
        await found.until("connected", "leaf")
        await _wrong_credentials(cli, name, namespace, found)
        way.is_open = True
        await cli("leaf", name, "--revoke", "--yes")
        await found.until("unreachable", "port-forward")
        await until_said_of_leaf(namespace, "refuses these credentials")
        await cli("disconnect", name, "--yes", "--timeout", "3m")
    assert (await http.get(f"{BASE}/{shown['id']}")).status_code == 404
    left = await kubectl(kube, "get", "namespaces,crds,clusterroles,clusterrolebindings")
    assert "meshery" not in left


async def _previewed(cli: Cli, name: str, found: Followed) -> None:
    """A dry run shows all but the credentials, and makes none."""
    secret, patch = yaml.safe_load_all(await cli("leaf", name, "--dry-run"))
    assert secret["stringData"]["nkey"] == "(made when it is not a dry run)"
    assert secret["stringData"]["ca.crt"].startswith("-----BEGIN CERTIFICATE-----")
    assert set(patch["spec"]) == {"leafNode"}
    assert patch["spec"]["leafNode"]["secretName"] == secret["metadata"]["name"]
    assert (await found.leaf())["issued_at"] is None


async def _nothing_is_missed(platform: Platform, namespace: KubeNamespace, hub: Hub) -> None:
    await namespace.create(config_map("through"), config_map("goes"))
    await until_listed(platform, 1, kind="ConfigMap", search="through")
    await until_listed(platform, 1, kind="ConfigMap", search="goes")
    await hub.stop()
    await namespace.kubectl("delete", "configmap", "goes")
    await namespace.create(config_map("comes"))
    await hub.start()
    await until_listed(platform, 1, kind="ConfigMap", search="comes")
    await until_listed(platform, 0, kind="ConfigMap", search="goes")


async def _wrong_credentials(
    cli: Cli, name: str, namespace: KubeNamespace, found: Followed
) -> None:
    """Said on both sides; what is made anew is right again."""
    wrong = {"stringData": {"nkey": new_user_key().seed}}
    patch = ("patch", "secret", "meshery-leaf", "--type=merge", "-p", json.dumps(wrong))
    await namespace.kubectl(*patch)
    await until_said_of_leaf(namespace, "refuses these credentials")
    await found.until("unreachable", "leaf")
    assert "leaf node is not connected" in (await found.state())["reason"]
    assert (await found.leaf())["reason"] == "the cluster's leaf node is not connected"
    printed = await cli("leaf", name, "--yes")
    assert len(re.findall(r"SU[A-Z2-7]{56}", printed)) == 1
    await kubectl(
        namespace.plane, "apply", "--server-side", "--force-conflicts", "-f", "-", stdin=printed
    )
    await until_said_of_leaf(namespace, "")
    await found.until("connected", "leaf")


async def until_said_of_leaf(namespace: KubeNamespace, text: str) -> None:
    """The Broker's status says so of its leaf node; nothing: that it is connected."""

    async def is_said() -> bool:
        found = await namespace.get("broker", "meshery-broker")
        told = (found.get("status") or {}).get("leafNode")
        if told is None:
            return False
        return text in told["message"] if text else bool(told["connected"])

    await until(is_said, timeout_s=90, what=f"a leaf node with {text!r}")


async def test_what_is_wrong_with_a_leaf_node_is_said(operated: KubeNamespace) -> None:
    asked = {"url": "nats://127.0.0.1:7422", "secretName": "mine", "domain": "d"}
    await operated.create(broker(leafNode=asked))
    await until_said(operated, "broker", "meshery-broker", "the Secret mine is not there")
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "mine"}}
    await operated.create({**secret, "stringData": {"nkey": "SUnothing"}})
    found = await until_said(operated, "broker", "meshery-broker", "holds no credentials")
    assert "seed" in message(found)
    with pytest.raises(AssertionError, match="should match"):
        await operated.create(broker(leafNode={**asked, "url": 'x"y'}))


async def test_rest_says_why_there_is_no_leaf_node(
    http: httpx2.AsyncClient, kube: ControlPlane
) -> None:
    text = text_of(access_of(kube, name="mine"), access_of(kube, name="also"))
    items = (await http.post(BASE, content=text)).json()["items"]
    mine, also = (f"{BASE}/{each['connection']['id']}/operator/leaf" for each in items)
    assert (await http.get(mine)).json() == {
        "issued_at": None,
        "is_connected": False,
        "reason": "",
    }
    assert (await http.delete(mine)).status_code == 404
    assert (await http.post(f"{mine}?dry_run=true")).json()["replaces"] is False
    granted = await http.post(f"{mine}?namespace=here")
    assert granted.status_code == 201
    assert granted.json()["documents"][1]["metadata"]["namespace"] == "here"
    problem = await http.post(also)
    assert (problem.status_code, problem.json()["code"]) == (409, "meshery.leaf.there")
    assert (await http.post(f"{mine}?dry_run=true")).json()["replaces"] is True
    assert "SU" not in (await http.get(mine)).text
    assert (await http.delete(mine)).status_code == 204
    assert (await http.post(also)).status_code == 201
