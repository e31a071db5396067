"""One mesh for all tests of this folder: two callers, two versions of `api`, `data`, a gateway."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from meshery.sandbox.model import GatewayRoute, VersionDef, World
from sandbox.harness import Mesh, running, service, tiny_world


def shop(directory: Path) -> World:
    return tiny_world(
        directory,
        [
            service("web", calls=("api", "data")),
            service("intruder", calls=("api", "data")),
            service("gateway"),
            service("api", VersionDef("v1"), VersionDef("v2"), calls=("data",)),
            service("data"),
        ],
        roles={"web": "client", "intruder": "client", "gateway": "gateway"},
        gateway_routes=(GatewayRoute("api"),),
    )


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return shop(tmp_path_factory.mktemp("m"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_mesh(world: World) -> AsyncIterator[Mesh]:
    directory = Path(world.instances[0].directory).parent
    async with running(world, directory) as mesh:
        yield mesh


@pytest_asyncio.fixture(loop_scope="session")
async def mesh(shared_mesh: Mesh) -> AsyncIterator[Mesh]:
    """The mesh without behaviours, before and after."""
    yield shared_mesh
    await shared_mesh.apply()
