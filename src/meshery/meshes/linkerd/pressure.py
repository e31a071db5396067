"""Rate limits at the pods that are called (2.17 and later)."""

import math
from typing import Any

from meshery.adapters.draft import Draft, native
from meshery.behaviours.pressure import RateLimit
from meshery.meshes.linkerd.parts import (
    POLICY,
    line_of,
    nothing_known,
    reference,
    server,
    targets,
)

RATE_LINE = 17
_SECONDS = {"second": 1, "minute": 60, "hour": 3600}


def ratelimit(draft: Draft) -> None:
    """An HTTPLocalRateLimitPolicy: so many requests each second at each pod."""
    params = draft.params(RateLimit)
    if line_of(draft) < RATE_LINE:
        draft.unsupported("rate limits came with Linkerd 2.17", "upgrade to 2.17 or later")
        return
    if draft.is_whole_mesh and not draft.world.services:
        nothing_known(draft)
        return
    rate = _rate(draft, params)
    _left_out(draft, params)
    for service in targets(draft) if draft.is_whole_mesh else (draft.service,):
        number = draft.behaviour.target.port or service.port.number
        if draft.behaviour.target.port is None and len(service.ports) > 1:
            draft.nearly(f"only port {number} of {service.name} is limited, the first")
        name = server(draft, number, access="all-unauthenticated", service=service)
        spec: dict[str, Any] = {"targetRef": reference("Server", name)}
        spec |= _limits(draft, params, rate)
        draft.put(
            native(f"{POLICY}/v1alpha1", "HTTPLocalRateLimitPolicy", name, service.namespace, spec)
        )


def _limits(draft: Draft, params: RateLimit, rate: int) -> dict[str, Any]:
    if draft.behaviour.source is not None:
        caller = draft.world.service(draft.behaviour.source)
        client = {
            "kind": "ServiceAccount",
            "name": caller.account or caller.name,
            "namespace": caller.namespace,
        }
        return {"overrides": [{"requestsPerSecond": rate, "clientRefs": [client]}]}
    if "source" in params.key_by:
        return {"identity": {"requestsPerSecond": rate}}
    return {"total": {"requestsPerSecond": rate}}


def _rate(draft: Draft, params: RateLimit) -> int:
    exact = params.requests / _SECONDS[params.per]
    rate = math.ceil(exact)
    if params.per != "second":
        draft.nearly(
            f"{params.requests} per {params.per} is {rate} each second: Linkerd counts seconds "
            "(per), and no fewer than one"
        )
    return rate


def _left_out(draft: Draft, params: RateLimit) -> None:
    if params.scope == "global":
        draft.dropped("scope", "each pod counts for itself")
    if params.service is not None:
        draft.dropped("service", "Linkerd asks no service for a limit")
    if params.fail_open is not None:
        draft.dropped("fail_open", "there is no service that could fail")
    if params.burst:
        draft.dropped("burst", "the policy has none")
    if params.status != 429:
        draft.dropped("status", "the answer is always 429")
    left = [key for key in params.key_by if key != "source"]
    if left:
        draft.dropped("key_by", f"{', '.join(left)}: only callers (source) are counted apart")
    if "source" in params.key_by and draft.behaviour.source is not None:
        draft.nearly("keyBy source adds nothing where one source is limited")
