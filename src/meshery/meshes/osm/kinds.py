"""OSM's kinds that are rendered, with their schemas: its own, and SMI's as it serves them.

Written from its custom resources (cmd/osm-bootstrap/crds, read 2026-11-22); Envoy's words for
retries are not listed there, durations are Go's.
"""

from meshery.adapters.mesh import NativeKind
from meshery.meshes.osm.objects import DIALECT, POLICY
from meshery.meshes.schema import (
    ANY,
    BOOL,
    NAME,
    PORT,
    TEXT,
    Schema,
    fields,
    listing,
    one_of,
    resource,
    text,
    whole,
)
from meshery.meshes.smi.kinds import smi_kinds

DURATION = text(r"^([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h))+$")
_UNIT = one_of("second", "minute", "hour")
_STATUS = whole(400, 599)
_ACCOUNT = fields(
    ["kind", "name", "namespace"], kind=one_of("ServiceAccount"), name=NAME, namespace=NAME
)
_REFERENCE = fields(["apiGroup", "kind", "name"], apiGroup=TEXT, kind=TEXT, name=NAME)
_HEADER = fields(["name", "value"], name=NAME, value=NAME)
_HTTP_LIMIT = fields(
    ["requests", "unit"],
    requests=whole(1),
    unit=_UNIT,
    burst=whole(),
    responseStatusCode=_STATUS,
    responseHeadersToAdd=listing(_HEADER),
)
_RETRY = fields(
    ["source", "destinations", "retryPolicy"],
    source=_ACCOUNT,
    destinations=listing(
        fields(["kind", "name", "namespace"], kind=one_of("Service"), name=NAME, namespace=NAME),
        least=1,
    ),
    retryPolicy=fields(
        ["retryOn", "perTryTimeout", "numRetries", "retryBackoffBaseInterval"],
        retryOn=NAME,
        perTryTimeout=DURATION,
        numRetries=whole(),
        retryBackoffBaseInterval=DURATION,
    ),
)
_UPSTREAM = fields(
    ["host"],
    host=NAME,
    connectionSettings=fields(
        tcp=fields(maxConnections=whole(), connectTimeout=DURATION),
        http=fields(
            maxRequests=whole(),
            maxRequestsPerConnection=whole(),
            maxPendingRequests=whole(),
            maxRetries=whole(),
        ),
    ),
    rateLimit=fields(
        local=fields(
            tcp=fields(["connections", "unit"], connections=whole(1), unit=_UNIT, burst=whole()),
            http=_HTTP_LIMIT,
        )
    ),
    httpRoutes=listing(fields(path=NAME, rateLimit=fields(local=_HTTP_LIMIT))),
)
_EGRESS = fields(
    ["sources", "ports"],
    sources=listing(_ACCOUNT, least=1),
    hosts=listing(NAME),
    ipAddresses=listing(text(r"((?:\d{1,3}\.){3}\d{1,3})\/(\d{1,2})$")),
    ports=listing(
        fields(["number", "protocol"], number=PORT, protocol=one_of("http", "https", "tcp")),
        least=1,
    ),
    matches=listing(_REFERENCE),
)
_INGRESS = fields(
    ["backends", "sources"],
    backends=listing(
        fields(
            ["name", "port"],
            name=NAME,
            port=fields(["number", "protocol"], number=PORT, protocol=one_of("http", "https")),
            tls=fields(
                ["skipClientCertValidation"],
                skipClientCertValidation=BOOL,
                sniHosts=listing(NAME),
            ),
        ),
        least=1,
    ),
    sources=listing(
        fields(
            ["kind", "name"],
            kind=one_of("Service", "AuthenticatedPrincipal", "IPRange"),
            name=NAME,
            namespace=TEXT,
        ),
        least=1,
    ),
    matches=listing(_REFERENCE),
)
# Of the MeshConfig only what is rendered is written out; the rest is let through.
_MESH_CONFIG: Schema = {
    "type": "object",
    "properties": {
        "traffic": {
            "type": "object",
            "properties": {"enableEgress": BOOL, "enablePermissiveTrafficPolicyMode": BOOL},
            "x-kubernetes-preserve-unknown-fields": True,
        },
        "featureFlags": {
            "type": "object",
            "properties": {"enableRetryPolicy": BOOL, "enableEgressPolicy": BOOL},
            "x-kubernetes-preserve-unknown-fields": True,
        },
        "sidecar": ANY,
        "observability": ANY,
        "certificate": ANY,
    },
}

KINDS = (
    NativeKind(
        api_version=POLICY,
        kind="Retry",
        summary="Retries of one account's requests to services",
        schema=resource(_RETRY),
    ),
    NativeKind(
        api_version=POLICY,
        kind="UpstreamTrafficSetting",
        summary="Connection pools and rate limits of a host",
        schema=resource(_UPSTREAM),
    ),
    NativeKind(
        api_version=POLICY,
        kind="Egress",
        summary="Hosts outside that accounts may call",
        schema=resource(_EGRESS),
    ),
    NativeKind(
        api_version=POLICY,
        kind="IngressBackend",
        summary="Services that a gateway may reach",
        schema=resource(_INGRESS),
    ),
    NativeKind(
        api_version="config.openservicemesh.io/v1alpha2",
        kind="MeshConfig",
        summary="Settings of the whole mesh",
        schema=resource(_MESH_CONFIG),
        since="1.2",
    ),
    NativeKind(
        api_version="config.openservicemesh.io/v1alpha1",
        kind="MeshConfig",
        summary="Settings of the whole mesh",
        schema=resource(_MESH_CONFIG),
        until="1.2",
    ),
    *smi_kinds(DIALECT),
)
