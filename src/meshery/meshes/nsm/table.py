"""The little that behaviours come to on Network Service Mesh: which endpoint a client gets.

A NetworkService lists matches; the first whose source labels a client has chooses the endpoint,
and only where none matches is there none (matchutils of networkservicemesh/sdk, read 2026-11-22).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from meshery.adapters.draft import Draft, Object, Table, drafted, merged, native
from meshery.behaviours.model import Behaviour, Kind
from meshery.behaviours.rendering import Rendering, Service, World
from meshery.behaviours.traffic import HeaderOps, Locality, Route
from meshery.meshes.look import dig, name_of
from meshery.meshes.plain import live
from meshery.meshes.scope import not_narrowed, one_service

API_VERSION = "networkservicemesh.io/v1"
MESH_NAMESPACE = "nsm-system"
_HERE = {"nodeName": "{{.nodeName}}"}
_NO_PORT = "a network service has no ports"


def _locality(draft: Draft) -> None:
    """The endpoint of the client's own node first."""
    params = draft.params(Locality)
    if not one_service(draft):
        return
    labels = _labels(draft, draft.service, draft.behaviour.target.subset)
    here = {"routes": [{"destination_selector": {**labels, **_HERE}}]}
    if params.mode == "weighted":
        draft.nearly("mode weighted is prefer: endpoints have no weights")
    draft.nearly("near is the same node: Network Service Mesh knows no zones")
    for position, each in enumerate(params.failover):
        draft.dropped(f"failover[{position}]", f"{each.from_} and {each.to} are no nodes")
    not_narrowed(draft, port=_NO_PORT)
    source = _source(draft)
    if params.mode == "strict":
        _put(draft, {"near": {**source, **here}})
        return
    anywhere = {**source, "routes": [{"destination_selector": labels}]}
    _put(draft, {"near": {**source, "fallthrough": True, **here}, "rest": anywhere})


def _route(draft: Draft) -> None:
    """Which endpoint the clients of a service get, by their labels."""
    params = draft.params(Route)
    if not one_service(draft):
        return
    if not params.match.takes_all or params.redirect is not None or not params.backends:
        draft.unsupported(
            "Network Service Mesh sees packets: match, rewrite and redirect of requests have no "
            "place, and a route without backends chooses nothing",
            "route requests by a mesh of layer 7 beside it (Istio, Linkerd), which runs over it",
        )
        return
    if len(params.backends) > 1:
        draft.unsupported(
            "backends with weights have no place: endpoints are taken in turn",
            "give one backend; or as many endpoints of each version as its share",
        )
        return
    if params.rewrite is not None:
        draft.dropped("rewrite", "packets are not changed")
    if params.header_ops != HeaderOps():
        draft.dropped("headerOps", "packets are not changed")
    if draft.behaviour.target.subset is not None:
        draft.dropped("target.subset", "the backend says which endpoint")
    not_narrowed(draft, port=_NO_PORT)
    backend = params.backends[0]
    if backend.weight != 1:
        draft.note("weight of a single backend says nothing")
    service = draft.world.service(backend.service or draft.service.name, draft.namespace)
    labels = _labels(draft, service, backend.subset)
    key = f"route {draft.behaviour.name}"
    _put(draft, {key: {**_source(draft), "routes": [{"destination_selector": labels}]}})
    draft.nearly("clients are told by labels that they give themselves: it steers, it secures not")


def _source(draft: Draft) -> dict[str, Any]:
    if draft.behaviour.source is None:
        return {}
    return {"source_selector": _labels(draft, draft.world.service(draft.behaviour.source), None)}


def _labels(draft: Draft, service: Service, subset: str | None) -> dict[str, str]:
    """The labels of the endpoints of a service, which are given where they register."""
    labels = {**service.labels, **(service.subset_labels(subset) if subset else {})}
    draft.note(f"endpoints and clients have to register with labels such as {_written(labels)}")
    return labels


def _put(draft: Draft, matches: Mapping[str, Any]) -> None:
    name, namespace = draft.service.name, draft.world.mesh_namespace or MESH_NAMESPACE
    if draft.behaviour.target.namespace:
        draft.dropped("target.namespace", f"network services live in {namespace}")
    spec = {"name": name, "payload": "ETHERNET", "matches": dict(matches)}
    draft.put(native(API_VERSION, "NetworkService", name, namespace, spec))


def _written(labels: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def _finished(made: Object, world: World) -> Object:
    """The matches as a list: those that name a source first, those for everybody last."""
    standing = live(world, API_VERSION, "NetworkService", name_of(made), _namespace(made)) or {}
    given = list(made["spec"]["matches"].values())
    before = [each for each in dig(standing, "spec.matches") or [] if each not in given]
    matches = sorted([*given, *before], key=_order)
    payload = dig(standing, "spec.payload") or made["spec"]["payload"]
    return {**made, "spec": {**made["spec"], "payload": payload, "matches": matches}}


def _order(match: Mapping[str, Any]) -> tuple[bool, bool]:
    return not match.get("source_selector"), not match.get("fallthrough")


def _namespace(made: Object) -> str:
    return str(made["metadata"].get("namespace", MESH_NAMESPACE))


TABLE: Table = {Kind.ROUTE: _route, Kind.LOCALITY: _locality}

_OVER_IT = "a mesh of layer 7 (Istio, Linkerd, Consul) runs over its networks and does it"

ALTERNATIVES = {
    Kind.RETRY: f"clients connect again on their own when an endpoint is lost; {_OVER_IT}",
    Kind.TIMEOUT: f"NSM_REQUEST_TIMEOUT of a client limits connecting to a network; {_OVER_IT}",
    Kind.LIMITS: _OVER_IT,
    Kind.EJECTION: f"an endpoint that is lost is replaced by itself (healing); {_OVER_IT}",
    Kind.TRIP: _OVER_IT,
    Kind.SPLIT: "as many endpoints of each version as its share: they are taken in turn; "
    f"{_OVER_IT}",
    Kind.MIRROR: "an endpoint of your own in the chain may copy packets",
    Kind.FAULT: "an endpoint of your own in the chain may delay or drop packets",
    Kind.RATELIMIT: "an endpoint of your own in the chain may shape traffic",
    Kind.MTLS: "its control plane speaks mutual TLS by SPIRE always; between nodes packets are "
    "encrypted where the forwarders use WireGuard or IPsec",
    Kind.ACCESS: "policies of OPA at its managers and endpoints take SPIFFE ids, and a firewall "
    "endpoint (cmd-nse-firewall-vpp) filters by addresses and ports",
    Kind.EGRESS: "a chain of a NetworkService whose last endpoint is the way out",
    Kind.INGRESS: "an ingress of Kubernetes in front; network services have no hosts and paths",
}


def render(behaviours: Sequence[Behaviour], world: World) -> Rendering:
    """Behaviours as NetworkServices."""
    drafts = drafted(behaviours, world, TABLE, ALTERNATIVES, mesh="Network Service Mesh")
    objects = [_finished(each, world) for each in merged(drafts)]
    return Rendering(tuple(objects), tuple(draft.outcome() for draft in drafts))
