"""split, mirror, route and locality: where requests go."""

from collections.abc import Callable, Mapping
from typing import Any

from meshery.adapters.draft import Draft
from meshery.behaviours.match import Match
from meshery.behaviours.rendering import Service, ServicePort
from meshery.behaviours.traffic import Backend, Locality, Mirror, Route, Split
from meshery.meshes.kuma import era, references
from meshery.meshes.kuma.matching import filters, matches
from meshery.meshes.kuma.policy import outbound, percentage, put, put_outbound
from meshery.meshes.requests import in_words
from meshery.meshes.subsets import target_port

Object = dict[str, Any]

_TCP = {"tcp", "tls"}
_ZONE_LABEL = "topology.kubernetes.io/zone"
_REGION_LABEL = "topology.kubernetes.io/region"


def split(draft: Draft) -> None:
    """Weighted backendRefs, in MeshHTTPRoute or, where TCP is spoken, MeshTCPRoute."""
    params = draft.params(Split)
    if params.steps:
        draft.note("steps: the weights of each are set one after the other by who carries it out")
    if params.rollback is not None:
        draft.note("rollback: the mesh does not watch over it; who carries out the steps does")
    if references.protocol(draft) in _TCP:
        _tcp_route(draft, params)
    else:
        _http_route(draft, params.match, {}, params.backends)


def route(draft: Draft) -> None:
    """A rule of MeshHTTPRoute with its filters."""
    params = draft.params(Route)
    if references.protocol(draft) in _TCP:
        draft.unsupported("TCP has no requests to be told apart", "a split, which TCP has too")
        return
    default: Object = {}
    made = filters(params.rewrite, params.redirect, params.header_ops)
    if made:
        default["filters"] = made
    _http_route(draft, params.match, default, params.backends)


def mirror(draft: Draft) -> None:
    """The filter RequestMirror, in every rule for the target."""
    params = draft.params(Mirror)
    if references.protocol(draft) in _TCP:
        draft.unsupported(
            "connections cannot be copied, only requests of HTTP", "a split, which TCP has too"
        )
        return
    if draft.behaviour.target.subset is not None:
        draft.dropped("subset", "requests are copied before it is known which subset takes them")
    if params.to.weight != 1:
        draft.dropped("weight", "a copy has a percentage, not a weight")

    def entry(port: ServicePort) -> Object:
        ref = references.backend(draft, _service_of(draft, params.to), params.to.subset, port=port)
        copy = {"percentage": percentage(params.percent), "backendRef": ref}
        return {"mirrors": [{"type": "RequestMirror", "requestMirror": copy}]}

    put_outbound(draft, "MeshHTTPRoute", _entries(draft, entry), _route_name(draft))


def locality(draft: Draft) -> None:
    """MeshLoadBalancingStrategy: nearness within a zone by labels of nodes, failover over zones."""
    params = draft.params(Locality)
    awareness: Object = {}
    if params.mode == "strict":
        _strict(draft, awareness)
    else:
        awareness["localZone"] = {"affinityTags": _affinity(draft, params)}
    if params.failover:
        _failover(draft, params, awareness)
    outbound(draft, "MeshLoadBalancingStrategy", {"localityAwareness": awareness})


def _affinity(draft: Draft, params: Locality) -> list[Object]:
    if params.mode == "weighted":
        draft.note("Kuma's own weights hold: nine tenths stay near, nine tenths of the rest, ...")
        return [{"key": _ZONE_LABEL}, {"key": _REGION_LABEL}]
    draft.nearly("instances of the caller's zone get all but a hundredth, not all, requests")
    return [{"key": _ZONE_LABEL, "weight": 99}, {"key": _REGION_LABEL, "weight": 1}]


def _strict(draft: Draft, awareness: Object) -> None:
    if era.selects_by_labels(draft.world):
        awareness["disabled"] = False
        draft.nearly("mode strict: a MeshService is of one zone, and nothing leaves a zone of Kuma")
    else:
        awareness["crossZone"] = {"failover": [{"to": {"type": "None"}}]}
        draft.nearly("mode strict: no request leaves the zone of Kuma; within it none is nearer")


def _failover(draft: Draft, params: Locality, awareness: Object) -> None:
    draft.note("failover: localities are zones of Kuma")
    entries = [
        {"from": {"zones": [each.from_]}, "to": {"type": "Only", "zones": [each.to]}}
        for each in params.failover
    ]
    if not era.selects_by_labels(draft.world):
        awareness["crossZone"] = {"failover": entries}
    elif draft.is_whole_mesh:
        draft.dropped("failover", "from 3.0 on only a MeshMultiZoneService spans zones")
    else:
        _multi_zone(draft, {"localityAwareness": {"crossZone": {"failover": entries}}})


def _multi_zone(draft: Draft, default: Mapping[str, Any]) -> None:
    service = draft.service
    system = era.system_namespace(draft.world)
    name = f"{service.name}-{service.namespace}"
    labels = {"kuma.io/display-name": service.name, "k8s.kuma.io/namespace": service.namespace}
    ports = [{"port": each.number, "appProtocol": _app_protocol(each)} for each in service.ports]
    spec = {"selector": {"meshService": {"matchLabels": labels}}, "ports": ports}
    put(draft, "MeshMultiZoneService", system, spec, name)
    ref = {"kind": "MeshMultiZoneService", "labels": {"kuma.io/display-name": name}}
    to = {name: {"targetRef": ref, "default": default}}
    put_outbound(draft, "MeshLoadBalancingStrategy", to)
    draft.nearly(f"failover holds for who calls {name}.mzsvc.mesh.local, the service of all zones")


def _app_protocol(port: ServicePort) -> str:
    return "tcp" if port.protocol in _TCP else port.protocol


def _backends(draft: Draft, backends: tuple[Backend, ...], port: ServicePort) -> tuple[Object, ...]:
    return tuple(
        references.backend(
            draft, _service_of(draft, each), each.subset, port=port, weight=each.weight
        )
        for each in backends
    )


def _service_of(draft: Draft, backend: Backend) -> Service:
    if backend.service is None:
        return draft.service
    return draft.world.service(backend.service, "" if "." in backend.service else draft.namespace)


def _http_route(
    draft: Draft, match: Match, default: Mapping[str, Any], backends: tuple[Backend, ...]
) -> None:
    made = matches(draft, match)
    if made is None:
        return
    if draft.behaviour.target.subset is not None:
        draft.dropped("subset", "a route is of a service; which subset takes a request it decides")

    def entry(port: ServicePort) -> Object:
        refs = {"backendRefs": _backends(draft, backends, port)} if backends else {}
        rule = {"matches": tuple(made), "default": {**default, **refs}, "order": match.specificity}
        return {"rules": {in_words(match): rule}}

    put_outbound(draft, "MeshHTTPRoute", _entries(draft, entry), _route_name(draft))


def _tcp_route(draft: Draft, params: Split) -> None:
    if not params.match.takes_all:
        draft.unsupported("match: TCP has no requests to be told apart", "a split without a match")
        return
    if draft.behaviour.target.subset is not None:
        draft.dropped("subset", "a route is of a service; which subset takes it, it decides")

    def entry(port: ServicePort) -> Object:
        default = {"backendRefs": _backends(draft, params.backends, port)}
        return {"rules": {"all": {"default": default}}}

    put_outbound(draft, "MeshTCPRoute", _entries(draft, entry), _route_name(draft))


def _route_name(draft: Draft) -> str:
    """One object for all ports of a service, since a rule for everything closes each of them."""
    source = references.source(draft)
    own = "mesh" if draft.is_whole_mesh else draft.service.name
    return own if source is None else f"{own}-from-{source.name}"


def _entries(draft: Draft, entry: Callable[[ServicePort], Object]) -> Object:
    """An entry of `to` for each port that is meant, since a backendRef has one port."""
    service, asked = draft.service, target_port(draft)
    if draft.is_whole_mesh:
        return _whole_mesh(draft, entry)
    is_tcp = references.protocol(draft) in _TCP
    ports = [each for each in service.ports if (each.protocol in _TCP) == is_tcp]
    chosen = [asked] if asked is not None else ports or [service.port]
    if service.is_assumed and asked is None:
        draft.note(f"{service.name} is taken to have one port, {service.port.number}")
    return {
        str(port.number): {
            "targetRef": references.destination(
                draft, service, None if (port,) == service.ports else port
            ),
            **_fallback(draft, service, port),
            **entry(port),
        }
        for port in chosen
    }


def _fallback(draft: Draft, service: Service, port: ServicePort) -> Object:
    """The service itself, for what no rule says; of one caller nothing is said (`policy`)."""
    if draft.behaviour.source is not None:
        return {}
    return {"fallback": references.backend(draft, service, None, port=port)}


def _whole_mesh(draft: Draft, entry: Callable[[ServicePort], Object]) -> Object:
    """A mirror of everything: one entry for each service that is known."""
    known = draft.world.services
    if not known:
        draft.unsupported(
            "a MeshHTTPRoute names the service that is called", "name the services one by one"
        )
        return {}
    draft.note("services are named one by one: those that are known now")
    return {
        f"{service.namespace}/{service.name}": {
            "targetRef": references.destination(draft, service),
            **_fallback(draft, service, service.port),
            **entry(service.port),
        }
        for service in known
    }
