"""What puts a service under pressure: faults.

Source: Istio's reference of VirtualService, 1.31, and Envoy's of its fault filter, read on
2026-11-22.
"""

import re
from typing import Any

from meshery.adapters.draft import Draft
from meshery.behaviours.match import Match, ValueMatch
from meshery.behaviours.pressure import Abort, Bandwidth, FaultInjection
from meshery.meshes.istio.drafting import is_ambient, put_fields
from meshery.meshes.istio.envoy import before_router, put_filter
from meshery.meshes.istio.naming import seconds

Native = dict[str, Any]

GRPC_CODES = (
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
)
"""The names of gRPC's codes, by number."""

_FAULT_TYPE = "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault"
_BITS_OF_KIBIBYTE = 8192


def fault(draft: Draft) -> None:
    """`fault` of the rules that the match takes; bandwidth is a filter of Envoy at the target."""
    params = draft.params(FaultInjection)
    made: Native = {}
    if params.delay is not None:
        made["delay"] = {
            "percentage": {"value": params.delay.percent},
            "fixedDelay": seconds(max(params.delay.duration_ms, 1)),
        }
        if params.delay.duration_ms < 1:
            draft.nearly("delay.duration is 1ms, the shortest that Istio takes")
    if params.abort is not None:
        made["abort"] = _abort(params.abort)
    if made:
        put_fields(draft, {"fault": made}, params.match)
    if params.bandwidth is not None:
        _bandwidth(draft, params.bandwidth, params.match)


def _abort(abort: Abort) -> Native:
    percentage = {"value": abort.percent}
    if abort.grpc_status is not None:
        return {"percentage": percentage, "grpcStatus": GRPC_CODES[abort.grpc_status]}
    return {"percentage": percentage, "httpStatus": abort.status}


def _bandwidth(draft: Draft, bandwidth: Bandwidth, match: Match) -> None:
    if is_ambient(draft):
        draft.dropped("bandwidth", "a waypoint takes no EnvoyFilter")
        return
    if draft.behaviour.source is not None:
        draft.dropped("source", "the filter at the target slows all callers down")
    if match.query:
        draft.dropped("match.query", "the fault filter looks at headers only")
    kibibytes = max(round(bandwidth.kbps * 1000 / _BITS_OF_KIBIBYTE), 1)
    if kibibytes * _BITS_OF_KIBIBYTE != bandwidth.kbps * 1000:
        draft.nearly(f"bandwidth.kbps is {kibibytes} KiB/s: Envoy takes whole ones")
    config: Native = {
        "@type": _FAULT_TYPE,
        "response_rate_limit": {
            "fixed_limit": {"limit_kbps": kibibytes},
            "percentage": {
                "numerator": round(bandwidth.percent * 10_000),
                "denominator": "MILLION",
            },
        },
    }
    headers = _header_matchers(match)
    if headers:
        config["headers"] = headers
    patch = before_router(draft, "envoy.filters.http.fault", config)
    put_filter(draft, [patch])


def _header_matchers(match: Match) -> list[Native]:
    made: list[Native] = []
    if match.method is not None:
        made.append({"name": ":method", "string_match": {"exact": match.method}})
    if match.path is not None:
        path = match.path
        if path.prefix is not None:
            below = path.prefix.rstrip("/")
            made.append(_regex(":path", f"{re.escape(below)}([/?].*)?" if below else "/.*"))
        elif path.exact is not None:
            made.append(_regex(":path", rf"{re.escape(path.exact)}(\?.*)?"))
        else:
            made.append(_regex(":path", rf"(?:{path.regex})(\?.*)?"))
    return made + [_header_matcher(each) for each in match.headers]


def _header_matcher(header: ValueMatch) -> Native:
    made: Native = {"name": header.name}
    for kind in ("exact", "prefix", "suffix", "contains"):
        if getattr(header, kind) is not None:
            made["string_match"] = {kind: getattr(header, kind)}
    if header.regex is not None:
        made["string_match"] = {"safe_regex": {"regex": header.regex}}
    if "string_match" not in made:
        made["present_match"] = header.present is not False
    if header.invert:
        made["invert_match"] = True
    return made


def _regex(name: str, pattern: str) -> Native:
    return {"name": name, "string_match": {"safe_regex": {"regex": pattern}}}
