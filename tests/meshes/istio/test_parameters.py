"""Nothing that is set goes missing in silence, whatever the version and the data plane."""

from meshery.meshes.istio.mesh import MESH
from meshes.parameters import check, world_of

VERSIONS = ("1.14.0", "1.22.0", "1.29.0", "1.31.0")


def test_every_parameter_changes_an_object_or_is_named() -> None:
    check(MESH, [world_of(version) for version in VERSIONS])
    check(MESH, [world_of(version, data_plane="ambient") for version in VERSIONS[2:]])
