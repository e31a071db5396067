"""A control plane that judges objects of all meshes, and keeps none."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio

from fixtures.kube import KubeNamespace, plane_of_worker
from meshery.kube.local.control_plane import ControlPlane


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def judge(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ControlPlane]:
    """Its kinds come and stay while a module lasts: one that is taken away is forgotten slowly."""
    async with plane_of_worker(tmp_path_factory.mktemp("judging"), 3) as plane:
        yield plane


@pytest.fixture
async def court(judge: ControlPlane) -> KubeNamespace:
    """A namespace of a test's own, where no pod has to run."""
    name = f"test-{uuid4().hex[:10]}"
    async with judge.client() as client:
        answer = await client.post("/api/v1/namespaces", json={"metadata": {"name": name}})
    assert answer.status_code == 201, answer.text
    return KubeNamespace(judge, name)
