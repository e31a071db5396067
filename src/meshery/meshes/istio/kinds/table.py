"""All kinds of Istio's API, and those of Gateway API that its renderer writes.

`v1` of the kinds of traffic and trust came with 1.22; `v1beta1` is served beside it.
"""

from collections.abc import Iterator

from meshery.adapters.mesh import NativeKind
from meshery.meshes.istio.kinds import edge, gateway_api, security, traffic
from meshery.meshes.istio.naming import (
    ENVOY_FILTER_API,
    GATEWAY_API,
    NETWORKING_GROUP,
    SECURITY_GROUP,
    SINCE,
)
from meshery.meshes.schema import Schema

_BOTH: tuple[tuple[str, str, str, Schema], ...] = (
    (NETWORKING_GROUP, "VirtualService", "rules for requests to a host", traffic.VIRTUAL_SERVICE),
    (
        NETWORKING_GROUP,
        "DestinationRule",
        "subsets of a host, and how its instances are called",
        traffic.DESTINATION_RULE,
    ),
    (NETWORKING_GROUP, "Gateway", "ports and hosts at the mesh's edge", edge.GATEWAY),
    (NETWORKING_GROUP, "ServiceEntry", "hosts outside the mesh", edge.SERVICE_ENTRY),
    (NETWORKING_GROUP, "Sidecar", "what sidecars of some pods know and allow", edge.SIDECAR),
    (
        SECURITY_GROUP,
        "PeerAuthentication",
        "mutual TLS that pods ask for",
        security.PEER_AUTHENTICATION,
    ),
    (
        SECURITY_GROUP,
        "AuthorizationPolicy",
        "who may send which requests",
        security.AUTHORIZATION_POLICY,
    ),
    (
        SECURITY_GROUP,
        "RequestAuthentication",
        "tokens that requests may bring",
        security.REQUEST_AUTHENTICATION,
    ),
)
_OTHERS = (
    (f"{NETWORKING_GROUP}/v1beta1", "ProxyConfig", "settings of proxies that need a restart"),
    (f"{NETWORKING_GROUP}/v1", "WorkloadEntry", "an instance outside Kubernetes"),
    (f"{NETWORKING_GROUP}/v1", "WorkloadGroup", "what instances outside Kubernetes have alike"),
    ("telemetry.istio.io/v1", "Telemetry", "metrics, traces and access logs"),
    ("extensions.istio.io/v1alpha1", "WasmPlugin", "a WebAssembly filter of proxies"),
)


def _kinds() -> Iterator[NativeKind]:
    for group, kind, summary, schema in _BOTH:
        yield NativeKind(
            api_version=f"{group}/v1", kind=kind, summary=summary, schema=schema, since=SINCE["v1"]
        )
        yield NativeKind(api_version=f"{group}/v1beta1", kind=kind, summary=summary, schema=schema)
    yield NativeKind(
        api_version=ENVOY_FILTER_API,
        kind="EnvoyFilter",
        summary="patches of Envoy's own configuration",
        schema=edge.ENVOY_FILTER,
    )
    for api_version, kind, summary in _OTHERS:
        yield NativeKind(api_version=api_version, kind=kind, summary=summary)
    yield NativeKind(
        api_version=GATEWAY_API,
        kind="Gateway",
        summary="a gateway or a waypoint, by Gateway API",
        schema=gateway_api.GATEWAY,
    )
    yield NativeKind(
        api_version=GATEWAY_API,
        kind="HTTPRoute",
        summary="routes of a gateway, by Gateway API",
        schema=gateway_api.HTTP_ROUTE,
    )


KINDS = tuple(_kinds())
