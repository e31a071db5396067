"""How policies are written, by the version of the control plane and by what stands already.

    2.x before 2.9    destinations are values of the tag `kuma.io/service`: `api_shop_svc_80`
    2.9 to 2.14       MeshService resources by name and namespace, where the mesh is `Exclusive`
    3.0 and later     MeshService resources by labels alone; clients by SPIFFE IDs

Source: UPGRADE.md of kumahq/kuma (3.0.0, read 2026-11-22), Kuma's policy reference 2.10 to 2.14.
"""

from typing import Any

from meshery.adapters.ordering import is_at_least
from meshery.behaviours.rendering import World

SYSTEM_NAMESPACE = "kuma-system"


def has(world: World, version: str) -> bool:
    """Whether the control plane has what came with a version."""
    return is_at_least(world.version, version)


def selects_by_labels(world: World) -> bool:
    """Whether policies name real resources by labels alone (3.0 and later)."""
    return has(world, "3.0")


def selects_by_tags(world: World) -> bool:
    """Whether destinations are values of `kuma.io/service`, not MeshService resources."""
    if selects_by_labels(world):
        return False
    mesh = live_mesh(world)
    if not has(world, "2.9"):
        return True
    return mesh is not None and mode_of(mesh) != "Exclusive"


def assumes_mesh_services(world: World) -> bool:
    """Whether nobody told that the mesh has MeshService resources, though they are used."""
    return not selects_by_labels(world) and has(world, "2.9") and live_mesh(world) is None


def knows_clients_by_identity(world: World) -> bool:
    """Whether clients are told apart by SPIFFE IDs (MeshIdentity), not by tags (Mesh.mtls)."""
    return selects_by_labels(world) or (has(world, "2.12") and bool(live(world, "MeshIdentity")))


def system_namespace(world: World) -> str:
    """Where the control plane lives, and policies of the whole mesh with it."""
    return world.mesh_namespace or SYSTEM_NAMESPACE


def live(world: World, kind: str) -> list[dict[str, Any]]:
    """The objects of a kind that stand already, of this mesh."""
    return [
        each
        for each in world.live
        if each.get("kind") == kind and _mesh_of(each) in {world.mesh, None}
    ]


def live_mesh(world: World) -> dict[str, Any] | None:
    """The Mesh that stands already, if it was told."""
    for each in live(world, "Mesh"):
        if (each.get("metadata") or {}).get("name") == world.mesh:
            return each
    return None


def mode_of(mesh: dict[str, Any]) -> str:
    """How a Mesh of 2.x makes MeshService resources; `Disabled` where it does not say."""
    services = (mesh.get("spec") or {}).get("meshServices") or {}
    return str(services.get("mode") or "Disabled")


def _mesh_of(each: dict[str, Any]) -> str | None:
    labels = (each.get("metadata") or {}).get("labels") or {}
    return labels.get("kuma.io/mesh")
