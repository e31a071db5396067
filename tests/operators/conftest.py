"""The operator's kinds on the worker's control plane, and clients of it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
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
_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_NAMES = ("brokers", "meshsyncs")


@pytest.fixture
async def client(kube: ControlPlane) -> AsyncIterator[KubeClient]:
    async with client_of(kube) as opened:
        yield opened


@pytest.fixture
async def kinds(kube: ControlPlane) -> None:
    """The kinds are served, also after the test: an API server that learns kinds is busy long."""
    async with kube.client() as client:
        answers = [await client.get(f"{_CRDS}/{name}.meshery.io") for name in _NAMES]
    if all(_is_served(each) for each in answers):
        return
    await kubectl(kube, "apply", "--server-side", "-f", str(CRDS))
    for name in _NAMES:
        waiting = ("wait", "--for=condition=Established", f"crd/{name}.meshery.io")
        await kubectl(kube, *waiting, "--timeout=30s")


@pytest.fixture
async def no_kinds(kube: ControlPlane) -> None:
    """A cluster that knows nothing of them: what earlier tests left is taken away."""
    await kubectl(kube, "delete", "--ignore-not-found", "--timeout=60s", "-f", str(CRDS))


def _is_served(answer: httpx2.Response) -> bool:
    if answer.status_code != 200:
        return False
    found = answer.json()
    listed = (found.get("status") or {}).get("conditions") or ()
    is_established = {"Established": "True"}.items() <= {
        each["type"]: each["status"] for each in listed
    }.items()
    return is_established and "deletionTimestamp" not in found["metadata"]


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
