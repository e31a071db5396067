"""Trust, and what leaves and enters the mesh: mTLS, access, egress, ingress."""

from meshery.adapters.draft import Draft, native
from meshery.behaviours.edge import Egress, Ingress
from meshery.behaviours.rendering import Service
from meshery.behaviours.security import Mtls
from meshery.meshes.look import dig, of_kind
from meshery.meshes.osm.objects import DIALECT, POLICY, account, mesh_config, mesh_namespace
from meshery.meshes.plain import ingress as ingress_object
from meshery.meshes.plain import routed, subset_name, subset_service, target_port
from meshery.meshes.scope import asked_of, not_narrowed
from meshery.meshes.smi.access import write_access

_PROTOCOLS = {80: "http", 443: "https"}
# The Service of each ingress controller that the project's guides name, by ingress class.
_CONTROLLERS = {
    "contour": ("osm-contour-envoy", ""),
    "nginx": ("ingress-nginx-controller", "ingress-nginx"),
}


def mtls(draft: Draft) -> None:
    """Between members there is always mutual TLS, and no object says so."""
    params = draft.params(Mtls)
    if params.mode == "strict":
        draft.note(f"mode strict {asked_of(draft, params.scope)} is how OSM always is: no object")
        return
    draft.unsupported(
        f"mode {params.mode} is not possible: members speak mutual TLS, and take nothing else",
        "leave the workload out of the mesh, or exclude its port "
        "(annotation openservicemesh.io/inbound-port-exclusion-list)",
    )


def access(draft: Draft) -> None:
    """An allow as a TrafficTarget, which counts only where the permissive mode is off."""
    write_access(draft, DIALECT)
    if draft.objects and not _is_strict(draft):
        draft.nearly(
            "counts only where MeshConfig traffic.enablePermissiveTrafficPolicyMode is false; "
            "then whatever no TrafficTarget allows is refused in the whole mesh"
        )


def egress(draft: Draft) -> None:
    """An Egress for the accounts of the target, and the gate of the whole mesh."""
    params = draft.params(Egress)
    not_narrowed(
        draft, port="an Egress is told of accounts", subset="an Egress is told of accounts"
    )
    draft.put(mesh_config(draft.world, {"traffic": {"enableEgress": not params.default_deny}}))
    if not draft.is_whole_mesh:
        draft.nearly(f"defaultDeny is said for the whole mesh, not for {draft.service.name} alone")
    if params.via_gateway:
        draft.dropped("viaGateway", "OSM has no egress gateway")
    if params.hosts or params.cidrs:
        _put_egress(draft, params)


def ingress(draft: Draft) -> None:
    """An Ingress for the controller, and an IngressBackend that lets it in."""
    params = draft.params(Ingress)
    if draft.behaviour.source is not None:
        draft.dropped("source", "who calls through an ingress is not known to it")
    ingress_class = params.gateway_class or "contour"
    if params.gateway_class is None:
        draft.note("gatewayClass is contour, which the chart brings (contour.enabled)")
    service, namespace = _CONTROLLERS.get(ingress_class, (ingress_class, ingress_class))
    if ingress_class not in _CONTROLLERS:
        draft.nearly(
            f"gatewayClass {ingress_class}: its Service is taken to be {service}/{service}"
        )
    names, backends = {}, []
    for position, (_, target) in enumerate(routed(draft)):
        subset = params.routes[position].subset if params.routes else None
        subset = subset or draft.behaviour.target.subset
        names[position] = subset_name(target, subset) if subset else target.name
        if subset:
            draft.put(subset_service(draft.world, target, subset))
        backends.append({"name": names[position], "port": _pod_port(draft, target)})
    draft.put(ingress_object(draft, ingress_class, backends=names))
    unique = [each for index, each in enumerate(backends) if each not in backends[:index]]
    source = {"kind": "Service", "name": service}
    source["namespace"] = namespace or mesh_namespace(draft.world)
    spec = {"backends": unique, "sources": [source]}
    draft.put(native(POLICY, "IngressBackend", draft.behaviour.name, draft.namespace, spec))


def _pod_port(draft: Draft, service: Service) -> dict[str, object]:
    """The port of a backend, which is that of the pods, not that of the Service."""
    number = draft.behaviour.target.port or service.port.number
    behind = target_port(draft.world, service, number)
    if behind is None:
        draft.nearly(f"the pods of {service.name} are taken to listen at {number}, as the Service")
    return {"number": behind or number, "protocol": "http"}


def _is_strict(draft: Draft) -> bool:
    """Whether the MeshConfig that stands is known to refuse what nobody allows."""
    for config in of_kind(draft.world.live, "MeshConfig", "config.openservicemesh.io"):
        return dig(config, "spec.traffic.enablePermissiveTrafficPolicyMode") is False
    return False


def _put_egress(draft: Draft, params: Egress) -> None:
    world = draft.world
    callers = world.services if draft.is_whole_mesh else (draft.service,)
    if not callers:
        draft.unsupported(
            "target * is every account, and an Egress names each; none is known",
            "name the service, or tell of the services of the mesh",
        )
        return
    if draft.is_whole_mesh:
        draft.nearly("target * is the accounts that are known now: an Egress names each")
    numbers = params.ports or (80, 443)
    if not params.ports:
        draft.note("ports are 80 (http) and 443 (https): an Egress has to say them")
    ports = [{"number": each, "protocol": _PROTOCOLS.get(each, "tcp")} for each in numbers]
    if params.hosts and any(port["protocol"] == "tcp" for port in ports):
        draft.nearly("ports other than 80 and 443 are tcp, where hosts do not count")
    spec: dict[str, object] = {
        "sources": [account(each) for each in callers],
        "ports": ports,
    }
    if params.hosts:
        spec["hosts"] = list(params.hosts)
    addresses = [cidr for cidr in params.cidrs if ":" not in cidr]
    if len(addresses) < len(params.cidrs):
        draft.dropped("cidrs", "those of IPv6 have no place in an Egress")
    if addresses:
        spec["ipAddresses"] = addresses
    namespace = draft.namespace
    draft.put(native(POLICY, "Egress", draft.behaviour.name, namespace, spec))
