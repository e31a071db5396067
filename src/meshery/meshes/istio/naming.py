"""How Istio's objects are called: API versions, hosts, durations, and what came with which release.

Sources: the CustomResourceDefinitions of Istio 1.31 and the release notes of 1.22 to 1.31, read on
2026-11-22.
"""

from collections.abc import Mapping

from meshery.adapters.ordering import is_at_least
from meshery.behaviours.rendering import Service, World

NETWORKING_GROUP = "networking.istio.io"
SECURITY_GROUP = "security.istio.io"
ENVOY_FILTER_API = "networking.istio.io/v1alpha3"
GATEWAY_API = "gateway.networking.k8s.io/v1"

ROOT_NAMESPACE = "istio-system"
CLUSTER_DOMAIN = "cluster.local"

SINCE: Mapping[str, str] = {
    "v1": "1.22",
    "mirrors": "1.20",
    "uriRegexRewrite": "1.18",
    "targetRefs": "1.23",
    "retries.backoff": "1.26",
    "rateLimitByValue": "1.26",
    "retryBudget": "1.27",
    "retryBudget.budgetInterval": "1.31",
    "redirect.prefixRewrite": "1.31",
}
"""The release that each field or feature came with."""


def has(world: World, feature: str) -> bool:
    """Whether the mesh's version has a field or feature of `SINCE`."""
    return is_at_least(world.version, SINCE[feature])


def networking(world: World) -> str:
    """The API of traffic: `v1` since 1.22, `v1beta1` before."""
    return f"{NETWORKING_GROUP}/{'v1' if has(world, 'v1') else 'v1beta1'}"


def security(world: World) -> str:
    """The API of trust: `v1` since 1.22, `v1beta1` before."""
    return f"{SECURITY_GROUP}/{'v1' if has(world, 'v1') else 'v1beta1'}"


def root_namespace(world: World) -> str:
    """Where objects that hold for the whole mesh stand."""
    return world.mesh_namespace or ROOT_NAMESPACE


def host_of(service: Service) -> str:
    """The full name of a service's host: a short one is read in the namespace of the object."""
    return f"{service.name}.{service.namespace}.svc.{CLUSTER_DOMAIN}"


def principal_of(service: Service, world: World) -> str:
    """The identity of a service's pods as policies write it: without `spiffe://`."""
    account = service.account or "default"
    return f"{world.trust_domain}/ns/{service.namespace}/sa/{account}"


def seconds(duration_ms: float) -> str:
    """A duration that both Go and protobuf read: decimal seconds, `0.25s`."""
    return f"{duration_ms / 1000:.6f}".rstrip("0").rstrip(".") + "s"
