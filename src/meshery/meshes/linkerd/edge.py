"""Ways out of the mesh (2.17 and later) and ways in, which are another product's gateway."""

from typing import Any

from meshery.adapters.draft import Draft, native
from meshery.behaviours.edge import Egress, Ingress, IngressRoute
from meshery.meshes.linkerd.parts import POLICY, line_of, subset_service
from meshery.meshes.linkerd.routes import GATEWAY

EGRESS_LINE = 17
GLOBAL_EGRESS = "linkerd-egress"
"""Its EgressNetworks hold for all namespaces; the chart's egress.globalEgressNetworkNamespace."""


def egress(draft: Draft) -> None:
    """An EgressNetwork for everything outside, and routes for what may be called."""
    params = draft.params(Egress)
    if line_of(draft) < EGRESS_LINE:
        draft.unsupported(
            "EgressNetwork came with Linkerd 2.17", "upgrade, or a NetworkPolicy of the cluster"
        )
        return
    home = GLOBAL_EGRESS if draft.is_whole_mesh else draft.namespace
    if not draft.is_whole_mesh:
        draft.nearly(f"every client in the namespace {home} is held to it, not only the target")
    _narrowed(draft)
    if params.via_gateway:
        draft.dropped("via_gateway", "the proxies leave by themselves, there is no gateway")
    name = draft.behaviour.name
    policy = "Deny" if params.default_deny else "Allow"
    draft.put(_network(name, home, {"trafficPolicy": policy}))
    if params.hosts:
        _hosts(draft, params, name, home)
    if params.cidrs:
        _cidrs(draft, params, name, home)
    if params.ports and not params.hosts and not params.cidrs:
        draft.dropped("ports", "everything outside is open, whatever its port")


def ingress(draft: Draft) -> None:
    """A Gateway of the class that is named; Linkerd has none of its own."""
    params = draft.params(Ingress)
    if params.gateway_class is None:
        draft.unsupported(
            "Linkerd has no ingress of its own",
            "name the gatewayClass of a gateway that stands in the mesh (annotated "
            "linkerd.io/inject: ingress where it picks endpoints itself)",
        )
        return
    draft.nearly(f"the gateway is that of class {params.gateway_class}; its pods have to be meshed")
    name, home = draft.behaviour.name, draft.service.namespace
    listener: dict[str, Any] = {"name": "http", "port": 80, "protocol": "HTTP"}
    if params.tls:
        secret = {"name": f"{name}-tls"}
        listener = {"name": "https", "port": 443, "protocol": "HTTPS"}
        listener["tls"] = {"mode": "Terminate", "certificateRefs": [secret]}
        draft.note(f"the certificate is expected in the Secret {home}/{name}-tls")
    spec = {"gatewayClassName": params.gateway_class, "listeners": [listener]}
    version = f"{GATEWAY}/{'v1' if line_of(draft) >= 18 else 'v1beta1'}"
    draft.put(native(version, "Gateway", name, home, spec))
    route: dict[str, Any] = {
        "parentRefs": [{"group": GATEWAY, "kind": "Gateway", "name": name}],
        "rules": [_rule(draft, each) for each in params.routes or (IngressRoute(),)],
    }
    if params.hosts:
        route["hostnames"] = list(params.hosts)
    draft.put(native(version, "HTTPRoute", name, home, route))
    if draft.behaviour.source is not None:
        draft.dropped("source", "whoever reaches the gateway comes in")
    if params.routes and all(each.service is not None for each in params.routes):
        target = draft.behaviour.target
        for word, given in (("port", target.port), ("subset", target.subset)):
            if given is not None:
                draft.dropped(word, "every route names a service of its own")


def _hosts(draft: Draft, params: Egress, name: str, home: str) -> None:
    """Hosts by TLS's server name and by HTTP's host, at the ports that are asked for."""
    hosts = list(params.hosts)
    for kind, version in (("TLSRoute", "v1alpha2"), ("HTTPRoute", "v1")):
        read = "v1beta1" if kind == "HTTPRoute" and line_of(draft) < 18 else version
        spec = {
            "parentRefs": _parents(name, params.ports),
            "hostnames": hosts,
            "rules": [{"backendRefs": [_back(name)]}],
        }
        made = native(f"{GATEWAY}/{read}", kind, f"{name}-{kind[:-5].lower()}", home, spec)
        draft.put(made)


def _cidrs(draft: Draft, params: Egress, name: str, home: str) -> None:
    """Networks as an EgressNetwork of their own: the smaller one that matches decides."""
    inner = f"{name}-cidrs"
    policy = "Deny" if params.ports else "Allow"
    networks = [{"cidr": each} for each in params.cidrs]
    draft.put(_network(inner, home, {"networks": networks, "trafficPolicy": policy}))
    if params.ports:
        spec = {
            "parentRefs": _parents(inner, params.ports),
            "rules": [{"backendRefs": [_back(inner)]}],
        }
        draft.put(native(f"{GATEWAY}/v1alpha2", "TCPRoute", inner, home, spec))
    if params.hosts:
        draft.note("a host whose address lies in one of the networks is held to the network's rule")


def _network(name: str, home: str, spec: dict[str, Any]) -> dict[str, Any]:
    return native(f"{POLICY}/v1alpha1", "EgressNetwork", name, home, spec)


def _parents(name: str, ports: tuple[int, ...]) -> list[dict[str, Any]]:
    parent = {"group": POLICY, "kind": "EgressNetwork", "name": name}
    return [{**parent, "port": port} for port in ports] or [parent]


def _back(name: str) -> dict[str, Any]:
    return {"group": POLICY, "kind": "EgressNetwork", "name": name}


def _narrowed(draft: Draft) -> None:
    if draft.behaviour.target.port is not None:
        draft.dropped("port", "ports of an egress are its own parameter")
    if draft.behaviour.target.subset is not None:
        draft.dropped("subset", "an EgressNetwork holds for a namespace")


def _rule(draft: Draft, wanted: IngressRoute) -> dict[str, Any]:
    service = draft.service
    if wanted.service is not None:
        home = "" if "." in wanted.service else draft.namespace
        service = draft.world.service(wanted.service, home)
    port = service.port.number
    if wanted.service is None and draft.behaviour.target.port is not None:
        port = draft.behaviour.target.port
    subset = wanted.subset or (draft.behaviour.target.subset if wanted.service is None else None)
    if subset is not None:
        service = subset_service(draft, service, subset)
    back: dict[str, Any] = {"name": service.name, "port": port}
    if service.namespace != draft.service.namespace:
        back["namespace"] = service.namespace
        draft.note(f"a ReferenceGrant in {service.namespace} has to allow the route")
    path = {"type": "PathPrefix", "value": wanted.path}
    return {"matches": [{"path": path}], "backendRefs": [back]}
