"""A cluster played on a real control plane, connected, watched, stored: what `mesh list` says.

Some objects are as the API server and its controllers make them, not as a script writes them.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from connections.kubeconfigs import access_of, text_of
from discovery.ingest.test_service import keeping
from discovery.judging import EXPECTED, JUDGES
from fixtures.nats import NatsServer
from fixtures.waiting import until
from meshery.connections.service import ConnectionService
from meshery.core.settings import Settings
from meshery.discovery.inventory import MeshInventory
from meshery.discovery.meshes import MeshItem
from meshery.discovery.rest_meshes import router
from meshery.kube.local.control_plane import ControlPlane
from meshery.operations.platform import Platform, open_platform
from operations.support import quick
from performance.serving import served


@pytest.fixture
async def platform(sqlite_settings: Settings, nats_server: NatsServer) -> AsyncIterator[Platform]:
    settings = quick(sqlite_settings, nats_server)
    async with open_platform(settings, role="server", kinds={}) as opened:
        yield opened


@pytest.mark.timeout(420)
async def test_what_mesh_list_says(
    platform: Platform, played_kube: ControlPlane, tmp_path: Path
) -> None:
    async with keeping(platform), served(platform, router) as http:
        text = text_of(access_of(played_kube, name="main"))
        await ConnectionService(platform).connect(text, actor="test")
        await until(lambda: _is_complete(platform), timeout_s=180, what="all pods of the script")
        items = await _listed(http.url, tmp_path)
    expected = EXPECTED["main"]["meshes"]
    assert [each.mesh for each in items] == sorted(expected)
    assert {each.watch for each in items} == {"watching"}
    for each in items:
        for judge in JUDGES:
            judge(expected[each.mesh], each)


async def _is_complete(platform: Platform) -> bool:
    """Whether every mesh has the pods and the peers that it will have."""
    await asyncio.sleep(0.5)
    found = {each.mesh: each for each in await MeshInventory(platform).meshes()}
    return all(
        mesh in found
        and found[mesh].watch == "watching"
        and found[mesh].state == told["state"]
        and found[mesh].data_planes.proxies >= told["data_planes"]["proxies"]
        and found[mesh].data_planes.eligible >= told["data_planes"]["eligible"]
        and len(found[mesh].peers) >= len(told.get("peers", []))
        for mesh, told in EXPECTED["main"]["meshes"].items()
    )


async def _listed(url: str, home: Path) -> list[MeshItem]:
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("mesheryctl")),
        *("--server", url, "mesh", "list", "-o", "json"),
        env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    return msgspec.convert(json.loads(out)["items"], list[MeshItem])
