"""What leaves and enters the mesh: the egress filter, nodes of hosts outside, and gateways."""

import re
from typing import Any

from meshery.adapters.draft import Draft, native
from meshery.behaviours.edge import Egress, Ingress
from meshery.meshes.app_mesh.objects import API_VERSION, GROUP, port_of, put_node
from meshery.meshes.look import name_of, of_kind
from meshery.meshes.plain import live, routed
from meshery.meshes.scope import not_narrowed

_GATEWAY = "ingress-gateway"
_GATEWAY_PORT = 8088


def egress(draft: Draft) -> None:
    """The filter of the whole mesh, and a node with its service for each host."""
    params = draft.params(Egress)
    world = draft.world
    kind = "DROP_ALL" if params.default_deny else "ALLOW_ALL"
    draft.put(native(API_VERSION, "Mesh", world.mesh, "", {"egressFilter": {"type": kind}}))
    if not draft.is_whole_mesh:
        draft.nearly(f"defaultDeny is said for the whole mesh {world.mesh}")
    not_narrowed(draft, port="hosts are told of whole nodes")
    if params.cidrs:
        draft.dropped("cidrs", "App Mesh knows hosts, not networks")
    if params.via_gateway:
        draft.dropped("viaGateway", "App Mesh has no egress gateway")
    backends = []
    for position, host in enumerate(params.hosts):
        if host.startswith("*"):
            draft.dropped(f"hosts[{position}]", f"{host}: a node has one whole host name")
            continue
        backends.append(_put_host(draft, host, params.ports))
    if backends and not params.ports:
        draft.note("ports is 443: a node has to say one")
    if not backends:
        if params.ports:
            draft.dropped("ports", "they are those of hosts, and there is no host")
        return
    if draft.is_whole_mesh:
        draft.nearly("target *: each caller's VirtualNode has to name the hosts in its backends")
        return
    service, subset = draft.service, draft.behaviour.target.subset
    found = {each: {"virtualService": {"virtualServiceRef": {"name": each}}} for each in backends}
    put_node(draft, service, subset, backends=found)


def ingress(draft: Draft) -> None:
    """A VirtualGateway, and a GatewayRoute for each host and path."""
    params = draft.params(Ingress)
    not_narrowed(draft, subset="a gateway leads to services", source="callers are outside")
    gateway = params.gateway_class or _standing_gateway(draft)
    if params.tls:
        draft.dropped("tls", "the listener of a gateway needs a certificate: give it by hand")
    if gateway is None:
        gateway = _GATEWAY
        selector = {"matchLabels": {"app": gateway}}
        mapping = {"port": _GATEWAY_PORT, "protocol": "http"}
        spec = {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": draft.namespace}},
            "podSelector": selector,
            "listeners": [{"portMapping": mapping}],
        }
        draft.put(native(API_VERSION, "VirtualGateway", gateway, draft.namespace, spec))
        draft.nearly(f"the gateway's Envoys are pods of your own with the label app: {gateway}")
    else:
        draft.nearly(f"gatewayClass {gateway} has to select this namespace's GatewayRoutes")
    for position, _ in enumerate(params.routes):
        if params.routes[position].subset is not None:
            draft.dropped(f"routes[{position}].subset", "a gateway leads to services")
    for name in sorted({service.name for _, service in routed(draft)}):
        if live(draft.world, API_VERSION, "VirtualService", name, draft.namespace) is None:
            draft.nearly(f"the gateway leads to VirtualService {name}, which has to exist")
    hosts = params.hosts or ("",)
    number = 0
    for host in hosts:
        for path, service in routed(draft):
            number += 1
            if (
                live(draft.world, API_VERSION, "VirtualService", service.name, draft.namespace)
                is None
            ):
                draft.nearly(f"the gateway leads to VirtualService {service.name}: it has to exist")
            _put_gateway_route(draft, f"{draft.behaviour.name}-{number}", host, path, service.name)


def _put_host(draft: Draft, host: str, ports: tuple[int, ...]) -> str:
    name = re.sub(r"[^a-z0-9-]", "-", host.lower())
    listeners = {
        str(port): {"portMapping": {"port": port, "protocol": "tcp"}} for port in ports or (443,)
    }
    spec = {"listeners": listeners, "serviceDiscovery": {"dns": {"hostname": host}}}
    draft.put(native(API_VERSION, "VirtualNode", name, draft.namespace, spec))
    provider = {"virtualNode": {"virtualNodeRef": {"name": name}}}
    virtual = {"awsName": host, "provider": provider}
    draft.put(native(API_VERSION, "VirtualService", name, draft.namespace, virtual))
    return name


def _put_gateway_route(draft: Draft, name: str, host: str, path: str, service: str) -> None:
    match: dict[str, Any] = {"prefix": "/"}
    if path.rstrip("/"):
        match = {"path": {"regex": f"{re.escape(path.rstrip('/'))}(/.*)?"}}
    if host:
        is_wild = host.startswith("*.")
        match["hostname"] = {"suffix": host[1:]} if is_wild else {"exact": host}
    target: dict[str, Any] = {"virtualService": {"virtualServiceRef": {"name": service}}}
    asked = draft.behaviour.target.port
    if asked is not None:
        target["port"] = port_of(draft).number
    spec = {"httpRoute": {"match": match, "action": {"target": target}}}
    draft.put(native(API_VERSION, "GatewayRoute", name, draft.namespace, spec))


def _standing_gateway(draft: Draft) -> str | None:
    found = next(of_kind(draft.world.live, "VirtualGateway", GROUP), None)
    return name_of(found) if found is not None else None
