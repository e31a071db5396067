"""Pieces that the schemas of Kuma's kinds share.

Typed by hand from kumahq/kuma, api/common/v1alpha1 and the CRDs of its chart (2.13 to 3.0-dev, read
2026-11-22).
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

# What Go's time.ParseDuration reads.
DURATION = text(r"^([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h))+$")
PERCENTAGE: Schema = {"x-kubernetes-int-or-string": True}
COUNT = whole(0)

_KINDS = (
    "Mesh",
    "MeshSubset",
    "MeshGateway",
    "MeshService",
    "MeshExternalService",
    "MeshMultiZoneService",
    "MeshServiceSubset",
    "MeshHTTPRoute",
    "Dataplane",
)
TARGET = fields(
    ("kind",),
    kind=one_of(*_KINDS),
    name=NAME,
    namespace=NAME,
    mesh=NAME,
    labels=TEXTS,
    tags=TEXTS,
    sectionName=NAME,
    proxyTypes=listing(one_of("Sidecar", "Gateway"), least=1),
)
BACKEND = fields(
    ("kind",),
    kind=one_of("MeshService", "MeshServiceSubset", "MeshExternalService", "MeshMultiZoneService"),
    name=NAME,
    namespace=NAME,
    labels=TEXTS,
    tags=TEXTS,
    sectionName=NAME,
    port=PORT,
    weight=whole(0),
)
CLIENT = fields(
    spiffeID=fields(
        ("type", "value"), type=one_of("Exact", "Prefix"), value=text(r"^spiffe://[^ ]+$")
    ),
    sni=fields(("type", "value"), type=one_of("Exact"), value=NAME),
)
HEADER_MATCH = fields(
    ("name",),
    type=one_of("Exact", "Present", "RegularExpression", "Absent", "Prefix"),
    name=text(r"^[a-z0-9!#$%&'*+\-.^_`|~:]+$"),
    value=TEXT,
)


def outbounds(default: Schema) -> Schema:
    """A list `to`: destinations, and what is said of them."""
    return listing(fields(("targetRef",), targetRef=TARGET, default=default))


def inbounds(default: Schema) -> Schema:
    """A list `rules`: groups of clients, and what is said of them."""
    return listing(fields(("default",), matches=listing(CLIENT, least=1), default=default))


def clients(default: Schema) -> Schema:
    """A list `from` of 2.x: groups of clients by tags, and what is said of them."""
    return listing(fields(("targetRef",), targetRef=TARGET, default=default))
