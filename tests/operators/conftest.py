"""The operator's kinds on the worker's control plane, and clients of it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fixtures.kube import KubeNamespace, kubectl
from kube.conftest import client_of
from meshery.kube.client import KubeClient
from meshery.kube.local.control_plane import ControlPlane
from meshery.operator.images import Images
from meshery.operator.manifests import folder
from meshery.operator.process import Operator
from operators.cluster import Cluster, operating

CRDS = folder() / "10-crds.yaml"


@pytest.fixture
async def client(kube: ControlPlane) -> AsyncIterator[KubeClient]:
    async with client_of(kube) as opened:
        yield opened


@pytest.fixture
async def kinds(kube: ControlPlane) -> AsyncIterator[None]:
    """The kinds are served while the test lasts; nothing is left of them."""
    await kubectl(kube, "apply", "--server-side", "-f", str(CRDS))
    for name in ("brokers", "meshsyncs"):
        waiting = ("wait", "--for=condition=Established", f"crd/{name}.meshery.io")
        await kubectl(kube, *waiting, "--timeout=30s")
    yield
    await kubectl(kube, "delete", "--wait", "--timeout=60s", "-f", str(CRDS))


@pytest.fixture
async def operated(
    kinds: None, client: KubeClient, kube_namespace: KubeNamespace
) -> AsyncIterator[KubeNamespace]:
    """A namespace whose objects an operator serves, in this process."""
    operator = Operator(client, Images(), namespace=kube_namespace.name)
    task = asyncio.create_task(operator.act(), name="operator")
    yield kube_namespace
    await kube_namespace.kubectl("delete", "meshsyncs,brokers", "--all", "--timeout=60s")
    task.cancel()
    await asyncio.wait({task})


@pytest.fixture
async def cluster(kube: ControlPlane, tmp_path: Path) -> AsyncIterator[Cluster]:
    """The operator and all that it makes, as processes."""
    async with operating(kube, tmp_path) as opened:
        yield opened
