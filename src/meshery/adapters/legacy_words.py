"""What the original's adapters call things and say: clients match these texts, so they stand.

`mesh is now installed` is what its command line waits for; a version within it would hide it.
"""

from meshery.adapters.mesh import Mesh
from meshery.adapters.model import OperationInfo

NO_ERROR = "none"
"""`error` of SupportedOperations where there is none."""

NOT_SUPPORTED = "Operation is not supported"
COMPONENT = "adapter"

COMPONENT_KINDS = {
    "APP_MESH": "AppMesh",
    "CILIUM_SERVICE_MESH": "CiliumMesh",
    "CONSUL": "ConsulMesh",
    "ISTIO": "IstioMesh",
    "KUMA": "KumaMesh",
    "LINKERD": "LinkerdMesh",
    "NETWORK_SERVICE_MESH": "NSMMesh",
    "NGINX_SERVICE_MESH": "NginxMesh",
    "OPEN_SERVICE_MESH": "OSMMesh",
    "TRAEFIK_MESH": "TraefikMesh",
}
"""The kind of the component that stands for a mesh, by the mesh's literal."""


def component_kind(smp: str, title: str) -> str:
    """The kind of the component that stands for a mesh, by its literal and title."""
    words = "".join(word for word in mesh_words(title).title() if word.isalnum())
    return COMPONENT_KINDS.get(smp, f"{words}Mesh")


def mesh_words(title: str) -> str:
    """A mesh's title without `Mesh` or `Service Mesh`, which every text adds."""
    words = title
    for ending in (" Service Mesh", " Mesh"):
        words = words.removesuffix(ending)
    return words


def done_words(mesh: Mesh, operation: OperationInfo, *, version: str, removed: bool) -> list[str]:
    """Summary and details of the event that tells that an operation has ended well."""
    word = "removed" if removed else "installed"
    if operation.category == "install":
        name = f"{mesh_words(mesh.title)} service mesh"
        told = f"{name} {version}" if version else name
        return [f"{told} {word} successfully", f"The {name} is now {word}."]
    if operation.does == "conformance":
        return [f"{operation.text} test completed successfully", ""]
    word = "removed" if removed else "deployed"
    if operation.category == "sample":
        return [f"{operation.text} {word} successfully", f"The {operation.text} is now {word}."]
    if operation.category == "custom":
        return [f"Manifest {word} successfully", ""]
    return [f"{operation.text} {word} successfully", ""]


def failed_words(mesh: Mesh, operation: OperationInfo, *, removed: bool) -> str:
    """The summary of the event that tells that an operation failed."""
    word = "removing" if removed else "installing"
    if operation.category == "install":
        return f"Error while {word} {mesh_words(mesh.title)} service mesh"
    if operation.does == "conformance":
        return f"Error while running {operation.text} test"
    return f"Error while {'removing' if removed else 'deploying'} {operation.text}"
