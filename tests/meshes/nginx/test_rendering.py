"""What the renderer answers: golden files, and that nothing goes missing in silence."""

from pathlib import Path

from meshery.meshes.nginx.mesh import MESH
from meshes import golden, judged, parameters

HERE = Path(__file__).parent
VERSIONS = ("1.1.0", "1.6.0", "2.0.0")


def test_golden_files() -> None:
    golden.check(MESH, HERE / "golden")


def test_every_parameter_changes_an_object_or_is_named() -> None:
    parameters.check(MESH, [parameters.world_of(version) for version in VERSIONS])


def test_kinds_know_what_is_rendered() -> None:
    judged.check(MESH, HERE / "golden", VERSIONS)
