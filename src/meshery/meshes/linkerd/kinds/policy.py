"""Kinds of policy.linkerd.io and linkerd.io.

Typed from the chart linkerd-crds (linkerd/linkerd2, commit 111fc98 and later, read 2026-11-22).
"""

from meshery.adapters.mesh import NativeKind
from meshery.meshes.gateway_api import GROUP, HTTP_ROUTE, TCP_ROUTE, TLS_ROUTE, gateway_kinds
from meshery.meshes.schema import (
    BOOL,
    NAME,
    TEXT,
    TEXTS,
    Schema,
    fields,
    listing,
    one_of,
    resource,
    text,
    whole,
)

POLICY = "policy.linkerd.io"
ACCESS_POLICIES = (
    "deny",
    "audit",
    "all-authenticated",
    "all-unauthenticated",
    "cluster-authenticated",
    "cluster-unauthenticated",
)
_IDENTITY = text(r"^(\*|[a-z0-9]([-a-z0-9]*[a-z0-9])?)(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
_REFERENCE = fields(("kind", "name"), group=TEXT, kind=NAME, name=NAME)
_FOREIGN = fields(("kind", "name"), group=TEXT, kind=NAME, name=NAME, namespace=TEXT)
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
_INT_OR_TEXT: Schema = {"x-kubernetes-int-or-string": True}
_SERVER = fields(
    ("port",),
    podSelector=_SELECTOR,
    externalWorkloadSelector=_SELECTOR,
    port=_INT_OR_TEXT,
    proxyProtocol=one_of("unknown", "HTTP/1", "HTTP/2", "gRPC", "opaque", "TLS"),
)
_SERVER_V1BETA3: Schema = {
    **_SERVER,
    "properties": {**_SERVER["properties"], "accessPolicy": one_of(*ACCESS_POLICIES)},
}
_CIDRS = listing(fields(("cidr",), cidr=NAME, except_=listing(NAME)))
_RATE = fields(("requestsPerSecond",), requestsPerSecond=whole(0))
_RATE_LIMIT = fields(
    ("targetRef",),
    targetRef=_REFERENCE,
    total=_RATE,
    identity=_RATE,
    overrides=listing(
        fields(
            ("requestsPerSecond", "clientRefs"),
            requestsPerSecond=whole(0),
            clientRefs=listing(_FOREIGN),
        )
    ),
)
_PROFILE = fields(
    retryBudget=fields(
        ("minRetriesPerSecond", "retryRatio", "ttl"),
        minRetriesPerSecond=whole(0),
        retryRatio={"type": "number", "minimum": 0},
        ttl=NAME,
    ),
    opaquePorts=listing(TEXT),
    dstOverrides=listing(fields(("authority", "weight"), authority=NAME, weight=_INT_OR_TEXT)),
    routes=listing(
        fields(
            ("condition", "name"),
            name=NAME,
            condition=fields(
                pathRegex=TEXT,
                method=TEXT,
                all=listing({"type": "object"}),
                any=listing({"type": "object"}),
                not_=listing({"type": "object"}),
            ),
            isRetryable=BOOL,
            timeout=TEXT,
            responseClasses=listing({"type": "object"}),
        )
    ),
)


def _policy(version: str, kind: str, summary: str, spec: Schema, since: str = "") -> NativeKind:
    return NativeKind(
        api_version=f"{POLICY}/{version}",
        kind=kind,
        summary=summary,
        schema=resource(spec),
        since=since,
    )


KINDS: tuple[NativeKind, ...] = (
    *gateway_kinds("v1", "v1beta1"),
    NativeKind(
        api_version=f"{GROUP}/v1alpha2",
        kind="TLSRoute",
        summary="Routes of TLS by server name",
        schema=TLS_ROUTE,
        since="edge-24.11.8",
    ),
    NativeKind(
        api_version=f"{GROUP}/v1alpha2",
        kind="TCPRoute",
        summary="Routes of connections",
        schema=TCP_ROUTE,
        since="edge-24.11.8",
    ),
    NativeKind(
        api_version=f"{POLICY}/v1beta2",
        kind="HTTPRoute",
        summary="Linkerd's own HTTPRoute (2.13)",
        schema=HTTP_ROUTE,
    ),
    NativeKind(
        api_version=f"{POLICY}/v1beta3",
        kind="HTTPRoute",
        summary="Linkerd's own HTTPRoute, at a Server",
        schema=HTTP_ROUTE,
    ),
    _policy("v1beta1", "Server", "A port of some pods", _SERVER),
    _policy(
        "v1beta3", "Server", "A port of some pods, and its default", _SERVER_V1BETA3, "edge-24.8.2"
    ),
    _policy(
        "v1alpha1",
        "AuthorizationPolicy",
        "Who may call a Server, a route or a namespace",
        fields(
            ("targetRef", "requiredAuthenticationRefs"),
            targetRef=_REFERENCE,
            requiredAuthenticationRefs=listing(_FOREIGN),
        ),
    ),
    _policy(
        "v1alpha1",
        "MeshTLSAuthentication",
        "Callers by identity",
        fields(
            identities=listing(_IDENTITY),
            identityRefs=listing(
                fields(("kind",), group=TEXT, kind=NAME, name=NAME, namespace=TEXT)
            ),
        ),
    ),
    _policy(
        "v1alpha1",
        "NetworkAuthentication",
        "Callers by address",
        fields(("networks",), networks=_CIDRS),
    ),
    _policy(
        "v1alpha1",
        "HTTPLocalRateLimitPolicy",
        "Requests each second at each pod",
        _RATE_LIMIT,
        "edge-24.11.8",
    ),
    _policy(
        "v1alpha1",
        "EgressNetwork",
        "A network outside, and what happens to calls there",
        fields(("trafficPolicy",), trafficPolicy=one_of("Allow", "Deny"), networks=_CIDRS),
        "edge-24.11.8",
    ),
    NativeKind(
        api_version="linkerd.io/v1alpha2",
        kind="ServiceProfile",
        summary="Retries, timeouts and metrics by route, before the Gateway API",
        schema=resource(_PROFILE),
    ),
)
