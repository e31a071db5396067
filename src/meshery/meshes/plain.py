"""Kubernetes' own objects that several meshes lean on: the Service of a subset, and an Ingress."""

import copy
from collections.abc import Mapping
from typing import Any

from meshery.adapters.draft import Draft, Object, native
from meshery.behaviours.edge import Ingress
from meshery.behaviours.rendering import Service, ServicePort, World
from meshery.behaviours.traffic import Backend

_APP_PROTOCOLS = {"http": "http", "http2": "http", "grpc": "grpc", "tcp": "tcp", "tls": "tcp"}


def subset_name(service: Service, subset: str) -> str:
    """The name of the Service of a subset."""
    return f"{service.name}-{subset}"


def backend_service(draft: Draft, backend: Backend) -> str:
    """The Service that a backend stands for, in the target's namespace; one of a subset is made."""
    own = draft.world.service(backend.service or draft.service.name, _home(draft, backend))
    if backend.subset is None:
        return own.name
    draft.put(subset_service(draft.world, own, backend.subset))
    draft.note(
        f"subset {backend.subset} is reached by the Service {subset_name(own, backend.subset)}"
    )
    return subset_name(own, backend.subset)


def is_elsewhere(draft: Draft, backend: Backend) -> bool:
    """Whether a backend lives in another namespace than the target."""
    return bool(backend.service) and _service_of(draft, backend).namespace != draft.namespace


def subset_service(world: World, service: Service, subset: str) -> Object:
    """A Service that selects the pods of one subset, with the ports of the whole one."""
    selector = {**service.labels, **service.subset_labels(subset)}
    spec = {"selector": selector, "ports": _ports(world, service)}
    return native("v1", "Service", subset_name(service, subset), service.namespace, spec)


def ingress(draft: Draft, ingress_class: str, *, backends: Mapping[int, str]) -> Object:
    """An Ingress for the routes of an ingress behaviour; `backends` names the Service of each."""
    params = draft.params(Ingress)
    number = draft.behaviour.target.port
    paths = []
    for position, (path, service) in enumerate(routed(draft)):
        port = number or service.port.number
        target = {"name": backends[position], "port": {"number": port}}
        paths.append({"path": path, "pathType": "Prefix", "backend": {"service": target}})
    hosts: list[dict[str, Any]] = [{"host": host} for host in params.hosts] or [{}]
    spec: dict[str, Any] = {
        "ingressClassName": ingress_class,
        "rules": [{**host, "http": {"paths": copy.deepcopy(paths)}} for host in hosts],
    }
    if params.tls:
        secret = f"{draft.behaviour.name}-tls"
        tls: dict[str, Any] = {"hosts": list(params.hosts)} if params.hosts else {}
        spec["tls"] = [{**tls, "secretName": secret}]
        draft.note(f"tls takes its certificate from the Secret {draft.namespace}/{secret}")
        draft.nearly("tls does not close plain HTTP: that is a setting of the ingress controller")
    return native("networking.k8s.io/v1", "Ingress", draft.behaviour.name, draft.namespace, spec)


def routed(draft: Draft) -> list[tuple[str, Service]]:
    """The path and the service of each route of an ingress; all paths where none is given."""
    routes = draft.params(Ingress).routes
    if not routes:
        return [("/", draft.service)]
    return [
        (route.path, draft.world.service(route.service or draft.service.name, draft.namespace))
        for route in routes
    ]


def target_port(world: World, service: Service, number: int) -> int | None:
    """The port of the pods behind a port of a Service; None where nobody says, or it is a name."""
    found = live(world, "v1", "Service", service.name, service.namespace) or {}
    for port in (found.get("spec") or {}).get("ports") or []:
        asked = port.get("targetPort", number)
        if port.get("port") == number and isinstance(asked, int):
            return asked
    return None


def live(world: World, api_version: str, kind: str, name: str, namespace: str) -> Object | None:
    """An object that stands already; any version of its group will do."""
    group = api_version.rpartition("/")[0]
    for each in world.live:
        metadata = each.get("metadata") or {}
        same = (metadata.get("name"), metadata.get("namespace") or namespace) == (name, namespace)
        own = str(each.get("apiVersion", "")).rpartition("/")[0]
        if same and each.get("kind") == kind and own == group:
            return each
    return None


def _ports(world: World, service: Service) -> list[dict[str, Any]]:
    """The ports of the Service that stands, or those that are known of it."""
    found = live(world, "v1", "Service", service.name, service.namespace)
    known = ((found or {}).get("spec") or {}).get("ports")
    if known:
        return [{key: port[key] for key in port if key != "nodePort"} for port in known]
    return [_port(port) for port in service.ports]


def _port(port: ServicePort) -> dict[str, Any]:
    name = {"name": port.name} if port.name else {}
    return {**name, "port": port.number, "appProtocol": _APP_PROTOCOLS[port.protocol]}


def _service_of(draft: Draft, backend: Backend) -> Service:
    return draft.world.service(backend.service or draft.service.name, _home(draft, backend))


def _home(draft: Draft, backend: Backend) -> str:
    """The target's namespace, unless the name says another one."""
    return "" if "." in (backend.service or "") else draft.namespace
