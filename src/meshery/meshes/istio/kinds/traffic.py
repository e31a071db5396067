"""Schemas of what steers requests: VirtualService and DestinationRule.

Source: the CustomResourceDefinitions of Istio 1.31, read in a stored copy on 2026-11-22;
retryBudget from the API's repository (pull request 3716), and the type of its percentage from a
model that is generated from these definitions, the same day.
"""

from meshery.meshes.istio.kinds.parts import (
    CLIENT_TLS,
    CONNECTION_POOL,
    DURATION,
    INT32,
    LABEL_SELECTOR,
    NAMES,
    PERCENT,
    PORT_SELECTOR,
    STRING_MATCH,
    STRING_MATCHES,
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
    whole,
)

_DESTINATION = fields(("host",), host=NAME, subset=NAME, port=PORT_SELECTOR)
_CHANGES = fields(set_=TEXTS, add=TEXTS, remove=NAMES)
_HEADERS = fields(request=_CHANGES, response=_CHANGES)

_HTTP_MATCH = fields(
    name=TEXT,
    uri=STRING_MATCH,
    scheme=STRING_MATCH,
    method=STRING_MATCH,
    authority=STRING_MATCH,
    headers=STRING_MATCHES,
    withoutHeaders=STRING_MATCHES,
    queryParams=STRING_MATCHES,
    port=PORT,
    sourceLabels=TEXTS,
    sourceNamespace=TEXT,
    gateways=NAMES,
    ignoreUriCase=BOOL,
    statPrefix=TEXT,
)
_ABORT: Schema = {
    **fields(httpStatus=whole(200, 599), grpcStatus=TEXT, http2Error=TEXT, percentage=PERCENT),
    "oneOf": [{"required": [each]} for each in ("httpStatus", "grpcStatus", "http2Error")],
}
_DELAY: Schema = {
    **fields(fixedDelay=DURATION, exponentialDelay=DURATION, percentage=PERCENT, percent=INT32),
    "oneOf": [{"required": [each]} for each in ("fixedDelay", "exponentialDelay")],
}
_RETRIES = fields(
    attempts=INT32,
    perTryTimeout=DURATION,
    retryOn=TEXT,
    retryRemoteLocalities=BOOL,
    retryIgnorePreviousHosts=BOOL,
    backoff=DURATION,
)
_REDIRECT = fields(
    uri=TEXT,
    prefixRewrite=TEXT,
    authority=TEXT,
    port=PORT,
    derivePort=one_of("FROM_PROTOCOL_DEFAULT", "FROM_REQUEST_PORT"),
    scheme=TEXT,
    redirectCode=whole(300, 399),
)
_REWRITE = fields(uri=TEXT, authority=TEXT, uriRegexRewrite=fields(match=TEXT, rewrite=TEXT))
_WAY = fields(("destination",), destination=_DESTINATION, weight=INT32, headers=_HEADERS)
_MIRROR = fields(("destination",), destination=_DESTINATION, percentage=PERCENT)
_CORS = fields(
    allowOrigins=listing(STRING_MATCH),
    allowMethods=NAMES,
    allowHeaders=NAMES,
    exposeHeaders=NAMES,
    maxAge=DURATION,
    allowCredentials=BOOL,
    unmatchedPreflights=one_of("UNSPECIFIED", "FORWARD", "IGNORE"),
)
_HTTP = fields(
    name=TEXT,
    match=listing(_HTTP_MATCH),
    route=listing(_WAY),
    redirect=_REDIRECT,
    directResponse=fields(("status",), status=whole(), body=fields(string=TEXT, bytes=TEXT)),
    delegate=fields(name=TEXT, namespace=TEXT),
    rewrite=_REWRITE,
    timeout=DURATION,
    retries=_RETRIES,
    fault=fields(delay=_DELAY, abort=_ABORT),
    mirror=_DESTINATION,
    mirrorPercentage=PERCENT,
    mirrors=listing(_MIRROR),
    corsPolicy=_CORS,
    headers=_HEADERS,
)
_CONNECTION = {
    "port": PORT,
    "destinationSubnets": NAMES,
    "sourceLabels": TEXTS,
    "sourceNamespace": TEXT,
    "gateways": NAMES,
}
_CONNECTION_WAY = fields(("destination",), destination=_DESTINATION, weight=INT32)
_TCP = fields(match=listing(fields(**_CONNECTION)), route=listing(_CONNECTION_WAY))
_TLS = fields(
    match=listing(fields(("sniHosts",), sniHosts=NAMES, **_CONNECTION)),
    route=listing(_CONNECTION_WAY),
)

VIRTUAL_SERVICE = resource(
    fields(
        hosts=NAMES,
        gateways=NAMES,
        http=listing(_HTTP),
        tcp=listing(_TCP),
        tls=listing(_TLS),
        exportTo=NAMES,
    )
)

_LOCALITY = fields(
    enabled=BOOL,
    distribute=listing(
        fields(from_=TEXT, to={"type": "object", "additionalProperties": whole(0, 100)})
    ),
    failover=listing(fields(from_=TEXT, to=TEXT)),
    failoverPriority=NAMES,
)
_BALANCER = fields(
    simple=one_of(
        "UNSPECIFIED", "LEAST_CONN", "RANDOM", "PASSTHROUGH", "ROUND_ROBIN", "LEAST_REQUEST"
    ),
    consistentHash={"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    localityLbSetting=_LOCALITY,
    warmup={"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    warmupDurationSecs=DURATION,
)
_OUTLIERS = fields(
    consecutiveErrors=INT32,
    consecutive5xxErrors=whole(),
    consecutiveGatewayErrors=whole(),
    consecutiveLocalOriginFailures=whole(),
    splitExternalLocalOriginErrors=BOOL,
    interval=DURATION,
    baseEjectionTime=DURATION,
    maxEjectionPercent=whole(0, 100),
    minHealthPercent=whole(0, 100),
)
_OF_PORT = {
    "loadBalancer": _BALANCER,
    "connectionPool": CONNECTION_POOL,
    "outlierDetection": _OUTLIERS,
    "tls": CLIENT_TLS,
}
_RATIO: Schema = {"type": "number", "format": "double", "minimum": 0, "maximum": 100}
_BUDGET = fields(percent=_RATIO, minRetryConcurrency=whole(1), budgetInterval=DURATION)
_POLICY = fields(
    **_OF_PORT,
    portLevelSettings=listing(fields(port=PORT_SELECTOR, **_OF_PORT)),
    tunnel=fields(("targetHost", "targetPort"), protocol=TEXT, targetHost=NAME, targetPort=PORT),
    proxyProtocol=fields(version=one_of("V1", "V2")),
    retryBudget=_BUDGET,
)

DESTINATION_RULE = resource(
    fields(
        ("host",),
        host=NAME,
        trafficPolicy=_POLICY,
        subsets=listing(fields(("name",), name=NAME, labels=TEXTS, trafficPolicy=_POLICY)),
        exportTo=NAMES,
        workloadSelector=LABEL_SELECTOR,
    )
)
