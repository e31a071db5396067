"""Ways out through a terminating gateway, ways in through an API gateway."""

import ipaddress
from typing import Any

from meshery.adapters.draft import Draft, native
from meshery.behaviours.edge import Egress, Ingress, IngressRoute
from meshery.behaviours.rendering import Service
from meshery.meshes.consul.intentions import ALL, put_rule
from meshery.meshes.consul.parts import entry, one_name, since, speaks_http, whole_service
from meshery.meshes.consul.security import control_namespace

GATEWAY_API = "gateway.networking.k8s.io/v1beta1"
TERMINATING = "terminating-gateway"
"""The name that the chart gives its terminating gateway."""


def egress(draft: Draft) -> None:
    """Destinations outside as services of a terminating gateway, and leave to call them."""
    params = draft.params(Egress)
    if not since(draft, "1.13"):
        draft.unsupported("destinations outside came with Consul 1.13", "upgrade to 1.13 or later")
        return
    whole_service(draft)
    only = {"transparentProxy": {"meshDestinationsOnly": params.default_deny}}
    draft.put(entry("Mesh", "mesh", control_namespace(draft), only))
    if not draft.is_whole_mesh:
        draft.nearly("whether other destinations are open (defaultDeny) holds for the whole mesh")
    addresses = [*_hosts(draft, params), *_addresses(draft, params)]
    if not addresses:
        if params.ports:
            draft.dropped("ports", "no destination is named")
        if params.via_gateway:
            draft.dropped("via_gateway", "no destination is named")
        return
    if not params.via_gateway:
        draft.nearly(f"the way out (viaGateway) is always a gateway, here {TERMINATING}")
    else:
        draft.note(f"the gateway (viaGateway) is {TERMINATING}, which the chart has to install")
    draft.note(f"where ACLs are on, the role of {TERMINATING} needs service:write for these names")
    ports = params.ports or (443,)
    if not params.ports:
        draft.nearly("ports are 443: a destination of Consul needs one")
    for port in ports:
        _destination(draft, addresses, port)


def ingress(draft: Draft) -> None:
    """A Gateway of Consul's class, a route, and leave for the gateway to call."""
    params = draft.params(Ingress)
    if not since(draft, "1.16"):
        draft.unsupported(
            "the API gateway is part of Consul from 1.16 on",
            "upgrade, or an IngressGateway, which the vendor has deprecated",
        )
        return
    if draft.behaviour.source is not None:
        draft.dropped("source", "whoever reaches the gateway comes in")
    name, home = draft.behaviour.name, draft.service.namespace
    listener: dict[str, Any] = {"name": "http", "port": 80, "protocol": "HTTP"}
    if params.tls:
        secret = {"kind": "Secret", "name": f"{name}-tls"}
        listener = {"name": "https", "port": 443, "protocol": "HTTPS"}
        listener["tls"] = {"mode": "Terminate", "certificateRefs": [secret]}
        draft.note(f"the certificate is expected in the Secret {home}/{name}-tls")
    if params.gateway_class not in {None, "consul"}:
        draft.nearly(f"gatewayClass {params.gateway_class} has to be one of Consul's controller")
    spec = {"gatewayClassName": params.gateway_class or "consul", "listeners": [listener]}
    draft.put(native(GATEWAY_API, "Gateway", name, home, spec))
    rules = [_rule(draft, each) for each in params.routes or (IngressRoute(),)]
    if draft.fidelity == "unsupported":
        draft.objects.clear()
        return
    group = GATEWAY_API.partition("/")[0]
    parent = {"group": group, "kind": "Gateway", "name": name}
    route: dict[str, Any] = {"parentRefs": [parent], "rules": rules}
    if params.hosts:
        route["hostnames"] = list(params.hosts)
    draft.put(native(GATEWAY_API, "HTTPRoute", name, home, route))
    if draft.behaviour.target.subset is not None:
        draft.dropped("subset", "routes of the gateway lead to services")


def finished_gateway(made: dict[str, Any]) -> dict[str, Any]:
    """A TerminatingGateway with its services as a list."""
    services = made["spec"]["services"]
    made["spec"]["services"] = [{"name": name, **each} for name, each in services.items()]
    return made


def _destination(draft: Draft, addresses: list[str], port: int) -> None:
    name = f"{draft.behaviour.name}-{port}"
    protocol = "http" if port == 80 else "tcp"
    spec = {"protocol": protocol, "destination": {"addresses": addresses, "port": port}}
    draft.put(entry("ServiceDefaults", name, draft.namespace, spec))
    linked: dict[str, Any] = {"services": {name: {}}}
    draft.put(entry("TerminatingGateway", TERMINATING, control_namespace(draft), linked))
    caller = ALL if draft.is_whole_mesh else one_name(draft, draft.service)
    put_rule(draft, name, namespace=draft.namespace, action="allow", sources=[caller], closes=False)


def _hosts(draft: Draft, params: Egress) -> list[str]:
    wild = [host for host in params.hosts if host.startswith("*")]
    if wild:
        draft.dropped("hosts", f"{', '.join(wild)}: Consul takes whole names only")
    return [host for host in params.hosts if host not in wild]


def _addresses(draft: Draft, params: Egress) -> list[str]:
    networks = [ipaddress.ip_network(each) for each in params.cidrs]
    wide = [str(each) for each in networks if each.num_addresses > 1]
    if wide:
        draft.dropped("cidrs", f"{', '.join(wide)}: Consul takes single addresses only")
    return [str(each.network_address) for each in networks if each.num_addresses == 1]


def _rule(draft: Draft, wanted: IngressRoute) -> dict[str, Any]:
    service = draft.service
    port = draft.behaviour.target.port or service.port.number
    if draft.behaviour.target.port is not None and wanted.service is None:
        draft.note(f"the route leads to port {port} of {service.name}")
    if wanted.service is not None:
        home = "" if "." in wanted.service else draft.namespace
        service = draft.world.service(wanted.service, home)
        port = service.port.number
        if draft.behaviour.target.port is not None:
            draft.dropped("port", f"the route leads to {service.name} at its own port")
    if wanted.subset is not None:
        draft.dropped("subset", "routes of the gateway lead to services")
    speaks_http(draft, service, alternative="a TCPRoute for services that do not speak HTTP")
    _let_in(draft, service)
    back: dict[str, Any] = {"kind": "Service", "name": service.name, "port": port}
    if service.namespace != draft.service.namespace:
        back["namespace"] = service.namespace
        draft.note(f"a ReferenceGrant in {service.namespace} has to allow the route")
    path = {"type": "PathPrefix", "value": wanted.path}
    return {"matches": [{"path": path}], "backendRefs": [back]}


def _let_in(draft: Draft, service: Service) -> None:
    put_rule(
        draft,
        service.name,
        namespace=service.namespace,
        action="allow",
        sources=[draft.behaviour.name],
        closes=False,
    )
