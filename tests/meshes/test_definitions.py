"""The definitions are ones that a control plane takes, and they refuse what the vendors refuse."""

from collections.abc import AsyncIterator

import pytest

from kube.conftest import client_of
from meshery.kube.client import KubeClient
from meshery.kube.local.control_plane import ControlPlane
from meshes.definitions import definitions_of_file, every_file, served


@pytest.fixture
async def client(kube: ControlPlane) -> AsyncIterator[KubeClient]:
    async with client_of(kube) as opened:
        yield opened


@pytest.mark.parametrize("name", every_file())
async def test_a_control_plane_takes_them(client: KubeClient, name: str) -> None:
    async with served(client, definitions_of_file(name)):
        pass
