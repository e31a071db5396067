"""Control and data planes of all meshes, each with the mesh that it belongs to. Pure."""

from collections.abc import Iterable, Iterator

import msgspec

from meshery.discovery.fingerprints.model import ControlPlane, WorkloadProxies
from meshery.discovery.meshes import MeshItem


class ControlPlaneItem(ControlPlane, frozen=True, kw_only=True):
    """A control plane. `mesh_item_id` and `mesh_name` are id and name of its mesh."""

    mesh_item_id: str
    mesh_name: str
    mesh: str
    build: str
    cluster: str
    cluster_id: str


class DataPlaneItem(WorkloadProxies, frozen=True, kw_only=True):
    """The proxies of a workload. `mesh_item_id` and `mesh_name` are id and name of their mesh."""

    mesh_item_id: str
    mesh_name: str
    mesh: str
    cluster: str
    cluster_id: str


def control_plane_items(meshes: Iterable[MeshItem]) -> Iterator[ControlPlaneItem]:
    """All, mesh by mesh."""
    for mesh in meshes:
        for plane in mesh.control_planes:
            yield ControlPlaneItem(
                **msgspec.structs.asdict(plane),
                mesh_item_id=mesh.id,
                mesh_name=mesh.name,
                mesh=mesh.mesh,
                build=mesh.build,
                cluster=mesh.cluster,
                cluster_id=mesh.cluster_id,
            )


def data_plane_items(meshes: Iterable[MeshItem]) -> Iterator[DataPlaneItem]:
    """All, mesh by mesh."""
    for mesh in meshes:
        for proxies in mesh.data_planes.by_workload:
            yield DataPlaneItem(
                **msgspec.structs.asdict(proxies),
                mesh_item_id=mesh.id,
                mesh_name=mesh.name,
                mesh=mesh.mesh,
                cluster=mesh.cluster,
                cluster_id=mesh.cluster_id,
            )
