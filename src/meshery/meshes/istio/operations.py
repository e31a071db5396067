"""The operations of the original's Istio adapter, ids and texts to the letter.

The filter for Image Hub is the one that is not written here: the original's is built for Envoy 1.17
and fetched by an init container; what a person uploads takes its place.

Source: adapter-contracts.md section 3, and the operations of meshery-istio, read on 2026-11-22.
"""

from collections.abc import Sequence

from meshery.adapters.draft import Object, native
from meshery.adapters.mesh import Operation
from meshery.behaviours.rendering import World
from meshery.meshes.istio.naming import security
from meshery.meshes.operations import COMMON


def _add_on(name: str) -> Operation:
    return Operation(
        key=f"{name}-addon",
        text=f"Add-on: {name.capitalize()}",
        category="configure",
        does="add-on",
        argument=name,
    )


def _deny_all(world: World) -> Sequence[Object]:
    """An AuthorizationPolicy without rules lets nobody in."""
    return (native(security(world), "AuthorizationPolicy", "deny-all", world.namespace, {}),)


def _peers(world: World, mode: str) -> Sequence[Object]:
    """One object for the namespace, whatever the mode: Istio heeds only the oldest of several."""
    spec = {"mtls": {"mode": mode}}
    return (native(security(world), "PeerAuthentication", "default", world.namespace, spec),)


def _strict(world: World) -> Sequence[Object]:
    return _peers(world, "STRICT")


def _mutual(world: World) -> Sequence[Object]:
    return _peers(world, "PERMISSIVE")


def _disable(world: World) -> Sequence[Object]:
    return _peers(world, "DISABLE")


OPERATIONS = (
    *COMMON,
    Operation(key="istio", text="Istio Service Mesh", category="install", does="install"),
    Operation(
        key="label-namespace",
        text="Automatic Sidecar Injection",
        category="configure",
        does="inject",
    ),
    *(_add_on(name) for name in ("prometheus", "grafana", "kiali", "jaeger", "zipkin")),
    Operation(
        key="istio-vet",
        text="Analyze Running Configuration",
        category="validate",
        does="check",
    ),
    Operation(
        key="envoy-filter-operation",
        text="Envoy Filter for Image Hub",
        category="configure",
        does="custom",
        argument="imagehub-rate-limit-filter",
    ),
    Operation(
        key="deny-all-policy-operation",
        text="Policy: Deny-All",
        category="configure",
        does="manifest",
        manifests=_deny_all,
    ),
    Operation(
        key="strict-mtls-policy-operation",
        text="Policy: Strict MTLS",
        category="configure",
        does="manifest",
        manifests=_strict,
    ),
    Operation(
        key="mutual-mtls-policy-operation",
        text="Policy: Mutual MTLS",
        category="configure",
        does="manifest",
        manifests=_mutual,
    ),
    Operation(
        key="disable-mtls-policy-operation",
        text="Policy: Disable MTLS",
        category="configure",
        does="manifest",
        manifests=_disable,
    ),
)
