"""OSM's own objects, and the SMI versions that it serves."""

from typing import Any

from meshery.adapters.draft import Draft, Object, native
from meshery.adapters.ordering import is_at_least
from meshery.behaviours.rendering import Service, World
from meshery.meshes.smi.dialect import Dialect

# Its custom resource serves TrafficSplit v1alpha2 and nothing newer, so splits have no matches
# (cmd/osm-bootstrap/crds/smi_traffic_split.yaml, read 2026-11-22).
DIALECT = Dialect(
    split="v1alpha2", specs="v1alpha4", access="v1alpha3", regex="whole", splits_by_match=False
)
POLICY = "policy.openservicemesh.io/v1alpha1"
MESH_NAMESPACE = "osm-system"


def mesh_namespace(world: World) -> str:
    """Where its control plane lives."""
    return world.mesh_namespace or MESH_NAMESPACE


def mesh_config(world: World, spec: dict[str, Any]) -> Object:
    """A part of the one MeshConfig, to be laid over the one that stands."""
    version = "v1alpha2" if is_at_least(world.version, "1.2") else "v1alpha1"
    api_version = f"config.openservicemesh.io/{version}"
    return native(api_version, "MeshConfig", "osm-mesh-config", mesh_namespace(world), spec)


def upstream(draft: Draft, spec: dict[str, Any]) -> Object:
    """A part of the UpstreamTrafficSetting of the target."""
    service = draft.service
    whole = {"host": host(service), **spec}
    return native(POLICY, "UpstreamTrafficSetting", service.name, service.namespace, whole)


def host(service: Service) -> str:
    """The name by which OSM's policies know a service."""
    return f"{service.name}.{service.namespace}.svc.cluster.local"


def account(service: Service) -> Object:
    """The ServiceAccount of a service, as policies refer to it."""
    return {
        "kind": "ServiceAccount",
        "name": service.account or service.name,
        "namespace": service.namespace,
    }
