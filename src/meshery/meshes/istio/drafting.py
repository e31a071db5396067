"""What all kinds need: which services and callers are meant, and where what is said is put."""

from typing import Any

from meshery.adapters.draft import Draft, native
from meshery.behaviours.match import Match
from meshery.behaviours.rendering import Service
from meshery.meshes.istio.condition import Caller, Condition, condition_of
from meshery.meshes.istio.naming import (
    CLUSTER_DOMAIN,
    GATEWAY_API,
    host_of,
    networking,
    root_namespace,
)
from meshery.meshes.istio.rules import Layer

Native = dict[str, Any]

EVERYTHING = Match()
WAYPOINT_CLASS = "istio-waypoint"


def is_ambient(draft: Draft) -> bool:
    """Whether the mesh has no sidecars."""
    return draft.world.data_plane == "ambient"


def services(draft: Draft) -> tuple[Service, ...]:
    """The services that are meant, for kinds that Istio has by host only.

    For the whole mesh those that are known, which may be none.
    """
    if not draft.is_whole_mesh:
        return (draft.service,)
    namespace = draft.behaviour.target.namespace
    known = tuple(
        each for each in draft.world.services if not namespace or each.namespace == namespace
    )
    if known:
        draft.nearly("holds for the services that are known now, not for those made later")
    else:
        draft.nearly(f"Istio has {draft.behaviour.kind} by host only, and no service is known")
    return known


def caller_of(draft: Draft) -> Caller | None:
    """The pods of `source`; a waypoint does not know them."""
    source = draft.behaviour.source
    if source is None:
        return None
    if is_ambient(draft):
        draft.dropped("source", "a waypoint does not see the labels of those who call")
        return None
    service = draft.world.service(source)
    told_pods(draft, service)
    return Caller(tuple(sorted(service.labels.items())), service.namespace)


def told_pods(draft: Draft, service: Service) -> None:
    """Say which pods an assumed service is taken to have."""
    if service.is_assumed:
        labels = ", ".join(f"{key}: {value}" for key, value in service.labels.items())
        draft.note(f"the pods of {service.name} are taken to be labelled {labels}")


def pod_labels(draft: Draft) -> dict[str, str]:
    """The labels of the target's pods, those of its subset among them."""
    service, subset = draft.service, draft.behaviour.target.subset
    told_pods(draft, service)
    return {**service.labels, **(service.subset_labels(subset) if subset else {})}


def condition(draft: Draft, match: Match = EVERYTHING) -> Condition:
    """Which requests: the match, and of the target and source what a rule can ask for."""
    query = tuple(each for each in match.query if not each.invert and each.present is not False)
    if query != match.query:
        draft.dropped("match.query", "Istio cannot ask for what a parameter is not")
    names = [each.name.lower() for each in match.headers]
    headers = tuple(
        each for place, each in enumerate(match.headers) if names[place] not in names[:place]
    )
    if headers != match.headers:
        draft.dropped("match.headers", "Istio has one condition for each header; the first stands")
    kept = Match(match.path, match.method, headers, query)
    return condition_of(kept, caller=caller_of(draft), port=draft.behaviour.target.port)


def put_layer(draft: Draft, service: Service, layer: Layer) -> None:
    """Add a layer to the VirtualService of a service's host."""
    if service.port.protocol in {"tcp", "tls"} and not service.is_assumed:
        draft.nearly(f"{service.name} speaks {service.port.protocol}: holds for HTTP only")
    spec = {"hosts": [host_of(service)], "http": [layer]}
    api = networking(draft.world)
    draft.put(native(api, "VirtualService", service.name, service.namespace, spec))
    waypoint(draft, "VirtualService at a waypoint is alpha; Istio recommends HTTPRoute there")


def put_fields(draft: Draft, fields: Native, match: Match = EVERYTHING) -> None:
    """Lay fields over the rules of the target: what is done to requests on the way."""
    layer = Layer(
        condition(draft, match), fields=fields, subset=draft.behaviour.target.subset or ""
    )
    for service in services(draft):
        put_layer(draft, service, layer)


def destination(draft: Draft, service: Service, subset: str | None) -> Native:
    """Where requests go; a subset is defined in the DestinationRule of its host."""
    made: Native = {"host": host_of(service)}
    if subset:
        made["subset"] = subset
        put_subset(draft, service, subset)
    if service.name != draft.behaviour.target.service and len(service.ports) > 1:
        made["port"] = {"number": service.port.number}
    return made


def backend_service(draft: Draft, name: str | None) -> Service:
    """The service of a backend: the target where none is named."""
    return (
        draft.world.service(name, draft.namespace if "." not in name else "")
        if name
        else draft.service
    )


def put_subset(draft: Draft, service: Service, subset: str) -> None:
    """Define a subset of a service by its labels."""
    if subset not in service.subsets:
        draft.note(f"the pods of {subset} are taken to be labelled version: {subset}")
    labels = dict(service.subset_labels(subset))
    put_rule(draft, service, {"subsets": {subset: {"labels": labels}}}, for_all=True)


def put_policy(draft: Draft, policy: Native) -> None:
    """Add to the traffic policy of the target: of all of it, or of one subset or port.

    For the whole mesh it is that of every host; hosts with a rule of their own inherit it here.
    """
    target, service = draft.behaviour.target, draft.service
    waypoint(draft)
    if target.port is not None:
        policy = {"portLevelSettings": {target.port: policy}}
    if draft.is_whole_mesh:
        if target.subset is not None:
            draft.dropped("target.subset", "subsets belong to one service")
        draft.note("a DestinationRule of a host's own, made elsewhere, takes the place of this one")
        put_rule(draft, service, {"trafficPolicy": policy})
    elif target.subset is None:
        put_rule(draft, service, {"trafficPolicy": policy})
    else:
        put_subset(draft, service, target.subset)
        put_rule(draft, service, {"subsets": {target.subset: {"trafficPolicy": policy}}})


def put_rule(draft: Draft, service: Service, spec: Native, *, for_all: bool = False) -> None:
    """Add to the DestinationRule of a host; with a source, to that of its callers alone.

    What is `for_all` is said to every caller though there is a source. Subsets and settings of
    ports are mappings here; `destination_rules` makes lists of them.
    """
    name, namespace, host = service.name, service.namespace, host_of(service)
    if service.name == "*":
        given = draft.behaviour.target.namespace
        name, namespace = "default", given or root_namespace(draft.world)
        host = f"*.{given}.svc.{CLUSTER_DOMAIN}" if given else f"*.svc.{CLUSTER_DOMAIN}"
    whole: Native = {"host": host}
    caller = None if for_all else caller_of(draft)
    if caller is not None:
        name, namespace = f"{name}-from-{_plain(draft.behaviour.source or '')}", caller.namespace
        whole["workloadSelector"] = {"matchLabels": dict(caller.labels)}
    draft.put(
        native(networking(draft.world), "DestinationRule", name, namespace, {**whole, **spec})
    )


def waypoint(draft: Draft, note: str = "") -> str:
    """In ambient mode: the waypoint that the target needs, and what is not the same there.

    One that stands already in the target's namespace is used. Answers its name.
    """
    if not is_ambient(draft):
        return ""
    name = _standing_waypoint(draft)
    if name is None:
        name = "waypoint"
        listener = {"name": "mesh", "port": 15008, "protocol": "HBONE"}
        spec = {"gatewayClassName": WAYPOINT_CLASS, "listeners": [listener]}
        draft.put(native(GATEWAY_API, "Gateway", name, draft.namespace, spec))
    where = "the Service" if draft.behaviour.target.service != "*" else "each namespace"
    draft.note(f"a waypoint does this: label {where} istio.io/use-waypoint: {name}")
    if note:
        draft.nearly(note)
    return name


def _standing_waypoint(draft: Draft) -> str | None:
    for each in draft.world.live:
        metadata = each.get("metadata") or {}
        is_waypoint = (each.get("spec") or {}).get("gatewayClassName") == WAYPOINT_CLASS
        if is_waypoint and metadata.get("namespace") == draft.namespace:
            return str(metadata.get("name"))
    return None


def _plain(name: str) -> str:
    return name.replace(".", "-")
