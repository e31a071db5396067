"""A server that puts the operator into a connected cluster, follows it, and takes it out again.

The pods are real processes; the broker is reached by port-forward through the API server.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx2
import pytest

from connections.kubeconfigs import access_of, text_of
from connections.test_faces import Cli
from discovery.ingest.test_service import keeping, until_listed
from fixtures.kube import KubeNamespace, config_map, kubectl
from fixtures.nats import NatsServer
from fixtures.node import Node, node
from fixtures.waiting import until
from kube.kubelet import kubelet
from meshery.core.settings import Settings
from meshery.kube.local.control_plane import ControlPlane
from meshery.operations.platform import Platform
from operations.support import quick
from operators.serving import BASE, speaking, working

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
async def platform(sqlite_settings: Settings, nats_server: NatsServer) -> AsyncIterator[Platform]:
    async with working(quick(sqlite_settings, nats_server)) as opened:
        yield opened


@pytest.fixture
async def http(platform: Platform) -> AsyncIterator[httpx2.AsyncClient]:
    async with speaking(platform) as client:
        yield client


@asynccontextmanager
async def reachable(plane: ControlPlane, made: Node, folder: Path) -> AsyncIterator[None]:
    """Port-forwards to any pod lead to the one server of the broker, wherever it stands."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, IndexError):
            address = made.find("meshery-nats-0")[0].address
            there, to_there = await asyncio.open_connection(address, 4222)
            await asyncio.gather(_copy(reader, to_there), _copy(there, writer))
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with server, kubelet(plane, folder, {4222: server.sockets[0].getsockname()[1]}) as port:
        status = {"status": {"daemonEndpoints": {"kubeletEndpoint": {"Port": port}}}}
        patch = ("patch", "node", plane.options.nodes[0], "--subresource=status", "--type=merge")
        await kubectl(plane, *patch, "-p", json.dumps(status))
        yield


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(65_536):
            writer.write(chunk)
            await writer.drain()
    writer.close()


@pytest.mark.usefixtures("no_kinds")
async def test_deployed_followed_and_removed(
    platform: Platform, http: httpx2.AsyncClient, kube: ControlPlane, tmp_path: Path
) -> None:
    cli = Cli(str(http.base_url).rstrip("/"), tmp_path)
    text = text_of(access_of(kube, name=kube.context()))
    (outcome,) = (await http.post(BASE, content=text)).json()["items"]
    connection = outcome["connection"]["id"]
    place = f"{BASE}/{connection}/operator"
    assert (await http.get(place)).json()["state"] == "absent"
    assert (await http.delete(place)).status_code == 409
    planned = (await http.post(f"{place}?dry_run=true")).json()["items"]
    assert {each["action"] for each in planned} == {"created"}
    assert "meshery" not in await kubectl(kube, "get", "namespaces")
    async with (
        node(kube, tmp_path, "meshery") as made,
        reachable(kube, made, tmp_path),
        keeping(platform),
    ):
        file, name = str(kube.kubeconfig), kube.context()
        chosen = ("--kubeconfig", file, "--kube-context", name)
        (outcome,) = await cli.json("connect", *chosen, "--operator", "--timeout", "3m")
        assert outcome["outcome"] == "connected"
        assert (await http.get(f"{BASE}/{connection}")).json()["operator"] == "meshery"
        await until(lambda: _is(http, place, "connected"), timeout_s=60, what="connected")
        shown = await cli.json("view", name)
        assert (shown["operator"], shown["operator_state"]) == ("meshery", "connected")
        assert shown["operator_lag_s"] < 2
        namespace = KubeNamespace(kube, "meshery")
        await namespace.create(config_map("through", a="b"))
        await until_listed(platform, 1, kind="ConfigMap", search="through")
        # What a server deploys has TLS: for its own watcher, and for the server.
        async with httpx2.AsyncClient(trust_env=False) as monitor:
            where = made.find("meshery-nats-0")[0].address
            known = (await monitor.get(f"http://{where}:8222/connz")).json()["connections"]
        assert {each["name"]: bool(each.get("tls_version")) for each in known} == {
            "meshsync": True,
            "meshery-server": True,
        }
        made.find("meshery-nats-0")[0].kill(restarts=False)
        await until(lambda: _tells(http, place, "meshery-broker"), timeout_s=60, what="its loss")
        assert await _is(http, place, "deploying")
        made.find("meshery-nats-0")[0].restarts = True
        await until(lambda: _is(http, place, "connected"), timeout_s=90, what="connected again")
        await namespace.kubectl("delete", "configmap", "through")
        await until_listed(platform, 0, kind="ConfigMap", search="through")
        await cli("disconnect", name, "--yes", "--timeout", "3m")
    assert (await http.get(f"{BASE}/{connection}")).status_code == 404
    left = await kubectl(kube, "get", "namespaces,crds,clusterroles,clusterrolebindings")
    assert "meshery" not in left


@pytest.mark.usefixtures("no_kinds")
async def test_what_cannot_be_deployed_leaves_nothing(
    platform: Platform, http: httpx2.AsyncClient, kube: ControlPlane
) -> None:
    """The operator's image never runs here: its Deployment cannot become ready."""
    text = text_of(access_of(kube, name="mine"))
    (outcome,) = (await http.post(BASE, content=text)).json()["items"]
    connection = outcome["connection"]["id"]
    place = f"{BASE}/{connection}/operator"
    operation = (await http.post(place)).json()

    async def waits_for_the_broker() -> bool:
        steps = (await http.get(f"/api/operations/{operation['id']}")).json()["steps"]
        return [each["name"] for each in steps if each["state"] == "running"] == ["broker"]

    await until(waits_for_the_broker, timeout_s=60, what="the step broker")
    assert (await http.get(place)).json()["state"] == "deploying"
    await http.post(f"/api/operations/{operation['id']}/cancel")

    async def is_gone() -> bool:
        left = await kubectl(kube, "get", "namespaces,crds,clusterroles,clusterrolebindings")
        shown = (await http.get(f"{BASE}/{connection}")).json()
        return "meshery" not in left and not shown["operator"]

    await until(is_gone, timeout_s=120, what="nothing left")
    assert (await http.delete(f"{BASE}/{connection}")).status_code == 204


async def _is(http: httpx2.AsyncClient, place: str, state: str) -> bool:
    await asyncio.sleep(0.3)
    return bool((await http.get(place)).json()["state"] == state)


async def _tells(http: httpx2.AsyncClient, place: str, reason: str) -> bool:
    await asyncio.sleep(0.3)
    return reason in (await http.get(place)).json()["reason"]
