"""What each kind of behaviour becomes on Traefik Mesh, and what comes nearest.

Retries, breakers and rate limits are annotations of the Service, to be laid over the one that
stands by server-side apply: the objects hold nothing but them.
"""

from collections.abc import Sequence

from meshery.adapters.draft import Draft, Object, Table, render_each
from meshery.behaviours.match import Match
from meshery.behaviours.model import Behaviour, Kind
from meshery.behaviours.pressure import RateLimit
from meshery.behaviours.rendering import Rendering, World
from meshery.behaviours.resilience import Backoff, Retry, Trip
from meshery.behaviours.security import Mtls
from meshery.behaviours.traffic import Route, Split
from meshery.meshes.scope import asked_of, not_narrowed, one_service
from meshery.meshes.smi.access import write_access
from meshery.meshes.smi.dialect import Dialect
from meshery.meshes.smi.split import write_route, write_split

# docs/content/compatibility.md of traefik/mesh, read 2026-11-22. A route's expression becomes a
# PathPrefix, so every path is the beginning of one.
DIALECT = Dialect(split="v1alpha3", specs="v1alpha3", access="v1alpha2", regex="prefix")
PREFIX = "mesh.traefik.io/"
RETRY = f"{PREFIX}retry-attempts"
BREAKER = f"{PREFIX}circuit-breaker-expression"
RATE = f"{PREFIX}ratelimit-average"
BURST = f"{PREFIX}ratelimit-burst"

_EVERY_PORT = "an annotation holds for every port of its Service"
_WHOLE = "an annotation is told of a whole Service"
_EVERY_CALLER = "an annotation holds for every caller"
_NETWORK = {"connect-failure"}
_FALLBACK_S = 10
_SECONDS = {"second": 1, "minute": 60, "hour": 3600}


def _retry(draft: Draft) -> None:
    """Tries after network errors; the annotation counts the first try too."""
    params = draft.params(Retry)
    if not _annotates(draft):
        return
    _annotate(draft, {RETRY: str(params.attempts + 1)})
    beyond = [each for each in params.on if each not in _NETWORK]
    if beyond:
        draft.nearly(
            f"on {', '.join(beyond)}: Traefik Mesh retries only what no server has begun to answer"
        )
    if params.per_try_timeout_ms is not None:
        draft.dropped("perTryTimeout", "the annotation says a number of tries and nothing else")
    if params.backoff != Backoff():
        draft.dropped("backoff.base and backoff.max", "retries follow at once")
    if params.budget is not None:
        draft.dropped("budget", "the annotation counts tries, not a share of requests")
    if params.idempotent_only:
        draft.dropped("idempotentOnly", "what was not sent is retried whatever the method")


def _trip(draft: Draft) -> None:
    """An expression over the answers of a service."""
    params = draft.params(Trip)
    if params.count is not None:
        draft.unsupported(
            "an expression knows shares and latencies: count has no place",
            "trip on errorRatio",
        )
        return
    if not _annotates(draft):
        return
    if params.error_ratio is not None:
        expression = f"ResponseCodeRatio(500, 600, 0, 600) > {params.error_ratio / 100:.4g}"
    else:
        expression = f"LatencyAtQuantileMS(50.0) > {round(params.latency_ms or 0)}"
        draft.note("latency is the median of what is answered")
    _annotate(draft, {BREAKER: expression})
    if params.open_for_ms != _FALLBACK_S * 1000:
        draft.dropped("openFor", f"the breaker stays open for {_FALLBACK_S}s")
    if params.fallback is not None:
        draft.dropped("fallback", "an open breaker answers 503")


def _rate_limit(draft: Draft) -> None:
    """A bucket of tokens for each caller's address, on each node."""
    params = draft.params(RateLimit)
    if params.scope == "global":
        draft.unsupported(
            "scope global has no place: each node's proxy counts for itself",
            "scope local, with the limit of one node",
        )
        return
    average, rest = divmod(params.requests, _SECONDS[params.per])
    if rest or not average:
        draft.unsupported(
            f"{params.requests} per {params.per} is no whole number of requests per second",
            "give a limit per second",
        )
        return
    if not _annotates(draft):
        return
    burst = params.requests + params.burst
    _annotate(draft, {RATE: str(average), BURST: str(burst)})
    draft.nearly("scope local is each address that calls, on each node's proxy")
    if params.status != 429:
        draft.dropped("status", "refusals are 429")
    if params.key_by:
        draft.dropped("keyBy", "what is counted apart is the address of the caller")
    if params.service is not None:
        draft.dropped("service", "the annotation asks no rate limit service")
    if params.fail_open is not None:
        draft.dropped("failOpen", "the annotation asks nobody who could fail")


def _split(draft: Draft) -> None:
    if one_service(draft):
        write_split(draft, DIALECT)
        _doubt(draft, draft.params(Split).match)


def _route(draft: Draft) -> None:
    if one_service(draft):
        write_route(draft, DIALECT)
        _doubt(draft, draft.params(Route).match)


def _access(draft: Draft) -> None:
    write_access(draft, DIALECT)
    if draft.objects:
        draft.nearly(
            "counts only in ACL mode (chart value acl: true), where whatever no TrafficTarget "
            "allows is refused in the whole mesh, with 404; callers that do not call by the "
            "mesh's name pass it by"
        )


def _mtls(draft: Draft) -> None:
    params = draft.params(Mtls)
    if params.mode == "off":
        asked = asked_of(draft, params.scope)
        draft.note(f"mode off {asked} is how Traefik Mesh always is: no object")
        return
    draft.unsupported(
        f"Traefik Mesh has no mutual TLS: mode {params.mode} has no place",
        "encrypt between nodes in the network (WireGuard in Cilium or Calico), or move to Linkerd",
    )


def _annotates(draft: Draft) -> bool:
    """Whether there is one Service to annotate; what an annotation cannot narrow is said."""
    if not one_service(draft):
        return False
    not_narrowed(draft, port=_EVERY_PORT, subset=_WHOLE, source=_EVERY_CALLER)
    return True


def _annotate(draft: Draft, annotations: dict[str, str]) -> None:
    service = draft.service
    metadata: Object = {
        "name": service.name,
        "namespace": service.namespace,
        "annotations": annotations,
    }
    draft.put({"apiVersion": "v1", "kind": "Service", "metadata": metadata})


def _doubt(draft: Draft, match: Match) -> None:
    if draft.objects and not match.takes_all:
        draft.nearly("match is in the custom resource; that proxies honour it was not verified")


TABLE: Table = {
    Kind.RETRY: _retry,
    Kind.TRIP: _trip,
    Kind.SPLIT: _split,
    Kind.RATELIMIT: _rate_limit,
    Kind.MTLS: _mtls,
    Kind.ACCESS: _access,
    Kind.ROUTE: _route,
}

ALTERNATIVES = {
    Kind.TIMEOUT: "chart values proxy.forwardingTimeouts (dialTimeout, responseHeaderTimeout, "
    "idleConnTimeout) hold for the whole mesh",
    Kind.LIMITS: "a ratelimit keeps load away from the service (annotation ratelimit-average)",
    Kind.EJECTION: "a trip on errorRatio closes the whole service (circuit-breaker-expression); "
    "readiness probes take a failing instance out of it",
    Kind.MIRROR: "Traefik Proxy mirrors at the ingress (TraefikService, spec.mirroring)",
    Kind.FAULT: "split a share of the requests to a service that answers with errors or late",
    Kind.EGRESS: "none: only calls by the mesh's names pass its proxies; use a NetworkPolicy",
    Kind.INGRESS: "Traefik Proxy with an IngressRoute, whose Service is called as "
    "NAME.NAMESPACE.traefik.mesh",
    Kind.LOCALITY: "none: Service Topology left Kubernetes in 1.22 and Traefik Mesh in 1.4.5",
}


def render(behaviours: Sequence[Behaviour], world: World) -> Rendering:
    """Behaviours as annotations of Services and SMI objects."""
    return render_each(behaviours, world, TABLE, ALTERNATIVES, mesh="Traefik Mesh")
