"""fault and ratelimit: what Cilium's build of Envoy has of them.

Its filters are fewer than Envoy's own: no fault and no bandwidth_limit (cilium/proxy#62, and the
list of filters in the log of cilium/cilium#44759, read 2026-11-22). An abort is a route that
answers by itself for a share of the requests.
"""

from typing import Any

from meshery.adapters.draft import Draft
from meshery.behaviours.pressure import Abort, FaultInjection, RateLimit
from meshery.meshes.cilium.config import put
from meshery.meshes.cilium.places import http_places
from meshery.meshes.cilium.rules import matched
from meshery.meshes.requests import in_words
from meshery.sandbox.render.names import RATELIMIT_TYPE, fraction

Object = dict[str, Any]

_SECONDS = {"second": 1, "minute": 60, "hour": 3600}
_TOOL = "a chaos tool (delays and bandwidth of the network), or abort"


def fault(draft: Draft) -> None:
    """An abort as a route that answers; delay and bandwidth have no filter."""
    params = draft.params(FaultInjection)
    if draft.behaviour.source is not None:
        draft.unsupported("source: faults hold for every caller of a service", _TOOL)
        return
    if draft.behaviour.target.subset is not None and not draft.is_whole_mesh:
        draft.unsupported("subset: a fault comes before a subset is chosen", "a service of its own")
        return
    missing = "Cilium's Envoy is built without the filter for it"
    if params.abort is None:
        draft.unsupported(f"delay and bandwidth: {missing}", _TOOL)
        return
    for name in ("delay", "bandwidth"):
        if getattr(params, name) is not None:
            draft.dropped(name, missing)
    if matched(draft, params.match) is None:
        return
    for place in http_places(draft, "limits, which refuse connections above a number"):
        # Said as a whole: the share or the headers of another abort must not stay beside it.
        answer = (_abort(draft, params, params.abort),)
        put(draft, place, {"aborts": {in_words(params.match): answer}})


def _abort(draft: Draft, params: FaultInjection, abort: Abort) -> Object:
    match = {**(matched(draft, params.match) or {})}
    if abort.percent < 100:
        match["runtime_fraction"] = {"default_value": fraction(abort.percent)}
    draft.nearly("the answer comes in place of the service's, so retries do not see it")
    answer: Object = {"direct_response": {"status": abort.status or 200}}
    if abort.grpc_status is not None:
        answer["response_headers_to_add"] = tuple(
            {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
            for key, value in (
                ("content-type", "application/grpc"),
                ("grpc-status", str(abort.grpc_status)),
            )
        )
    return {"match": match, **answer, "order": params.match.specificity}


def ratelimit(draft: Draft) -> None:
    """A token bucket in the listener: the proxy of each node counts for itself."""
    params = draft.params(RateLimit)
    if draft.behaviour.source is not None:
        draft.unsupported(
            "source: requests of all callers are counted together",
            "a ratelimit without source, which counts every caller",
        )
        return
    if draft.behaviour.target.subset is not None and not draft.is_whole_mesh:
        draft.dropped("subset", "requests are counted before a subset is chosen")
    draft.note("the proxy of each node counts for itself: n nodes let n times as many through")
    if params.scope == "global":
        draft.dropped("scope", "there is no common counter")
    if params.key_by:
        draft.dropped("key_by", "all requests are counted together")
    if params.service is not None:
        draft.dropped("service", "no service is asked")
    if params.fail_open is not None:
        draft.dropped("fail_open", "a proxy's own counter never fails")
    for place in http_places(draft, "limits, whose maxConnections holds for TCP too"):
        put(draft, place, {"limit": _limit(params, place.name)})


def _limit(params: RateLimit, name: str) -> Object:
    always = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
    return {
        "@type": RATELIMIT_TYPE,
        "stat_prefix": name,
        "token_bucket": {
            "max_tokens": params.requests + params.burst,
            "tokens_per_fill": params.requests,
            "fill_interval": f"{_SECONDS[params.per]}s",
        },
        "filter_enabled": always,
        "filter_enforced": always,
        "status": {"code": params.status},
    }
