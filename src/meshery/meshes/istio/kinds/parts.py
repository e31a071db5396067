"""What schemas of several kinds have in common.

Source: the CustomResourceDefinitions of Istio 1.31, read in a stored copy on 2026-11-22.
"""

from meshery.meshes.schema import (
    NAME,
    PORT,
    TEXT,
    TEXTS,
    Schema,
    fields,
    listing,
    one_of,
    text,
    whole,
)

NAMES: Schema = listing(NAME)
INT32: Schema = {"type": "integer", "format": "int32"}
DURATION: Schema = text(r"^([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h))+$")
"""A Go duration; Istio asks for a millisecond or more almost everywhere."""

PERCENT: Schema = fields(value={"type": "number", "format": "double", "minimum": 0, "maximum": 100})
PORT_SELECTOR: Schema = fields(number=PORT)

STRING_MATCH: Schema = {
    "type": "object",
    "properties": {"exact": TEXT, "prefix": TEXT, "regex": TEXT},
    "additionalProperties": False,
    "maxProperties": 1,
}
"""Exact, prefix or regex; nothing where presence alone is asked for."""

STRING_MATCHES: Schema = {"type": "object", "additionalProperties": STRING_MATCH}

LABEL_SELECTOR: Schema = fields(matchLabels=TEXTS)
WORKLOAD_SELECTOR: Schema = fields(labels=TEXTS)

TARGET_REF: Schema = fields(
    ("kind", "name"),
    group={"type": "string", "maxLength": 253},
    kind=NAME,
    name=NAME,
    namespace=TEXT,
)
TARGET_REFS: Schema = listing(TARGET_REF, most=16)

GATEWAY_PORT: Schema = fields(
    ("number", "protocol", "name"), number=PORT, protocol=TEXT, name=NAME, targetPort=PORT
)

CONNECTION_POOL: Schema = fields(
    tcp=fields(
        maxConnections=INT32,
        connectTimeout=DURATION,
        idleTimeout=DURATION,
        maxConnectionDuration=DURATION,
        tcpKeepalive=fields(probes=whole(), time=DURATION, interval=DURATION),
    ),
    http=fields(
        http1MaxPendingRequests=INT32,
        http2MaxRequests=INT32,
        maxRequestsPerConnection=INT32,
        maxRetries=INT32,
        idleTimeout=DURATION,
        h2UpgradePolicy=one_of("DEFAULT", "DO_NOT_UPGRADE", "UPGRADE"),
        useClientProtocol={"type": "boolean"},
        maxConcurrentStreams=INT32,
        http2KeepAlive=fields(interval=DURATION, timeout=DURATION),
    ),
)

CLIENT_TLS: Schema = fields(
    mode=one_of("DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL"),
    clientCertificate=TEXT,
    privateKey=TEXT,
    caCertificates=TEXT,
    credentialName=TEXT,
    subjectAltNames=NAMES,
    sni=TEXT,
    insecureSkipVerify={"type": "boolean"},
    caCrl=TEXT,
)
