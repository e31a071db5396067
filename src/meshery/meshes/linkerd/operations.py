"""The operations of the original's adapter for Linkerd, their ids and texts to the letter.

The add-ons carry the text of the original's adapter for Istio; their own was not found.
"""

from meshery.adapters.mesh import Operation
from meshery.meshes.operations import COMMON

_ADD_ONS = {"jaeger": "Jaeger", "viz": "Viz", "multicluster": "Multicluster", "smi": "SMI"}

OPERATIONS = (
    Operation(key="linkerd", text="Linkerd Service Mesh", category="install", does="install"),
    Operation(
        key="annotate-namespace", text="Annotate Namespace", category="configure", does="inject"
    ),
    *(
        Operation(
            key=f"{name}-addon",
            text=f"Add-on: {title}",
            category="configure",
            does="add-on",
            argument=name,
        )
        for name, title in _ADD_ONS.items()
    ),
    *COMMON,
)
