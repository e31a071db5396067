"""Cilium's kinds that are rendered here, with their schemas.

Typed from the reference of cilium.io/v2 (docs.cilium.io and the CRDs of cilium/cilium 1.20, read
2026-11-22). Envoy's resources are open beyond their `@type`: Envoy alone knows all of them.
"""

from meshery.adapters.mesh import NativeKind
from meshery.meshes.cilium.rule import API_VERSION, POLICY, WHOLE
from meshery.meshes.schema import (
    BOOL,
    NAME,
    PORT,
    TEXT,
    TEXTS,
    Schema,
    fields,
    listing,
    one_of,
    resource,
    text,
)
from meshery.sandbox.render.names import TYPE

_TYPES = (
    "envoy.config.listener.v3.Listener",
    "envoy.config.route.v3.RouteConfiguration",
    "envoy.config.cluster.v3.Cluster",
    "envoy.config.endpoint.v3.ClusterLoadAssignment",
    "envoy.extensions.transport_sockets.tls.v3.Secret",
)
_RESOURCE: Schema = {
    "type": "object",
    "properties": {"@type": one_of(*(TYPE + each for each in _TYPES)), "name": NAME},
    "required": ["@type"],
    "x-kubernetes-preserve-unknown-fields": True,
}
_SELECTOR = fields(
    matchLabels=TEXTS,
    matchExpressions=listing(
        fields(
            ("key", "operator"),
            key=NAME,
            operator=one_of("In", "NotIn", "Exists", "DoesNotExist"),
            values=listing(TEXT),
        )
    ),
)
_CONFIG = fields(
    ("resources",),
    services=listing(
        fields(("name",), name=NAME, namespace=NAME, ports=listing(PORT), listener=NAME)
    ),
    backendServices=listing(fields(("name",), name=NAME, namespace=NAME, number=listing(TEXT))),
    resources=listing(_RESOURCE, least=1),
    nodeSelector=_SELECTOR,
)
_CIDR = text(r"^[0-9a-fA-F:.]+/[0-9]{1,3}$")
_ENTITIES = listing(
    one_of(
        "all",
        "world",
        "world-ipv4",
        "world-ipv6",
        "cluster",
        "host",
        "init",
        "ingress",
        "unmanaged",
        "remote-node",
        "health",
        "none",
        "kube-apiserver",
    )
)
_PATTERN = text(r"^[-a-zA-Z0-9_.*]{0,255}$")
_HOST = fields(matchName=_PATTERN, matchPattern=_PATTERN)
_PORTS = listing(
    fields(
        ("port",),
        port=TEXT,
        endPort=PORT,
        protocol=one_of("TCP", "UDP", "SCTP", "ICMP", "ICMPv6", "ANY"),
    ),
    most=40,
)
_HTTP = fields(
    path=TEXT,
    method=TEXT,
    host=TEXT,
    headers=listing(TEXT),
    headerMatches=listing(
        fields(
            ("name",),
            name=NAME,
            value=TEXT,
            mismatch=one_of("LOG", "ADD", "DELETE", "REPLACE"),
            secret=fields(("name",), namespace=TEXT, name=NAME),
        )
    ),
)
_RULES = fields(http=listing(_HTTP), dns=listing(_HOST))
_TO_PORTS = listing(fields(ports=_PORTS, rules=_RULES, serverNames=listing(NAME), listener=TEXTS))
_AUTHENTICATION = fields(("mode",), mode=one_of("disabled", "required", "test-always-fail"))
_FROM = {
    "fromEndpoints": listing(_SELECTOR),
    "fromEntities": _ENTITIES,
    "fromCIDR": listing(_CIDR),
    "fromNodes": listing(_SELECTOR),
}
_TO = {
    "toEndpoints": listing(_SELECTOR),
    "toEntities": _ENTITIES,
    "toCIDR": listing(_CIDR),
    "toNodes": listing(_SELECTOR),
}
# A deny is of ports: it has no rules of requests, and no authentication.
_DENIED = {"toPorts": listing(fields(ports=_PORTS))}
_POLICY = fields(
    endpointSelector=_SELECTOR,
    nodeSelector=_SELECTOR,
    description=TEXT,
    enableDefaultDeny=fields(ingress=BOOL, egress=BOOL),
    ingress=listing(fields(**_FROM, toPorts=_TO_PORTS, authentication=_AUTHENTICATION)),
    ingressDeny=listing(fields(**_FROM, **_DENIED)),
    egress=listing(
        fields(**_TO, toFQDNs=listing(_HOST), toPorts=_TO_PORTS, authentication=_AUTHENTICATION)
    ),
    egressDeny=listing(fields(**_TO, **_DENIED)),
)
_EGRESS_GATEWAY = fields(
    ("selectors", "destinationCIDRs"),
    selectors=listing(
        fields(podSelector=_SELECTOR, namespaceSelector=_SELECTOR, nodeSelector=_SELECTOR), least=1
    ),
    destinationCIDRs=listing(_CIDR, least=1),
    excludedCIDRs=listing(_CIDR),
    egressGateway=fields(("nodeSelector",), nodeSelector=_SELECTOR, interface=TEXT, egressIP=TEXT),
)


def _kind(kind: str, summary: str, schema: Schema, *, is_namespaced: bool = True) -> NativeKind:
    return NativeKind(
        api_version=API_VERSION,
        kind=kind,
        summary=summary,
        schema=resource(schema),
        is_namespaced=is_namespaced,
    )


KINDS = (
    _kind("CiliumEnvoyConfig", "Envoy's resources for the traffic of services", _CONFIG),
    _kind(
        "CiliumClusterwideEnvoyConfig",
        "Envoy's resources for services of any namespace",
        _CONFIG,
        is_namespaced=False,
    ),
    _kind(POLICY, "Who may call pods, and what pods may call", _POLICY),
    _kind(WHOLE, "The same for the whole cluster", _POLICY, is_namespaced=False),
    _kind(
        "CiliumEgressGatewayPolicy",
        "The node through which pods leave the cluster",
        _EGRESS_GATEWAY,
        is_namespaced=False,
    ),
)
