"""Rate limits: Envoy's filters at the target, local to each of its pods or of a common service.

Source: Istio's task "Enabling Rate Limits using Envoy", 1.31, and Envoy's references of its local
and global rate limit filters, read on 2026-11-22.
"""

import json
from typing import Any

from meshery.adapters.draft import Draft
from meshery.behaviours.pressure import RateLimit
from meshery.behaviours.rendering import Service
from meshery.meshes.istio.drafting import is_ambient
from meshery.meshes.istio.envoy import before_router, on_inbound_hosts, put_filter
from meshery.meshes.istio.naming import has, host_of

Native = dict[str, Any]

PERIODS_S = {"second": 1, "minute": 60, "hour": 3600}
RATE_LIMIT_SERVICE = "ratelimit"
RATE_LIMIT_PORT = 8081
"""Name and gRPC port of the rate limit service in Istio's sample."""

_API = "type.googleapis.com/envoy.extensions.filters.http"
_ALWAYS = {"numerator": 100, "denominator": "HUNDRED"}
_VALUES = 1000
_TOO_MANY = 429


def rate_limit(draft: Draft) -> None:
    """A filter at the target's sidecars; a waypoint takes none."""
    params = draft.params(RateLimit)
    if is_ambient(draft):
        draft.unsupported(
            "a waypoint takes no EnvoyFilter, and Istio has no other rate limit",
            "limit at an ingress gateway, in a WasmPlugin at the waypoint, or join the pods with "
            "sidecars",
        )
        return
    if draft.behaviour.source is not None:
        draft.dropped("source", "the filter counts all callers; keyBy source counts each apart")
    if params.scope == "local":
        _local(draft, params)
    else:
        _global(draft, params)


def _local(draft: Draft, params: RateLimit) -> None:
    if params.service is not None:
        draft.dropped("service", "a local limit asks nobody")
    if params.fail_open is not None:
        draft.dropped("fail_open", "a local limit asks nobody who could fail")
    bucket = {
        "max_tokens": params.requests + params.burst,
        "tokens_per_fill": params.requests,
        "fill_interval": f"{PERIODS_S[params.per]}s",
    }
    config: Native = {
        "@type": f"{_API}.local_ratelimit.v3.LocalRateLimit",
        "stat_prefix": "http_local_rate_limiter",
        "token_bucket": bucket,
        "filter_enabled": {"default_value": _ALWAYS},
        "filter_enforced": {"default_value": _ALWAYS},
    }
    if params.status != _TOO_MANY:
        config["status"] = {"code": params.status}
    draft.note("each pod of the target counts for itself: so many requests for each of them")
    if params.key_by:
        _by_value(draft, params, config, bucket)
    put_filter(draft, [before_router(draft, "envoy.filters.http.local_ratelimit", config)])


def _by_value(draft: Draft, params: RateLimit, config: Native, bucket: Native) -> None:
    """A bucket for each value of the keys; requests without a value share one more."""
    if not has(draft.world, "rateLimitByValue"):
        draft.dropped("key_by", "Envoy counts values apart since Istio 1.26")
        return
    actions = [_action(draft, key) for key in params.key_by]
    config["rate_limits"] = [{"actions": actions}]
    config["descriptors"] = [
        {"entries": [{"key": _descriptor(key)} for key in params.key_by], "token_bucket": bucket}
    ]
    config["always_consume_default_token_bucket"] = False
    config["max_dynamic_descriptors"] = _VALUES
    draft.nearly(
        f"keyBy counts the {_VALUES} values that were seen last apart, no more; requests without "
        "a value share one limit"
    )


def _global(draft: Draft, params: RateLimit) -> None:
    """Envoy asks the service; how many are allowed stands in the service's own configuration."""
    service = draft.world.service(params.service or RATE_LIMIT_SERVICE)
    port = RATE_LIMIT_PORT if service.is_assumed else service.port.number
    domain = f"{draft.namespace}.{draft.behaviour.name}"
    if params.burst:
        draft.dropped("burst", "the rate limit service counts in fixed windows")
    cluster = {
        "cluster_name": f"outbound|{port}||{host_of(service)}",
        "authority": host_of(service),
    }
    config: Native = {
        "@type": f"{_API}.ratelimit.v3.RateLimit",
        "domain": domain,
        "failure_mode_deny": params.fail_open is False,
        "rate_limit_service": {
            "grpc_service": {"envoy_grpc": cluster, "timeout": "10s"},
            "transport_api_version": "V3",
        },
    }
    if params.status != _TOO_MANY:
        config["rate_limited_status"] = {"code": params.status}
    keys = [_action(draft, key) for key in params.key_by] or [_EVERY_REQUEST]
    hosts = on_inbound_hosts(draft, {"rate_limits": [{"actions": keys}]})
    put_filter(draft, [before_router(draft, "envoy.filters.http.ratelimit", config), hosts])
    _put_configuration(draft, params, service, domain)


_EVERY_REQUEST = {"generic_key": {"descriptor_key": "all", "descriptor_value": "requests"}}


def _put_configuration(draft: Draft, params: RateLimit, service: Service, domain: str) -> None:
    """What the rate limit service reads: nested descriptors, the limit at the innermost."""
    limit: Native = {"rate_limit": {"unit": params.per, "requests_per_unit": params.requests}}
    for key in reversed(params.key_by):
        limit = {"descriptors": [{"key": _descriptor(key), **limit}]}
    if not params.key_by:
        limit = {"descriptors": [{"key": "all", "value": "requests", **limit}]}
    name = f"{service.name}-config"
    draft.put(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": service.namespace},
            "data": {f"{domain}.yaml": json.dumps({"domain": domain, **limit})},
        }
    )
    draft.note(f"the rate limit service {service.name} has to run and to read ConfigMap {name}")


def _action(draft: Draft, key: str) -> Native:
    if key == "source":
        draft.nearly("keyBy source counts each calling pod by its address")
        return {"remote_address": {}}
    name = key.partition(":")[2] or ":path"
    if key == "path":
        draft.nearly("keyBy path counts a path with its query")
    return {"request_headers": {"header_name": name, "descriptor_key": key}}


def _descriptor(key: str) -> str:
    """The name under which Envoy counts a key."""
    return "remote_address" if key == "source" else key
