"""egress and ingress: the mesh's edge."""

from typing import Any

from meshery.adapters.draft import Draft, native
from meshery.behaviours.edge import Egress, Ingress, IngressRoute
from meshery.meshes.gateway_ingress import put_gateway
from meshery.meshes.kuma import era, references
from meshery.meshes.kuma.policy import API_VERSION, put
from meshery.meshes.subsets import subset_service, target_port

Object = dict[str, Any]

_PLAIN_PORTS = {80, 8000, 8080}
_DELEGATED = (
    "a gateway of your own whose pods are in the mesh (a delegated gateway); "
    "give gatewayClass, and its Gateway and HTTPRoute are written"
)


def egress(draft: Draft) -> None:
    """MeshPassthrough; through a zone egress MeshExternalService."""
    params = draft.params(Egress)
    if not era.has(draft.world, "2.8"):
        draft.unsupported(
            "MeshPassthrough came with 2.8",
            "an ExternalService for each host, and Mesh.networking.outbound.passthrough: false",
        )
        return
    if draft.behaviour.target.port is not None:
        draft.dropped("port", "what leaves a proxy is told apart by where it goes")
    if params.via_gateway:
        _via_gateway(draft, params)
    if not params.default_deny:
        conf: Object = {"passthroughMode": "All"}
        named = [name for name in ("hosts", "cidrs", "ports") if getattr(params, name)]
        if named:
            draft.note(f"{', '.join(named)}: defaultDeny is false, so everything else is open too")
    else:
        matched = _matches(draft, params)
        conf = {"passthroughMode": "Matched" if matched else "None"}
        if matched:
            conf["appendMatch"] = matched
    _passthrough(draft, conf)


def _passthrough(draft: Draft, conf: Object) -> None:
    target = draft.behaviour.target
    if draft.is_whole_mesh:
        system = era.system_namespace(draft.world)
        put(draft, "MeshPassthrough", system, {"targetRef": {"kind": "Mesh"}, "default": conf})
        draft.note(f"a system policy in {system}: every proxy of the mesh is meant")
        return
    service = draft.service
    top = references.proxies(draft, service, target.subset)
    parts = [service.name, *([target.subset] if target.subset else [])]
    spec = {"targetRef": top, "default": conf}
    put(draft, "MeshPassthrough", service.namespace, spec, "-".join(parts))
    draft.note(f"a policy in {service.namespace}, of the proxies that call")


def _matches(draft: Draft, params: Egress) -> list[Object]:
    found: list[Object] = []
    hosts = () if params.via_gateway else params.hosts
    if params.via_gateway:
        # Who calls through the zone egress still has wildcards and networks to go directly.
        hosts = tuple(host for host in params.hosts if host.startswith("*"))
    for host in hosts:
        found += _of_host(draft, host, params.ports)
    for cidr in params.cidrs:
        base: Object = {"type": "CIDR", "value": cidr}
        ports = params.ports or (None,)
        found += [
            {**base, **({} if port is None else {"port": port}), "protocol": "tcp"}
            for port in ports
        ]
    return found


def _of_host(draft: Draft, host: str, ports: tuple[int, ...]) -> list[Object]:
    """A domain cannot be opened for plain TCP: what is spoken is told by its port."""
    base: Object = {"type": "Domain", "value": host}
    if not ports and not host.startswith("*") and era.has(draft.world, "3.0"):
        draft.nearly("without ports a host is opened at 443 and 80: from 3.0 on each needs a port")
        ports = (443, 80)
    elif not ports:
        draft.note("without ports a host is opened for TLS at any port and for HTTP at port 80")
        return [{**base, "protocol": "tls"}, {**base, "port": 80, "protocol": "http"}]
    draft.note("ports 80, 8000 and 8080 are taken for HTTP, all others for TLS")
    return [
        {**base, "port": port, "protocol": "http" if port in _PLAIN_PORTS else "tls"}
        for port in ports
    ]


def _via_gateway(draft: Draft, params: Egress) -> None:
    system = era.system_namespace(draft.world)
    draft.nearly(
        "through the zone egress a host is called by a name of the mesh, NAME.extsvc.mesh.local; "
        "a zone egress has to run and callers need an identity"
    )
    for host in params.hosts:
        if host.startswith("*"):
            draft.dropped("via_gateway", f"{host}: a MeshExternalService has no wildcards")
            continue
        for port in params.ports or (443,):
            name = host.lower().replace(".", "-") + ("" if len(params.ports) < 2 else f"-{port}")
            spoken = "http" if port in _PLAIN_PORTS else "tcp"
            spec = {
                "match": {"type": "HostnameGenerator", "port": port, "protocol": spoken},
                "endpoints": [{"address": host, "port": port}],
            }
            put(draft, "MeshExternalService", system, spec, name)
    if params.cidrs:
        draft.dropped("via_gateway", "networks are opened directly: only hosts have an egress")


def ingress(draft: Draft) -> None:
    """2.x: the built-in gateway. 3.x has none: a gateway of your own, by the Gateway API."""
    params = draft.params(Ingress)
    if draft.behaviour.source is not None:
        draft.dropped("source", "who calls from outside is not told apart")
    if era.has(draft.world, "3.0"):
        if params.gateway_class is None:
            draft.unsupported("the built-in gateway was removed in 3.0", _DELEGATED)
            return
        put_gateway(draft, class_name=params.gateway_class, subset_service=subset_service)
        draft.nearly(
            f"Kuma has no gateway: {params.gateway_class} is another's class, whose pods join the "
            "mesh with traffic.kuma.io/exclude-inbound-ports; their Service has kuma.io/ignore"
        )
        return
    if params.gateway_class is not None:
        draft.dropped("gateway_class", "the built-in gateway is a MeshGateway, which has no class")
    _built_in(draft, params)


def _built_in(draft: Draft, params: Ingress) -> None:
    """A gateway for each behaviour: in one of a service the hosts and rules of two would mix."""
    name, world = f"{draft.behaviour.name}-gateway", draft.world
    tag = f"{name}_{draft.namespace}_svc"
    listeners = [
        _listener(draft, host, f"{name}-tls" if params.tls else None)
        for host in params.hosts or ("*",)
    ]
    gateway = native(
        API_VERSION,
        "MeshGateway",
        name,
        "",
        {
            "selectors": [{"match": {"kuma.io/service": tag}}],
            "conf": {"listeners": listeners},
        },
    )
    gateway["mesh"] = world.mesh
    draft.put(gateway)
    spec = {"replicas": 1, "serviceType": "LoadBalancer", "tags": {"kuma.io/service": tag}}
    instance = native(API_VERSION, "MeshGatewayInstance", name, draft.namespace, spec)
    instance["metadata"]["labels"] = {"kuma.io/mesh": world.mesh}
    draft.put(instance)
    top = {"kind": "MeshGateway", "name": name}
    rules = {str(place): rule for place, rule in enumerate(_rules(draft, params))}
    to = {"mesh": {"targetRef": references.WHOLE_MESH, "rules": rules}}
    put(
        draft,
        "MeshHTTPRoute",
        era.system_namespace(world),
        {"targetRef": top, "to": to},
        name,
    )


def _listener(draft: Draft, host: str, secret: str | None) -> Object:
    found: Object = {"port": 443 if secret else 80, "protocol": "HTTPS" if secret else "HTTP"}
    if host != "*":
        found["hostname"] = host
    if secret is not None:
        found["tls"] = {"mode": "TERMINATE", "certificates": [{"secret": secret}]}
        draft.note(
            f"tls: the Secret {secret} (type system.kuma.io/secret, certificate and key) has to be "
            f"in {era.system_namespace(draft.world)}"
        )
    return found


def _rules(draft: Draft, params: Ingress) -> list[Object]:
    """The rules of the gateway, the longest path first; all to the target where none is said."""
    target = draft.behaviour.target
    routes = params.routes or (IngressRoute(subset=target.subset),)
    return [_rule(draft, each) for each in sorted(routes, key=lambda route: -len(route.path))]


def _rule(draft: Draft, route: IngressRoute) -> Object:
    service, subset = draft.service, route.subset
    if route.service is not None:
        home = "" if "." in route.service else draft.namespace
        service = draft.world.service(route.service, home)
    elif subset is None:
        subset = draft.behaviour.target.subset
    port = None if route.service else target_port(draft)
    backend = references.backend(draft, service, subset, port=port)
    path = {"type": "PathPrefix", "value": route.path.rstrip("/") or "/"}
    return {"matches": [{"path": path}], "default": {"backendRefs": [backend]}}
