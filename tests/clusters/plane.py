"""The scripted cluster on a control plane of its own, played once for all tests of a worker.

Tests read it and leave it as it is; what changes a cluster belongs on `kube`.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from clusters.play import play
from clusters.script import load
from fixtures.kube import plane_of_worker
from meshery.kube.local.control_plane import ControlPlane


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def played_kube(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ControlPlane]:
    """A control plane with the script `main`: five meshes, 200 pods, and decoys."""
    async with plane_of_worker(tmp_path_factory.mktemp("played"), 2) as plane:
        await play(plane, load("main"))
        yield plane
