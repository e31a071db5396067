"""A client of the worker's control plane."""

from collections.abc import AsyncIterator

import pytest

from meshery.kube.client import KubeClient
from meshery.kube.kinds import KindCache
from meshery.kube.kubeconfig import OWN, read_kubeconfigs
from meshery.kube.limiter import Limits
from meshery.kube.local.control_plane import ControlPlane

FAST = Limits(qps=0)


@pytest.fixture
async def client(kube: ControlPlane) -> AsyncIterator[KubeClient]:
    async with client_of(kube) as opened:
        yield opened


@pytest.fixture
async def kinds(client: KubeClient) -> KindCache:
    return KindCache(client)


def client_of(plane: ControlPlane, user: str = "") -> KubeClient:
    """A client through the plane's own kubeconfig, as a user."""
    config = read_kubeconfigs([plane.kubeconfig])
    return KubeClient(config.access(plane.context(user), trust=OWN), limits=FAST)
