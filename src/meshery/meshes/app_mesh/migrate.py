"""From App Mesh to Istio: its objects read back into behaviours."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from meshery.adapters.draft import Object
from meshery.adapters.mesh import Migration
from meshery.meshes.app_mesh.objects import GROUP
from meshery.meshes.app_mesh.reading import Nodes, milliseconds, read_match
from meshery.meshes.look import dig, name_of, namespace_of, of_kind
from meshery.meshes.translation import Answer, Translation, duration, target

_EVENTS = {
    "server-error": "5xx",
    "gateway-error": "gateway-error",
    "client-error": "409",
    "stream-error": "reset",
    "connection-error": "connect-failure",
}
_CLUSTER = ".svc.cluster.local"
_MODES = {"STRICT": "strict", "PERMISSIVE": "permissive", "DISABLED": "off"}


def read(objects: Sequence[Object]) -> Answer:
    """The behaviours of App Mesh's objects, and what has no equivalent."""
    translation, nodes = Translation(objects), Nodes(objects)
    for router in of_kind(objects, "VirtualRouter", GROUP):
        _router(translation, router, nodes)
    for node in of_kind(objects, "VirtualNode", GROUP):
        if nodes.is_inside(node):
            _node(translation, node, nodes)
    for route in of_kind(objects, "GatewayRoute", GROUP):
        _gateway_route(translation, route, nodes)
    for mesh in of_kind(objects, "Mesh", GROUP):
        if dig(mesh, "spec.egressFilter.type") == "DROP_ALL":
            told = "egressFilter DROP_ALL closes every host: each caller needs an egress of its own"
            translation.lost(mesh, told)
    return translation.answer()


def _router(translation: Translation, router: Object, nodes: Nodes) -> None:
    service = nodes.service_of_router(router)
    place = target(service, namespace_of(router))
    policies: dict[str, list[Any]] = {"retryPolicy": [], "timeout": []}
    for route in dig(router, "spec.routes") or []:
        for field, body in _bodies(route):
            _route(translation, router, nodes, (str(route.get("name")), field, body))
            for policy, found in policies.items():
                found.append(body.get(policy))
    for policy, found in policies.items():
        given = [each for each in found if each]
        if given and any(each != given[0] for each in found):
            translation.lost(router, f"{policy} differs between its routes: the first one is taken")
        if given and policy == "retryPolicy":
            _retry(translation, router, place, given[0])
        elif given:
            params = {
                word: duration(milliseconds(given[0][name]))
                for name, word in (("perRequest", "request"), ("idle", "idle"))
                if given[0].get(name)
            }
            translation.behaviour(f"{name_of(router)}-timeout", "timeout", place, params)


def _route(
    translation: Translation,
    router: Object,
    nodes: Nodes,
    route: tuple[str, str, Mapping[str, Any]],
) -> None:
    name, field, body = route
    service, namespace = nodes.service_of_router(router), namespace_of(router)
    backends = []
    for each in dig(body, "action.weightedTargets") or []:
        backend = nodes.service(each.get("virtualNodeRef") or {}, namespace)
        if backend is None:
            translation.lost(router, f"route {name} leads to a node that is not there")
            return
        backends.append({"service": backend, "weight": each.get("weight", 0)})
    match, lost = read_match(body.get("match") or {}, field)
    for each in lost:
        translation.lost(router, f"route {name} matches {each}")
    if lost or not any(each["weight"] for each in backends):
        return
    place = target(service, namespace)
    if match:
        params: dict[str, Any] = {"match": match, "backends": backends}
        translation.behaviour(f"{name_of(router)}-{name}", "route", place, params)
    elif [each["service"] for each in backends] != [service]:
        translation.behaviour(name_of(router), "split", place, {"backends": backends})


def _retry(
    translation: Translation, router: Object, place: Mapping[str, Any], policy: Mapping[str, Any]
) -> None:
    events = [
        event
        for field in ("httpRetryEvents", "tcpRetryEvents", "grpcRetryEvents")
        for event in policy.get(field) or []
    ]
    if not policy.get("maxRetries") or not events:
        return
    params = {
        "attempts": policy["maxRetries"],
        "perTryTimeout": duration(milliseconds(policy.get("perRetryTimeout") or {})),
        "on": list(dict.fromkeys(_EVENTS.get(event, event) for event in events)),
    }
    translation.behaviour(f"{name_of(router)}-retry", "retry", place, params)


def _node(translation: Translation, node: Object, nodes: Nodes) -> None:
    name, place = name_of(node), target(nodes.own(node), namespace_of(node))
    for listener in dig(node, "spec.listeners") or []:
        _pool(translation, name, place, listener.get("connectionPool") or {})
        _detection(translation, name, place, listener.get("outlierDetection") or {})
        mode = _MODES.get(str(dig(listener, "tls.mode")))
        if mode:
            params = {"mode": mode, "scope": "workload"}
            translation.behaviour(f"{name}-mtls", "mtls", place, params)
        if dig(listener, "tls.validation.subjectAlternativeNames"):
            told = "names its callers by certificates: an access behaviour has to say them"
            translation.lost(node, told)
        if listener.get("healthCheck"):
            translation.lost(node, "healthCheck: a readiness probe of the pods does it")
    hosts = [host for host in nodes.outside(node) if host]
    if hosts:
        ports = sorted({port for port in nodes.ports(node) if port})
        opened = {"hosts": hosts, "ports": ports}
        translation.behaviour(f"{name}-egress", "egress", place, opened)


def _pool(
    translation: Translation, name: str, place: Mapping[str, Any], pool: Mapping[str, Any]
) -> None:
    words = {
        "maxConnections": "maxConnections",
        "maxPendingRequests": "maxPending",
        "maxRequests": "maxRequests",
    }
    found = {
        words[key]: value
        for settings in pool.values()
        for key, value in settings.items()
        if key in words
    }
    if found:
        translation.behaviour(f"{name}-limits", "limits", place, found)


def _detection(
    translation: Translation, name: str, place: Mapping[str, Any], found: Mapping[str, Any]
) -> None:
    if not found or not found.get("maxEjectionPercent"):
        return
    params = {
        "consecutiveErrors": found["maxServerErrors"],
        "interval": duration(milliseconds(found["interval"])),
        "baseEjection": duration(milliseconds(found["baseEjectionDuration"])),
        "maxPercent": found["maxEjectionPercent"],
    }
    translation.behaviour(f"{name}-ejection", "ejection", place, params)


def _gateway_route(translation: Translation, route: Object, nodes: Nodes) -> None:
    for field, body in _bodies(route.get("spec") or {}):
        reference = dig(body, "action.target.virtualService.virtualServiceRef") or {}
        service = nodes.service_of_virtual(reference, namespace_of(route))
        given = dict(body.get("match") or {})
        host = given.pop("hostname", None) or {}
        match, lost = read_match(given, field)
        path = (match.get("path") or {}).get("prefix")
        if lost or set(match) - {"path"} or (match and path is None):
            translation.lost(route, "matches more than hosts and the beginning of a path")
            continue
        if dig(body, "action.rewrite"):
            translation.lost(route, "rewrite changes requests at the gateway")
        params: dict[str, Any] = {"routes": [{"path": path or "/", "service": service}]}
        if host:
            params["hosts"] = [host.get("exact") or f"*{host.get('suffix')}"]
        place = target(service, namespace_of(route))
        translation.behaviour(name_of(route), "ingress", place, params)


def _bodies(found: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for field, body in found.items():
        if field.endswith("Route") and isinstance(body, Mapping):
            yield field, body


MIGRATIONS = (
    Migration(
        to="istio",
        why="App Mesh drove Envoy as a sidecar too; AWS itself names VPC Lattice for EKS and ECS "
        "Service Connect for ECS, which are no meshes of a cluster",
        read=read,
    ),
    Migration(
        to="linkerd",
        why="a smaller proxy; its routes are those of Gateway API",
        read=read,
    ),
)
