"""App Mesh's kinds that are rendered, with their schemas.

Written from the types of aws-app-mesh-controller-for-k8s (apis/appmesh/v1beta2, read 2026-11-22).
"""

from meshery.adapters.mesh import NativeKind
from meshery.meshes.app_mesh.objects import API_VERSION
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
    whole,
)

_DURATION = fields(["unit", "value"], unit=one_of("s", "ms"), value=whole())
_MAPPING = fields(["port", "protocol"], port=PORT, protocol=one_of("grpc", "http", "http2", "tcp"))
_REFERENCE = fields(["name"], name=NAME, namespace=TEXT)
_SELECTOR = fields(matchLabels=TEXTS, matchExpressions=listing(ANY))
_LIMITS = fields(perRequest=_DURATION, idle=_DURATION)
_IDLE = fields(idle=_DURATION)
_TIMEOUT = fields(tcp=_IDLE, http=_LIMITS, http2=_LIMITS, grpc=_LIMITS)
_SDS = fields(["secretName"], secretName=NAME)
_FILE = fields(["certificateChain", "privateKey"], certificateChain=NAME, privateKey=NAME)
_TRUST = fields(acm=ANY, file=fields(["certificateChain"], certificateChain=NAME), sds=_SDS)
_VALIDATION = fields(["trust"], trust=_TRUST, subjectAlternativeNames=ANY)
_TLS = fields(
    ["mode", "certificate"],
    mode=one_of("DISABLED", "PERMISSIVE", "STRICT"),
    certificate=fields(acm=ANY, file=_FILE, sds=_SDS),
    validation=_VALIDATION,
)
_POOL = fields(
    tcp=fields(["maxConnections"], maxConnections=whole(1)),
    http=fields(["maxConnections"], maxConnections=whole(1), maxPendingRequests=whole(1)),
    http2=fields(["maxRequests"], maxRequests=whole(1)),
    grpc=fields(["maxRequests"], maxRequests=whole(1)),
)
_DETECTION = fields(
    ["maxServerErrors", "interval", "baseEjectionDuration", "maxEjectionPercent"],
    maxServerErrors=whole(1),
    interval=_DURATION,
    baseEjectionDuration=_DURATION,
    maxEjectionPercent=whole(0, 100),
)
_LISTENER = fields(
    ["portMapping"],
    portMapping=_MAPPING,
    healthCheck=ANY,
    outlierDetection=_DETECTION,
    connectionPool=_POOL,
    tls=_TLS,
    timeout=_TIMEOUT,
)
_CLIENT_POLICY = fields(
    tls=fields(
        ["validation"],
        enforce=BOOL,
        ports=listing(PORT),
        certificate=fields(file=_FILE, sds=_SDS),
        validation=_VALIDATION,
    )
)
_BACKEND = fields(
    ["virtualService"],
    virtualService=fields(
        virtualServiceRef=_REFERENCE, virtualServiceARN=TEXT, clientPolicy=_CLIENT_POLICY
    ),
)
_NODE = fields(
    awsName=TEXT,
    podSelector=_SELECTOR,
    listeners=listing(_LISTENER),
    serviceDiscovery=fields(
        dns=fields(["hostname"], hostname=NAME, responseType=TEXT), awsCloudMap=ANY
    ),
    backends=listing(_BACKEND),
    backendDefaults=fields(clientPolicy=_CLIENT_POLICY),
    logging=ANY,
    meshRef=ANY,
)
_METHOD = one_of("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE")
_VALUE = fields(
    exact=TEXT,
    prefix=TEXT,
    suffix=TEXT,
    regex=TEXT,
    range=fields(["start", "end"], start=whole(), end=whole()),
)
_HEADER = fields(["name"], name=NAME, match=_VALUE, invert=BOOL)
_QUERY = fields(["name"], name=NAME, match=fields(exact=TEXT))
_PATH = fields(exact=NAME, regex=NAME)
_MATCH = fields(
    headers=listing(_HEADER, least=1, most=10),
    method=_METHOD,
    prefix=TEXT,
    scheme=one_of("http", "https"),
    path=_PATH,
    queryParameters=listing(_QUERY, least=1, most=10),
    port=whole(),
)
_ACTION = fields(
    ["weightedTargets"],
    weightedTargets=listing(
        fields(
            ["weight"],
            virtualNodeRef=_REFERENCE,
            virtualNodeARN=TEXT,
            weight=whole(0, 100),
            port=whole(),
        ),
        least=1,
        most=10,
    ),
)
_HTTP_EVENTS = listing(
    one_of("server-error", "gateway-error", "client-error", "stream-error"), least=1, most=25
)
_TCP_EVENTS = listing(one_of("connection-error"), least=1, most=1)
_GRPC_EVENTS = listing(
    one_of("cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable"),
    least=1,
    most=5,
)


def _retry(**more: Schema) -> Schema:
    return fields(
        ["maxRetries", "perRetryTimeout"],
        httpRetryEvents=_HTTP_EVENTS,
        tcpRetryEvents=_TCP_EVENTS,
        maxRetries=whole(),
        perRetryTimeout=_DURATION,
        **more,
    )


_HTTP_ROUTE = fields(
    ["match", "action"], match=_MATCH, action=_ACTION, retryPolicy=_retry(), timeout=_LIMITS
)
_GRPC_ROUTE = fields(
    ["match", "action"],
    match=fields(
        methodName=NAME,
        serviceName=TEXT,
        metadata=listing(_HEADER, least=1, most=10),
        port=whole(),
    ),
    action=_ACTION,
    retryPolicy=_retry(grpcRetryEvents=_GRPC_EVENTS),
    timeout=_LIMITS,
)
_TCP_ROUTE = fields(["action"], match=fields(port=whole()), action=_ACTION, timeout=_IDLE)
_ROUTER = fields(
    awsName=TEXT,
    listeners=listing(fields(["portMapping"], portMapping=_MAPPING), least=1),
    routes=listing(
        fields(
            ["name"],
            name=NAME,
            httpRoute=_HTTP_ROUTE,
            http2Route=_HTTP_ROUTE,
            grpcRoute=_GRPC_ROUTE,
            tcpRoute=_TCP_ROUTE,
            priority=whole(0, 1000),
        )
    ),
    meshRef=ANY,
)
_SERVICE = fields(
    awsName=TEXT,
    provider=fields(
        virtualNode=fields(["virtualNodeRef"], virtualNodeRef=_REFERENCE),
        virtualRouter=fields(["virtualRouterRef"], virtualRouterRef=_REFERENCE),
    ),
    meshRef=ANY,
)
_GATEWAY = fields(
    awsName=TEXT,
    namespaceSelector=_SELECTOR,
    podSelector=_SELECTOR,
    gatewayRouteSelector=_SELECTOR,
    listeners=listing(
        fields(["portMapping"], portMapping=_MAPPING, healthCheck=ANY, tls=ANY, connectionPool=ANY)
    ),
    backendDefaults=ANY,
    logging=ANY,
    meshRef=ANY,
)
_GATEWAY_MATCH = fields(
    prefix=TEXT,
    path=_PATH,
    queryParameters=listing(_QUERY, least=1, most=10),
    method=_METHOD,
    hostname=fields(exact=NAME, suffix=NAME),
    headers=listing(_HEADER, least=1, most=10),
    port=whole(),
)
_TARGET = fields(
    ["virtualService"],
    virtualService=fields(virtualServiceRef=_REFERENCE, virtualServiceARN=TEXT),
    port=whole(),
)
_GATEWAY_HTTP = fields(
    ["match", "action"],
    match=_GATEWAY_MATCH,
    action=fields(["target"], target=_TARGET, rewrite=ANY),
)
_GATEWAY_ROUTE = fields(
    awsName=TEXT,
    priority=whole(0, 1000),
    httpRoute=_GATEWAY_HTTP,
    http2Route=_GATEWAY_HTTP,
    grpcRoute=ANY,
    virtualGatewayRef=ANY,
    meshRef=ANY,
)
_MESH = fields(
    awsName=TEXT,
    namespaceSelector=_SELECTOR,
    egressFilter=fields(["type"], type=one_of("ALLOW_ALL", "DROP_ALL")),
    meshOwner=TEXT,
    meshServiceDiscovery=ANY,
)


def _kind(kind: str, summary: str, spec: Schema, *, is_namespaced: bool = True) -> NativeKind:
    return NativeKind(
        api_version=API_VERSION,
        kind=kind,
        summary=summary,
        schema=resource(spec),
        is_namespaced=is_namespaced,
    )


KINDS = (
    _kind("VirtualNode", "The pods of a service, and how they take requests", _NODE),
    _kind("VirtualRouter", "Routes of a service to nodes", _ROUTER),
    _kind("VirtualService", "A name that applications call", _SERVICE),
    _kind("VirtualGateway", "Envoys that let requests in", _GATEWAY),
    _kind("GatewayRoute", "Requests of a gateway to a service", _GATEWAY_ROUTE),
    _kind("Mesh", "The mesh itself, and what may leave it", _MESH, is_namespaced=False),
)
