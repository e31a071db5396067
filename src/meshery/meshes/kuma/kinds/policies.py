"""Schemas of the policies: what callers do (`to`), and what proxies do with what they receive."""

from meshery.adapters.mesh import NativeKind
from meshery.meshes.kuma.kinds.references import (
    BACKEND,
    CLIENT,
    COUNT,
    DURATION,
    HEADER_MATCH,
    PERCENTAGE,
    TARGET,
    clients,
    inbounds,
    outbounds,
)
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
    whole,
)

API_VERSION = "kuma.io/v1alpha1"
_HOST = text(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
_BACK_OFF = fields(baseInterval=DURATION, maxInterval=DURATION)
_RETRY = fields(
    tcp=fields(maxConnectAttempt=whole(1)),
    http=fields(
        numRetries=COUNT,
        perTryTimeout=DURATION,
        backOff=_BACK_OFF,
        retryOn=listing(
            text(
                r"^(5xx|5XX|GatewayError|Reset|Retriable4xx|ConnectFailure|EnvoyRatelimited|"
                r"RefusedStream|Http3PostConnectFailure|"
                r"HttpMethod(Connect|Delete|Get|Head|Options|Patch|Post|Put|Trace)|[1-5][0-9]{2})$"
            )
        ),
    ),
    grpc=fields(
        numRetries=COUNT,
        perTryTimeout=DURATION,
        backOff=_BACK_OFF,
        retryOn=listing(
            one_of("Canceled", "DeadlineExceeded", "Internal", "ResourceExhausted", "Unavailable")
        ),
    ),
)
_TIMEOUT = fields(
    connectionTimeout=DURATION,
    idleTimeout=DURATION,
    http=fields(
        requestTimeout=DURATION,
        streamIdleTimeout=DURATION,
        maxStreamDuration=DURATION,
        maxConnectionDuration=DURATION,
        requestHeadersTimeout=DURATION,
    ),
)
_BREAKER = fields(
    connectionLimits=fields(
        maxConnectionPools=COUNT,
        maxConnections=COUNT,
        maxPendingRequests=COUNT,
        maxRequests=COUNT,
        maxRetries=COUNT,
    ),
    outlierDetection=fields(
        disabled=BOOL,
        interval=DURATION,
        baseEjectionTime=DURATION,
        maxEjectionPercent=whole(0, 100),
        splitExternalAndLocalErrors=BOOL,
        healthyPanicThreshold=PERCENTAGE,
        detectors=fields(
            totalFailures=fields(consecutive=COUNT),
            gatewayFailures=fields(consecutive=COUNT),
            localOriginFailures=fields(consecutive=COUNT),
            successRate=fields(
                minimumHosts=COUNT, requestVolume=COUNT, standardDeviationFactor=PERCENTAGE
            ),
            failurePercentage=fields(
                minimumHosts=COUNT, requestVolume=COUNT, threshold=whole(0, 100)
            ),
        ),
    ),
)
_FAULT = fields(
    http=listing(
        fields(
            abort=fields(
                ("httpStatus", "percentage"), httpStatus=whole(100, 599), percentage=PERCENTAGE
            ),
            delay=fields(("value", "percentage"), value=DURATION, percentage=PERCENTAGE),
            responseBandwidth=fields(
                ("limit", "percentage"),
                limit=text(r"^[0-9]+ ?([GMk]bps)$"),
                percentage=PERCENTAGE,
            ),
        )
    )
)
_RATE = fields(("num", "interval"), num=whole(1), interval=DURATION)
_HEADERS = listing(fields(("name", "value"), name=NAME, value=TEXT), most=16)
_LIMIT = fields(
    local=fields(
        http=fields(
            disabled=BOOL,
            requestRate=_RATE,
            onRateLimit=fields(status=whole(100, 599), headers=fields(set_=_HEADERS, add=_HEADERS)),
        ),
        tcp=fields(disabled=BOOL, connectionRate=_RATE),
    )
)
_TLS = fields(mode=one_of("Strict", "Permissive"), tlsVersion=TEXTS, tlsCiphers=listing(TEXT))
_PATH_REWRITE = fields(
    ("type",),
    type=one_of("ReplaceFullPath", "ReplacePrefixMatch"),
    replaceFullPath=TEXT,
    replacePrefixMatch=TEXT,
)
_MODIFIER = fields(set_=_HEADERS, add=_HEADERS, remove=listing(TEXT, most=16))
_FILTER = fields(
    ("type",),
    type=one_of(
        "RequestHeaderModifier",
        "ResponseHeaderModifier",
        "RequestRedirect",
        "URLRewrite",
        "RequestMirror",
    ),
    requestHeaderModifier=_MODIFIER,
    responseHeaderModifier=_MODIFIER,
    requestRedirect=fields(
        scheme=one_of("http", "https"),
        hostname=_HOST,
        path=_PATH_REWRITE,
        port=PORT,
        statusCode={"type": "integer", "enum": [301, 302, 303, 307, 308]},
    ),
    urlRewrite=fields(hostname=_HOST, path=_PATH_REWRITE, hostToBackendHostname=BOOL),
    requestMirror=fields(("backendRef",), percentage=PERCENTAGE, backendRef=BACKEND),
)
_MATCH = fields(
    path=fields(
        ("type", "value"), type=one_of("Exact", "PathPrefix", "RegularExpression"), value=NAME
    ),
    method=one_of("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"),
    headers=listing(HEADER_MATCH),
    queryParams=listing(
        fields(
            ("type", "name", "value"),
            type=one_of("Exact", "RegularExpression"),
            name=NAME,
            value=TEXT,
        )
    ),
)
_ROUTE = listing(
    fields(
        ("targetRef",),
        targetRef=TARGET,
        hostnames=listing(TEXT),
        rules=listing(
            fields(
                ("matches", "default"),
                matches=listing(_MATCH, least=1),
                default=fields(filters=listing(_FILTER), backendRefs=listing(BACKEND)),
            )
        ),
    )
)
_TCP_ROUTE = listing(
    fields(
        ("targetRef",),
        targetRef=TARGET,
        rules=listing(
            fields(("default",), default=fields(("backendRefs",), backendRefs=listing(BACKEND))),
            most=1,
        ),
    )
)
_LOCALITY = fields(
    localityAwareness=fields(
        disabled=BOOL,
        localZone=fields(affinityTags=listing(fields(("key",), key=NAME, weight=COUNT))),
        crossZone=fields(
            failover=listing(
                fields(
                    ("to",),
                    from_=fields(("zones",), zones=listing(NAME, least=1)),
                    to=fields(
                        ("type",),
                        type=one_of("None", "Only", "Any", "AnyExcept"),
                        zones=listing(NAME),
                    ),
                )
            ),
            failoverThreshold=fields(("percentage",), percentage=PERCENTAGE),
        ),
    ),
    loadBalancer=fields(
        ("type",), type=one_of("RoundRobin", "LeastRequest", "RingHash", "Random", "Maglev")
    ),
)
_ACTION = fields(("action",), action=one_of("Allow", "Deny", "AllowWithShadowDeny"))
_MATCHERS = listing(CLIENT)
_PERMISSION = listing(
    fields(
        ("default",),
        default=fields(deny=_MATCHERS, allow=_MATCHERS, allowWithShadowDeny=_MATCHERS),
    ),
    least=1,
)
_PASSTHROUGH = fields(
    passthroughMode=one_of("All", "Matched", "None"),
    appendMatch=listing(
        fields(
            ("type", "value"),
            type=one_of("Domain", "IP", "CIDR"),
            value=NAME,
            port=PORT,
            protocol=one_of("tcp", "tls", "grpc", "http", "http2", "mysql"),
        )
    ),
)


def _kind(
    kind: str, summary: str, spec: Schema, *, since: str = "2.0.0", until: str = ""
) -> NativeKind:
    return NativeKind(
        api_version=API_VERSION,
        kind=kind,
        summary=summary,
        schema=resource(spec),
        since=since,
        until=until,
    )


def _both_sides(default: Schema) -> Schema:
    """The fields of 2.x and 3.x together: `from` is read until 2.14."""
    return fields(
        targetRef=TARGET, to=outbounds(default), rules=inbounds(default), from_=clients(default)
    )


POLICIES = (
    _kind("MeshRetry", "Retries of callers", fields(targetRef=TARGET, to=outbounds(_RETRY))),
    _kind("MeshTimeout", "Timeouts of callers and of inbounds", _both_sides(_TIMEOUT)),
    _kind(
        "MeshCircuitBreaker", "Limits of connections and outlier detection", _both_sides(_BREAKER)
    ),
    _kind("MeshFaultInjection", "Faults that inbounds answer with", _both_sides(_FAULT)),
    _kind("MeshRateLimit", "Limits of requests to inbounds", _both_sides(_LIMIT)),
    _kind(
        "MeshTLS",
        "Whether inbounds take plain requests",
        fields(targetRef=TARGET, rules=inbounds(_TLS), from_=clients(_TLS)),
        since="2.9.0",
    ),
    _kind(
        "MeshTrafficPermission",
        "Which clients may call",
        fields(targetRef=TARGET, rules=_PERMISSION, from_=clients(_ACTION)),
    ),
    _kind("MeshHTTPRoute", "Where requests go", fields(targetRef=TARGET, to=_ROUTE), since="2.2.0"),
    _kind(
        "MeshTCPRoute",
        "Where connections go",
        fields(targetRef=TARGET, to=_TCP_ROUTE),
        since="2.3.0",
    ),
    _kind(
        "MeshLoadBalancingStrategy",
        "Nearness, and how instances are chosen",
        fields(targetRef=TARGET, to=outbounds(_LOCALITY)),
        since="2.1.0",
    ),
    _kind(
        "MeshPassthrough",
        "What may leave the mesh",
        fields(targetRef=TARGET, default=_PASSTHROUGH),
        since="2.8.0",
    ),
)
