"""Schemas of the mesh's edge and of what speaks to Envoy itself.

Source: the CustomResourceDefinitions of Istio 1.31 (that of EnvoyFilter: of an older one, without
`targetRefs`), read in stored copies on 2026-11-22.
"""

from meshery.meshes.istio.kinds.parts import (
    CONNECTION_POOL,
    GATEWAY_PORT,
    NAMES,
    TARGET_REFS,
    WORKLOAD_SELECTOR,
)
from meshery.meshes.schema import (
    ANY,
    BOOL,
    NAME,
    PORT,
    TEXT,
    TEXTS,
    fields,
    listing,
    one_of,
    resource,
    whole,
)

_VERSIONS = one_of("TLS_AUTO", "TLSV1_0", "TLSV1_1", "TLSV1_2", "TLSV1_3")
_SERVER_TLS = fields(
    mode=one_of(
        "PASSTHROUGH", "SIMPLE", "MUTUAL", "AUTO_PASSTHROUGH", "ISTIO_MUTUAL", "OPTIONAL_MUTUAL"
    ),
    httpsRedirect=BOOL,
    credentialName=TEXT,
    credentialNames=NAMES,
    serverCertificate=TEXT,
    privateKey=TEXT,
    caCertificates=TEXT,
    caCrl=TEXT,
    caCertCredentialName=TEXT,
    tlsCertificates=listing(ANY),
    subjectAltNames=NAMES,
    verifyCertificateHash=NAMES,
    verifyCertificateSpki=NAMES,
    cipherSuites=NAMES,
    minProtocolVersion=_VERSIONS,
    maxProtocolVersion=_VERSIONS,
)

GATEWAY = resource(
    fields(
        selector=TEXTS,
        servers=listing(
            fields(
                ("port", "hosts"),
                name=TEXT,
                port=GATEWAY_PORT,
                hosts=NAMES,
                tls=_SERVER_TLS,
                bind=TEXT,
                defaultEndpoint=TEXT,
            )
        ),
    )
)

SERVICE_ENTRY = resource(
    fields(
        ("hosts",),
        hosts=listing(NAME, least=1, most=256),
        addresses=listing({"type": "string", "maxLength": 64}, most=256),
        ports=listing(
            fields(("number", "name"), number=PORT, name=NAME, protocol=TEXT, targetPort=PORT),
            most=256,
        ),
        location=one_of("MESH_EXTERNAL", "MESH_INTERNAL"),
        resolution=one_of("NONE", "STATIC", "DNS", "DNS_ROUND_ROBIN", "DYNAMIC_DNS"),
        endpoints=listing(ANY, most=4096),
        workloadSelector=WORKLOAD_SELECTOR,
        exportTo=NAMES,
        subjectAltNames=NAMES,
    )
)

_SIDECAR_PORT = fields(number=whole(), protocol=TEXT, name=TEXT, targetPort=whole())
_CAPTURE = one_of("DEFAULT", "IPTABLES", "NONE")

SIDECAR = resource(
    fields(
        workloadSelector=WORKLOAD_SELECTOR,
        ingress=listing(
            fields(
                ("port",),
                port=_SIDECAR_PORT,
                bind=TEXT,
                captureMode=_CAPTURE,
                defaultEndpoint=TEXT,
                tls=_SERVER_TLS,
                connectionPool=CONNECTION_POOL,
            )
        ),
        egress=listing(
            fields(("hosts",), port=_SIDECAR_PORT, bind=TEXT, captureMode=_CAPTURE, hosts=NAMES)
        ),
        inboundConnectionPool=CONNECTION_POOL,
        outboundTrafficPolicy=fields(mode=one_of("REGISTRY_ONLY", "ALLOW_ANY"), egressProxy=ANY),
    )
)

_FILTER = fields(name=TEXT, subFilter=fields(name=TEXT))
_CHAIN = fields(
    name=TEXT,
    sni=TEXT,
    transportProtocol=TEXT,
    applicationProtocols=TEXT,
    destinationPort=PORT,
    filter=_FILTER,
)
_MATCH = fields(
    context=one_of("ANY", "SIDECAR_INBOUND", "SIDECAR_OUTBOUND", "GATEWAY"),
    proxy=fields(proxyVersion=TEXT, metadata=TEXTS),
    listener=fields(
        portNumber=PORT, portName=TEXT, filterChain=_CHAIN, name=TEXT, listenerFilter=TEXT
    ),
    routeConfiguration=fields(
        portNumber=PORT,
        portName=TEXT,
        gateway=TEXT,
        name=TEXT,
        vhost=fields(
            name=TEXT,
            route=fields(name=TEXT, action=one_of("ANY", "ROUTE", "REDIRECT", "DIRECT_RESPONSE")),
        ),
    ),
    cluster=fields(portNumber=PORT, service=TEXT, subset=TEXT, name=TEXT),
)
_PLACES = one_of(
    "LISTENER",
    "FILTER_CHAIN",
    "NETWORK_FILTER",
    "HTTP_FILTER",
    "ROUTE_CONFIGURATION",
    "VIRTUAL_HOST",
    "HTTP_ROUTE",
    "CLUSTER",
    "EXTENSION_CONFIG",
    "BOOTSTRAP",
    "LISTENER_FILTER",
)
_PATCH = fields(
    operation=one_of(
        "MERGE", "ADD", "REMOVE", "INSERT_BEFORE", "INSERT_AFTER", "INSERT_FIRST", "REPLACE"
    ),
    value=ANY,
    filterClass=one_of("UNSPECIFIED", "AUTHN", "AUTHZ", "STATS"),
)

ENVOY_FILTER = resource(
    fields(
        workloadSelector=WORKLOAD_SELECTOR,
        targetRefs=TARGET_REFS,
        configPatches=listing(fields(applyTo=_PLACES, match=_MATCH, patch=_PATCH)),
        priority=whole(-(2**31), 2**31 - 1),
    )
)
