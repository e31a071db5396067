"""Rate limits and faults: extensions of the called service's proxies."""

import math
from typing import Any

from meshery.adapters.draft import Draft
from meshery.behaviours.pressure import FaultInjection, RateLimit
from meshery.behaviours.rendering import Service
from meshery.meshes.consul.parts import (
    all_callers,
    enterprise,
    entry,
    http_targets,
    since,
    whole,
    whole_service,
)

LOCAL_LIMIT = "builtin/http/localratelimit"
FAULTS = "builtin/fault-injection"
_SECONDS = {"second": 1, "minute": 60, "hour": 3600}
_HTTP_ONLY = "maxConnections (limits), which holds for TCP as well"


def ratelimit(draft: Draft) -> None:
    """Tokens at each instance: a field of Enterprise, else an extension that every edition has."""
    params = draft.params(RateLimit)
    if not since(draft, "1.15"):
        draft.unsupported(
            "extensions of proxies came with Consul 1.15", "limits, or an upgrade to 1.15"
        )
        return
    _left_out(draft, params)
    for service in http_targets(draft, alternative=_HTTP_ONLY):
        draft.put(entry("ServiceDefaults", service.name, service.namespace, _limit(draft, params)))
    whole_service(draft)
    all_callers(draft)


def fault(draft: Draft) -> None:
    """The fault injection extension (Enterprise 1.18)."""
    params = draft.params(FaultInjection)
    if not enterprise(draft) or not since(draft, "1.18"):
        draft.unsupported(
            "fault injection takes Consul Enterprise 1.18 or later",
            "a split to a service that fails on purpose, or builtin/lua for an abort",
        )
        return
    if not params.match.takes_all:
        draft.unsupported(
            "match is not possible: the extension takes every request, not some",
            "a route of the matching requests to a service of their own, and the fault there",
        )
        return
    config = _faults(draft, params)
    for service in http_targets(draft, alternative="a fault of connections outside the mesh"):
        _extend(draft, service, FAULTS, {"config": config})
    whole_service(draft)
    all_callers(draft)


def finished_defaults(made: dict[str, Any]) -> dict[str, Any]:
    """ServiceDefaults with upstreams and extensions as lists."""
    spec = made["spec"]
    upstreams = spec.get("upstreamConfig")
    if upstreams:
        named = upstreams["overrides"]
        upstreams["overrides"] = [{"name": name, **each} for name, each in named.items()]
    extensions = spec.get("envoyExtensions")
    if extensions:
        spec["envoyExtensions"] = [{"name": name, **each} for name, each in extensions.items()]
    return made


def _limit(draft: Draft, params: RateLimit) -> dict[str, Any]:
    if enterprise(draft) and since(draft, "1.17") and params.per == "second":
        level = {"requestsPerSecond": params.requests}
        if params.burst:
            level["requestsMaxBurst"] = params.requests + params.burst
        return {"rateLimits": {"instanceLevel": level}}
    draft.note(
        f"{LOCAL_LIMIT} is in every edition, but the vendor's documentation does not name it"
    )
    arguments = {
        "proxyType": "connect-proxy",
        "maxTokens": params.requests + params.burst,
        "tokensPerFill": params.requests,
        "fillInterval": _SECONDS[params.per],
        "filterEnabled": 100,
        "filterEnforced": 100,
    }
    return {"envoyExtensions": {LOCAL_LIMIT: {"arguments": arguments}}}


def _left_out(draft: Draft, params: RateLimit) -> None:
    if params.scope == "global":
        draft.dropped("scope", "each instance counts for itself")
    if params.service is not None:
        draft.dropped("service", "no service is asked for a limit")
    if params.fail_open is not None:
        draft.dropped("fail_open", "there is no service that could fail")
    if params.status != 429:
        draft.dropped("status", "the answer is always 429")
    if params.key_by:
        draft.dropped("key_by", "all requests are counted together")


def _faults(draft: Draft, params: FaultInjection) -> dict[str, Any]:
    config: dict[str, Any] = {}
    if params.delay is not None:
        config["delay"] = {
            "duration": whole(draft, params.delay.duration_ms, "delay.duration"),
            "percentage": whole(draft, params.delay.percent, "delay.percent"),
        }
    if params.abort is not None:
        status = {"httpStatus": params.abort.status, "grpcStatus": params.abort.grpc_status}
        given = {key: value for key, value in status.items() if value is not None}
        share = whole(draft, params.abort.percent, "abort.percent")
        config["abort"] = {**given, "percentage": share}
    if params.bandwidth is not None:
        kibibytes = math.ceil(params.bandwidth.kbps * 1000 / 8 / 1024)
        draft.nearly(
            f"bandwidth {params.bandwidth.kbps} kbps is {kibibytes} KiB each second, the unit of "
            "Envoy's limit"
        )
        share = whole(draft, params.bandwidth.percent, "bandwidth.percent")
        config["bandwidth"] = {"limit": kibibytes, "percentage": share}
    return config


def _extend(draft: Draft, service: Service, name: str, arguments: dict[str, Any]) -> None:
    spec = {"envoyExtensions": {name: {"arguments": arguments}}}
    draft.put(entry("ServiceDefaults", service.name, service.namespace, spec))
