"""A client of the worker's control plane."""

from collections.abc import AsyncIterator

import pytest

from kube.conftest import client_of
from meshery.kube.client import KubeClient
from meshery.kube.local.control_plane import ControlPlane


@pytest.fixture
async def client(kube: ControlPlane) -> AsyncIterator[KubeClient]:
    async with client_of(kube) as opened:
        yield opened
