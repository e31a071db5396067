"""The names that the rendered files share: files, clusters, slots, type URLs."""

import hashlib
from typing import Any

import msgspec

Json = dict[str, Any]
"""A piece of Envoy's configuration, in the JSON form of its protobuf messages."""

TYPE = "type.googleapis.com/"

BOOTSTRAP = "bootstrap.json"
CLUSTERS = "cds.json"
OUTBOUND = "outbound.json"
INBOUND = "inbound.json"
ALLOW = "access-allow.json"
DENY = "access-deny.json"
NETWORK = "network.json"
IDENTITY = "identity.json"
TRUST = "trust.json"

IDENTITY_SECRET = "identity"  # noqa: S105 - names of secrets, not secrets
TRUST_SECRET = "trust"  # noqa: S105

APP_CLUSTER = "app"
GRPC_CLUSTER = "app-grpc"
EGRESS_CLUSTER = "egress"
DNS_CACHE = "egress"

CLUSTER_TYPE = TYPE + "envoy.config.cluster.v3.Cluster"
ROUTES_TYPE = TYPE + "envoy.config.route.v3.RouteConfiguration"
EXTENSION_TYPE = TYPE + "envoy.config.core.v3.TypedExtensionConfig"
SECRET_TYPE = TYPE + "envoy.extensions.transport_sockets.tls.v3.Secret"
HTTP_RBAC_TYPE = TYPE + "envoy.extensions.filters.http.rbac.v3.RBAC"
NETWORK_RBAC_TYPE = TYPE + "envoy.extensions.filters.network.rbac.v3.RBAC"
FAULT_TYPE = TYPE + "envoy.extensions.filters.http.fault.v3.HTTPFault"
RATELIMIT_TYPE = TYPE + "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit"

HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
FAULT_FILTER = "envoy.filters.http.fault"
RATELIMIT_FILTER = "envoy.filters.http.local_ratelimit"


def cluster_name(service: str, subset: str | None = None) -> str:
    """The cluster of a service, or of one version of it: `api`, `api/v1`."""
    return f"{service}/{subset}" if subset else service


def discovery_file(type_url: str, resources: list[Json]) -> Json:
    """A file of resources; its version is the digest of its content.

    So a version is equal exactly where the content is, and a poll for it proves this content.
    """
    typed = [{"@type": type_url, **resource} for resource in resources]
    digest = hashlib.sha256(msgspec.json.encode(typed, order="deterministic")).hexdigest()
    return {"version_info": digest[:16], "type_url": type_url, "resources": typed}


def file_source(path: str) -> Json:
    """Where Envoy reads and watches one file."""
    return {"resource_api_version": "V3", "path_config_source": {"path": path}}


def seconds(milliseconds: float) -> str:
    """A protobuf duration: 1500.0 -> `1.5s`, exact to the nanosecond."""
    text = f"{milliseconds / 1000:.9f}".rstrip("0").rstrip(".")
    return f"{text}s"


def fraction(percent: float) -> Json:
    """A percentage in Envoy's finest denominator."""
    return {"numerator": round(percent * 10_000), "denominator": "MILLION"}
