"""fault and ratelimit: on the side of the service that receives the requests."""

from typing import Any

from meshery.adapters.draft import Draft
from meshery.behaviours.pressure import Abort, FaultInjection, RateLimit
from meshery.meshes.kuma import era, references
from meshery.meshes.kuma.policy import duration, inbound, percentage

_INTERVALS = {"second": "1s", "minute": "1m", "hour": "1h"}
# What a client of gRPC makes of a status of HTTP, read backwards.
_HTTP_OF_GRPC = {2: 500, 7: 403, 12: 404, 13: 400, 14: 503, 16: 401}


def fault(draft: Draft) -> None:
    """MeshFaultInjection: one entry with delay, abort and bandwidth, each with its share."""
    params = draft.params(FaultInjection)
    if not params.match.takes_all:
        draft.unsupported(
            "match: faults are told apart by client, not by request, and to fault every request "
            "is not what was asked for",
            "leave match out and aim at a service, a subset or a source of their own",
        )
        return
    if references.protocol(draft) in {"tcp", "tls"}:
        draft.unsupported(
            "faults are of HTTP", "limits or a ratelimit, which hold connections back"
        )
        return
    found = _faults(draft, params)
    if not found:
        draft.unsupported("nothing of this fault can be said", "abort with a status of HTTP")
        return
    clients = _clients(draft)
    if clients is not None:
        inbound(draft, "MeshFaultInjection", {"http": [found]}, clients=clients)


def _faults(draft: Draft, params: FaultInjection) -> dict[str, Any]:
    found: dict[str, Any] = {}
    status = None if params.abort is None else _status(draft, params.abort)
    if params.abort is not None and status is not None:
        share = percentage(params.abort.percent)
        found["abort"] = {"httpStatus": status, "percentage": share}
    if params.delay is not None:
        wait, share = duration(params.delay.duration_ms), percentage(params.delay.percent)
        found["delay"] = {"value": wait, "percentage": share}
    if params.bandwidth is not None:
        share = percentage(params.bandwidth.percent)
        limit = f"{params.bandwidth.kbps}kbps"
        draft.nearly("bandwidth: Kuma hands the number to Envoy, which takes it for KiB/s")
        found["responseBandwidth"] = {"limit": limit, "percentage": share}
    return found


def _status(draft: Draft, abort: Abort) -> int | None:
    if abort.grpc_status is None:
        return abort.status
    known = _HTTP_OF_GRPC.get(abort.grpc_status)
    if known is None:
        draft.dropped("grpc_status", "no status of HTTP stands for it, and there are no others")
        return None
    draft.nearly(f"grpcStatus {abort.grpc_status} is said as {known}, which clients take for it")
    return known


def _clients(draft: Draft) -> dict[str, Any] | None:
    """How an entry says whose requests are faulted: from 2.13 on `matches`, before it `from`."""
    source = references.source(draft)
    world = draft.world
    has_rules = era.has(world, "2.13")
    if source is None:
        return {} if has_rules else {"targetRef": references.WHOLE_MESH}
    if has_rules and era.knows_clients_by_identity(world):
        return {"matches": [_exactly(draft, references.identity(world, source))]}
    draft.note("clients are known by tags: the Mesh has to have mtls")
    return {"targetRef": references.client_tags(draft, source)}


def _exactly(draft: Draft, spiffe: str) -> dict[str, Any]:
    draft.note(f"the client is known as {spiffe}, which a MeshIdentity has to give it")
    return {"spiffeID": {"type": "Exact", "value": spiffe}}


def ratelimit(draft: Draft) -> None:
    """MeshRateLimit: a counter in each proxy of the target."""
    params = draft.params(RateLimit)
    if draft.behaviour.source is not None:
        draft.unsupported(
            "source: a MeshRateLimit holds for every client",
            "limits in a policy of the caller, which bound what it sends at once",
        )
        return
    _told(draft, params)
    has_rules = era.has(draft.world, "2.10")
    clients = None if has_rules else {"targetRef": references.WHOLE_MESH}
    inbound(draft, "MeshRateLimit", {"local": _local(draft, params)}, clients=clients)


def _told(draft: Draft, params: RateLimit) -> None:
    if params.scope == "global":
        draft.dropped("scope", "each proxy counts for itself; there is no common counter")
    if params.burst:
        draft.dropped("burst", "the bucket holds as many as are filled in at once")
    if params.key_by:
        draft.dropped("key_by", "all requests are counted together")
    if params.service is not None:
        draft.dropped("service", "no service is asked; each proxy counts for itself")
    if params.fail_open is not None:
        draft.dropped("fail_open", "a proxy's own counter never fails")


def _local(draft: Draft, params: RateLimit) -> dict[str, Any]:
    rate = {"num": params.requests, "interval": _INTERVALS[params.per]}
    if references.protocol(draft) not in {"tcp", "tls"}:
        return {"http": {"requestRate": rate, "onRateLimit": {"status": params.status}}}
    draft.nearly("with TCP connections are counted, not requests")
    if params.status != RateLimit(1).status:
        draft.dropped("status", "TCP has none")
    return {"tcp": {"connectionRate": rate}}
