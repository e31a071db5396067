"""Config entries of consul.hashicorp.com/v1alpha1.

Typed from the controller's types (hashicorp/consul-k8s control-plane/api/v1alpha1, commit 6b1b134
and later, read 2026-11-22).
"""

from meshery.adapters.mesh import NativeKind
from meshery.meshes.gateway_api import METHODS, gateway_kinds
from meshery.meshes.schema import (
    ANY,
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
    whole,
)

API = "consul.hashicorp.com/v1alpha1"
_DURATION = text(r"^-?([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$")
_PATH = text(r"^/")
_PROTOCOL = one_of("tcp", "http", "http2", "grpc")
_PERCENT: Schema = {"type": "number", "minimum": 0, "maximum": 100}
_MODE = one_of("", "strict", "permissive")
_GATEWAY_MODE = fields(mode=one_of("", "none", "local", "remote"))
_HEADERS = fields(add=TEXTS, set_=TEXTS, remove=listing(TEXT))
_EXTENSIONS = listing(
    fields(("name", "arguments"), name=NAME, required=BOOL, arguments=ANY, consulVersion=TEXT)
)
_TRANSPARENT = fields(outboundListenerPort=PORT, dialedDirectly=BOOL)
_EXPOSE = fields(
    checks=BOOL,
    paths=listing(
        fields(listenerPort=PORT, path=_PATH, localPathPort=PORT, protocol=one_of("http", "http2"))
    ),
)
_UPSTREAM = fields(
    name=TEXT,
    namespace=TEXT,
    partition=TEXT,
    peer=TEXT,
    envoyListenerJSON=TEXT,
    envoyClusterJSON=TEXT,
    protocol=_PROTOCOL,
    connectTimeoutMs=whole(0),
    limits=fields(
        maxConnections=whole(0), maxPendingRequests=whole(0), maxConcurrentRequests=whole(0)
    ),
    passiveHealthCheck=fields(
        interval=_DURATION,
        maxFailures=whole(0),
        enforcingConsecutive5xx=whole(0, 100),
        maxEjectionPercent=whole(0, 100),
        baseEjectionTime=_DURATION,
    ),
    meshGateway=_GATEWAY_MODE,
)
_RATE = {"requestsPerSecond": whole(0), "requestsMaxBurst": whole(0)}
_SERVICE_DEFAULTS = fields(
    protocol=_PROTOCOL,
    transparentProxy=_TRANSPARENT,
    mutualTLSMode=_MODE,
    meshGateway=_GATEWAY_MODE,
    expose=_EXPOSE,
    externalSNI=TEXT,
    upstreamConfig=fields(defaults=_UPSTREAM, overrides=listing(_UPSTREAM)),
    destination=fields(("addresses", "port"), addresses=listing(NAME, least=1), port=PORT),
    maxInboundConnections=whole(0),
    localConnectTimeoutMs=whole(0),
    localRequestTimeoutMs=whole(0),
    balanceInboundConnections=one_of("exact_balance"),
    rateLimits=fields(
        instanceLevel=fields(
            **_RATE,
            routes=listing(fields(pathExact=_PATH, pathPrefix=_PATH, pathRegex=NAME, **_RATE)),
        )
    ),
    envoyExtensions=_EXTENSIONS,
)
_HEADER_MATCH = fields(
    ("name",),
    name=NAME,
    present=BOOL,
    exact=TEXT,
    prefix=TEXT,
    suffix=TEXT,
    contains=TEXT,
    regex=TEXT,
    invert=BOOL,
    ignoreCase=BOOL,
)
_HTTP_MATCH = fields(
    caseInsensitive=BOOL,
    pathExact=_PATH,
    pathPrefix=_PATH,
    pathRegex=NAME,
    header=listing(_HEADER_MATCH),
    queryParam=listing(fields(("name",), name=NAME, present=BOOL, exact=TEXT, regex=TEXT)),
    methods=listing(one_of(*METHODS)),
)
RETRY_ON = (
    "5xx",
    "gateway-error",
    "reset",
    "connect-failure",
    "envoy-ratelimited",
    "retriable-4xx",
    "refused-stream",
    "cancelled",
    "deadline-exceeded",
    "internal",
    "resource-exhausted",
    "unavailable",
)
_DESTINATION = fields(
    service=NAME,
    serviceSubset=NAME,
    namespace=NAME,
    partition=NAME,
    prefixRewrite=_PATH,
    idleTimeout=_DURATION,
    requestTimeout=_DURATION,
    numRetries=whole(0),
    retryOnConnectFailure=BOOL,
    retryOn=listing(one_of(*RETRY_ON)),
    retryOnStatusCodes=listing(whole(100, 599)),
    requestHeaders=_HEADERS,
    responseHeaders=_HEADERS,
)
_ROUTER = fields(routes=listing(fields(match=fields(http=_HTTP_MATCH), destination=_DESTINATION)))
_SPLITTER = fields(
    ("splits",),
    splits=listing(
        fields(
            weight=_PERCENT,
            service=NAME,
            serviceSubset=NAME,
            namespace=NAME,
            partition=NAME,
            requestHeaders=_HEADERS,
            responseHeaders=_HEADERS,
        ),
        least=1,
    ),
)
_GOAL = fields(
    service=NAME, serviceSubset=NAME, partition=NAME, namespace=NAME, datacenter=NAME, peer=NAME
)
_FAILOVER = fields(
    service=NAME,
    serviceSubset=NAME,
    namespace=NAME,
    datacenters=listing(NAME),
    targets=listing(_GOAL),
    policy=fields(mode=one_of("", "sequential", "order-by-locality"), regions=listing(NAME)),
    samenessGroup=NAME,
)
_REDIRECT = fields(
    service=NAME,
    serviceSubset=NAME,
    namespace=NAME,
    partition=NAME,
    datacenter=NAME,
    peer=NAME,
    samenessGroup=NAME,
)
_RESOLVER = fields(
    defaultSubset=NAME,
    subsets={
        "type": "object",
        "additionalProperties": fields(filter=TEXT, onlyPassing=BOOL),
    },
    redirect=_REDIRECT,
    failover={"type": "object", "additionalProperties": _FAILOVER},
    connectTimeout=_DURATION,
    requestTimeout=_DURATION,
    loadBalancer=ANY,
    prioritizeByLocality=fields(mode=one_of("", "none", "failover")),
)
_ACTION = one_of("allow", "deny")
_PERMISSION = fields(
    ("action",),
    action=_ACTION,
    http=fields(
        pathExact=_PATH,
        pathPrefix=_PATH,
        pathRegex=NAME,
        header=listing(_HEADER_MATCH),
        methods=listing(one_of(*METHODS)),
    ),
    jwt=ANY,
)
_INTENTIONS = fields(
    ("destination", "sources"),
    destination=fields(("name",), name=NAME, namespace=NAME),
    sources=listing(
        fields(
            ("name",),
            name=NAME,
            namespace=NAME,
            peer=NAME,
            partition=NAME,
            samenessGroup=NAME,
            action=_ACTION,
            permissions=listing(_PERMISSION),
            description=TEXT,
        ),
        least=1,
    ),
    jwt=ANY,
)
_MESH = fields(
    transparentProxy=fields(meshDestinationsOnly=BOOL),
    allowEnablingPermissiveMutualTLS=BOOL,
    tls=ANY,
    http=ANY,
    peering=fields(peerThroughMeshGateways=BOOL),
    validateClusters=BOOL,
)
_PROXY_DEFAULTS = fields(
    transparentProxy=_TRANSPARENT,
    mutualTLSMode=_MODE,
    config=ANY,
    meshGateway=_GATEWAY_MODE,
    expose=_EXPOSE,
    accessLogs=ANY,
    envoyExtensions=_EXTENSIONS,
    prioritizeByLocality=fields(mode=one_of("", "none", "failover")),
    failoverPolicy=ANY,
)
_TERMINATING = fields(
    services=listing(
        fields(
            ("name",),
            name=NAME,
            namespace=NAME,
            caFile=TEXT,
            certFile=TEXT,
            keyFile=TEXT,
            sni=TEXT,
            disableAutoHostRewrite=BOOL,
        )
    )
)


def _entry(kind: str, summary: str, spec: Schema) -> NativeKind:
    return NativeKind(api_version=API, kind=kind, summary=summary, schema=resource(spec))


KINDS: tuple[NativeKind, ...] = (
    _entry("Mesh", "What holds for the whole mesh; named mesh", _MESH),
    _entry("ProxyDefaults", "What holds for all proxies; named global", _PROXY_DEFAULTS),
    _entry("ServiceDefaults", "Protocol, upstreams and extensions of a service", _SERVICE_DEFAULTS),
    _entry("ServiceResolver", "Subsets, failover and nearness of a service", _RESOLVER),
    _entry("ServiceSplitter", "Shares of the requests for a service", _SPLITTER),
    _entry("ServiceRouter", "Routes of the requests for a service", _ROUTER),
    _entry("ServiceIntentions", "Who may call a service", _INTENTIONS),
    _entry("TerminatingGateway", "Services outside that a gateway leads to", _TERMINATING),
    *gateway_kinds("v1beta1"),
)
