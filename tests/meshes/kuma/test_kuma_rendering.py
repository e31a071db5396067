"""Kuma: nothing goes missing in silence, in any of its ages."""

from pathlib import Path
from typing import Any

import pytest

from meshery.behaviours.document import parse_behaviour
from meshery.behaviours.rendering import Rendering, Service, ServicePort, World
from meshery.meshes.kuma.mesh import MESH
from meshes.alone import check
from meshes.golden import check as check_golden

API = Service(
    "api",
    "shop",
    ports=(ServicePort(80, "http"), ServicePort(8080, "admin"), ServicePort(9090, "rpc", "grpc")),
    labels={"app": "api"},
    subsets={"v2": {"release": "two"}},
    account="api-account",
)
IDENTITY = {
    "apiVersion": "kuma.io/v1alpha1",
    "kind": "MeshIdentity",
    "metadata": {"name": "i", "namespace": "kuma-system", "labels": {"kuma.io/mesh": "default"}},
}
DISABLED = {"kind": "Mesh", "metadata": {"name": "default"}, "spec": {}}
WORLDS = [
    World(version="3.0.1", namespace="shop"),
    World(version="3.0.1", namespace="shop", services=(API,)),
    World(version="2.13.10", namespace="shop", services=(API,)),
    World(version="2.13.10", namespace="shop", live=(IDENTITY,)),
    World(version="2.13.10", namespace="shop", live=(DISABLED,)),
    World(version="2.9.19", namespace="shop"),
    World(version="2.7.29", namespace="shop"),
]


def rendered(world: World, *documents: dict[str, Any]) -> Rendering:
    return MESH.render([parse_behaviour(each) for each in documents], world)


def said(kind: str, *, target: Any = "api", source: Any = "", **params: Any) -> dict[str, Any]:
    more = {"source": source} if source else {}
    return {"name": f"a-{kind}", "kind": kind, "target": target, "params": params, **more}


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: f"{world.version}-{len(world.live)}")
def test_each_parameter_alone_changes_an_object_or_is_named(world: World) -> None:
    check(MESH, world)


@pytest.mark.parametrize("protocol", ["tcp", "grpc"])
def test_nor_with_another_protocol(protocol: Any) -> None:
    spoken = Service("api", "shop", ports=(ServicePort(80, "it", protocol),), labels={"app": "api"})
    check(MESH, World(version="3.0.1", namespace="shop", services=(spoken,)))


def test_golden_files() -> None:
    check_golden(MESH, Path(__file__).parent / "golden")
