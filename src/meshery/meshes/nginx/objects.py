"""NGINX Service Mesh's own objects, and the SMI versions that it serves."""

from meshery.adapters.draft import Object
from meshery.adapters.ordering import is_at_least
from meshery.behaviours.rendering import Service, World
from meshery.meshes.smi.dialect import Dialect

# docs/content/about/tech-specs.md of nginxinc/nginx-service-mesh, read 2026-11-22. Expressions are
# held against any part of a path or value, so they are anchored here.
DIALECT = Dialect(split="v1alpha3", specs="v1alpha3", access="v1alpha2", regex="anywhere")
GROUP = "specs.smi.nginx.com"
CIRCUIT_BREAKER = f"{GROUP}/v1alpha1"
MTLS_MODE = "config.nsm.nginx.com/mtls-mode"


def rate_limit_version(world: World) -> str:
    """The version of RateLimit: v1alpha2 came with 1.2."""
    return f"{GROUP}/{'v1alpha2' if is_at_least(world.version, '1.2') else 'v1alpha1'}"


def reference(service: Service) -> Object:
    """A Service, as policies refer to it."""
    return {"kind": "Service", "name": service.name, "namespace": service.namespace}
