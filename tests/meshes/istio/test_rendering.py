"""Behaviours as Istio's objects, as they were read and kept."""

from pathlib import Path

from meshery.meshes.istio.mesh import MESH
from meshes.golden import check


def test_golden_files() -> None:
    check(MESH, Path(__file__).parent / "golden")
