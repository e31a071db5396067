"""From Consul's config entries to neutral behaviours: what another mesh can be told, what is left.

Routers, splitters and resolvers are read in `migrate_routes`, intentions in `migrate_intentions`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from meshery.adapters.draft import Object
from meshery.adapters.mesh import Migration
from meshery.meshes.consul.migrate_edge import destinations, read_egress
from meshery.meshes.consul.migrate_intentions import read_intentions
from meshery.meshes.consul.migrate_routes import read_routes
from meshery.meshes.consul.parts import GROUP
from meshery.meshes.consul.pressure import FAULTS, LOCAL_LIMIT
from meshery.meshes.gateway_reading import read_ingress
from meshery.meshes.look import dig, name_of, namespace_of, of_kind
from meshery.meshes.translation import Answer, Translation, target

Document = dict[str, Any]
Native = Mapping[str, Any]

_LIMITS = {
    "maxConnections": "maxConnections",
    "maxPendingRequests": "maxPending",
    "maxConcurrentRequests": "maxRequests",
}
_PER = {1: "second", 60: "minute", 3600: "hour"}
_READ = {
    "protocol",
    "mutualTLSMode",
    "maxInboundConnections",
    "rateLimits",
    "envoyExtensions",
    "upstreamConfig",
}
_LEFT = {
    "IngressGateway": "the vendor has deprecated it; write an ingress for what it lets in",
    "JWTProvider": "whose tokens are believed is said by claims of an access",
    "SamenessGroup": "clusters that stand for one another are joined anew",
    "ExportedServices": "clusters that see one another's services are joined anew",
    "PeeringAcceptor": "clusters are joined anew",
    "PeeringDialer": "clusters are joined anew",
    "ControlPlaneRequestLimit": "it is about Consul's own servers",
    "RouteTimeoutFilter": "limits of the gateway's routes are written by hand",
    "RouteRetryFilter": "retries of the gateway's routes are written by hand",
    "GatewayPolicy": "it is about Consul's own gateway",
}


def read(objects: Sequence[Object]) -> Answer:
    """The documents of the behaviours that config entries come to, and a line for what is left."""
    notes = Translation(objects)
    read_routes(notes, objects)
    outside = destinations(objects)
    for each in of_kind(objects, "ServiceDefaults", GROUP):
        if name_of(each) not in outside:
            _read_defaults(notes, each)
    for each in of_kind(objects, "ProxyDefaults", GROUP):
        _read_proxies(notes, each)
    for each in of_kind(objects, "Mesh", GROUP):
        for field in sorted(set(each.get("spec") or {}) & {"tls", "http", "peering"}):
            notes.lost(each, f"{field} of the whole mesh is no behaviour")
    read_egress(notes, objects, outside)
    inside = [each for each in objects if not _is_of(each, outside)]
    read_intentions(notes, _without_gateways(inside))
    read_ingress(notes, objects, own_class="consul")
    for each in objects:
        why = _LEFT.get(str(each.get("kind")))
        if why is not None and str(each.get("apiVersion")).startswith(f"{GROUP}/"):
            notes.lost(each, why)
    return notes.answer()


MIGRATIONS = (
    Migration(
        to="istio",
        why="copies of requests, conditions on claims and faults without Enterprise",
        read=read,
    ),
    Migration(
        to="kuma",
        why="the same proxy, and policies for workloads outside Kubernetes too",
        read=read,
    ),
)


def _read_defaults(notes: Translation, made: Object) -> None:
    name, to = name_of(made), target(name_of(made), namespace_of(made))
    spec = made.get("spec") or {}
    if spec.get("mutualTLSMode"):
        notes.behaviour(f"{name}-mtls", "mtls", to, {"mode": spec["mutualTLSMode"]})
    if spec.get("maxInboundConnections"):
        most = {"maxConnections": spec["maxInboundConnections"]}
        notes.behaviour(f"{name}-limits", "limits", to, most)
    level = dig(spec, "rateLimits.instanceLevel") or {}
    if level.get("routes"):
        notes.lost(made, "rates of single routes are no behaviour; a rate holds for a service")
    if level.get("requestsPerSecond"):
        rate = level["requestsPerSecond"]
        _rate(notes, made, rate, 1, level.get("requestsMaxBurst", rate))
    for extension in spec.get("envoyExtensions") or ():
        _extension(notes, made, to, extension)
    for upstream in dig(spec, "upstreamConfig.overrides") or ():
        called = target(str(upstream["name"]), upstream.get("namespace") or namespace_of(made))
        _upstream(notes, called, upstream, source=name)
    if dig(spec, "upstreamConfig.defaults"):
        notes.lost(made, "defaults for all upstreams of a caller are no behaviour; name them")
    for field in sorted(set(spec) - _READ):
        notes.lost(made, f"{field} is no behaviour")


def _upstream(notes: Translation, to: Document, given: Native, *, source: str) -> None:
    name = f"{source}-{to['service']}"
    limits = {word: dig(given, f"limits.{field}") for field, word in _LIMITS.items()}
    own = {word: value for word, value in limits.items() if value is not None}
    if own:
        notes.behaviour(f"{name}-limits", "limits", to, own, source=source)
    check = given.get("passiveHealthCheck") or {}
    if check:
        params: Document = {
            word: check[field]
            for field, word in (
                ("maxFailures", "consecutiveErrors"),
                ("interval", "interval"),
                ("baseEjectionTime", "baseEjection"),
                ("maxEjectionPercent", "maxPercent"),
            )
            if check.get(field)
        }
        notes.behaviour(f"{name}-ejection", "ejection", to, params, source=source)


def _extension(notes: Translation, made: Object, to: Document, given: Native) -> None:
    arguments = given.get("arguments") or {}
    if given.get("name") == LOCAL_LIMIT:
        fill = arguments.get("tokensPerFill", 1)
        _rate(notes, made, fill, arguments.get("fillInterval", 1), arguments.get("maxTokens", fill))
    elif given.get("name") == FAULTS:
        params = _faults(arguments.get("config") or {})
        notes.behaviour(f"{to['service']}-fault", "fault", to, params)
    else:
        notes.lost(
            made, f"{given.get('name')} speaks to Envoy itself; say what it does, or leave it"
        )


def _rate(notes: Translation, made: Object, rate: int, seconds: int, most: int) -> None:
    """A rate over a span that documents know: otherwise the one over a second, rounded down."""
    params: Document = {"requests": rate, "per": _PER.get(seconds, "second")}
    if seconds not in _PER:
        params["requests"] = max(1, rate // max(1, seconds))
        notes.lost(made, f"{rate} in {seconds} seconds are read as {params['requests']} in each")
    if most > rate:
        params["burst"] = most - rate
    to = target(name_of(made), namespace_of(made))
    notes.behaviour(f"{name_of(made)}-rate", "ratelimit", to, params)


def _faults(config: Native) -> Document:
    params: Document = {}
    delay, abort, slow = (config.get(each) or {} for each in ("delay", "abort", "bandwidth"))
    if delay:
        share = delay.get("percentage", 100)
        params["delay"] = {"duration": f"{delay['duration']}ms", "percent": share}
    if abort:
        status = {"status": abort.get("httpStatus"), "grpcStatus": abort.get("grpcStatus")}
        given = {key: value for key, value in status.items() if value is not None}
        params["abort"] = {**given, "percent": abort.get("percentage", 100)}
    if slow:
        kbps = round(slow["limit"] * 1024 * 8 / 1000)
        params["bandwidth"] = {"kbps": kbps, "percent": slow.get("percentage", 100)}
    return params


def _read_proxies(notes: Translation, made: Object) -> None:
    mode = dig(made, "spec.mutualTLSMode")
    if mode:
        params = {"mode": mode, "scope": "mesh"}
        notes.behaviour("mesh-mtls", "mtls", {"service": "*"}, params)
    for field in ("config", "envoyExtensions", "failoverPolicy", "prioritizeByLocality"):
        if dig(made, f"spec.{field}"):
            notes.lost(made, f"{field} of all proxies is no behaviour")


def _is_of(made: Object, outside: Mapping[str, Object]) -> bool:
    """Whether intentions are those of a destination outside, which the egress says."""
    return made.get("kind") == "ServiceIntentions" and name_of(made) in outside


def _without_gateways(objects: Sequence[Object]) -> list[Object]:
    """The same without the sources that are gateways: that they may call, an ingress says."""
    gateways = {name_of(each) for each in of_kind(objects, "Gateway")}
    kept = []
    for each in objects:
        sources = dig(each, "spec.sources")
        if each.get("kind") != "ServiceIntentions" or not gateways or not sources:
            kept.append(each)
            continue
        left = [one for one in sources if one.get("name") not in gateways]
        if left:
            kept.append({**each, "spec": {**each["spec"], "sources": left}})
    return kept
