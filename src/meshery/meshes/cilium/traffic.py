"""split, mirror, route and locality: where requests go."""

from typing import Any

from meshery.adapters.draft import Draft, native
from meshery.behaviours.match import Match
from meshery.behaviours.rendering import Service
from meshery.behaviours.traffic import Backend, Locality, Mirror, Route, Split
from meshery.meshes.cilium.config import put
from meshery.meshes.cilium.places import (
    Cluster,
    Place,
    cluster_of,
    http_places,
    places,
)
from meshery.meshes.cilium.rules import matched, redirected, rewritten
from meshery.meshes.requests import in_words
from meshery.sandbox.render.names import fraction
from meshery.sandbox.render.routes import header_changes

Object = dict[str, Any]

_CALLER = "a service of its own that only this caller calls, or a mesh with proxies beside callers"


def split(draft: Draft) -> None:
    """Weighted clusters, of requests or of connections."""
    params = draft.params(Split)
    if params.steps:
        draft.note("steps: the weights of each are set one after the other by who carries it out")
    if params.rollback is not None:
        draft.note("rollback: the mesh does not watch over it; who carries out the steps does")
    if _one_caller(draft):
        return
    match = matched(draft, params.match)
    if match is None:
        return
    for place in places(draft):
        if not place.is_tcp or params.match.takes_all:
            _put_rule(draft, place, params.match, {}, params.backends)
    if not draft.objects and not draft.alternative:
        draft.unsupported("match: TCP has no requests to be told apart", "a split without a match")


def route(draft: Draft) -> None:
    """A route with what it changes."""
    params = draft.params(Route)
    if _one_caller(draft) or matched(draft, params.match) is None:
        return
    rule: Object = {}
    changes = header_changes(params.header_ops)
    if changes:
        rule["headers"] = changes
    if params.rewrite is not None:
        rule["change"] = rewritten(params.rewrite, params.match)
    if params.redirect is not None:
        rule["redirect"] = redirected(params.redirect, params.match)
    for place in http_places(draft, "a split, which TCP has too"):
        _put_rule(draft, place, params.match, rule, params.backends)


def _put_rule(
    draft: Draft, place: Place, match: Match, rule: Object, backends: tuple[Backend, ...]
) -> None:
    """A rule of one port; its subset is where it leads when it names no backends."""
    made = matched(draft, match)
    subset = draft.behaviour.target.subset
    if subset is not None and not draft.is_whole_mesh:
        if backends:
            draft.dropped("subset", "the backends say where requests go, whatever subset was meant")
        else:
            backends = (Backend(subset=subset),)
    shares = [(_cluster(draft, place, each), each.weight) for each in backends]
    whole = {**rule, "match": made, "order": match.specificity}
    if shares:  # what only changes requests leaves it to others where they go
        whole["shares"] = tuple((cluster.name, weight) for cluster, weight in shares)
    put(draft, place, {"rules": {in_words(match): whole}}, *(cluster for cluster, _ in shares))


def _cluster(draft: Draft, place: Place, backend: Backend) -> Cluster:
    return cluster_of(draft, place, backend.service, backend.subset)


def mirror(draft: Draft) -> None:
    """Mirror policies of every route."""
    params = draft.params(Mirror)
    if _one_caller(draft):
        return
    if draft.behaviour.target.subset is not None:
        draft.dropped("subset", "requests are copied before it is known which subset takes them")
    if params.to.weight != 1:
        draft.dropped("weight", "a copy has a percentage, not a weight")
    for place in http_places(draft, "a split; connections cannot be copied"):
        copy = _cluster(draft, place, params.to)
        share = {"default_value": fraction(params.percent)}
        policy = {"cluster": copy.name, "runtime_fraction": share}
        put(draft, place, {"mirrors": {copy.name: policy}}, copy)


def locality(draft: Draft) -> None:
    """Nearness is the Service's own: what eBPF chooses from, where no proxy takes over."""
    params = draft.params(Locality)
    target = draft.behaviour.target
    if params.mode == "weighted":
        draft.unsupported(
            "mode weighted: endpoints are near or not, without shares",
            "the mode prefer, which keeps requests near",
        )
        return
    if draft.behaviour.source is not None:
        draft.dropped("source", "a Service is the same for every caller")
    if target.port is not None:
        draft.dropped("port", "a Service says it for all of its ports")
    if target.subset is not None:
        draft.dropped("subset", "a Service says it for all of its instances")
    draft.nearly(
        "it holds where eBPF balances; requests that a CiliumEnvoyConfig takes over go everywhere"
    )
    draft.note("it is laid over the Service that stands")
    services: tuple[Service, ...] = (draft.service,)
    if draft.is_whole_mesh:
        draft.note("*: services are named one by one, those that are known now")
        services = draft.world.services
    if not services:
        draft.unsupported(
            "it is said by each Service, and none are known", "name the services one by one"
        )
    for service in services:
        _near(draft, service, params)


def _near(draft: Draft, service: Service, params: Locality) -> None:
    if params.mode == "strict":
        draft.nearly("mode strict: only instances of the caller's own node; without any it fails")
        spec = {"internalTrafficPolicy": "Local"}
    else:
        draft.note("prefer: it takes loadBalancer.serviceTopology; instances of the same zone")
        spec = {"trafficDistribution": "PreferClose"}
    made = native("v1", "Service", service.name, service.namespace, spec)
    if params.failover:
        draft.dropped("failover", "other clusters (Cluster Mesh) take over, whatever their names")
        made["metadata"]["annotations"] = {
            "service.cilium.io/global": "true",
            "service.cilium.io/affinity": "local",
        }
    draft.put(made)


def _one_caller(draft: Draft) -> bool:
    """Unsupported for one caller: every other one would be led elsewhere too."""
    if draft.behaviour.source is None:
        return False
    draft.unsupported("source: a CiliumEnvoyConfig takes over a service for every caller", _CALLER)
    return True
