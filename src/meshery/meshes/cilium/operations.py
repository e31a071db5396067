"""The operations of the original's adapter for Cilium."""

from meshery.adapters.mesh import Operation
from meshery.meshes.operations import COMMON

OPERATIONS = (
    Operation(
        key="cilium_service_mesh",
        text="Cilium Service Mesh",
        category="install",
        does="install",
    ),
    *COMMON,
)
