"""The listeners of a sidecar: a skeleton that never changes.

    inbound    tls_inspector -> a TLS chain and a raw chain, the raw one behind a slot that strict
               mutual TLS fills with a denial; then access, rate limit, fault, router
    outbound   a forward proxy for HTTP: `Host` names the service
    gateway    as inbound, but for callers from outside: TLS without a client's certificate, or raw

A listener that changed would judge pooled connections by its old policy, so what changes lives in
slots (ECDS) and routes (RDS).
"""

from meshery.sandbox.model import Instance, World
from meshery.sandbox.render.names import (
    ALLOW,
    DENY,
    DNS_CACHE,
    FAULT_FILTER,
    FAULT_TYPE,
    HTTP_RBAC_TYPE,
    INBOUND,
    NETWORK,
    NETWORK_RBAC_TYPE,
    OUTBOUND,
    RATELIMIT_FILTER,
    RATELIMIT_TYPE,
    TYPE,
    Json,
    file_source,
)
from meshery.sandbox.render.telemetry import inbound_logger, outbound_logger
from meshery.sandbox.render.tls import edge_socket, server_socket

_HCM = TYPE + "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_INSPECTOR = {
    "name": "tls_inspector",
    "typed_config": {
        "@type": TYPE + "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"
    },
}
DENY_SLOT, ALLOW_SLOT, NETWORK_SLOT = "access-deny", "access-allow", "network"

DNS_CACHE_CONFIG: Json = {
    "name": DNS_CACHE,
    "dns_lookup_family": "V4_PREFERRED",
    # The system's resolver, so that /etc/hosts counts here as everywhere on this machine.
    "typed_dns_resolver_config": {
        "name": "envoy.network.dns_resolver.getaddrinfo",
        "typed_config": {
            "@type": TYPE
            + "envoy.extensions.network.dns_resolver.getaddrinfo.v3.GetAddrInfoDnsResolverConfig"
        },
    },
}


def render_listeners(world: World, instance: Instance) -> list[Json]:
    """The listeners of an instance, by its role."""
    found = []
    if instance.role != "client":
        found.append(_inbound(world, instance))
    if instance.outbound_port:
        found.append(_outbound(world, instance))
    return found


def _inbound(world: World, instance: Instance) -> Json:
    directory = instance.directory
    is_gateway = instance.role == "gateway"
    manager = _inbound_manager(world, instance)
    socket = edge_socket(directory) if is_gateway else server_socket(directory)
    slots = [] if is_gateway else [_slot(NETWORK_SLOT, f"{directory}/{NETWORK}", NETWORK_RBAC_TYPE)]
    chains = [
        {
            "name": "tls",
            "filter_chain_match": {"transport_protocol": "tls"},
            "transport_socket": socket,
            "filters": [manager],
        },
        {
            "name": "raw",
            "filter_chain_match": {"transport_protocol": "raw_buffer"},
            "filters": [*slots, manager],
        },
    ]
    return {
        **_address("inbound", instance.host, instance.inbound_port),
        "listener_filters": [_INSPECTOR],
        "filter_chains": chains,
    }


def _outbound(world: World, instance: Instance) -> Json:
    forward_proxy = {
        "name": "envoy.filters.http.dynamic_forward_proxy",
        "typed_config": {
            "@type": TYPE + "envoy.extensions.filters.http.dynamic_forward_proxy.v3.FilterConfig",
            "dns_cache_config": DNS_CACHE_CONFIG,
        },
    }
    manager = _manager(
        "outbound",
        routes=f"{instance.directory}/{OUTBOUND}",
        filters=[forward_proxy, _router()],
        logger=outbound_logger(world.identity(instance.account)),
    )
    chain = {"name": "outbound", "filters": [manager]}
    return {
        **_address("outbound", instance.host, instance.outbound_port),
        "filter_chains": [chain],
    }


def _inbound_manager(world: World, instance: Instance) -> Json:
    directory = instance.directory
    filters = [
        _slot(DENY_SLOT, f"{directory}/{DENY}", HTTP_RBAC_TYPE),
        _slot(ALLOW_SLOT, f"{directory}/{ALLOW}", HTTP_RBAC_TYPE),
        {
            "name": RATELIMIT_FILTER,
            "typed_config": {"@type": RATELIMIT_TYPE, "stat_prefix": "ratelimit"},
        },
        {"name": FAULT_FILTER, "typed_config": {"@type": FAULT_TYPE}},
        _router(),
    ]
    manager = _manager(
        "inbound",
        routes=f"{directory}/{INBOUND}",
        filters=filters,
        logger=inbound_logger(world.identity(instance.account)),
    )
    settings: Json = manager["typed_config"]
    if instance.role == "gateway":
        settings["use_remote_address"] = True
    settings["forward_client_cert_details"] = "SANITIZE_SET"
    settings["set_current_client_cert_details"] = {"uri": True}
    return manager


def _manager(prefix: str, *, routes: str, filters: list[Json], logger: Json) -> Json:
    return {
        "name": "http",
        "typed_config": {
            "@type": _HCM,
            "stat_prefix": prefix,
            "codec_type": "AUTO",
            # Access rules see the path that the application will see.
            "normalize_path": True,
            "merge_slashes": True,
            "path_with_escaped_slashes_action": "UNESCAPE_AND_FORWARD",
            "rds": {"route_config_name": prefix, "config_source": file_source(routes)},
            "http_filters": filters,
            "access_log": [logger],
        },
    }


def _slot(name: str, path: str, type_url: str) -> Json:
    discovery = {"config_source": file_source(path), "type_urls": [type_url]}
    return {"name": name, "config_discovery": discovery}


def _router() -> Json:
    router = TYPE + "envoy.extensions.filters.http.router.v3.Router"
    return {"name": "envoy.filters.http.router", "typed_config": {"@type": router}}


def _address(name: str, host: str, port: int) -> Json:
    return {
        "name": name,
        "address": {"socket_address": {"address": host, "port_value": port}},
        # With port reuse, two sidecars of one user would share a port in silence.
        "enable_reuse_port": False,
    }
