"""The file a sidecar starts with: admin socket, listeners, fixed clusters, source of the others.

Listeners are static: they never change, save a watch each, and a port that is taken ends the
process with a clear word instead of a sidecar that is ready and deaf.
"""

from meshery.sandbox.model import Instance, World
from meshery.sandbox.render.listeners import DNS_CACHE_CONFIG, render_listeners
from meshery.sandbox.render.names import (
    APP_CLUSTER,
    CLUSTERS,
    EGRESS_CLUSTER,
    GRPC_CLUSTER,
    HTTP_OPTIONS,
    TYPE,
    Json,
    file_source,
)
from meshery.sandbox.render.telemetry import stats_config

_CONNECTION_LIMIT = 50_000
NO_LIMIT = 1_000_000
_OWNER_ONLY = 0o600
_HTTP2 = {"@type": TYPE + HTTP_OPTIONS, "explicit_http_config": {"http2_protocol_options": {}}}


def render_bootstrap(world: World, instance: Instance) -> Json:
    """The bootstrap of one sidecar."""
    return {
        "node": {"id": f"{world.name}~{instance.name}", "cluster": instance.service},
        "admin": {"address": {"pipe": {"path": instance.admin_socket, "mode": _OWNER_ONLY}}},
        "stats_flush_interval": "1s",
        "stats_config": stats_config(),
        "static_resources": {
            "listeners": render_listeners(world, instance),
            "clusters": _fixed_clusters(instance),
        },
        "dynamic_resources": {"cds_config": file_source(f"{instance.directory}/{CLUSTERS}")},
        "overload_manager": _connection_limit(),
    }


def unlimited() -> Json:
    """No pool limits: without a behaviour, a sidecar refuses nothing the service would take."""
    limits = ("max_connections", "max_pending_requests", "max_requests", "max_retries")
    return {"thresholds": [dict.fromkeys(limits, NO_LIMIT)]}


def endpoint(host: str, port: int, *, name: str = "") -> Json:
    """One endpoint of a cluster."""
    address = {"socket_address": {"address": host, "port_value": port}}
    return {"endpoint": {"address": address, "hostname": name} if name else {"address": address}}


def _fixed_clusters(instance: Instance) -> list[Json]:
    found = []
    if instance.role == "app":
        found.append(_application(APP_CLUSTER, instance.app_host, instance.app_port))
    if "grpc" in instance.echo_ports:
        rpc = _application(GRPC_CLUSTER, instance.app_host, instance.echo_ports["grpc"])
        found.append({**rpc, "typed_extension_protocol_options": {HTTP_OPTIONS: _HTTP2}})
    if instance.outbound_port:
        found.append(_egress())
    return found


def _application(name: str, host: str, port: int) -> Json:
    """A cluster of one: a port of the sidecar's own application."""
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "circuit_breakers": unlimited(),
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [endpoint(host, port)]}],
        },
    }


def _egress() -> Json:
    config = TYPE + "envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig"
    return {
        "name": EGRESS_CLUSTER,
        "lb_policy": "CLUSTER_PROVIDED",
        "connect_timeout": "2s",
        "circuit_breakers": unlimited(),
        "cluster_type": {
            "name": "envoy.clusters.dynamic_forward_proxy",
            "typed_config": {"@type": config, "dns_cache_config": DNS_CACHE_CONFIG},
        },
    }


def _connection_limit() -> Json:
    config = (
        TYPE
        + "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig"
    )
    return {
        "resource_monitors": [
            {
                "name": "envoy.resource_monitors.global_downstream_max_connections",
                "typed_config": {
                    "@type": config,
                    "max_active_downstream_connections": _CONNECTION_LIMIT,
                },
            }
        ]
    }
