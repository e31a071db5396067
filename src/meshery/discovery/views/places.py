"""Addresses of what discovery shows."""

from meshery.ui.address import address

MESHES = "/meshes"
LANDSCAPE = "/meshes/landscape"
RESOURCES = "/resources"
CHANGES = "/resources/changes"


def mesh_href(mesh_id: str, part: str = "") -> str:
    """The page of a mesh, at one of its parts."""
    return f"{MESHES}/{mesh_id}{'#' + part if part else ''}"


def landscape_href(mesh: str) -> str:
    """What the landscape says of a mesh."""
    return f"{LANDSCAPE}?mesh={mesh}#{mesh}"


def resource_href(resource_id: str) -> str:
    """The page of an object."""
    return f"{RESOURCES}/{resource_id}"


def resources_href(
    *, cluster: str = "", kind: str = "", namespace: str = "", label: str = "", search: str = ""
) -> str:
    """Objects that these tell; all by default."""
    words = {
        "cluster": cluster,
        "kind": kind,
        "namespace": namespace,
        "label": label,
        "search": search,
    }
    return address(RESOURCES, words)


def object_href(cluster: str, text: str) -> str:
    """Where an object written `Kind/name` or `Kind/namespace/name` is found; empty for others."""
    parts = text.split("/")
    if len(parts) not in {2, 3} or not parts[0][:1].isupper():
        return ""
    namespace = parts[1] if len(parts) == 3 else ""
    return resources_href(cluster=cluster, kind=parts[0], namespace=namespace, search=parts[-1])
