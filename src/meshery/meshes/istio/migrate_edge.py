"""The mesh's edge read back: egress of a namespace or service, ingress by gateway and host."""

from collections.abc import Iterator, Sequence
from typing import Any

from meshery.adapters.draft import Object
from meshery.meshes.istio.naming import NETWORKING_GROUP, ROOT_NAMESPACE
from meshery.meshes.istio.notes import Native, own, service_of_labels, split_host
from meshery.meshes.istio.reading import conditions
from meshery.meshes.look import name_of, namespace_of, of_kind
from meshery.meshes.translation import Translation


def read_egress(notes: Translation, objects: Sequence[Object]) -> None:
    """One egress for each ServiceEntry of hosts outside; a Sidecar says what becomes of others."""
    sidecars = list(of_kind(objects, "Sidecar", NETWORKING_GROUP))
    for each in sidecars:
        if own(each, "egress") or own(each, "ingress"):
            notes.lost(each, "what sidecars know of is no behaviour")
    for entry in of_kind(objects, "ServiceEntry", NETWORKING_GROUP):
        if own(entry, "location") == "MESH_INTERNAL" or own(entry, "endpoints"):
            notes.lost(entry, "hosts with endpoints of their own are no egress")
            continue
        target, denied = _scope(entry, sidecars)
        params: dict[str, Any] = {} if denied else {"defaultDeny": False}
        networks = [each for each in own(entry, "addresses") or [] if "/" in str(each)]
        if networks:
            params["cidrs"] = networks
        else:
            params["hosts"] = list(own(entry, "hosts") or [])
        ports = [each.get("number") for each in own(entry, "ports") or []]
        if ports:
            params["ports"] = ports
        notes.behaviour(name_of(entry), "egress", target, params)


def _scope(entry: Object, sidecars: Sequence[Object]) -> tuple[dict[str, str], bool]:
    """Whose egress it is, and whether all else is refused there."""
    namespace = namespace_of(entry)
    everywhere = namespace == ROOT_NAMESPACE and not own(entry, "exportTo")
    for each in sidecars:
        mode = (own(each, "outboundTrafficPolicy") or {}).get("mode")
        if namespace_of(each) != namespace or mode is None:
            continue
        labels = (own(each, "workloadSelector") or {}).get("labels")
        if labels:
            target, _ = service_of_labels(labels, each)
            return {key: str(value) for key, value in target.items()}, mode == "REGISTRY_ONLY"
        return _whole(namespace, everywhere=everywhere), mode == "REGISTRY_ONLY"
    return _whole(namespace, everywhere=everywhere), False


def _whole(namespace: str, *, everywhere: bool) -> dict[str, str]:
    return {"service": "*"} if everywhere else {"service": "*", "namespace": namespace}


def read_ingress(notes: Translation, objects: Sequence[Object]) -> None:
    """One ingress for each VirtualService at a gateway that stands among the objects."""
    gateways = {
        (namespace_of(each), name_of(each)): each
        for each in of_kind(objects, "Gateway", NETWORKING_GROUP)
    }
    for route in of_kind(objects, "VirtualService", NETWORKING_GROUP):
        named = [each for each in own(route, "gateways") or [] if each != "mesh"]
        found = [gateways[place] for each in named if (place := _place(each, route)) in gateways]
        if named and not found:
            notes.lost(route, "its gateway is not among the objects")
        elif found and "mesh" not in (own(route, "gateways") or []):
            _ingress(notes, route, found[0])


def _ingress(notes: Translation, route: Object, gateway: Object) -> None:
    routes: list[dict[str, Any]] = []
    for rule in own(route, "http") or []:
        routes += _routes(notes, route, rule)
    if not routes:
        return
    hosts = [each for each in own(route, "hosts") or [] if each != "*"]
    tls = all(
        (each.get("tls") or {}).get("mode") in {"SIMPLE", "MUTUAL"}
        or (each.get("tls") or {}).get("httpsRedirect")
        for each in own(gateway, "servers") or []
    )
    last = routes[-1]["service"]
    name, _, home = last.partition(".")
    params = {
        **({"hosts": hosts} if hosts else {}),
        **({"tls": True} if tls else {}),
        "routes": routes,
    }
    target = {"service": name, "namespace": home or namespace_of(route)}
    notes.behaviour(name_of(route), "ingress", target, params)


def _routes(notes: Translation, route: Object, rule: Native) -> Iterator[dict[str, Any]]:
    ways = rule.get("route") or []
    if len(ways) != 1 or rule.get("redirect"):
        notes.lost(route, "a rule with several destinations, or none, is said by a split")
    if not ways:
        return
    destination = ways[0].get("destination") or {}
    name, home = split_host(str(destination.get("host", "")), namespace_of(route))
    to: dict[str, Any] = {
        "service": name if home in {"", namespace_of(route)} else f"{name}.{home}"
    }
    if destination.get("subset") and len(ways) == 1:
        to["subset"] = destination["subset"]
    for condition in conditions(
        [
            {key: value for key, value in each.items() if key != "gateways"}
            for each in rule.get("match") or []
        ]
    ):
        path = condition.path if condition is not None else None
        if condition is None or (path is not None and path.regex is not None):
            notes.lost(route, "ingress is by host and path; a match asks for more")
            continue
        prefix = (path.prefix or path.exact or "/") if path is not None else "/"
        yield {"path": prefix, **to}


def _place(named: str, route: Object) -> tuple[str, str]:
    namespace, _, name = str(named).rpartition("/")
    return namespace or namespace_of(route), name
