"""Meshes from stored rows: the inventory, REST and `mesheryctl mesh`, on a real server."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from clusters.template import Document
from connections.kubeconfigs import access_of, text_of
from discovery.clusters import redacted, surveyed
from discovery.watch.support import running
from fixtures.nats import NatsServer
from fixtures.waiting import until
from meshery.connections.service import ConnectionService
from meshery.core.errors import NotFoundError
from meshery.core.settings import Settings
from meshery.discovery.fingerprints.load import bundled_fingerprints
from meshery.discovery.fingerprints.model import MeshFound
from meshery.discovery.fingerprints.survey import survey
from meshery.discovery.ingest.writer import Writer
from meshery.discovery.inventory import MeshInventory
from meshery.discovery.meshes import MeshItem
from meshery.discovery.model import (
    ChangeKind,
    ObjectKey,
    Seen,
    encode,
    message_id_of,
    object_id,
    subject_of,
)
from meshery.discovery.rest_meshes import router
from meshery.discovery.service import DiscoveryService
from meshery.discovery.stored import read_snapshot
from meshery.kube.local.control_plane import ControlPlane
from meshery.operations.platform import Platform, open_platform
from operations.support import quick
from performance.serving import served

TABLES = bundled_fingerprints()


@pytest.fixture
async def platform(sqlite_settings: Settings, nats_server: NatsServer) -> AsyncIterator[Platform]:
    settings = quick(sqlite_settings, nats_server)
    async with open_platform(settings, role="server", kinds={}) as opened:
        yield opened


@pytest.fixture
async def cluster_id(platform: Platform, kube: ControlPlane) -> str:
    """A cluster that is connected under two names."""
    text = text_of(access_of(kube, name="main"), access_of(kube, name="other"))
    outcomes = await ConnectionService(platform).connect(text.encode(), actor="test")
    shown = outcomes[0].connection
    assert shown is not None
    return shown.cluster_id


@pytest.fixture
async def stored(platform: Platform, cluster_id: str) -> AsyncIterator[None]:
    """The objects of `main`, told by the bus and written by the writer that goes on running."""
    async with running(Writer(platform.database, platform.bus).run()):
        told = [tell(platform, cluster_id, document) for document in redacted("main")]
        await asyncio.gather(*told)
        discovery = DiscoveryService(platform)

        async def all_there() -> bool:
            return (await discovery.resources()).total == len(told)

        await until(all_there, timeout_s=60, what="all objects of the script")
        yield


async def tell(
    platform: Platform, cluster_id: str, document: Document, event: ChangeKind = "ADDED"
) -> None:
    metadata = document["metadata"]
    key = ObjectKey(
        document["apiVersion"],
        document["kind"],
        metadata.get("namespace", ""),
        metadata["name"],
        metadata["uid"],
    )
    raw = msgspec.Raw(msgspec.json.encode(document))
    seen = Seen(cluster_id, "e1", event, key, metadata["resourceVersion"], raw)
    await platform.bus.publish(subject_of(seen), encode(seen), message_id=message_id_of(seen))


@pytest.mark.usefixtures("stored")
async def test_rows_tell_what_the_objects_told(platform: Platform, cluster_id: str) -> None:
    snapshot = await read_snapshot(
        platform.database, TABLES, cluster_id=cluster_id, cluster_name="main"
    )
    found = survey(snapshot, TABLES)
    expected = surveyed("main")
    for each, other in zip(found.meshes, expected.meshes, strict=True):
        assert _sorted(each) == _sorted(msgspec.structs.replace(other, cluster_id=cluster_id))
    assert (found.addons, found.leftovers) == (expected.addons, expected.leftovers)


def _sorted(mesh: MeshFound) -> Any:
    """In no order, and evidence by its kinds: which pod stands for all depends on the order."""
    document = json.loads(msgspec.json.encode(mesh))
    document["evidence"] = [each["type"] for each in document["evidence"]]
    return _unordered(document)


def _unordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _unordered(each) for key, each in value.items()}
    return sorted(map(json.dumps, map(_unordered, value))) if isinstance(value, list) else value


@pytest.mark.usefixtures("stored")
async def test_the_inventory_follows_what_is_stored(platform: Platform, cluster_id: str) -> None:
    inventory = MeshInventory(platform)
    before = await inventory.meshes()
    assert [each.name for each in before] == [
        *("main/consul", "main/istio", "main/kuma", "main/linkerd"),
    ]
    assert {(each.cluster_id, each.watch) for each in before} == {(cluster_id, "none")}
    both = await asyncio.gather(inventory.meshes(), MeshInventory(platform).meshes())
    assert both[0][0].read_at == both[1][0].read_at
    for each in redacted("main"):
        if each["metadata"].get("namespace") in {"ku-zone", "media"} and each["kind"] != "Service":
            await tell(platform, cluster_id, each, "DELETED")

    async def kuma_went() -> bool:
        await asyncio.sleep(0.2)
        return [each.mesh for each in await inventory.meshes()] == ["consul", "istio", "linkerd"]

    await until(kuma_went, timeout_s=30, what="no Kuma")
    [kuma] = [each for each in await inventory.landscape() if each.mesh == "kuma"]
    assert (kuma.found, {left.type for left in kuma.leftovers}) == ((), {"crd", "webhook"})


@pytest.mark.usefixtures("stored")
async def test_a_cluster_is_any_of_its_contexts_or_its_id(
    platform: Platform, cluster_id: str
) -> None:
    inventory = MeshInventory(platform)
    for name in ("main", "other", cluster_id):
        assert len(await inventory.meshes([name])) == 4
    assert len(await inventory.meshes(["main", "other"])) == 4
    with pytest.raises(NotFoundError, match="elsewhere"):
        await inventory.meshes(["elsewhere"])


async def test_no_cluster_no_mesh(platform: Platform) -> None:
    assert await MeshInventory(platform).meshes() == ()


@pytest.mark.usefixtures("stored")
async def test_rest_and_the_command_line(
    platform: Platform, cluster_id: str, tmp_path: Path
) -> None:
    async with served(platform, router) as http:
        await _ask(http.client)
        cli = Cli(http.url, tmp_path)
        await _list(cli, cluster_id)
        await _view(cli)
        await _landscape(cli)


class Cli:
    """`mesheryctl mesh` against a server."""

    def __init__(self, url: str, home: Path) -> None:
        self._url = url
        self._home = home

    async def __call__(self, *words: str, exit_code: int = 0) -> str:
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("mesheryctl")),
            *("--server", self._url, "mesh", *words),
            env={"HOME": str(self._home), "PATH": "/usr/bin:/bin"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, said = await process.communicate()
        assert process.returncode == exit_code, (out + said).decode()
        return (out + said if exit_code else out).decode()


async def _ask(http: httpx2.AsyncClient) -> None:
    async def get(path: str, status: int = 200) -> Any:
        response = await http.get(f"/api/meshes{path}", timeout=30)
        assert response.status_code == status, response.text
        return response.json()

    page = await get("?order=-mesh&page_size=2")
    assert ([each["mesh"] for each in page["items"]], page["total"]) == (["linkerd", "kuma"], 4)
    assert [each["mesh"] for each in (await get("?search=ISTIO"))["items"]] == ["istio"]
    assert (await get("?cluster=other"))["total"] == 4
    await get("?cluster=elsewhere", 404)
    await get("?order=evidence", 400)
    item = page["items"][0]
    for name in (item["id"], "main/linkerd", "linkerd"):
        assert (await get(f"/{name}"))["id"] == item["id"]
    assert (await get("/none", 404))["remedy"]
    assert (await get("/landscape"))["total"] == len(TABLES.meshes)


async def _list(cli: Cli, cluster_id: str) -> None:
    page = json.loads(await cli("list", "-o", "json"))
    assert {each["cluster_id"] for each in page["items"]} == {cluster_id}
    istio = msgspec.convert(page["items"][1], MeshItem)
    assert istio.id == object_id(cluster_id, "mesh/istio/mesh-ctl/corp-mesh/cluster.corp")
    assert (istio.data_planes.proxies, istio.data_planes.eligible) == (49, 54)
    assert (await cli("list", "-o", "name")).split() == [
        *("main/consul", "main/istio", "main/kuma", "main/linkerd"),
    ]
    table = await cli("list", "--kube-context", "other", "--kube-context", "main")
    row = next(line for line in table.splitlines() if line.startswith("main/istio"))
    assert row.split() == [
        *("main/istio", "1.31.0", "upstream", "mesh-ctl", "installed", "49", "52/54", "2"),
        *("2027-01-12", "active", "none"),
    ]


async def _view(cli: Cli) -> None:
    told = await cli("view", "istio")
    for words in ("istiod-1-29-4", "ledger", "created-before-label", "corp-west-1", "kiali"):
        assert words in told
    assert json.loads(await cli("view", "main/kuma", "-o", "json"))["zone"] == "east-1"
    assert "no mesh osm is found" in await cli("view", "osm", exit_code=1)


async def _landscape(cli: Cli) -> None:
    table = await cli("landscape")
    assert "main/istio" in next(line for line in table.splitlines() if line.startswith("istio"))
    one = await cli("landscape", "osm")
    for words in ("archived", "2023-05-04", "left behind", "mutual-tls"):
        assert words in one.lower()
    assert "choose one of" in await cli("landscape", "maesh", exit_code=1)
