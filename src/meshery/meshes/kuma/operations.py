"""The operations of the original's adapter for Kuma."""

from meshery.adapters.mesh import Operation
from meshery.meshes.operations import COMMON

OPERATIONS = (
    Operation(key="kuma", text="Kuma Service Mesh", category="install", does="install"),
    *COMMON,
)
