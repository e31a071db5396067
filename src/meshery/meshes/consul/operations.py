"""The operations of the original's adapter for Consul, their ids and texts to the letter."""

from meshery.adapters.mesh import Operation
from meshery.meshes.operations import COMMON

OPERATIONS = (
    Operation(key="consul", text="Consul", category="install", does="install"),
    *COMMON,
)
