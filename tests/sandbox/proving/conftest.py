"""One mesh for all proofs: a caller, two versions of `api`, `data`, `flaky`, a gateway."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from meshery.sandbox.model import GatewayRoute, VersionDef
from sandbox.harness import Mesh, running, service, tiny_world


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_proof_mesh(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mesh]:
    directory = tmp_path_factory.mktemp("p")
    world = tiny_world(
        directory,
        [
            service("web", calls=("api", "data", "flaky")),
            service("other", calls=("api", "data")),
            service("gateway", calls=("api",)),
            service("api", VersionDef("v1"), VersionDef("v2")),
            service("data"),
            service("flaky", VersionDef("v1", error_rate=50)),
        ],
        roles={"web": "client", "other": "client", "gateway": "gateway"},
        gateway_routes=(GatewayRoute("api"),),
    )
    async with running(world, directory) as mesh:
        yield mesh


@pytest_asyncio.fixture(loop_scope="session")
async def mesh(shared_proof_mesh: Mesh) -> AsyncIterator[Mesh]:
    """The mesh without behaviours, before and after."""
    yield shared_proof_mesh
    await shared_proof_mesh.apply()
