"""Egress: which hosts outside the mesh may be called, and by which way.

A ServiceEntry makes a host known, a Sidecar decides what becomes of those that are not, and an
egress gateway is a Gateway with a VirtualService that leads there and out again.

Source: Istio's references of ServiceEntry, Sidecar and Gateway, and its task "Egress Gateways",
1.31, read on 2026-11-22.
"""

from collections.abc import Iterable
from typing import Any

from meshery.adapters.draft import Draft, native
from meshery.behaviours.edge import Egress
from meshery.behaviours.rendering import Service
from meshery.meshes.istio.drafting import is_ambient, pod_labels, waypoint
from meshery.meshes.istio.naming import host_of, networking, root_namespace

Native = dict[str, Any]

EGRESS_GATEWAY = "istio-egressgateway"
EGRESS_LABELS = {"istio": "egressgateway"}
"""Release name of the chart of an egress gateway, and the label that its pods have by it."""

_PLAIN = frozenset({80, 8000, 8080})
_ENCRYPTED = frozenset({443, 8443})
_USUAL = (80, 443)


def egress(draft: Draft) -> None:
    """ServiceEntries of hosts and networks, and how the rest is treated."""
    params, target = draft.params(Egress), draft.behaviour.target
    ports = params.ports or _USUAL
    if target.port is not None:
        draft.dropped("target.port", "it is what the target calls that is meant")
    if is_ambient(draft) and not draft.is_whole_mesh:
        draft.nearly("hosts are opened for every pod of the namespace: no pod is selected here")
    if target.subset is not None and (draft.is_whole_mesh or is_ambient(draft)):
        draft.dropped("target.subset", "the hosts are opened for the whole namespace")
    if not params.ports and (params.hosts or params.cidrs):
        draft.note("ports are 80 and 443, since none is named")
    names = [each for each in params.hosts if not each.startswith("*.")]
    wild = [each for each in params.hosts if each.startswith("*.")]
    if names:
        _put_entry(draft, "", {"hosts": names, "resolution": "DNS"}, _ports(ports))
        _told_nameless(draft, _ports(ports))
    if wild:
        _wildcards(draft, wild, ports)
    if params.cidrs:
        _networks(draft, params)
    if params.via_gateway:
        _via_gateway(draft, names, ports)
    _rest(draft, params)


def _told_nameless(draft: Draft, ports: list[Native]) -> None:
    bare = [str(each["number"]) for each in ports if each["protocol"] == "TCP"]
    if bare:
        draft.nearly(f"ports {', '.join(bare)} are taken for TCP, where no name tells hosts apart")


def _wildcards(draft: Draft, hosts: list[str], ports: Iterable[int]) -> None:
    if is_ambient(draft):
        draft.nearly("hosts with * are passed through as they are resolved by the caller")
    made = [
        each if each["protocol"] != "TCP" else {**each, "protocol": "TLS"} for each in _ports(ports)
    ]
    if made != _ports(ports):
        draft.nearly("hosts with * are told apart by name, so ports without HTTP are TLS")
    _put_entry(draft, "-wildcard", {"hosts": hosts, "resolution": "NONE"}, made)


def _networks(draft: Draft, params: Egress) -> None:
    host = f"{draft.behaviour.name}.networks.internal"
    ports = [
        {"number": number, "name": f"tcp-{number}", "protocol": "TCP"}
        for number in params.ports or _USUAL
    ]
    spec = {"hosts": [host], "addresses": list(params.cidrs), "resolution": "NONE"}
    _put_entry(draft, "-networks", spec, ports)


def _put_entry(draft: Draft, suffix: str, spec: Native, ports: list[Native]) -> None:
    whole: Native = {**spec, "location": "MESH_EXTERNAL", "ports": ports}
    by_gateway = draft.params(Egress).via_gateway and not suffix
    if not draft.is_whole_mesh or draft.behaviour.target.namespace:
        root = [root_namespace(draft.world)] if by_gateway else []
        whole["exportTo"] = [".", *root]
    name, namespace = f"{draft.behaviour.name}{suffix}", _namespace(draft)
    made = native(networking(draft.world), "ServiceEntry", name, namespace, whole)
    if by_gateway and is_ambient(draft):
        draft.note("the waypoint is the gateway of these hosts")
        made["metadata"]["labels"] = {"istio.io/use-waypoint": waypoint(draft)}
    draft.put(made)


def _ports(numbers: Iterable[int]) -> list[Native]:
    """Ports with what is spoken there, by custom: HTTP at 80, TLS at 443, else TCP."""
    made = []
    for number in dict.fromkeys(numbers):
        protocol = "HTTP" if number in _PLAIN else "TLS" if number in _ENCRYPTED else "TCP"
        made.append(
            {"number": number, "name": f"{protocol.lower()}-{number}", "protocol": protocol}
        )
    return made


def _rest(draft: Draft, params: Egress) -> None:
    """What becomes of hosts that nobody named: a Sidecar says so, for those it selects."""
    if is_ambient(draft):
        if params.default_deny:
            draft.dropped(
                "default_deny", "there are no sidecars to refuse: use a NetworkPolicy for the rest"
            )
        else:
            draft.note(
                "defaultDeny false is what the node's proxy does with hosts it does not know"
            )
        return
    mode = "REGISTRY_ONLY" if params.default_deny else "ALLOW_ANY"
    spec: Native = {"outboundTrafficPolicy": {"mode": mode}}
    if params.default_deny:
        draft.note(
            "a proxy that can be circumvented is no wall: hold back the pods by a NetworkPolicy too"
        )
    name = "default"
    if not draft.is_whole_mesh:
        name = draft.service.name
        spec = {"workloadSelector": {"labels": pod_labels(draft)}, **spec}
        if len(params.hosts) + len(params.cidrs):
            draft.note("what others of the namespace may call is known here too")
    draft.put(native(networking(draft.world), "Sidecar", name, _namespace(draft), spec))


def _via_gateway(draft: Draft, names: list[str], ports: Iterable[int]) -> None:
    if len(names) < len(draft.params(Egress).hosts) or draft.params(Egress).cidrs:
        draft.dropped("via_gateway", "for hosts with * and networks Istio has no common way out")
    if not names or is_ambient(draft):
        return
    gateway = draft.world.service(EGRESS_GATEWAY, root_namespace(draft.world))
    draft.note(
        f"pods labelled istio: egressgateway have to run, and the Service {gateway.name} to have "
        "these ports"
    )
    api, namespace = networking(draft.world), _namespace(draft)
    name = f"{draft.behaviour.name}-egress"
    servers = [_server(names, port) for port in _ports(ports)]
    spec: Native = {"selector": EGRESS_LABELS, "servers": servers}
    draft.put(native(api, "Gateway", name, namespace, spec))
    for host in names:
        rules = _ways(host, name, gateway, _ports(ports))
        spec = {"hosts": [host], "gateways": ["mesh", name], **rules}
        called = host.replace(".", "-")
        draft.put(native(api, "VirtualService", f"{name}-{called}", namespace, spec))


def _server(hosts: list[str], port: Native) -> Native:
    made = {"port": port, "hosts": hosts}
    return {**made, "tls": {"mode": "PASSTHROUGH"}} if port["protocol"] == "TLS" else made


def _ways(host: str, gateway: str, service: Service, ports: list[Native]) -> Native:
    """For each port a rule from the mesh to the gateway, and one from there to the host."""
    rules: Native = {}
    for port in ports:
        kind = {"HTTP": "http", "TLS": "tls"}.get(port["protocol"], "tcp")
        for place, to in (("mesh", host_of(service)), (gateway, host)):
            match: Native = {"gateways": [place], "port": port["number"]}
            if kind == "tls":
                match["sniHosts"] = [host]
            way = {"destination": {"host": to, "port": {"number": port["number"]}}}
            rules.setdefault(kind, []).append({"match": [match], "route": [way]})
    return rules


def _namespace(draft: Draft) -> str:
    if draft.is_whole_mesh:
        return draft.behaviour.target.namespace or root_namespace(draft.world)
    return draft.service.namespace
